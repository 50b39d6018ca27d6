// A simulated acceptor with the shipped store: it blocks while its disk syncs, as the real one
// does.
#pragma once

#include "acceptor.hpp"
#include "sim/host.hpp"
#include "storage/acceptor_store.hpp"

#include <optional>
#include <vector>

namespace pmmc::sim {

class acceptor_host final : public host {
public:
  /// `known`: the configurations that it was told of when it was set up.
  acceptor_host(world& w, const role_id& id, std::size_t process, config_history known)
      : host(w, id, process), disk_(w.options, role_kind::acceptor, id, std::move(known)) {
    use(disk_);
  }

  role_kind kind() const override { return role_kind::acceptor; }
  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  membership known_members() const override { return role_->known_members(); }
  bool is_quiet(std::string& why) const override;
  /// Precondition: its process is up.
  const acceptor& role() const { return *role_; }

protected:
  void on_message(const role_id& from, message& m) override;
  void on_tick() override;
  void settle() override;
  void forget(bool power) override;
  void unblocked() override;
  void recover() override;
  std::uint64_t records() const override { return store_->writes(); }

private:
  role_disk disk_;
  std::optional<storage::acceptor_store> store_;
  std::optional<acceptor> role_;
  outputs<acceptor_record> writing_;       ///< while blocked
  std::vector<acceptor_record> under_way_; ///< when it crashed: durable as a whole, or not at all;
                                           ///< of its own disk
};

} // namespace pmmc::sim
