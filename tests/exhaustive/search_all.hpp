// A scope is searched to its end, by any engine's search, and nothing breaks.
#pragma once

#include "search/search_result.hpp"

#include <doctest/doctest.h>
#include <string>

/// `parse` and `explore` are those of an engine's search.
template <class Parse, class Explore>
pmmc::search::search_result search_scope(Parse parse, Explore explore, const std::string& text,
                                         const pmmc::search::search_options& options) {
  std::string error;
  const auto s = parse(text, error);
  INFO("repeat with: pmmc check --exhaustive ", text);
  REQUIRE_MESSAGE(s, error);
  auto r = explore(*s, options, {});
  std::string trace;
  for (const auto& line : r.trace)
    trace += "\n" + line;
  CHECK_MESSAGE(r.broken.empty(), r.broken << trace);
  if (options.most_states == 0)
    CHECK(r.is_complete);
  return r;
}

/// Those that are nearly right, and must be refused with an explanation.
template <class Parse>
void check_refused(Parse parse, std::initializer_list<const char*> texts) {
  for (const auto* wrong : texts) {
    std::string error;
    CHECK_FALSE(parse(wrong, error));
    CHECK_FALSE(error.empty());
  }
}

/// The states that a canonical one stands for are all there is without symmetry.
template <class SearchAll>
void check_symmetry(SearchAll search_all, const std::string& scope) {
  const auto reduced = search_all(scope, 1);
  const auto full = search_all(scope + ",symmetry=0", 1);
  CHECK(reduced.states < full.states);
  CHECK(reduced.named_states == full.states);
  CHECK(reduced.depth == full.depth);
}

/// Two threads find what one finds.
template <class SearchAll>
void check_threads(SearchAll search_all, const std::string& scope) {
  const auto one = search_all(scope, 1);
  const auto two = search_all(scope, 2);
  CHECK(one.states == two.states);
  CHECK(one.named_states == two.named_states);
  CHECK(one.transitions == two.transitions);
  CHECK(one.depth == two.depth);
}
