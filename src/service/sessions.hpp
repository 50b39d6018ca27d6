// The session table: exactly-once execution as a part of the replicated state.
#pragma once

#include "consensus/messages.hpp"
#include "service/batch.hpp"

#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// Limits that are part of the replicated state's rules: the same constants on every replica.
inline constexpr std::size_t max_sessions = 10'000;
/// How far a client may number its requests past the first one that was not executed, and past the
/// first one whose answer it has not acknowledged.
inline constexpr std::uint64_t max_session_window = 4'096;
/// Bytes of recorded answers and held-back operations past which a session's next requests are
/// refused, those that were held back included. So a session takes these and one answer more.
inline constexpr std::size_t max_session_bytes = 16 << 20;

/// The same, for one state: the simulator has states with smaller ones, so that they are reached.
struct session_limits {
  std::size_t sessions = max_sessions;
  std::uint64_t window = max_session_window;
  std::size_t bytes = max_session_bytes;
};

/// Executes requests at most once each and, within a session, in the order of their numbers: one
/// that is decided before its predecessor is held back until that one is decided. Recorded answers
/// are kept until the client acknowledges them. A session ends by a request, or when `max_sessions`
/// newer ones have been in use since (decided by slots, so at the same slot on every replica).
class session_table {
public:
  /// Executes an operation or a reconfiguration, and returns the answer.
  using executor = std::function<std::string(request_kind kind, std::string_view op)>;

  explicit session_table(session_limits limits = {}) : limits_(limits) {}

  /// Executes what `entry`, decided in `slot` at place `index` of its batch, sets free, and appends
  /// the answers to `responses`. X1: one effect per (session, sequence), the same answer to every
  /// retry.
  void apply(const batch_entry& entry, slot_num slot, std::size_t index, const executor& run,
             std::vector<response>& responses);

  /// The answer recorded for a request, or nothing if it has not been executed (or was
  /// acknowledged).
  std::optional<response> recorded(session_id session, std::uint64_t sequence) const;

  /// What deciding `r` at `slot_out`, the next slot to be performed, would answer without changing
  /// anything: it has been executed, or its session has ended. Nothing for all other requests.
  std::optional<response> known_answer(const request& r, slot_num slot_out) const;

  /// Whether it would be executed at once if it were decided now.
  bool is_next(session_id session, std::uint64_t sequence) const;
  /// Whether a request has been decided, but waits for its predecessors.
  bool holds_back(session_id session, std::uint64_t sequence) const;

  std::size_t size() const { return sessions_.size(); }
  std::size_t size_bytes() const { return bytes_; }

  void write(std::string& out) const;
  /// Replaces the table by what `write` wrote. Returns false, leaving it empty, on anything else.
  bool read(std::string_view in);

private:
  struct answer {
    reply_status status = reply_status::ok;
    std::string body;
  };
  struct held {
    request_kind kind = request_kind::operation;
    std::string op;
  };
  struct session {
    std::uint64_t next_sequence = 1; ///< all below have been executed
    slot_num last_used = 0;
    std::map<std::uint64_t, answer> answers; ///< executed, not acknowledged
    std::map<std::uint64_t, held> held_back; ///< decided before their predecessors
    std::size_t answer_bytes = 0;
    std::size_t held_back_bytes = 0;

    bool is_full_for(std::uint64_t sequence, const session_limits& limits) const;
  };
  using shared_session = std::shared_ptr<session>; // shared with clones; written to when not shared

  void open(const batch_entry& entry, slot_num slot, std::size_t index,
            std::vector<response>& responses);
  void end(const batch_entry& entry, std::vector<response>& responses);
  void execute(const batch_entry& entry, slot_num slot, const executor& run,
               std::vector<response>& responses);
  static answer perform(request_kind kind, std::string_view op, const executor& run);
  void run_held_back(session_id id, session& s, const executor& run,
                     std::vector<response>& responses);
  void record(session_id id, session& s, answer a, std::vector<response>& responses);
  session& writable(shared_session& s);
  void touch(session_id id, session& s, slot_num slot);
  void remove(session_id id, std::vector<response>& responses);

  session_limits limits_;
  std::map<session_id, shared_session> sessions_;
  std::set<std::pair<slot_num, session_id>> by_last_used_;
  std::size_t bytes_ = 0; ///< of recorded answers and held-back operations
};

/// The id of the session opened at place `index` of the batch in `slot`.
session_id session_opened_at(slot_num slot, std::size_t index);

/// Requests in one batch, at the most: session_opened_at packs the place into 16 bits.
inline constexpr std::size_t max_batch_entries = 1 << 16;

} // namespace pmmc
