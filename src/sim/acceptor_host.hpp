// A simulated acceptor: it blocks while its disk syncs, as the real one does.
#pragma once

#include "acceptor.hpp"
#include "sim/host.hpp"

#include <optional>

namespace pmmc::sim {

class acceptor_host final : public host {
public:
  /// `known`: the configurations that it was told of when it was set up.
  acceptor_host(world& w, const role_id& id, std::size_t process, config_history known)
      : host(w, id, process), known_(std::move(known)) {}

  role_kind kind() const override { return role_kind::acceptor; }
  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  membership known_members() const override { return role_->known_members(); }
  bool is_quiet(std::string& why) const override;

protected:
  void on_message(const role_id& from, message& m) override;
  void on_tick() override {}
  void settle() override;
  void forget() override;
  void unblocked() override;
  void mount(mounting what) override { disk_.mount(what); }
  std::uint64_t records() const override { return disk_.now.records; }
  std::uint64_t copied_records() const override { return disk_.copy().records; }

private:
  struct contents {
    acceptor_state state;
    std::uint64_t records = 0;
  };

  void write();

  mounted<contents> disk_;
  config_history known_;
  std::optional<acceptor> role_;
  outputs<acceptor_record> writing_; ///< while blocked
};

} // namespace pmmc::sim
