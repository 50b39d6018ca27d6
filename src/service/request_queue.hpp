// The requests that wait at a replica for their answer (paper, section 2.1: `requests`, and those
// in `proposals`).
#pragma once

#include "consensus/messages.hpp"
#include "service/sessions.hpp"

#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace pmmc {

/// A request's identity; the paper's ⟨κ, cid⟩.
struct request_key {
  session_id session = 0;
  std::uint64_t sequence = 0;
  friend auto operator<=>(const request_key&, const request_key&) = default;
};
inline request_key key_of(const request& r) { return {r.session, r.sequence}; }

/// Each request is queued, or in a proposal of this replica, or handed on to another one, or held
/// back: decided, but behind a number of its session that is still to come. It stays until it is
/// answered. Bounded; single-threaded.
class request_queue {
public:
  struct settings {
    std::size_t max_requests = 65'536;
    std::size_t max_bytes = 64 << 20;    ///< of operations
    std::size_t batch_bytes = 256 << 10; ///< a batch is about this large at the most
    std::size_t batch_requests = 4'096;
  };

  /// Who waits for a request's answer, and what the driver noted when it came in.
  struct asker {
    role_id client; ///< empty: a client of another replica
    arrival arrived;
  };
  struct handed_on {
    std::vector<request> requests;
    std::set<role_id> clients; ///< who waits for them here
  };

  explicit request_queue(settings options);

  /// Queues `m`, or holds it back if it `is_decided`; `client` empty: another replica answers.
  /// Returns false if there is no room for it. Precondition: it does not wait here yet.
  bool add(request m, const role_id& client, bool is_decided, std::uint64_t tick);
  /// Whether the request waits here; its answer then goes to `client`.
  bool ask_again(const request_key& key, const role_id& client, std::uint64_t tick);

  /// The next of the queued requests, oldest first, at most a batch; they count as proposed, and
  /// stay here: valid until the next call that is not const.
  std::vector<const request*> next_batch();
  /// The same, to be handed on to the replica that proposes. Those that a third replica handed on
  /// to this one are forgotten: that one remembers them.
  handed_on next_handoff(std::uint64_t tick);
  /// A request that waits here, or nullptr. Valid until the next call that is not const.
  const request* find(const request_key& key) const;
  /// A proposed request is not to be executed: its refusal is queued in its place.
  void refuse(const request_key& key, const std::string& why);
  /// The slot that `keys` were proposed in is decided: with the proposal, and they wait for their
  /// answers, or with something else, and they are queued before all others.
  void settle_proposal(const std::vector<request_key>& keys, bool is_chosen);
  /// What was handed on at least `least_ticks` ago and has not been decided is queued again.
  /// Returns what `sessions` know the answers of: if the session ended first, no slot brings any.
  std::vector<response> take_back(const session_table& sessions, slot_num slot_out,
                                  std::uint64_t tick, std::uint64_t least_ticks);
  /// Queues those that still wait, in the order of their numbers, since sessions hold back what
  /// comes too early.
  void queue_again(const std::set<request_key>& keys);
  /// After slots that were not seen: returns what `sessions` know the answers of. What was held
  /// back, and they do not know, is added to `unknown`.
  std::vector<response> known_answers(const session_table& sessions, slot_num slot_out,
                                      std::set<request_key>& unknown) const;
  /// The request is answered, and waits no longer. Nothing if it did not.
  std::optional<asker> remove(const request_key& key);
  /// Forgets what has been held back, and not asked for, since `least_ticks` ago. The sessions
  /// remember it; only its client's address is lost. It may wait for ever (for a predecessor that
  /// its client gave up), and must not keep that predecessor out.
  void forget_held_back(std::uint64_t tick, std::uint64_t least_ticks);

  bool contains(const request_key& key) const { return waiting_.contains(key); }
  std::size_t size() const { return waiting_.size(); }
  std::size_t bytes() const { return bytes_; }
  /// Not proposed or handed on; some may have been answered meanwhile.
  std::size_t queued() const { return queue_.size(); }
  /// So much is queued that a batch would be full. What is in a proposal, handed on or held back
  /// does not count: it goes into no batch.
  bool has_full_batch() const {
    return queued_requests_ >= options_.batch_requests || queued_bytes_ >= options_.batch_bytes;
  }
  /// Each client that waits, with one of its requests.
  std::vector<std::pair<role_id, request_key>> clients() const;

private:
  struct key_hash {
    std::size_t operator()(const request_key& k) const noexcept {
      return static_cast<std::size_t>((k.session ^ (k.sequence * 0x9E3779B97F4A7C15ULL)) *
                                      0xBF58476D1CE4E5B9ULL);
    }
  };
  enum class stage { queued, proposed, handed_on, held_back };
  struct entry {
    request what;
    role_id client; ///< empty: another replica answers
    stage at = stage::queued;
    std::uint64_t handed_on_tick = 0;
    std::uint64_t asked_tick = 0; ///< when its client last asked for it
  };
  using entries = std::unordered_map<request_key, entry, key_hash>;

  bool is_full_for(std::size_t bytes) const;
  void move_to(entries::iterator it, stage next);
  void enter(entries::iterator it, stage next);
  void leave(entries::iterator it);
  void erase(entries::iterator it);

  settings options_;
  entries waiting_;
  /// Those of them that are held back: who is refused for want of room must not walk all of them.
  std::unordered_set<request_key, key_hash> held_back_;
  std::size_t bytes_ = 0;
  /// Keys of the paper's requests, not yet proposed; and of some that have left this stage.
  std::deque<request_key> queue_;
  std::size_t queued_requests_ = 0; ///< that are in this stage
  std::size_t queued_bytes_ = 0;    ///< that these take in batches
};

} // namespace pmmc
