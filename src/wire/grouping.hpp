// How a role's messages are put together before they leave: what goes between a replica and one
// client travels in groups, everything else by itself.
#pragma once

#include "wire/parcel.hpp"

#include <map>
#include <utility>
#include <vector>

namespace pmmc::wire {

/// Operations and answers in one group: it has no more bytes of them than this, but for one that
/// is longer by itself. The limit on a message's length is far above it (max_bytes), and the
/// receiver can begin with the first part.
inline constexpr std::size_t max_group_bytes = 1 << 20;

/// `send(to, m)` is called for each message that is sent at once, and for each group.
template <class Send>
class grouping {
public:
  grouping(const role_id& from, Send send, std::size_t max_bytes)
      : from_(from), send_(std::move(send)), max_bytes_(max_bytes) {}

  void operator()(const role_id& to, response& m) {
    make_room(to, m.body.size());
    replies_[to].responses.push_back(std::move(m));
  }
  void operator()(const role_id& to, query_reply& m) {
    make_room(to, m.body.size());
    replies_[to].query_replies.push_back(std::move(m));
  }
  void operator()(const role_id& to, request& m) {
    make_room(to, m.op.size());
    requests_[to].requests.push_back(std::move(m));
  }
  void operator()(const role_id& to, query& m) {
    make_room(to, m.op.size());
    requests_[to].queries.push_back(std::move(m));
  }
  template <class Message>
  void operator()(const role_id& to, Message& m) {
    send_(to, std::move(m));
  }

  void finish() {
    for (auto& [to, m] : std::exchange(replies_, {})) {
      m.replica = from_;
      send_(to, std::move(m));
    }
    for (auto& [to, m] : std::exchange(requests_, {})) {
      m.client = from_;
      send_(to, std::move(m));
    }
    bytes_.clear();
  }
  /// How often a group was sent because another message would have made it too long.
  std::size_t cuts() const { return cuts_; }

private:
  void make_room(const role_id& to, std::size_t bytes) {
    if (const auto it = bytes_.find(to);
        it != bytes_.end() && it->second > 0 && it->second + bytes > max_bytes_) {
      finish();
      ++cuts_;
    }
    bytes_[to] += bytes;
  }

  const role_id& from_;
  Send send_;
  std::size_t max_bytes_;
  std::size_t cuts_ = 0;
  std::map<role_id, client_replies> replies_;
  std::map<role_id, client_requests> requests_;
  std::map<role_id, std::size_t> bytes_; ///< of both
};

/// What `from` sends, in order; groups come last, or when they are full. Returns how often one was.
template <class Send>
std::size_t send_grouped(const role_id& from, std::vector<envelope> envelopes, Send send,
                         std::size_t max_bytes = max_group_bytes) {
  grouping<Send> group{from, std::move(send), max_bytes};
  for (auto& e : envelopes)
    std::visit([&](auto& m) { group(e.to, m); }, e.body);
  group.finish();
  return group.cuts();
}

/// The other way: `take(from, message)` is called for each message of a group, in the order in
/// which a replica or client handles them, or for the one that came by itself. That names whom it
/// is from if it matters: `from` is empty. The messages may be moved from.
template <class Take>
void ungroup(client_requests& m, const Take& take) {
  for (auto& r : m.requests)
    take(m.client, std::move(r));
  for (auto& q : m.queries)
    take(m.client, std::move(q));
}
template <class Take>
void ungroup(client_replies& m, const Take& take) {
  for (auto& r : m.responses)
    take(m.replica, std::move(r));
  for (auto& q : m.query_replies)
    take(m.replica, std::move(q));
}
template <class Take>
void ungroup(message& m, const Take& take) {
  take(role_id{}, std::move(m));
}
template <class Take>
void ungroup(parcel& p, const Take& take) {
  std::visit([&](auto& what) { ungroup(what, take); }, p);
}

} // namespace pmmc::wire
