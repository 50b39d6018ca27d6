#include "search/replica_process.hpp"

#include "base/codec.hpp"
#include "base/digest.hpp"
#include "consensus/pmmc/replica.hpp"
#include "membership/reconfiguration.hpp"
#include "search/encoding.hpp"
#include "service/batch.hpp"

#include <algorithm>
#include <istream>
#include <iterator>
#include <ostream>

namespace pmmc::search {

namespace {

/// Remembers every operation, in order: "A1 A2 ". Every query is for all of them.
class operations final : public state_machine {
public:
  std::string_view name() const override { return "operations/1"; }
  std::string apply(std::string_view op) override {
    text_.append(op).push_back(' ');
    return {};
  }
  std::string query(std::string_view) const override { return text_; }
  std::unique_ptr<state_machine> clone() const override {
    return std::make_unique<operations>(*this);
  }
  void snapshot(std::ostream& out) const override { out << text_; }
  void restore(std::istream& in) override { text_.assign(std::istreambuf_iterator<char>{in}, {}); }
  std::uint64_t fingerprint() const override { return digest_of(0, text_); }
  std::size_t size_bytes() const override { return text_.size(); }

private:
  std::string text_;
};

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

} // namespace

command replica_command(const scope& s, unsigned leader, slot_num slot) {
  const auto session = session_opened_at(slot, 0);
  request wanted{request_kind::operation, session, 1, 0,
                 static_cast<char>('A' + leader) + std::to_string(slot)};
  if (leader == 0 && slot <= s.reconfigure) {
    const auto configs = configurations_of(s);
    reconfiguration change{slot, {}, {}};
    change.remove.push_back({role_kind::acceptor, configs[slot - 1].acceptors.front().id});
    change.add.push_back({role_kind::acceptor, configs[slot].acceptors.front()});
    wanted.kind = request_kind::reconfigure;
    wanted.op = encode(change);
  }
  const request opening{request_kind::open_session, 0, leader + 1, 0, ""};
  return encode_batch(std::vector<request>{opening, wanted});
}

replica_driver::replica_driver(const scope& s)
    : first_config_(configurations_of(s).front()), window_(window_of(s)), reads_(s.reads),
      restarts_(s.restarts) {
  for (slot_num slot = 1; slot <= s.reconfigure; ++slot)
    changes_.push_back(replica_command(s, 0, slot));
}

std::unique_ptr<replica> replica_driver::make(const replica_process& p) const {
  replica::settings options;
  options.id = "r" + std::to_string(p.number + 1);
  options.seed = p.life;
  auto core = std::make_unique<replica>(
      options,
      std::make_unique<replicated_state>(std::make_unique<operations>(),
                                         config_history{first_config_}, window_),
      false);
  const auto hear = [&](const auto& event) {
    if constexpr (std::is_same_v<std::decay_t<decltype(event)>, begin_read>)
      core->on(reader, query{.number = 1, .op = {}});
    else
      core->on(event);
  };
  core->flush();
  core->take();
  for (const auto& event : p.heard) {
    std::visit(hear, event);
    core->flush();
    if (&event != &p.heard.back())
      core->take();
  }
  return core;
}

void replica_driver::note(replica_process& p, const replica& core) const {
  p.fact = {p.number, core.slot_out(), core.state().fingerprint()};
  p.core.clear();
  put(p.core, core);
}

replica_process replica_driver::first(unsigned number) const {
  replica_process p;
  p.number = number;
  p.reads_left = reads_;
  p.restarts_left = restarts_;
  note(p, *make(p));
  return p;
}

replica_driver::outcome replica_driver::restart(replica_process p) const {
  if (p.restarts_left == 0)
    return {std::move(p), false, {}, {}};
  --p.restarts_left;
  ++p.life;
  p.heard.clear();
  p.decided.clear();
  p.acknowledged.reset();
  note(p, *make(p));
  return {std::move(p), true, {}, {}};
}

replica_driver::outcome replica_driver::step(replica_process p, const replica_event& event) const {
  outcome out{std::move(p), true, {}, {}};
  auto& after = out.after;
  if (const auto* read = std::get_if<begin_read>(&event)) {
    if (after.reads_left == 0 || after.acknowledged)
      return {std::move(after), false, {}, {}};
    --after.reads_left;
    after.acknowledged = read->acknowledged;
  } else if (const auto* decided = std::get_if<decision>(&event)) {
    after.decided.emplace(decided->slot, decided->value);
  }
  after.heard.push_back(event);
  const auto core = make(after);
  out.fault = broken_by(after, *core);
  for (auto& e : core->take().send) {
    if (std::holds_alternative<read_probe>(e.body))
      out.sent.push_back(std::move(e));
    const auto* reply = std::get_if<query_reply>(&e.body);
    if (reply == nullptr || !out.fault.empty())
      continue;
    if (reply->status != reply_status::ok)
      out.fault = "a read is not answered: " + reply->body;
    else if (!after.acknowledged || reply->slot <= *after.acknowledged)
      out.fault = "a read does not see slot " + std::to_string(after.acknowledged.value_or(0)) +
                  ", which was acknowledged before it began";
    else if (reply->body != fold(after.decided, reply->slot))
      out.fault = "a read is answered from another state than that of its slot";
    after.acknowledged.reset();
  }
  note(after, *core);
  return out;
}

std::string replica_driver::broken_by(const replica_process& p, const replica& core) const {
  for (slot_num slot = 1; slot < core.slot_out(); ++slot)
    if (!p.decided.contains(slot))
      return "R2: slot " + std::to_string(slot) + " is performed and was not decided";
  if (core.state().machine().query({}) != fold(p.decided, core.slot_out()))
    return "R3: the state is not the fold of the decisions";
  config_version version = 1;
  while (version <= changes_.size() && version < core.slot_out() &&
         p.decided.at(version) == changes_[version - 1])
    ++version;
  if (core.state().configurations().latest().version != version)
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
