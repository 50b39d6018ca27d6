// The store of a server of engine `simple` as the tests use it.
#pragma once

#include "simple_history.hpp"
#include "voter_fixture.hpp"

#include "storage/simple_store.hpp"

#include <algorithm>

struct simple_voter {
  using store = pmmc::storage::simple_store;
  using state = pmmc::simple::acceptor_state;
  using record = pmmc::simple::record;
  using history = simple_history;
  static constexpr const char* engine = "simple";
  static constexpr const char* what_is_unknown = "what this server has promised and accepted";
  static constexpr const char* what_to_do = "No other server can take its place";

  static state founding() { return {}; }
  static pmmc::slot_num next_slot(const state& from) {
    return from.votes.empty() ? from.min : from.votes.rbegin()->first + 1;
  }
  static std::vector<record> next(const state& from) {
    return {pmmc::simple::promise_record{next_slot(from), {3}}};
  }
  /// `value`, accepted in the first slot that nothing was promised in.
  static record append(const state& from, std::string value) {
    return pmmc::simple::accept_record{next_slot(from), {{4}, pmmc::command{std::move(value)}}};
  }
  /// All servers are done with the slots up to this one.
  static record forget(const state&, pmmc::slot_num slot) {
    return pmmc::simple::collect_record{slot + 1};
  }
};

class simple_fixture : public voter_fixture<simple_voter> {
public:
  using voter_fixture::voter_fixture;

  void append(std::string value) { write({simple_voter::append(acknowledged, std::move(value))}); }
  void promise(pmmc::slot_num slot, std::uint64_t number) {
    write({pmmc::simple::promise_record{slot, {number}}});
  }
  void accept(pmmc::slot_num slot, std::uint64_t number, std::string value) {
    write({pmmc::simple::accept_record{slot, {{number}, pmmc::command{std::move(value)}}}});
  }
  void collect(pmmc::slot_num below) { write({pmmc::simple::collect_record{below}}); }
};
