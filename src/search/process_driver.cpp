#include "search/process_driver.hpp"

#include "search/role_names.hpp"
#include "search/scope_commands.hpp"

#include <algorithm>

namespace pmmc::search {

process_driver::process_driver(const scope& s)
    : scope_(s), configs_(configurations_of(s)), acceptors_(s), leaders_(s, sub_roles_),
      replicas_(s) {}

std::vector<process> process_driver::first_processes() const {
  std::vector<process> all;
  for (unsigned i = 0; i < acceptors_of(scope_); ++i)
    all.push_back(acceptors_.first(i));
  for (unsigned i = 0; i < scope_.leaders; ++i)
    all.push_back(leaders_.first(i));
  for (unsigned i = 0; i < scope_.replicas; ++i)
    all.push_back(replicas_.first(i));
  return all;
}

step_outcome process_driver::step(const process& before, const input& in) const {
  struct host {
    const process_driver& d;
    const input& in;

    step_outcome operator()(const acceptor_process& p) const { return d.acceptors_.step(p, in); }
    step_outcome operator()(const leader_process& p) const { return d.leaders_.step(p, in); }
    step_outcome operator()(const sub_process& p) const { return d.sub_roles_.step(p, in); }
    step_outcome operator()(const replica_process& p) const { return d.replicas_.step(p, in); }
    step_outcome operator()(const report& p) const {
      step_outcome out{p}; // it is heard by its leader
      out.happened = false;
      return out;
    }
  };
  return std::visit(host{*this, in}, before);
}

// --- In the place of a replica ------------------------------------------------------------------

std::vector<envelope> process_driver::first_messages() const {
  std::vector<envelope> all;
  for (slot_num slot = 1; slot <= std::min<slot_num>(scope_.slots, window_of(scope_)); ++slot)
    propose_slot(all, slot, 1);
  return all;
}

/// To each leader a command of its own, or those of all.
void process_driver::propose_slot(std::vector<envelope>& to, slot_num slot,
                                  config_version version) const {
  const auto replica = id_of(role_kind::replica, 0);
  for (unsigned l = 0; l < scope_.leaders; ++l)
    for (unsigned value = 0; value < scope_.leaders; ++value)
      if (value == l || scope_.both_values)
        to.push_back({configs_[0].leaders[l].id,
                      propose{replica, version, slot, own_command(scope_, value, slot)}});
}

void process_driver::send_to_all(std::vector<envelope>& to, const message& m) const {
  for (unsigned a = 0; a < acceptors_of(scope_); ++a)
    to.push_back({id_of(role_kind::acceptor, a), m});
  for (const auto& l : configs_[0].leaders)
    to.push_back({l.id, m});
}

std::vector<envelope> process_driver::reaction(const std::vector<command>& performed) const {
  std::vector<envelope> all;
  const auto latest = latest_of(reconfigurations_of(scope_), performed);
  const auto slot = performed.size() + window_of(scope_);
  if (slot <= scope_.slots)
    propose_slot(all, slot, known_up_to(configs_, latest).for_slot(slot).version);
  return all;
}

std::vector<envelope> process_driver::announcement(slot_num slot_out) const {
  std::vector<envelope> all;
  replica_vitals told{.slot_out = slot_out};
  ping news{.from = id_of(role_kind::replica, 0), .number = 0, .state = told};
  if (scope_.perform)
    for (const auto& l : configs_[0].leaders) // acceptors do not look at it
      all.push_back({l.id, news});
  told.watermark = slot_out;
  news.state = told;
  if (scope_.collect)
    send_to_all(all, news);
  return all;
}

} // namespace pmmc::search
