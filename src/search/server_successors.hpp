// What can happen next in a state of the cluster, as far as it is the same for all engines whose
// processes are servers.
#pragma once

#include "search/remembered_steps.hpp"
#include "search/server_state.hpp"
#include "search/server_universe.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace pmmc::search {

/// One thing that happens. Valid only while the function that is given it runs.
template <class Key>
struct server_transition {
  Key key;
  unsigned server = 0; ///< whose step it is
  const server_step_result* result = nullptr;
  std::vector<part_id> servers; ///< of the state that it leads to
  part_id past = 0;
  std::vector<part_id> forgotten; ///< messages that are in the state no more, sorted
  std::vector<part_id> sent;      ///< messages that were not there before, sorted
  slot_num decided_from = 0;      ///< slots from here on were decided now; 0: none
  server_hashes sums{};           ///< of the state that it leads to
  std::string fault;              ///< it breaks an invariant of a step or of what was before
};

/// The state that `t` leads to from `before`.
template <class Key>
void follow(const server_state& before, const server_transition<Key>& t, server_state& after) {
  after.servers = t.servers;
  after.past = t.past;
  follow_messages(before.messages, t.sent, t.forgotten, after.messages);
}

/// Finds all transitions of a state. One for each thread: it remembers what it has looked up. The
/// engine says what happens without a message, and which messages are dead.
template <class Universe>
class server_successors {
public:
  using step_key = typename Universe::step_key;
  using kind = decltype(step_key::kind);
  using transition = server_transition<step_key>;
  using visitor = std::function<bool(const transition&)>;

  /// `reduces`: what can make no difference is no state of its own (docs/TESTING.md).
  server_successors(Universe& u, bool reduces) : universe_(u), reduces_(reduces) {}
  virtual ~server_successors() = default;

  /// Calls `visit` for each transition that changes anything, until it returns false. The order
  /// depends on the order in which the universe met the parts.
  void for_each(const server_state& s, const visitor& visit) {
    known_messages_.look_at(s.messages);
    before_sums_ = sums_of(universe_, s);
    for (unsigned server = 0; server < s.servers.size(); ++server)
      if (!chosen_events(s, server, visit))
        return;
    for (const auto id : s.messages)
      if (!try_step(s, universe_.message(id).to, kind::message, id, visit))
        return;
  }

protected:
  server_successors(const server_successors&) = default;

  /// Tries what may happen to `server` without a message. False: `visit` wants no more.
  virtual bool chosen_events(const server_state& s, unsigned server, const visitor& visit) = 0;
  /// Whether a message will never again mean anything, nor be answered, in the state that
  /// next_state() tells of.
  virtual bool is_dead(part_id message) const = 0;
  /// Whether a step of the server that has made it may have killed a message to another one.
  virtual bool may_kill_messages_to_others() const { return false; }
  /// What next_state() need not remember any more, for Universe::forget().
  virtual std::uint32_t forgettable(part_id past) const = 0;

  /// Does at once, with do_at_once(), what servers may do at any time without changing.
  virtual void act_at_once() {}

  const transition& next_state() const { return now_; }

  /// In next_state(), what a server can do without changing: whoever is sent something can still
  /// never receive it, so nothing is lost.
  void do_at_once(unsigned server, kind what, part_id argument) {
    const auto before = now_.servers[server];
    const auto& result = step({before, what, step_key::survives, argument});
    if (result.after == before && result.fault.empty())
      known_messages_.add_new(result.sent, now_.sent);
  }

  bool try_step(const server_state& s, unsigned server, kind what, part_id argument,
                const visitor& visit) {
    step_key key{s.servers[server], what, step_key::survives, argument};
    if (!try_step(s, server, key, visit))
      return false;
    const auto& result = step(key);
    for (auto written = result.first_cut; written < result.cuts; ++written) {
      key.cut = written; // the same step by a server that does not survive it
      if (!try_step(s, server, key, visit))
        return false;
    }
    return true;
  }

  Universe& universe_;

private:
  const server_step_result& step(const step_key& key) {
    return steps_.find(
        key, [this](const step_key& k) -> auto& { return universe_.step(k); });
  }

