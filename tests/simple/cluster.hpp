// A cluster of engine `simple` in one thread: servers, a network that does what a test or a seed
// says, disks of which a crash leaves what was persisted, and a service that takes snapshots.
#pragma once

#include "base/random.hpp"
#include "consensus/simple/consensus.hpp"
#include "simple/checker.hpp"
#include "simple/helpers.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::simple::test {

/// Where a server crashes while it carries out its outputs.
enum class crash_point { none, before_persist, between_records, before_send, between_sends };

/// Broken invariants of the core are thrown as `broken`, too.
class cluster {
public:
  struct settings {
    std::size_t servers = 3;
    std::uint64_t seed = 1;
    server_core::settings core = {}; ///< but for `servers`, `id` and `seed`
  };
  struct in_flight {
    std::size_t from = 0;
    std::size_t to = 0;
    message body;
  };
  using predicate = std::function<bool(const in_flight&)>;

  explicit cluster(settings options);

  // --- Inputs of one server, which must be up. Its outputs are carried out unless it is_lazy.
  bool propose(std::size_t server, const std::string& text);
  bool barrier(std::size_t server);
  void tick(std::size_t server);
  /// The service's snapshot is durable up to `slot`.
  void save(std::size_t server, slot_num slot);
  /// Does what the server wished for, if the one that it named is up.
  void fetch(std::size_t server);
  void flush(std::size_t server, crash_point p = crash_point::none);

  // --- The network
  void deliver(std::size_t index, crash_point p = crash_point::none);
  void lose(std::size_t index);
  void repeat(std::size_t index) { network_.push_back(network_[index]); }
  /// Delivers what `which` holds for, oldest first, until there is no more of it.
  void deliver_all(const predicate& which = {});
  void lose_all(const predicate& which = {});
  std::vector<in_flight>& network() { return network_; }
  /// From now on nothing passes between these two.
  void cut(std::size_t a, std::size_t b) { cut_.insert({std::min(a, b), std::max(a, b)}); }
  void heal() { cut_.clear(); }

  // --- Faults
  /// What was not persisted is lost, and so are its own commands that are not chosen yet.
  void crash(std::size_t server);
  void restart(std::size_t server);
  bool is_up(std::size_t server) const { return servers_[server].core != nullptr; }
  std::size_t up() const;
  /// Outputs stay in the core until flush(), as in a driver that joins the outputs of many inputs.
  bool is_lazy = false;

  /// All servers that are up tick, and everything is delivered, until `is_enough` or `ticks` have
  /// passed. Returns whether it is.
  bool run_until(const std::function<bool()>& is_enough, unsigned ticks = 2'000);
  /// Everything that was proposed is chosen, and known at all servers that are up; nothing is under
  /// way.
  bool is_quiet() const;

  server_core& at(std::size_t server) { return *servers_[server].core; }
  const checker& seen() const { return checker_; }
  random_source& random() { return random_; }
  std::size_t size() const { return servers_.size(); }
  std::vector<std::string> log() const;
  const std::set<std::string>& awaited() const { return awaited_; }
  std::uint64_t barriers_answered() const { return answered_; }
  bool has_wish(std::size_t server) const { return servers_[server].wish.has_value(); }

private:
  struct pending_barrier {
    std::size_t server = 0;
    slot_num least = 0; ///< what was chosen before is below
  };
  struct server {
    std::unique_ptr<server_core> core; ///< nullptr: it is down
    std::set<std::string> own;         ///< proposed in this life, and not seen to be chosen
    std::optional<fetch_wish> wish;
  };

  void after_input(std::size_t server, crash_point p = crash_point::none);
  bool carry_out(std::size_t server, outputs& out, crash_point p);
  void apply(std::size_t server, const outputs& out);
  void answer(std::size_t server, const readable& r);

  settings options_;
  random_source random_;
  checker checker_;
  std::vector<server> servers_;
  std::vector<in_flight> network_;
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  std::set<std::string> awaited_; ///< of all servers' `own`
  std::map<std::uint64_t, pending_barrier> barriers_;
  std::uint64_t barrier_number_ = 0;
  std::uint64_t answered_ = 0;
};

} // namespace pmmc::simple::test
