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

  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  bool is_quiet(std::string& why) const override;

protected:
  void on_message(const role_id& from, message& m) override { dispatch(*role_, from, m); }
  void on_tick() override {}
  void settle() override;
  void forget() override;
  void unblocked() override;

private:
  void write();

  acceptor_state disk_;
  config_history known_;
  std::optional<acceptor> role_;
  outputs<acceptor_record> writing_; ///< while blocked
};

} // namespace pmmc::sim
