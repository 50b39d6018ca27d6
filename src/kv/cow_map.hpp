// An ordered map of strings whose copies cost almost nothing.
#pragma once

#include "kv/entry.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::kv {

/// Keys and values in leaves of up to `max_leaf_entries` sorted entries. clone() copies the
/// pointers to the leaves only; whoever then writes to a leaf copies that leaf first. Entries are
/// immutable and shared, so copying a leaf copies no keys or values.
///
/// One thread at a time uses a map; a map and its clones may be used by different threads at once.
/// Keys and values are below 4 GiB. Views and iterators are valid until the next write to the map.
/// A moved-from map can only be destroyed or assigned to.
class cow_map {
  struct leaf {
    std::uint64_t owner; ///< the map that may change this leaf; see owner_
    std::vector<entry> entries;
  };
  /// A leaf, and an entry whose key is above all keys of the leaf before and not above any of this
  /// one (its value is empty). That of the first leaf means nothing.
  struct branch {
    entry low;
    std::shared_ptr<leaf> below;
  };

public:
  static constexpr std::size_t max_leaf_entries = 256;

  /// A forward iterator over the entries, in the order of the keys' bytes.
  class iterator {
  public:
    const entry& operator*() const { return (*branches_)[leaf_].below->entries[entry_]; }
    const entry* operator->() const { return &**this; }
    iterator& operator++();
    friend bool operator==(const iterator&, const iterator&) = default;

  private:
    friend class cow_map;
    iterator(const cow_map& map, std::size_t leaf, std::size_t entry);
    void skip_end_of_leaf();

    const std::vector<branch>* branches_;
    std::size_t leaf_;
    std::size_t entry_;
  };

  cow_map();
  cow_map(cow_map&&) = default;
  cow_map& operator=(cow_map&&) = default;

  cow_map clone() const;

  std::optional<std::string_view> find(std::string_view key) const;
  /// `stamp` is kept with the entry and means nothing to the map. Returns the entry that was there.
  std::optional<entry> insert_or_assign(std::string_view key, std::string_view value,
                                        std::uint64_t stamp = 0);
  /// Returns whether there was such a key.
  bool erase(std::string_view key);

  iterator begin() const { return {*this, 0, 0}; }
  iterator end() const { return {*this, branches_.size(), 0}; }
  /// The first entry with a key not below / above `key`.
  iterator lower_bound(std::string_view key) const;
  iterator upper_bound(std::string_view key) const;
  /// The entry that `rank` others come before, in one step per leaf; end() if there is none.
  iterator at(std::size_t rank) const;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Bytes of all keys and values.
  std::size_t bytes() const { return bytes_; }

private:
  std::size_t leaf_of(std::string_view key) const;
  leaf& writable(std::size_t index);
  void split(std::size_t index, std::size_t at, std::string_view key);
  void shrink(std::size_t index);

  std::vector<branch> branches_; ///< never empty
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  /// Invariant: a leaf whose `owner` equals this is reachable from this map alone. clone()
  /// therefore gives both maps a new number. (Reference counts would do as well, but need a fence
  /// that thread sanitizers do not understand.)
  mutable std::uint64_t owner_;
};

} // namespace pmmc::kv
