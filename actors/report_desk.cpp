#include "report_desk.hpp"

#include "metrics_messages.hpp"
#include "prober.hpp"
#include "request_times.hpp"
#include "shell.hpp"

#include <algorithm>

namespace pmmc {

namespace {

/// A report serves all who ask within this time: clients in a hurry cost the roles nothing.
constexpr std::chrono::milliseconds report_life{100};
constexpr std::chrono::milliseconds cluster_report_life{500};
/// To connect, and again to answer. Together with report_timeout less than the HTTP server waits.
constexpr std::chrono::milliseconds probe_timeout{1'500};

/// An answer that is being made or is still fresh, and those who wait for it.
template <class Done>
struct round {
  std::vector<Done> waiting;
  std::vector<Done> next; ///< those for whom the one under way began too early
  bool under_way = false;
  std::uint64_t finished_ns = 0; ///< 0: never

  bool is_fresh(std::chrono::nanoseconds life) const {
    return finished_ns != 0 && steady_ns() - finished_ns < static_cast<std::uint64_t>(life.count());
  }

  /// Whether it has to begin now.
  bool join(Done done, bool fresh) {
    (under_way && fresh ? next : waiting).push_back(std::move(done));
    return !std::exchange(under_way, true);
  }

  /// Whether it has to begin again.
  bool begins_again() {
    if (under_way || next.empty())
      return false;
    waiting = std::exchange(next, {});
    return under_way = true;
  }

  template <class... Args>
  void finish(const Args&... args) {
    under_way = false;
    finished_ns = steady_ns();
    for (const auto& done : std::exchange(waiting, {}))
      done(args...);
  }
};

class desk {
public:
  desk(caf::event_based_actor* self, std::shared_ptr<const desk_settings> settings)
      : self_(self), settings_(std::move(settings)), known_(settings_->known) {}

  caf::behavior make_behavior() {
    return {
        [this](const ask_process& m) { on(m); },
        [this](const ask_cluster& m) { on(m); },
        [this](const cluster_asked& m) { on(m); },
    };
  }

private:
  void on(const ask_process& m);
  void on(const ask_cluster& m);
  void on(const cluster_asked& m);
  void join(std::function<void(process_report_ptr)> done, bool fresh);
  void begin_process_round();
  void begin_cluster_round(bool with_fingerprint, bool fresh);
  void ask_role(std::size_t index, std::shared_ptr<process_report> into);
  void ask_node(std::shared_ptr<process_report> into);
  void one_less(const std::shared_ptr<process_report>& report);
  void ask_all_processes(bool with_fingerprint);

  caf::event_based_actor* self_;
  std::shared_ptr<const desk_settings> settings_;
  round<decltype(ask_process::done)> of_process_;
  struct cluster_round : round<decltype(ask_cluster::done)> {
    cluster_report_ptr cluster;
  };
  cluster_round of_cluster_[2]; ///< without and with fingerprints
  std::size_t missing_ = 0;     ///< answers, in the round under way
  process_report_ptr report_;
  std::map<std::string, caf::actor> connected_; ///< nodes of other processes, by address
  membership known_;                            ///< what the node told last
};

void desk::on(const ask_process& m) {
  if (of_process_.is_fresh(report_life))
    return m.done(report_);
  join(m.done, false);
}

void desk::join(std::function<void(process_report_ptr)> done, bool fresh) {
  if (of_process_.join(std::move(done), fresh))
    begin_process_round();
}

void desk::begin_process_round() {
  auto report = std::make_shared<process_report>();
  report->address = settings_->process.address;
  report->known = known_;
  missing_ = settings_->roles.size() + 1;
  for (const auto& role : settings_->process.roles)
    report->roles.push_back({role, false, {}});
  for (std::size_t i = 0; i < settings_->roles.size(); ++i)
    ask_role(i, report);
  ask_node(report);
}

void desk::ask_role(std::size_t index, std::shared_ptr<process_report> into) {
  self_->request(settings_->roles[index].handle, report_timeout, metrics_request{})
      .then(
          [this, index, into](const role_metrics& m) {
            into->roles[index].answered = true;
            into->roles[index].metrics = m;
            one_less(into);
          },
          [this, into](const caf::error&) { one_less(into); });
}

void desk::ask_node(std::shared_ptr<process_report> into) {
  self_->request(settings_->node, report_timeout, metrics_request{})
      .then(
          [this, into](const node_metrics& m) {
            into->node_answered = true;
            known_.learn(m.known);
            into->known = known_;
            into->peers = m.peers;
            into->clients = m.clients;
            into->clock = m.clock;
            connected_ = m.connected;
            one_less(into);
          },
          [this, into](const caf::error&) { one_less(into); });
}

void desk::one_less(const std::shared_ptr<process_report>& report) {
  if (--missing_ > 0)
    return;
  report_ = report;
  of_process_.finish(report_);
  if (of_process_.begins_again())
    begin_process_round();
}

void desk::on(const ask_cluster& m) {
  auto& round = of_cluster_[m.with_fingerprint];
  if (!m.fresh && round.is_fresh(cluster_report_life))
    return m.done(report_, round.cluster);
  if (round.join(m.done, m.fresh))
    begin_cluster_round(m.with_fingerprint, m.fresh);
}

void desk::begin_cluster_round(bool with_fingerprint, bool fresh) {
  const auto go_on = [this, with_fingerprint](const process_report_ptr&) {
    ask_all_processes(with_fingerprint);
  };
  if (fresh)
    join(go_on, true);
  else
    on(ask_process{go_on});
}

void desk::on(const cluster_asked& m) {
  auto& round = of_cluster_[m.with_fingerprint];
  round.cluster = m.cluster;
  round.finish(report_, round.cluster);
  if (round.begins_again())
    begin_cluster_round(m.with_fingerprint, true);
}

/// Over the connections that the process has: it never dials where a node would, since two that
/// dial each other at the same moment may both lose their connection.
void desk::ask_all_processes(bool with_fingerprint) {
  probe_task task;
  task.cluster = settings_->cluster;
  task.timeout = probe_timeout;
  task.what.with_fingerprint = with_fingerprint;
  task.known = connected_;
  task.known.insert_or_assign(settings_->process.address, settings_->node);
  for (const auto& peer : report_->peers)
    if (!peer.up)
      task.down.insert_or_assign(peer.address, peer.why);
  task.addresses = report_->known.addresses();
  task.addresses.insert(report_->address); // it may be no member (yet)
  if (!report_->node_answered)
    for (const auto& address : task.addresses)
      task.down.emplace(address, "this process's node, which would ask, does not answer");
  task.done = [me = caf::actor{self_}, report = report_,
               with_fingerprint](const probe_answers& answers) {
    const auto answered = std::any_of(answers.begin(), answers.end(),
                                      [](const auto& entry) { return entry.second.why.empty(); });
    caf::anon_send(
        me, cluster_asked{with_fingerprint, std::make_shared<const probed_cluster>(
                                                probed_cluster{report->known, answered, answers})});
  };
  self_->spawn(prober, task);
}

} // namespace

caf::behavior report_desk(caf::event_based_actor* self,
                          std::shared_ptr<const desk_settings> settings) {
  set_shell_handlers(self, "report desk");
  auto state = std::make_shared<desk>(self, std::move(settings));
  self->attach_functor([state]() mutable { state.reset(); });
  return state->make_behavior();
}

} // namespace pmmc
