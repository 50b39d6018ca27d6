#include "storage/raft_digest.hpp"

#include "storage/raft_codec.hpp"

namespace pmmc::storage {

void raft_digest::set_term(std::string_view value) {
  sum_.replace(term_, entry_checksum(term_key, value));
}

void raft_digest::set_base(slot_num index, std::string_view value) {
  entries_.drop_below(index + 1, sum_);
  sum_.replace(base_, entry_checksum(base_key, value));
}

void raft_digest::set_entry(slot_num index, byte_pieces value) {
  entries_.set(index, {entry_checksum(entry_key(index), value), size_of(value)}, sum_);
}

void raft_digest::cut(slot_num from) { entries_.drop_from(from, sum_); }

bool raft_digest::holds(slot_num index, std::string_view value) const {
  return entries_.holds(index, entry_checksum(entry_key(index), value));
}

} // namespace pmmc::storage