  const history_result& take_in(part_id past, part_id server) {
    auto& known = taken_in_[std::uint64_t{past} << 32 | server];
    if (known == nullptr)
      known = &universe_.take_in(past, server);
    return *known;
  }

  part_id forget(part_id past) {
    const auto mask = forgettable(past);
    const auto [at, is_new] = forgotten_.try_emplace(std::uint64_t{past} << 32 | mask, no_part);
    if (is_new)
      at->second = universe_.forget(past, mask);
    return at->second;
  }

  /// A request that a server answers without changing.
  void answer_at_once(part_id message) {
    do_at_once(universe_.message(message).to, kind::message, message);
  }

  void answer_at_once(const server_state& s) {
    for (const auto id : s.messages)
      if (universe_.message(id).to == now_.server)
        answer_at_once(id);
    for (std::size_t i = 0; i < now_.sent.size(); ++i)
      answer_at_once(now_.sent[i]);
  }

  void forget_dead(const server_state& s) {
    std::erase_if(now_.sent, [&](part_id id) { return is_dead(id); });
    for (const auto id : s.messages)
      if ((may_kill_messages_to_others() || universe_.message(id).to == now_.server) && is_dead(id))
        now_.forgotten.push_back(id);
  }

  void add_up(const server_state& s) {
    const auto renamings = universe_.renamings();
    now_.sums = before_sums_;
    subtract(now_.sums, universe_.server(s.servers[now_.server]).hashes, renamings);
    add(now_.sums, universe_.server(now_.servers[now_.server]).hashes, renamings);
    subtract(now_.sums, universe_.past(s.past).hashes, renamings);
    add(now_.sums, universe_.past(now_.past).hashes, renamings);
    for (const auto id : now_.sent)
      add(now_.sums, universe_.message(id).hashes, renamings);
    for (const auto id : now_.forgotten)
      subtract(now_.sums, universe_.message(id).hashes, renamings);
  }

  bool try_step(const server_state& s, unsigned server, const step_key& key, const visitor& visit) {
    const auto& result = step(key);
    if (result.changes_nothing)
      return true;
    now_.key = key;
    now_.server = server;
    now_.result = &result;
    now_.servers = s.servers;
    now_.past = s.past;
    now_.sent.clear();
    now_.forgotten.clear();
    now_.fault = result.fault;
    now_.decided_from = 0;
    if (!now_.fault.empty())
      return visit(now_);
    now_.servers[server] = result.after;
    known_messages_.add_new(result.sent, now_.sent);
    const auto& past = take_in(s.past, result.after);
    now_.fault = past.news.fault;
    if (!now_.fault.empty())
      return visit(now_);
    now_.decided_from = past.news.decided_from;
    now_.past = past.after;
    if (reduces_) {
      now_.past = forget(past.after);
      act_at_once();
      answer_at_once(s);
      forget_dead(s);
    }
    std::sort(now_.sent.begin(), now_.sent.end());
    add_up(s);
    return visit(now_);
  }

  bool reduces_;
  transition now_;
  server_hashes before_sums_{}; ///< of the state that is being looked at
  sent_messages known_messages_;
  remembered_steps<step_key, server_step_key_hash, server_step_result> steps_;
  std::unordered_map<std::uint64_t, const history_result*> taken_in_;
  std::unordered_map<std::uint64_t, part_id> forgotten_;
};

/// What a searchable model (breadth_first.hpp) of such an engine is made of, beside its checks.
template <class Scope, class Universe, class Successors>
class server_model {
public:
  using state = server_state;
  using transition = typename Successors::transition;
  using successors = Successors;

  explicit server_model(const Scope& s) : scope_(s), universe_(s) {}

  state first_state() const { return {universe_.first_servers(), universe_.first_history(), {}}; }
  server_hashes sums_of(const state& s) const { return search::sums_of(universe_, s); }
  unsigned renamings() const { return universe_.renamings(); }
  Successors successors_finder() { return Successors{universe_, scope_}; }

  /// What a step decides is judged though its state was met before.
  bool is_judged_as_step(const transition& t) const { return t.decided_from != 0; }

  std::size_t process_states() const { return universe_.server_states(); }
  std::size_t messages() const { return universe_.messages(); }
  std::size_t steps() const { return universe_.steps(); }

protected:
  Scope scope_;
  Universe universe_;
};

} // namespace pmmc::search
