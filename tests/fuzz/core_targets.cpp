// src/: commands as batches, reconfigurations, and the replicated state as a snapshot carries it.
#include "target.hpp"

#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"
#include "membership/reconfiguration.hpp"
#include "service/batch.hpp"
#include "service/replicated_state.hpp"

#include <sstream>
#include <stdexcept>

namespace pmmc::fuzz {

namespace {

configuration founders() {
  configuration first;
  first.acceptors = {{"a1", "h:1"}, {"a2", "h:2"}, {"a3", "h:3"}};
  first.leaders = {{"l1", "h:4"}};
  first.replicas = {{"r1", "h:5"}, {"r2", "h:6"}};
  return first;
}

std::unique_ptr<replicated_state> empty_state() {
  return std::make_unique<replicated_state>(std::make_unique<kv::kv_store>(),
                                            config_history{founders()}, 4);
}

reconfiguration change() {
  return {.replaces = 1,
          .remove = {{role_kind::acceptor, "a1"}},
          .add = {{role_kind::acceptor, {"a4", "h:9", "0123456789abcdef0123456789abcdef"}}}};
}

command some_batch() {
  const auto session = session_opened_at(1, 0);
  const std::vector<request> requests = {
      {request_kind::operation, session, 1, 0, encode(kv::put("k", "v"))},
      {request_kind::operation, session, 3, 1, encode(kv::incr("n", 2))},
      {request_kind::reconfigure, session, 2, 0, encode(change())}};
  return encode_batch(requests);
}

command opening() {
  return encode_batch(std::vector<request>{{request_kind::open_session, 0, 1, 0, "x"}});
}

/// With sessions, recorded answers, a request held back, and a reconfiguration pending.
std::unique_ptr<replicated_state> full_state() {
  auto state = empty_state();
  state->perform(opening());
  state->perform(some_batch());
  state->perform(encode_batch(
      std::vector<request>{{request_kind::operation, session_opened_at(1, 0), 9, 0, "held back"}}));
  return state;
}

std::string bytes_of(const replicated_state& state) {
  std::ostringstream out;
  state.write(out);
  return out.str();
}

/// Decided commands may be any bytes: whoever reaches a port can propose them.
void try_batch(std::string_view bytes) {
  const command decided{std::string{bytes}};
  if (const auto entries = decode_batch(decided)) {
    std::vector<request> requests;
    for (const auto& e : *entries)
      requests.push_back({e.kind, e.session, e.sequence, e.acknowledged, std::string{e.op}});
    const auto again = encode_batch(requests);
    demand(decode_batch(again)->size() == entries->size(), "a batch can be written and read");
  }
  static const auto initial = full_state();
  const auto a = initial->clone(), b = initial->clone();
  const auto answers = a->perform(decided);
  demand(b->perform(decided) == answers, "equal states give equal answers");
  demand(a->fingerprint() == b->fingerprint(), "equal states do equal things");
  a->perform(decided); // what happens to a command that is decided twice
  const auto saved = bytes_of(*a);
  std::istringstream in{saved};
  const auto restored = empty_state();
  restored->read(in);
  demand(restored->fingerprint() == a->fingerprint(), "what was saved can be restored");
  demand(bytes_of(*restored) == saved, "and is saved as the same bytes");
}

void try_reconfiguration(std::string_view bytes) {
  if (const auto o = decode_reconfiguration_outcome(bytes))
    demand(decode_reconfiguration_outcome(encode(*o)).has_value(), "an outcome can be written");
  const auto wanted = decode_reconfiguration(bytes);
  if (!wanted)
    return;
  demand(decode_reconfiguration(encode(*wanted)) == wanted, "it can be written and read");
  config_history known{founders()};
  std::string why_not;
  const auto next = apply(*wanted, known, why_not);
  demand(next.has_value() == why_not.empty(), "a configuration or a reason");
  const auto outcome = reconfigure(*wanted, 7, 4, known);
  const bool added = outcome.status == reconfiguration_status::accepted;
  demand(known.latest().version == (added ? 2u : 1u), "what was refused changes nothing");
  demand(!known.latest().acceptors.empty() && !known.latest().leaders.empty() &&
             !known.latest().replicas.empty(),
         "no configuration is without a member of some kind");
}

void try_replicated_state(std::string_view bytes) {
  const auto state = empty_state();
  std::istringstream in{std::string{bytes}};
  try {
    state->read(in);
  } catch (const std::runtime_error&) {
    return; // the replica stops; there is nothing to go on with
  }
  const auto copy = state->clone();
  demand(copy->fingerprint() == state->fingerprint(), "a copy has the same fingerprint");
  state->perform(some_batch());
  demand(state->slot_out() == copy->slot_out() + 1, "a state that was read can go on");
}

const target batches{
    "batch", try_batch, [] {
      return std::vector<std::string>{
          std::string{some_batch().bytes()}, std::string{opening().bytes()},
          std::string{encode_batch(std::vector<request>{{request_kind::end_session,
                                                         session_opened_at(1, 0), 3, 2, ""}})
                          .bytes()}};
    }};
const target reconfigurations{
    "reconfiguration", try_reconfiguration, [] {
      auto both = change();
      both.add.push_back({role_kind::replica, {"r3", "[::1]:7"}});
      both.remove.push_back({role_kind::replica, "r2"});
      return std::vector<std::string>{
          encode(change()), encode(both),
          encode(reconfiguration{.replaces = 1, .remove = {}, .add = {}}),
          encode(reconfiguration_outcome{reconfiguration_status::accepted, 2, 11, "x"})};
    }};
const target states{
    "replicated_state", try_replicated_state, [] {
      return std::vector<std::string>{bytes_of(*full_state()), bytes_of(*empty_state())};
    }};

} // namespace

} // namespace pmmc::fuzz
