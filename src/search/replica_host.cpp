#include "search/replica_host.hpp"

#include "search/role_names.hpp"
#include "search/scope_commands.hpp"
#include "service/batch.hpp"

#include <map>
#include <memory>

namespace pmmc::search {

namespace {

const role_id reader{"c1"};

/// What the operations of all slots below `slot_out` make of the state, each performed once.
std::string fold(const std::map<slot_num, command>& decided, slot_num slot_out) {
  std::string text;
  for (const auto& [slot, value] : decided)
    if (const auto entries = decode_batch(value); slot < slot_out && entries)
      for (const auto& entry : *entries)
        if (entry.kind == request_kind::operation)
          text.append(entry.op).push_back(' ');
  return text;
}

/// What is wrong with an answer to the read that `p` has under way, or "".
std::string broken_answer(const replica_process& p, const query_reply& reply) {
  if (reply.status != reply_status::ok)
    return "a read is not answered: " + reply.body;
  if (!p.acknowledged || reply.slot <= *p.acknowledged)
    return "a read does not see slot " + std::to_string(p.acknowledged.value_or(0)) +
           ", which was acknowledged before it began";
  if (reply.body != fold(p.core.decided(), reply.slot))
    return "a read is answered from another state than that of its slot";
  return {};
}

} // namespace

replica_host::replica_host(const scope& s) : scope_(s), changes_(reconfigurations_of(s)) {}

replica_process replica_host::first(unsigned number) const {
  const auto options = std::make_shared<const replayed_replica::settings>(
      replayed_replica::settings{.id = id_of(role_kind::replica, number),
                                 .first_config = configurations_of(scope_).front(),
                                 .window = window_of(scope_)});
  return {number, replayed_replica{options}, {}, scope_.reads, scope_.restarts, {}};
}

/// It comes back with nothing, as its snapshot was not written yet.
void replica_host::restart(running& s) const {
  --s.now.restarts_left;
  s.now.acknowledged.reset();
  s.now.core = s.now.core.restarted();
}

bool replica_host::choose(running& s, const input& in) const {
  const auto* read = std::get_if<begin_read>(&in);
  if (read == nullptr || s.now.reads_left == 0 || s.now.acknowledged)
    return false;
  --s.now.reads_left;
  s.now.acknowledged = read->acknowledged;
  s.now.core.on(reader, query{.number = 1, .op = {}});
  return true;
}

void replica_host::taken(running& s, const outputs& wanted) const {
  s.out.fault = broken_by(s.now.core);
  for (const auto& e : wanted.send)
    if (const auto* reply = std::get_if<query_reply>(&e.body); reply && s.out.fault.empty()) {
      s.out.fault = broken_answer(s.now, *reply);
      s.now.acknowledged.reset();
    }
}

std::vector<envelope> replica_host::modelled(std::vector<envelope> sends) const {
  std::erase_if(sends,
                [](const envelope& e) { return !std::holds_alternative<read_probe>(e.body); });
  return sends;
}

std::string replica_host::broken_by(const replayed_replica& core) const {
  const auto& [slot_out, fingerprint, state, latest, bytes] = core.now();
  const auto& decided = core.decided();
  for (slot_num slot = 1; slot < slot_out; ++slot)
    if (!decided.contains(slot))
      return "R2: slot " + std::to_string(slot) + " is performed and was not decided";
  if (state != fold(decided, slot_out))
    return "R3: the state is not the fold of the decisions";
  config_version version = 1;
  while (version <= changes_.size() && version < slot_out &&
         decided.at(version) == changes_[version - 1])
    ++version;
  if (latest != version)
    return "F1: the configurations do not follow from the decisions";
  return {};
}

std::string broken_invariant(std::span<const replica_fact* const> replicas) {
  for (const auto* one : replicas)
    for (const auto* other : replicas)
      if (one->slot_out == other->slot_out && one->fingerprint != other->fingerprint)
        return "S1: two replicas have different states at slot " + std::to_string(one->slot_out);
  return {};
}

} // namespace pmmc::search
