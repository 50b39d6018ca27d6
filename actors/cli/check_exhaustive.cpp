#include "check_exhaustive.hpp"

#include "node/json_text.hpp"
#include "search/raft/search.hpp"
#include "search/search.hpp"
#include "search/simple/search.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <unistd.h>

namespace pmmc::cli {

namespace {

using json = nlohmann::ordered_json;
using search::search_result;

void list_scopes() {
  const auto tell = [](const auto& scopes) {
    for (const auto& s : scopes)
      std::printf("%-14s %s\n", s.name.c_str(), s.what.c_str());
  };
  tell(search::named_scopes());
  tell(raft::search::named_scopes());
  tell(simple::search::named_scopes());
}

void print_json(const auto& s, const search_result& r) {
  const json out{{"scope", s.name},
                 {"bounds", bounds_of(s)},
                 {"states", std::to_string(r.states)},
                 {"named_states", std::to_string(r.named_states)},
                 {"transitions", std::to_string(r.transitions)},
                 {"decided_states", std::to_string(r.decided_states)},
                 {"conflict_states", std::to_string(r.conflict_states)},
                 {"depth", r.depth},
                 {"complete", r.is_complete},
                 {"seconds", r.seconds},
                 {"states_per_second", r.states_per_second()},
                 {"memory_bytes", std::to_string(r.memory_bytes)},
                 {"collision_probability", r.collision_probability()},
                 {"process_states", std::to_string(r.process_states)},
                 {"messages", std::to_string(r.messages)},
                 {"core_steps", std::to_string(r.core_steps)},
                 {"broken", r.broken},
                 {"trace", r.trace}};
  std::printf("%s\n", json_text(out, 2).c_str());
}

unsigned long long number(std::uint64_t n) { return n; }

void print_text(const auto& s, const search_result& r) {
  std::printf("scope       %s: %s\nbounds      %s\n", s.name.c_str(), s.what.c_str(),
              bounds_of(s).c_str());
  std::printf("states      %llu distinct, %llu with the processes' names; something is decided in "
              "%llu,\n            values compete in %llu\n",
              number(r.states), number(r.named_states), number(r.decided_states),
              number(r.conflict_states));
  std::printf("depth       %u steps\n", r.depth);
  std::printf("rate        %.1f s, %.0f states/s, %llu transitions\n", r.seconds,
              r.states_per_second(), number(r.transitions));
  std::printf("memory      %.1f MiB for states and frontier\n",
              static_cast<double>(r.memory_bytes) / (1 << 20));
  std::printf("core        %llu steps of the roles, %llu states of single processes, %llu "
              "messages\n",
              number(r.core_steps), number(r.process_states), number(r.messages));
  std::printf("collisions  a state was missed with a probability of at most %.1e\n",
              r.collision_probability());
  if (!r.broken.empty()) {
    std::printf("\nBROKEN: %s\nafter %zu steps:\n", r.broken.c_str(), r.trace.size());
    for (std::size_t i = 0; i < r.trace.size(); ++i)
      std::printf("%4zu  %s\n", i + 1, r.trace[i].c_str());
  } else if (r.is_complete) {
    std::printf("result      complete: no invariant breaks\n");
  } else {
    std::printf(
        "result      NOT complete: no invariant breaks in the states that were looked at\n");
  }
}

void show_progress(const search_result& r) {
  std::fprintf(stderr, "\r%llu states, depth %u, %.0f states/s ", number(r.states), r.depth,
               r.states_per_second());
}

/// Of any engine.
int explore_and_print(const arguments& a, const auto& s) {
  const auto jobs = a.options["jobs"].as<unsigned>();
  if (jobs < 1 || jobs > 64)
    throw command_error{bad_usage, "--jobs takes the number of threads, 1 to 64"};
  const search::search_options options{jobs, a.options["states"].as<std::uint64_t>()};
  const bool is_terminal = isatty(STDERR_FILENO) != 0;
  const auto r = explore(s, options, is_terminal ? show_progress : search::search_progress{});
  if (is_terminal)
    std::fprintf(stderr, "\r\033[K");
  if (a.json)
    print_json(s, r);
  else
    print_text(s, r);
  return r.broken.empty() ? done : internal_error;
}

} // namespace

int check_exhaustive(const arguments& a) {
  const auto wanted = a.options["exhaustive"].as<std::string>();
  if (wanted == "list") {
    list_scopes();
    return done;
  }
  std::string error;
  if (wanted.starts_with("raft")) {
    if (const auto s = raft::search::parse_scope(wanted, error))
      return explore_and_print(a, *s);
  } else if (wanted.starts_with("simple")) {
    if (const auto s = simple::search::parse_scope(wanted, error))
      return explore_and_print(a, *s);
  } else if (const auto s = search::parse_scope(wanted, error)) {
    return explore_and_print(a, *s);
  }
  throw command_error{bad_usage, error};
}

} // namespace pmmc::cli
