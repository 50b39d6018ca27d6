// The steps that a thread has looked up, without a lock.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace pmmc::search {

/// A hash table of results that stay where they are. Keys are never taken out.
template <class Key, class Hash, class Result>
class remembered_steps {
public:
  /// `look_up(key)` is asked for what is not here yet.
  template <class LookUp>
  const Result& find(const Key& key, LookUp look_up) {
    auto& known = place(key);
    if (known.result != nullptr)
      return *known.result;
    const Result& result = look_up(key);
    known = {key, &result};
    if (++used_ * 2 > entries_.size())
      grow();
    return result;
  }

private:
  struct entry {
    Key key;
    const Result* result = nullptr;
  };

  entry& place(const Key& key) {
    auto at = Hash{}(key) & (entries_.size() - 1);
    while (entries_[at].result != nullptr && !(entries_[at].key == key))
      at = (at + 1) & (entries_.size() - 1);
    return entries_[at];
  }

  void grow() {
    const auto old = std::exchange(entries_, std::vector<entry>(entries_.size() * 2));
    for (const auto& e : old)
      if (e.result != nullptr)
        place(e.key) = e;
  }

  std::vector<entry> entries_ = std::vector<entry>(1024);
  std::size_t used_ = 0;
};

} // namespace pmmc::search
