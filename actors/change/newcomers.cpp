#include "change/newcomers.hpp"

#include "change/change_error.hpp"

namespace pmmc {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw change_error{change_failure::refused, why};
}

std::string name_of(const reconfiguration::addition& a) {
  return std::string{to_string(a.kind)} + " " + a.who.id.str();
}

/// Returns how the newcomer is.
role_status check_place(const reconfiguration::addition& a, const probed_cluster& probed) {
  for (const auto kind : all_member_kinds)
    if (const auto* m = probed.known.configurations.latest().find(kind, a.who.id);
        m != nullptr && m->address == a.who.address)
      refuse(a.who.id.str() + " is there already, at " + a.who.address);
  const auto at = probed.at(role_of(a.kind, a.who));
  if (!at.up || static_cast<int>(at.status.kind) != static_cast<int>(a.kind))
    refuse(name_of(a) + " at " + a.who.address +
           " cannot be added: " + (at.up ? "it is of another kind there" : at.why) +
           ". It has to run first: with a config file that names it, `pmmc init --id " +
           a.who.id.str() + "` and `pmmc start --id " + a.who.id.str() + "`");
  const auto& own = probed.processes.at(a.who.address).status.address;
  if (own != a.who.address)
    refuse(name_of(a) + " cannot be added at " + a.who.address + ": its process says that it is " +
           own + ", and the others would take it for a stranger. Write " +
           std::string{to_string(a.kind)} + ":" + a.who.id.str() + "=" + own);
  return at.status;
}

void check_origin(const reconfiguration::addition& a, const probed_cluster& probed) {
  const auto& process = probed.processes.at(a.who.address).status;
  for (const auto& [address, other] : probed.processes) {
    const auto is_member = probed.known.addresses().contains(address);
    if (other.why.empty() && is_member)
      if (const auto why =
              why_facts_differ(process.facts, other.status.facts, "in the process at " + address);
          !why.empty())
        refuse(name_of(a) + " cannot be added: " + why);
  }
}

/// Where a directory was copied, two would act in one name: two leaders use the same ballots, two
/// acceptors vote as one.
void check_is_only_one(const reconfiguration::addition& a, const probed_cluster& probed) {
  const auto before = last_address(a, probed.known);
  if (before.empty() || before == a.who.address ||
      !probed.at(role_of(a.kind, {a.who.id, before})).up)
    return;
  const auto& there = probed.processes.at(before).status.address;
  if (there != probed.processes.at(a.who.address).status.address)
    refuse(name_of(a) + " cannot be added at " + a.who.address + ": it runs at " + before +
           " as well. Stop it there, and see to it that nobody starts it there again");
}

void check_disk(const reconfiguration::addition& a, const probed_cluster& probed,
                const role_status& status) {
  if (a.kind == role_kind::replica)
    return; // what it holds is a part of this log, and was promised to nobody
  const auto& history = probed.known.configurations;
  const auto* present = history.latest().find(a.kind, a.who.id);
  const bool known = present != nullptr || history.former_members().contains(a.who.id);
  if (!known && !status.is_fresh)
    refuse(name_of(a) +
           " cannot be added: its disk is not empty, and what it holds is not of a member of this "
           "cluster. Stop it, remove its data directory, `pmmc init --id " +
           a.who.id.str() + "`");
  for (const auto& [address, process] : probed.processes)
    for (const auto& role : process.status.roles)
      if (const auto met = role.known_disks.find(a.who.id);
          met != role.known_disks.end() && met->second != status.format_id)
        refuse(name_of(a) + " was a member with another disk (" + met->second + ", now " +
               status.format_id +
               "), and what it promised is lost with that; take an id that was never used");
}

} // namespace

config::role role_of(role_kind kind, const member& m) { return {m.id, kind, m.address}; }

std::string last_address(const reconfiguration::addition& a, const membership& known) {
  if (known.configurations.empty())
    return {};
  if (const auto* m = known.configurations.latest().find(a.kind, a.who.id))
    return m->address;
  const auto& former = known.configurations.former_members();
  const auto it = former.find(a.who.id);
  return it == former.end() ? std::string{} : it->second.address;
}

void check_newcomers(reconfiguration& change, const probed_cluster& probed) {
  for (auto& a : change.add) {
    const auto status = check_place(a, probed);
    check_origin(a, probed);
    check_is_only_one(a, probed);
    check_disk(a, probed, status);
    a.who.disk = status.format_id;
  }
}

} // namespace pmmc
