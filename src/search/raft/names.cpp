#include "search/raft/names.hpp"

#include "base/codec.hpp"
#include "base/invariant.hpp"

#include <algorithm>
#include <variant>

namespace pmmc::raft::search {

server_bits bits_of(const std::vector<member>& members) {
  server_bits bits = 0;
  for (const auto& m : members)
    bits |= server_bits{1} << number_of(m.id);
  return bits;
}

void byte_writer::put(const position& p) {
  put(p.index);
  put(p.term);
}

/// A scope's servers have one address each.
void byte_writer::put(const server_set& set) {
  put(set.version);
  put_set(bits_of(set.servers));
  put_set(bits_of(set.outgoing));
}

void byte_writer::put(const entry& e) {
  put(e.term);
  put(e.value);
  put(std::uint64_t{e.members != nullptr});
  if (e.members)
    put(*e.members);
}

void byte_writer::put(const raft::log& log) {
  put(log.base());
  put(*log.base_members());
  put(log.last().index);
  for (auto i = log.first(); i <= log.last().index; ++i)
    put(log.at(i));
}

void byte_writer::put(const persistent_state& state) {
  const auto& [term, voted_for, log] = state;
  put(term);
  put(voted_for);
  put(log);
}

namespace {

struct body_writer {
  byte_writer& out;

  void operator()(const term_record& r) const {
    const auto& [term, voted_for] = r;
    out.put(term);
    out.put(voted_for);
  }
  void operator()(const append_record& r) const {
    const auto& [index, what] = r;
    out.put(index);
    out.put(what);
  }
  void operator()(const truncate_record& r) const { out.put(r.from); }
  void operator()(const base_record& r) const {
    const auto& [base, members] = r;
    out.put(base);
    out.put(*members);
  }

  void operator()(const request_vote& m) const {
    const auto& [candidate, term, last, is_pre_vote, is_transfer] = m;
    out.put(candidate);
    out.put(term);
    out.put(last);
    PMMC_INVARIANT(!is_pre_vote && is_transfer, "the search chooses who runs");
  }
  void operator()(const vote& m) const {
    const auto& [voter, term, is_granted, is_pre_vote] = m;
    out.put(voter);
    out.put(term);
    PMMC_INVARIANT(is_granted && !is_pre_vote, "refusals are not modelled");
  }
  void operator()(const append_entries& m) const {
    const auto& [leader, term, previous, entries, commit, round] = m;
    out.put(leader);
    out.put(term);
    out.put(previous);
    out.put(entries.size());
    for (const auto& e : entries)
      out.put(e);
    out.put(commit);
    out.put(round);
  }
  void operator()(const append_reply& m) const {
    const auto& [from, term, is_match, last, conflict, round] = m;
    out.put(from);
    out.put(term);
    out.put(std::uint64_t{is_match});
    out.put(last);
    out.put(conflict);
    out.put(round);
  }
  void operator()(const snapshot_offer& m) const {
    const auto& [leader, term, base, round] = m;
    out.put(leader);
    out.put(term);
    out.put(base);
    out.put(round);
  }
  void operator()(const read_index& m) const {
    out.put(m.from);
    out.put(m.number);
  }
  void operator()(const read_index_reply& m) const {
    const auto& [leader, number, index] = m;
    out.put(number); // nobody looks at who answered
    out.put(index);
  }
  void operator()(const timeout_now&) const {
    PMMC_INVARIANT(false, "the search chooses who runs");
  }
};

} // namespace

void byte_writer::put(const record& r) {
  put(r.index());
  std::visit(body_writer{*this}, r);
}

void byte_writer::put(const envelope& e) {
  put(e.to);
  put(e.body.index());
  std::visit(body_writer{*this}, e.body);
}

void byte_writer::put_sorted(const std::vector<envelope>& messages) {
  std::vector<std::string> all;
  for (const auto& e : messages)
    byte_writer{all.emplace_back(), names_}.put(e);
  std::sort(all.begin(), all.end());
  put(all.size());
  for (const auto& bytes : all)
    put_bytes(out_, bytes);
}

} // namespace pmmc::raft::search
