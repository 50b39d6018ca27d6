// A state of a cluster is made of parts (messages, states of single processes), each of which has a
// number in its search's universe.
#pragma once

#include "base/codec.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

namespace pmmc::search {

using part_id = std::uint32_t;
constexpr part_id no_part = ~part_id{0};

/// In few bytes each, in their order.
inline void pack_ids(std::string& out, const std::vector<part_id>& ids) {
  put_varint(out, ids.size());
  for (const auto id : ids)
    put_varint(out, id);
}

inline void unpack_ids(byte_reader& from, std::vector<part_id>& ids) {
  ids.resize(from.varint());
  for (auto& id : ids)
    id = static_cast<part_id>(from.varint());
}

/// In about one byte each. Precondition: `ids` are sorted.
inline void pack_sorted_ids(std::string& out, const std::vector<part_id>& ids) {
  put_varint(out, ids.size());
  part_id last = 0;
  for (const auto id : ids) {
    put_varint(out, id - last);
    last = id;
  }
}

inline void unpack_sorted_ids(byte_reader& from, std::vector<part_id>& ids) {
  ids.resize(from.varint());
  part_id last = 0;
  for (auto& id : ids)
    id = last += static_cast<part_id>(from.varint());
}

/// The messages of a state behind a step; all are sorted.
inline void follow_messages(const std::vector<part_id>& before, const std::vector<part_id>& sent,
                            const std::vector<part_id>& forgotten, std::vector<part_id>& after) {
  after.clear();
  std::merge(before.begin(), before.end(), sent.begin(), sent.end(), std::back_inserter(after));
  if (!forgotten.empty())
    std::erase_if(after, [&](part_id id) {
      return std::binary_search(forgotten.begin(), forgotten.end(), id);
    });
}

/// Finds out which messages a step adds to those of the state that is being looked at: messages
/// form a set. One for each thread.
class sent_messages {
public:
  /// Precondition: `messages` are sorted.
  void look_at(const std::vector<part_id>& messages) {
    std::fill(is_sent_.begin(), is_sent_.end(), std::uint8_t{0});
    if (!messages.empty() && messages.back() >= is_sent_.size())
      is_sent_.resize(messages.back() + 64);
    for (const auto id : messages)
      is_sent_[id] = 1;
  }
  /// Appends those of `messages` to `to` that are neither in the state nor there.
  void add_new(const std::vector<part_id>& messages, std::vector<part_id>& to) {
    for (const auto id : messages) {
      if (id >= is_sent_.size())
        is_sent_.resize(id + 64);
      if (is_sent_[id] == 0 && std::find(to.begin(), to.end(), id) == to.end())
        to.push_back(id);
    }
  }

private:
  std::vector<std::uint8_t> is_sent_; ///< by message
};

} // namespace pmmc::search
