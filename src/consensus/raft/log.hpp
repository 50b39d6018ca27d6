// A server's log (Raft paper, sections 5.3 and 7), in memory.
#pragma once

#include "consensus/raft/entry.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace pmmc::raft {

/// Entries first(), first() + 1, …, last(). What lies before them is in a durable snapshot; of that
/// it knows where it ends, and who votes there. Not thread-safe. Copies share the commands.
class log {
public:
  log() = default;
  /// Behind `base`, where `members` vote.
  log(const position& base, std::shared_ptr<const server_set> members);

  /// Everything up to here is gone; {0, 0}: nothing is.
  const position& base() const { return base_; }
  const std::shared_ptr<const server_set>& base_members() const { return base_members_; }
  slot_num first() const { return base_.index + 1; }
  position last() const;
  /// Precondition: first() <= index <= last().
  const entry& at(slot_num index) const;
  /// Of an entry that is here, or of base().
  std::optional<term_num> term_at(slot_num index) const;
  /// Whether there is an entry at this position, so that everything up to it is the same as in any
  /// other log that has one there. Always of {0, 0}, as long as nothing is gone.
  bool has(const position& p) const { return term_at(p.index) == p.term; }
  bool has(slot_num index) const { return index >= first() && index <= last().index; }

  void append(entry e);
  /// Removes the entries from `from` on. Precondition: first() <= from.
  void truncate(slot_num from);
  /// Entries up to `index` are gone: they are in a snapshot. Precondition: term_at(index).
  void compact(slot_num index);

  /// Who votes, by the latest entry that says so (section 6): null if nothing ever did.
  const std::shared_ptr<const server_set>& members() const;
  /// Who votes where the log up to `index` says so. Precondition: base().index <= index.
  const std::shared_ptr<const server_set>& members_at(slot_num index) const;
  /// The index of the entry that members() stands in, or base().index.
  slot_num members_index() const;

  /// For the fast back-up of nextIndex (5.3, last paragraphs): the first entry here of the term
  /// that `index` has. Precondition: term_at(index).
  slot_num first_of_term(slot_num index) const;
  /// The last entry here, at or before `at_most`, whose term is at most `term`; base() if none is.
  position last_within(term_num term, slot_num at_most) const;

  /// Entries from `from` on, the first one in any case, up to about `bytes`.
  std::vector<entry> slice(slot_num from, std::size_t bytes) const;
  /// Of the entries behind `index`.
  std::size_t bytes_behind(slot_num index) const;
  /// Of all entries.
  std::size_t size_bytes() const { return size_bytes_; }

  friend bool operator==(const log& a, const log& b);

private:
  position base_;
  std::shared_ptr<const server_set> base_members_;
  std::deque<entry> entries_;
  std::map<slot_num, std::shared_ptr<const server_set>> changes_; ///< those of entries_
  std::size_t size_bytes_ = 0;
};

} // namespace pmmc::raft
