// A Raft server's store as the tests use it.
#pragma once

#include "raft_history.hpp"
#include "voter_fixture.hpp"

#include "storage/raft_store.hpp"

struct raft_voter {
  using store = pmmc::storage::raft_store;
  using state = pmmc::raft::persistent_state;
  using record = pmmc::raft::record;
  using history = raft_history;
  static constexpr const char* engine = "raft";
  static constexpr const char* what_is_unknown = "what this server has voted for and written down";
  static constexpr const char* what_to_do = "Replace it by one with another id";

  static state founding() { return pmmc::raft::founding_state(first_servers); }
  static std::vector<record> next(const state& from) {
    return {pmmc::raft::term_record{from.term + 1, "r2"}};
  }
  /// `value`, as the next entry of the latest term.
  static record append(const state& from, std::string value) {
    const auto last = from.log.last();
    return pmmc::raft::append_record{
        last.index + 1, {std::max(from.term, last.term), pmmc::command{std::move(value)}, nullptr}};
  }
  /// All up to `index`, an entry of the log, is in a snapshot.
  static record forget(const state& from, pmmc::slot_num index) {
    return pmmc::raft::base_record{{index, *from.log.term_at(index)}, from.log.members_at(index)};
  }
};

class raft_fixture : public voter_fixture<raft_voter> {
public:
  using voter_fixture::voter_fixture;

  void append(std::string value) { write({raft_voter::append(acknowledged, std::move(value))}); }
  void compact(pmmc::slot_num index) { write({raft_voter::forget(acknowledged, index)}); }
};
