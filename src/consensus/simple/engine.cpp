#include "consensus/simple/engine.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pmmc::simple {

namespace {

server_core::settings with_servers(server_core::settings options,
                                   const std::vector<member>& servers) {
  options.servers = ids_of(servers);
  return options;
}

} // namespace

engine::engine(server_core::settings options, std::vector<member> servers, acceptor_state recovered,
               slot_num slot_out)
    : servers_(std::move(servers)), most_queued_bytes_(options.proposing.max_queued_bytes / 2),
      core_(with_servers(std::move(options), servers_), std::move(recovered), slot_out),
      slot_out_(slot_out) {}

bool engine::on(const pmmc::message& m) {
  return pass_on<message>(m, [this](const auto& body) { core_.on(body); });
}

/// The core has room for twice as much, so that it never refuses.
bool engine::may_propose() const {
  return proposals_.size() < most_queued && proposed_bytes_ < most_queued_bytes_;
}

proposal_ticket engine::propose(command value) {
  proposed_bytes_ += value.size();
  const bool is_taken = core_.propose(value);
  PMMC_INVARIANT(is_taken, "a command is proposed when there is room for it");
  proposals_.emplace(++last_ticket_, std::move(value));
  return last_ticket_;
}

proposal_ticket engine::change(config_version, std::vector<member>, command) {
  PMMC_INVARIANT(false, "a cluster of engine simple has a fixed set of servers");
}

/// The oldest own one with these bytes; 0: none. What another server proposed with the same bytes
/// is as good: the requests in it are these.
proposal_ticket engine::settle(const command& value) {
  const auto own = std::find_if(proposals_.begin(), proposals_.end(),
                                [&](const auto& p) { return p.second == value; });
  if (own == proposals_.end())
    return 0;
  const auto ticket = own->first;
  proposed_bytes_ -= value.size();
  proposals_.erase(own);
  return ticket;
}

log_outputs engine::take() {
  auto told = core_.take();
  log_outputs out;
  std::move(told.persist.begin(), told.persist.end(), std::back_inserter(out.persist));
  for (auto& e : told.send)
    out.send.push_back(widened(std::move(e)));
  for (const auto& value : told.unresolved)
    if (const auto ticket = settle(value); ticket != 0)
      out.unknown.push_back(ticket);
  for (auto& c : told.chosen) {
    PMMC_INVARIANT(c.slot == slot_out_, "R2: the log has no gaps");
    ++slot_out_;
    const auto ticket = settle(c.value);
    out.decided.push_back({c.slot, std::move(c.value), ticket});
  }
  for (const auto& r : told.reads)
    out.readable.push_back({r.number, r.slot});
  if (told.fetch)
    out.fetch = log_outputs::wish{told.fetch->server, told.fetch->slot};
  return out;
}

void engine::snapshot_durable(slot_num slot, slot_num) { core_.done(slot); }

void engine::installed(slot_num slot, const std::string&) {
  slot_out_ = std::max(slot_out_, slot);
  core_.installed(slot);
}

void engine::describe(server_vitals& v) const {
  v.slot_in = std::max(slot_out_, core_.own_acceptor().end());
  v.watermark = core_.own_acceptor().state().min;
}

log_figures engine::figures() const {
  log_figures f;
  f.numbers = core_.own_proposals().numbers();
  f.log_slots = core_.own_acceptor().state().votes.size();
  f.in_flight = in_flight();
  return f;
}

} // namespace pmmc::simple
