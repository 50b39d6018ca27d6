// What MULTI and WATCH make a connection hold until its EXEC.
#pragma once

#include "redis/byte_account.hpp"
#include "redis/front_settings.hpp"
#include "redis/request.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace pmmc::redis {

/// The commands that are queued, the keys that are watched with their versions, and whether EXEC
/// may go ahead. What it holds counts in an account of all connections.
class pending_transaction {
public:
  /// Key → version.
  using watched_keys = std::map<std::string, std::uint64_t, std::less<>>;

  /// In the way of one more command or key, because of what all connections hold.
  static constexpr std::string_view busy =
      "BUSY the keys that are watched and the transactions that wait for EXEC take too much memory";

  /// Both must outlive it.
  pending_transaction(const front_settings& limits, byte_account& memory)
      : limits_(limits), memory_(memory), queued_(memory), watching_(memory) {}

  /// Between MULTI and what ends it.
  bool is_open() const { return open_; }
  void open() { open_ = true; }
  std::size_t commands() const { return commands_.size(); }
  std::size_t watched() const { return watched_.size(); }

  /// Why a command that costs so many bytes cannot be queued; empty: it can.
  std::string_view why_full(std::size_t cost) const;
  void queue(request&& r);
  /// Whether all replies come from the store.
  bool needs_store_throughout() const;

  /// `r`: a WATCH.
  bool has_room_to_watch(const request& r) const;
  /// A key that is watched already keeps its version.
  void watch(std::string_view key, std::uint64_t version);

  /// A request of the connection was answered with an error, before it was queued.
  void refused(bool is_watch) {
    watch_refused_ |= is_watch;
    failed_ |= open_;
  }
  /// The store did not tell the versions, or there is no room for them.
  void watch_failed() { watch_refused_ = true; }
  /// A command that was to be queued was refused; or a WATCH, so EXEC must not go unguarded.
  bool must_abort() const { return failed_ || watch_refused_; }

  void forget();
  void forget_watched();

  struct taken {
    std::deque<request> commands;
    watched_keys watched;
    byte_share memory; ///< of both
  };
  /// For EXEC. Nothing is left.
  taken take();

private:
  const front_settings& limits_;
  const byte_account& memory_;
  bool open_ = false;
  bool failed_ = false;
  std::deque<request> commands_;
  byte_share queued_; ///< for `commands_`
  watched_keys watched_;
  byte_share watching_; ///< for `watched_`
  bool watch_refused_ = false;
};

} // namespace pmmc::redis
