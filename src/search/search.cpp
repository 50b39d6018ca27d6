#include "search/search.hpp"

#include "search/breadth_first.hpp"
#include "search/scope_commands.hpp"
#include "search/trace.hpp"

#include <algorithm>

namespace pmmc::search {

namespace {

/// PMMC's roles, as the search looks at them (see breadth_first.hpp).
class roles_model {
public:
  using state = cluster_state;
  using transition = search::transition;
  using successors = search::successors;

  explicit roles_model(const scope& s)
      : scope_(s), universe_(s),
        members_(version_table::of(configurations_of(s), reconfigurations_of(s))) {}

  state first_state() const { return search::first_state(universe_); }
  renamed_hashes sums_of(const state& s) const {
    return message_sums(universe_, s.messages) + process_sums(universe_, s.processes);
  }
  unsigned renamings() const { return universe_.renamings(); }
  successors successors_finder() { return successors{universe_, scope_}; }

  bool is_judged_as_step(const transition& t) const {
    return t.key.kind == input_kind::run_for_office ||
           std::any_of(t.sent.begin(), t.sent.end(), [&](part_id id) {
             return universe_.message(id).fact.what == message_fact::kind::p2a;
           });
  }
  std::string broken_by(const state& before, const transition& t, const state& after) const {
    return search::broken_by(universe_, members_, before, t, after);
  }
  std::string describe(const transition& t) const { return search::describe(universe_, t); }

  bool is_decided(const state& s) const {
    return std::any_of(s.messages.begin(), s.messages.end(), [&](part_id id) {
      return universe_.message(id).fact.what == message_fact::kind::decision;
    });
  }
  bool has_conflict(const state& s) const {
    return std::any_of(s.messages.begin(), s.messages.end(), [&](part_id id) {
      const auto& fact = universe_.message(id).fact;
      return fact.what == message_fact::kind::p2a &&
             std::any_of(s.messages.begin(), s.messages.end(), [&](part_id other) {
               const auto& f = universe_.message(other).fact;
               return f.what == message_fact::kind::p2a && f.slot == fact.slot &&
                      f.value != fact.value;
             });
    });
  }

  std::size_t process_states() const { return universe_.process_states(); }
  std::size_t messages() const { return universe_.messages(); }
  std::size_t steps() const { return universe_.steps(); }

private:
  scope scope_;
  universe universe_;
  version_table members_;
};

} // namespace

search_result explore(const scope& s, const search_options& options,
                      const search_progress& progress) {
  roles_model model{s};
  return breadth_first<roles_model>{model, options, progress}.run();
}

} // namespace pmmc::search
