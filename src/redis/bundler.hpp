// Which requests of a Redis connection travel together.
#pragma once

#include "base/random.hpp"
#include "redis/command_table.hpp"
#include "redis/connection.hpp"
#include "redis/key_expiry.hpp"
#include "redis/local_commands.hpp"
#include "redis/pmmc_commands.hpp"
#include "redis/scan_cursors.hpp"
#include "redis/shared_room.hpp"

#include <string>
#include <string_view>

namespace pmmc::redis {

/// Takes requests off a connection's queue and makes bundles of them. Replies that need no store
/// are in the bundle when it is made.
class bundler {
public:
  /// All must outlive it. It counts the commands in `facts`.
  bundler(local_facts& facts, const key_expiry& expiry, shared_room& room)
      : settings_(facts.settings), facts_(facts), expiry_(expiry), room_(room),
        random_(settings_.seed), cursors_(random_.next()) {}

  /// Takes up what may travel in a bundle that is empty. It stays empty if that is nothing yet: a
  /// request that must not follow what is under way, or whose reply has no room.
  void fill(connection& c, bundle& b);

  /// What SCAN's cursors stand for.
  scan_cursors& cursors() { return cursors_; }

private:
  // Each takes the next request, and returns false if the bundle ends: with it, or before it.
  bool take_next(connection& c, bundle& b);
  bool take_mistake(connection& c, bundle& b, std::string_view error);
  bool take_keys(connection& c, bundle& b, const command_info& command);
  bool take_local(connection& c, bundle& b, const command_info& command);
  bool take_transaction(connection& c, bundle& b, const command_info& command);
  bool take_watch(connection& c, bundle& b);
  bool take_queued(connection& c, bundle& b, const command_info& command);
  bool take_exec(connection& c, bundle& b);
  bool take_pmmc(connection& c, bundle& b);
  bool take_session(connection& c, bundle& b);
  bool take_numbered(connection& c, bundle& b);
  bool take_wait(connection& c, bundle& b);
  bool take_alone(connection& c, bundle& b, pmmc_command&& command);

  bool is_full(const bundle& b, const request& next) const;
  static request pop(connection& c, bundle& b);
  bool take_error(connection& c, bundle& b, std::string_view error);
  void add_call(connection& c, bundle& b, const command_info& command, request&& r);
  std::string set_cursor(bundle& b, std::string_view text, kv::call& scan);
  bool has_room_for_exec(connection& c);
  void add_exec(connection& c, bundle& b);

  const front_settings& settings_;
  local_facts& facts_;
  const key_expiry& expiry_;
  shared_room& room_;
  random_source random_;
  scan_cursors cursors_;
};

} // namespace pmmc::redis
