// The one host for a part with its children: what any driver does, in simulated time. What differs
// from role to role is in acceptor_host, leader_host, replica_host and server_host.
#pragma once

#include "consensus/part.hpp"
#include "consensus/pmmc/sub_roles.hpp"
#include "sim/host.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::sim {

template <member_part Role>
class part_host : public host {
public:
  part_host(world& w, const role_id& id, std::size_t process, role_kind kind)
      : host(w, id, process), kind_(kind), disk_(w.options, kind, id) {
    use(disk_);
  }

  role_kind kind() const override { return kind_; }
  membership known_members() const override { return role_->known_members(); }

protected:
  using outputs = outputs_of<Role>;
  using records_type = decltype(outputs::persist);

  // --- What a kind of role adds ---
  /// Makes `records` durable. Throws storage_error.
  virtual void write(const records_type& records) = 0;
  /// What a write changes on the disk at the most: it may die after each of these.
  virtual std::size_t most_changes() const = 0;
  /// They are durable.
  virtual void written(const records_type&) {}
  /// Likewise, and the process has not died of it.
  virtual void durable(const records_type&) {}
  /// It died while it wrote them: they are durable as a whole, or not at all.
  virtual void interrupted(records_type) {}
  /// Before the outputs are taken.
  virtual void flush() {}
  /// Before they are carried out, which may be later.
  virtual void taken(const outputs&) {}
  /// What is in them beside `outputs`.
  virtual void carry_out_rest(outputs&) {}
  virtual void starts(const sub_role_task&) {}
  virtual void hear(const sub_role_report& r) {
    if constexpr (takes<Role, sub_role_report>)
      role_->on(r);
  }
  /// The process is dead: nothing that uses the disk may stay.
  virtual void close_files() {}

  template <class... Args>
  void start_role(Args&&... args) {
    role_.emplace(std::forward<Args>(args)...);
    told_version_ = 0;
  }
  /// Precondition: its process is up.
  Role& role() { return *role_; }
  const Role& role() const { return *role_; }
  bool is_started() const { return role_.has_value(); }
  role_disk& disk() { return disk_; }
  const role_disk& disk() const { return disk_; }
  const std::map<sub_role_id, sub_role>& children() const { return children_; }
  bool has_late_reports() const { return !late_reports_.empty(); }

  // --- host ---
  void on_message(const role_id& from, message& m) override {
    if (!pass_on(m))
      deliver(*role_, from, m);
  }

  void on_tick() override {
    role_->on_tick();
    for (auto it = children_.begin(); it != children_.end();) {
      it->second.on_tick();
      it = is_done(it->second) ? children_.erase(it) : std::next(it);
    }
  }

  void on_peer_lost(const role_id& peer) override { role_->on_peer_down(peer); }
  void on_configurations(const config_history& known) override { role_->learn(known); }

  void on_wake(std::size_t what) override {
    const auto late = late_reports_.extract(what);
    if (!late.empty())
      hear(late.mapped());
  }

  void settle() override {
    while (!is_blocked()) {
      flush();
      auto out = role_->take();
      taken(out);
      if (!out.persist.empty()) {
        if (world_.dies(*this, fault_kind::crash_before_persist))
          return;
        begin_writing(std::move(out));
        return block(world_.sync_time(*this));
      }
      carry_out(out);
      if (reports_.empty())
        return;
      for (const auto& r : std::exchange(reports_, {}))
        hear(r);
    }
  }

  void unblocked() override {
    if (finish_writing() && !reports_.empty())
      settle();
  }

  // --- The disk ---
  void begin_writing(outputs out) { writing_ = std::move(out); }
  bool is_writing() const { return writing_.has_value(); }
  /// It takes no longer: writes, and carries out what has waited for it. False: the process ends.
  bool finish_writing() {
    if (!on_disk([&] { write(writing_->persist); }))
      return false;
    auto out = std::move(*std::exchange(writing_, std::nullopt));
    note_own_records();
    written(out.persist);
    if (world_.dies(*this, fault_kind::crash_before_send))
      return false;
    durable(out.persist);
    carry_out(out);
    return true;
  }

  void forget(bool power) override {
    if (writing_) {
      die_within(disk_, most_changes(), [&] { write(writing_->persist); });
      interrupted(std::move(writing_->persist));
    }
    writing_.reset();
    role_.reset();
    children_.clear();
    reports_.clear();
    late_reports_.clear();
    disk_.files().stop();
    close_files();
    disk_.close();
    disk_.files().restart(power);
  }

  /// In the order of `outputs`, of which what is to be persisted is durable.
  void carry_out(outputs& out) {
    if constexpr (has_children<Role>) {
      if (out.stop_all)
        children_.clear();
      for (const auto& child : out.stop)
        children_.erase(child);
      for (auto& task : out.start)
        start_child(std::move(task));
    }
    if (role_->known_version() > told_version_) {
      told_version_ = role_->known_version();
      world_.plan_news(process_number(), world_.now(), news_of_own_roles);
    }
    stamp_records(out.send, records());
    send_all(std::move(out.send));
    if (!world_.process_at(process_number()).crashing)
      carry_out_rest(out);
  }

private:
  void start_child(sub_role_task task) {
    starts(task);
    const auto child = id_of(task);
    const auto [it, is_new] = children_.try_emplace(child, id(), std::move(task));
    demand(is_new, [&] { return "C1: there are two at the same time of " + to_string(child); });
    if (is_done(it->second))
      children_.erase(it);
  }

  /// Gives an answer to a child to it. False: it is not for a child.
  bool pass_on(message& m) {
    return std::visit(
        [this](auto& answer) {
          if constexpr (has_children<Role> && requires { sub_roles::addressee(answer); }) {
            if (auto it = children_.find(sub_roles::addressee(answer)); it != children_.end()) {
              it->second.on(answer);
              if (is_done(it->second))
                children_.erase(it);
            }
            return true;
          } else {
            return false;
          }
        },
        m);
  }

  /// Sends what the child has to say.
  bool is_done(sub_role& child) {
    send_all(child.take().send);
    auto report = child.report();
    if (!report)
      return false;
    hand_in(std::move(*report));
    return true;
  }

  void hand_in(sub_role_report r) {
    if (world_.options.report_spread == 0)
      return reports_.push_back(std::move(r));
    late_reports_.emplace(++last_report_, std::move(r));
    world_.wake(*this, world_.chance.below(world_.options.report_spread), last_report_);
  }

  role_kind kind_;
  role_disk disk_;
  std::optional<Role> role_;
  config_version told_version_ = 0; ///< its process has been told that there is something to know
  std::optional<outputs> writing_;  ///< on their way to the disk
  std::map<sub_role_id, sub_role> children_;
  std::vector<sub_role_report> reports_; ///< to be heard at once
  std::map<std::size_t, sub_role_report> late_reports_;
  std::size_t last_report_ = 0;
};

} // namespace pmmc::sim
