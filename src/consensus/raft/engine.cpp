#include "consensus/raft/engine.hpp"

#include "base/codec.hpp"
#include "base/invariant.hpp"
#include "membership/member_bytes.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::raft {

std::string encode(const snapshot_part& part) {
  std::string out;
  put_varint(out, part.base.index);
  put_varint(out, part.base.term);
  put_varint(out, part.members->version);
  put_members(out, part.members->servers);
  put_members(out, part.members->outgoing);
  return out;
}

std::optional<snapshot_part> decode_snapshot_part(std::string_view bytes) {
  byte_reader in{bytes};
  snapshot_part part;
  part.base.index = in.varint();
  part.base.term = in.varint();
  const auto version = in.varint();
  auto servers = read_members(in), outgoing = read_members(in);
  if (!in.ok() || !in.at_end() || !servers || !outgoing || servers->empty())
    return std::nullopt;
  part.members = std::make_shared<const server_set>(
      server_set{version, std::move(*servers), std::move(*outgoing)});
  return part;
}

/// A crash may have come between a snapshot and the record that says so.
engine::engine(settings options, persistent_state recovered, slot_num slot_out,
               const std::string& part)
    : options_(options), core_(options.server, std::move(recovered)),
      slot_out_(core_.commit() + 1) {
  if (slot_out > slot_out_)
    installed(slot_out, part);
  PMMC_INVARIANT(slot_out_ == slot_out, "G2: the log begins where the snapshot ends, or before");
}

bool engine::on(const pmmc::message& m) {
  return pass_on<message>(m, [this](const auto& body) { core_.on(body); });
}

void engine::on_tick() { core_.on_tick(); }

void engine::persisted(std::span<const log_record> records) {
  core_.persisted(records_as<record>(records));
}

// --- Proposals ----------------------------------------------------------------------------------

proposal_ticket engine::propose(command value) {
  const auto at = core_.propose(std::move(value));
  PMMC_INVARIANT(at.has_value(), "commands are proposed to who leads");
  proposals_.push_back({++last_ticket_, *at});
  return last_ticket_;
}

bool engine::barrier(std::uint64_t number) {
  core_.barrier(number);
  return true;
}

proposal_ticket engine::change(config_version replaces, std::vector<member> servers,
                               command value) {
  const auto why = core_.change(replaces, std::move(servers), std::move(value));
  PMMC_INVARIANT(why.empty(), "a change begins where the state has performed the log");
  change_ = own_change{++last_ticket_, {}};
  return last_ticket_;
}

/// Terms do not decrease along the log. So whatever was proposed in an earlier term than that of an
/// entry that is committed, and does not stand before it, will never be; its index may be used
/// again. Those that were truncated are not lost before that: another server may have them still.
void engine::settle(const outputs::committed_entry& e, log_outputs& out) {
  PMMC_INVARIANT(e.index == slot_out_, "R2: the log has no gaps");
  ++slot_out_;
  const position at{e.index, e.what.term};
  log_outputs::decision decided{e.index, e.what.value};
  const auto has_passed = [&](const position& p) {
    return p.index <= at.index || p.term < at.term;
  };
  while (!proposals_.empty() && has_passed(proposals_.front().at)) {
    const auto& first = proposals_.front();
    if (first.at == at)
      decided.mine = first.ticket;
    else
      out.displaced.push_back({first.ticket, {}});
    proposals_.pop_front();
  }
  if (change_ && change_->at.index != 0 && has_passed(change_->at)) {
    if (change_->at == at)
      decided.mine = change_->ticket;
    else
      out.displaced.push_back({change_->ticket, {}});
    change_.reset();
  }
  if (e.what.members && e.what.members->is_joint())
    decided.change = voting_servers{e.what.members->version, e.what.members->servers};
  out.decided.push_back(std::move(decided));
}

log_outputs engine::take() {
  auto told = core_.take();
  auto out = std::exchange(out_, {});
  for (auto& e : told.send_early)
    out.send_early.push_back(widened(std::move(e)));
  for (auto& r : told.persist)
    out.persist.emplace_back(std::move(r));
  for (auto& e : told.send)
    out.send.push_back(widened(std::move(e)));
  if (told.logged_change && change_)
    change_->at = *told.logged_change;
  for (const auto& e : told.committed)
    settle(e, out);
  for (const auto& r : told.readable)
    out.readable.push_back({r.number, r.index + 1});
  if (told.fetch_snapshot)
    out.fetch = log_outputs::wish{told.fetch_snapshot->from, told.fetch_snapshot->base.index + 1};
  if (told.dropped_change && change_) {
    // Out of office, nothing speaks against it: the next leader may make it.
    out.displaced.push_back(
        {change_->ticket, core_.is_leader() ? std::move(*told.dropped_change) : std::string{}});
    change_.reset();
  }
  return out;
}

// --- Members ------------------------------------------------------------------------------------

bool engine::is_settled() const { return !core_.log().members_at(slot_out_ - 1)->is_joint(); }

std::vector<member> engine::contacts() const {
  const auto& now = core_.members();
  auto all = now.servers;
  for (const auto& m : now.outgoing)
    if (std::none_of(all.begin(), all.end(), [&](const member& o) { return o.id == m.id; }))
      all.push_back(m);
  if (const auto& waiting = core_.waiting_change())
    all.insert(all.end(), waiting->newcomers().begin(), waiting->newcomers().end());
  return all;
}

// --- Snapshots ----------------------------------------------------------------------------------

std::string engine::part_of_snapshot() const {
  const auto end = slot_out_ - 1;
  return encode({{end, *core_.log().term_at(end)}, core_.log().members_at(end)});
}

void engine::snapshot_durable(slot_num slot, slot_num needed_from) {
  const auto end = std::min(slot, slot_out_) - 1; // of what is in the snapshot
  const auto least = std::max(needed_from, core_.log().first());
  std::size_t bytes = 0;
  auto kept = end + 1; // entries from here on stay
  while (kept > least && (bytes += core_.log().at(kept - 1).size_bytes()) <= options_.kept_bytes)
    --kept;
  core_.compact(kept - 1);
}

void engine::installed(slot_num slot, const std::string& part) {
  auto its = decode_snapshot_part(part);
  PMMC_INVARIANT(its && its->base.index + 1 == slot,
                 "a snapshot says where it ends in the log, and who votes there");
  if (slot <= slot_out_)
    return;
  core_.installed(its->base, std::move(its->members));
  slot_out_ = slot;
  const auto has_passed = [&](const position& p) {
    return p.index <= its->base.index || p.term < its->base.term;
  };
  for (; !proposals_.empty() && has_passed(proposals_.front().at); proposals_.pop_front())
    out_.unknown.push_back(proposals_.front().ticket);
  if (change_ && change_->at.index != 0 && has_passed(change_->at)) {
    out_.unknown.push_back(change_->ticket);
    change_.reset();
  }
}

// --- What is told of it -------------------------------------------------------------------------

void engine::describe(server_vitals& v) const {
  v.term = core_.term();
  v.leader = core_.leader();
  v.is_leader = core_.is_leader();
  v.slot_in = core_.log().last().index + 1;
  v.watermark = core_.log().first();
}

log_figures engine::figures() const {
  log_figures f;
  f.elections = core_.figures().elections;
  f.offices = core_.figures().offices;
  f.votes = core_.figures().votes;
  f.log_slots = core_.log().last().index - core_.log().base().index;
  f.log_bytes = core_.log().size_bytes();
  f.in_flight = in_flight();
  return f;
}

} // namespace pmmc::raft
