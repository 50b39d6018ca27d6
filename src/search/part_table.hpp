// Parts of one kind, each once, under a number.
#pragma once

#include "search/part_ids.hpp"
#include "search/stable_vector.hpp"

#include <string>
#include <unordered_map>
#include <utility>

namespace pmmc::search {

/// Parts are the same if their canonical bytes are. Parts never move; as to threads, see
/// stable_vector.
template <class Part>
class part_table {
public:
  /// The number of the part with these bytes; `make()` makes it if it is not there yet.
  template <class Make>
  part_id intern(std::string bytes, Make make) {
    const auto [at, is_new] = ids_.emplace(std::move(bytes), static_cast<part_id>(parts_.size()));
    if (is_new)
      parts_.push_back(make());
    return at->second;
  }

  const Part& operator[](part_id id) const { return parts_[id]; }
  std::size_t size() const { return parts_.size(); }

private:
  stable_vector<Part> parts_;
  std::unordered_map<std::string, part_id> ids_;
};

} // namespace pmmc::search
