#include "kv/cow_map.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace pmmc::kv {

namespace {

/// Leaves grow in steps, not by doubling: the vectors are short, and the slack of all of them adds
/// up.
constexpr std::size_t leaf_growth = 32;

/// A number that no other map has. Never visible in what a map holds or answers.
std::uint64_t new_owner() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

auto position_of(const std::vector<entry>& entries, std::string_view key) {
  return std::lower_bound(entries.begin(), entries.end(), key,
                          [](const entry& e, std::string_view k) { return e.key() < k; });
}

} // namespace

// --- iterator -----------------------------------------------------------------------------------

cow_map::iterator::iterator(const cow_map& map, std::size_t leaf, std::size_t entry)
    : branches_(&map.branches_), leaf_(leaf), entry_(entry) {
  skip_end_of_leaf();
}

cow_map::iterator& cow_map::iterator::operator++() {
  ++entry_;
  skip_end_of_leaf();
  return *this;
}

void cow_map::iterator::skip_end_of_leaf() {
  while (leaf_ < branches_->size() && entry_ == (*branches_)[leaf_].below->entries.size()) {
    ++leaf_;
    entry_ = 0;
  }
}

// --- reading ------------------------------------------------------------------------------------

cow_map::cow_map() : owner_(new_owner()) {
  branches_.push_back({entry{"", ""}, std::make_shared<leaf>(leaf{owner_, {}})});
}

cow_map cow_map::clone() const {
  cow_map copy;
  copy.branches_ = branches_;
  copy.size_ = size_;
  copy.bytes_ = bytes_;
  owner_ = new_owner(); // so the leaves belong to nobody now
  return copy;
}

// The first leaf takes all keys below the second one's `low`.
std::size_t cow_map::leaf_of(std::string_view key) const {
  auto after = std::upper_bound(
      branches_.begin() + 1, branches_.end(), key,
      [](std::string_view k, const auto& candidate) { return k < candidate.low.key(); });
  return static_cast<std::size_t>(after - branches_.begin()) - 1;
}

std::optional<std::string_view> cow_map::find(std::string_view key) const {
  auto found = lower_bound(key);
  if (found == end() || found->key() != key)
    return std::nullopt;
  return found->value();
}

cow_map::iterator cow_map::lower_bound(std::string_view key) const {
  auto index = leaf_of(key);
  const auto& entries = branches_[index].below->entries;
  return {*this, index, static_cast<std::size_t>(position_of(entries, key) - entries.begin())};
}

cow_map::iterator cow_map::upper_bound(std::string_view key) const {
  auto found = lower_bound(key);
  if (found != end() && found->key() == key)
    ++found;
  return found;
}

cow_map::iterator cow_map::at(std::size_t rank) const {
  for (std::size_t leaf = 0; leaf < branches_.size(); ++leaf) {
    const auto entries = branches_[leaf].below->entries.size();
    if (rank < entries)
      return {*this, leaf, rank};
    rank -= entries;
  }
  return end();
}

// --- writing ------------------------------------------------------------------------------------

cow_map::leaf& cow_map::writable(std::size_t index) {
  auto& shared = branches_[index].below;
  if (shared->owner != owner_)
    shared = std::make_shared<leaf>(leaf{owner_, shared->entries});
  return *shared;
}

std::optional<entry> cow_map::insert_or_assign(std::string_view key, std::string_view value,
                                               std::uint64_t stamp) {
  entry fresh{key, value, stamp}; // first, since `key` and `value` may view an entry of this map
  key = fresh.key();
  auto index = leaf_of(key);
  auto* target = &writable(index);
  auto at = position_of(target->entries, key) - target->entries.begin();
  auto next = target->entries.begin() + at;
  bytes_ += key.size() + value.size();
  if (next != target->entries.end() && next->key() == key) {
    bytes_ -= key.size() + next->value().size();
    return std::exchange(*next, std::move(fresh));
  }
  ++size_;
  if (target->entries.size() == max_leaf_entries) {
    split(index, static_cast<std::size_t>(at), key);
    index = leaf_of(key);
    target = branches_[index].below.get();
    at = position_of(target->entries, key) - target->entries.begin();
  }
  auto& entries = target->entries;
  if (entries.size() == entries.capacity())
    entries.reserve(std::min(entries.size() + leaf_growth, max_leaf_entries));
  entries.insert(entries.begin() + at, std::move(fresh));
  return std::nullopt;
}

// Makes room for `key`, which belongs at position `at` of the full leaf `index`.
void cow_map::split(std::size_t index, std::size_t at, std::string_view key) {
  // Keys that arrive in order (a restore, an import) leave full leaves behind, not half full ones.
  bool ascending = index + 1 == branches_.size() && at == max_leaf_entries;
  auto& left = *branches_[index].below;
  auto middle = left.entries.begin() + (ascending ? max_leaf_entries : max_leaf_entries / 2);
  auto right = std::make_shared<leaf>(leaf{owner_, {middle, left.entries.end()}});
  entry low{ascending ? key : right->entries.front().key(), {}};
  left.entries.erase(middle, left.entries.end());
  left.entries.shrink_to_fit();
  branches_.insert(branches_.begin() + static_cast<std::ptrdiff_t>(index) + 1,
                   {std::move(low), std::move(right)});
}

bool cow_map::erase(std::string_view key) {
  auto index = leaf_of(key);
  const auto& candidates = branches_[index].below->entries;
  auto at = position_of(candidates, key) - candidates.begin();
  if (static_cast<std::size_t>(at) == candidates.size() || candidates[at].key() != key)
    return false;
  auto& entries = writable(index).entries;
  auto gone = entries.begin() + at;
  --size_;
  bytes_ -= gone->key().size() + gone->value().size();
  entries.erase(gone);
  shrink(index);
  return true;
}

// Joins the leaf with a neighbour if both have few entries left.
void cow_map::shrink(std::size_t index) {
  if (branches_[index].below->entries.size() >= max_leaf_entries / 4)
    return;
  for (auto left = index == 0 ? index : index - 1; left <= index && left + 1 < branches_.size();
       ++left) {
    const auto& right = branches_[left + 1].below->entries;
    if (branches_[left].below->entries.size() + right.size() > max_leaf_entries / 2)
      continue;
    auto& joined = writable(left).entries;
    joined.insert(joined.end(), right.begin(), right.end());
    branches_.erase(branches_.begin() + static_cast<std::ptrdiff_t>(left) + 1);
    return;
  }
}

} // namespace pmmc::kv
