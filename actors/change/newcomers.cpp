#include "change/newcomers.hpp"

#include "change/change_error.hpp"
#include "membership/dial_troubles.hpp"

#include <algorithm>

namespace pmmc {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw change_error{change_failure::refused, why};
}

std::string name_of(const reconfiguration::addition& a) {
  return std::string{to_string(a.kind)} + " " + a.who.id.str();
}

std::string word_for(role_kind kind, const member& m) {
  return std::string{to_string(kind)} + ":" + m.id.str();
}

bool is_removed(const reconfiguration& change, role_kind kind, const role_id& id) {
  return std::any_of(change.remove.begin(), change.remove.end(),
                     [&](const auto& r) { return r.kind == kind && r.id == id; });
}

/// An id names one role for ever, and a member has one address.
void check_name(const reconfiguration& change, const reconfiguration::addition& a,
                const config_history& known) {
  const auto start_there = "stop it, start it at " + a.who.address +
                           " with its own data directory (docs/RECONFIGURATION.md, \"Move to new "
                           "addresses\"), then `pmmc reconfig --remove " +
                           word_for(a.kind, a.who) + " --add " + word_for(a.kind, a.who) + "=" +
                           a.who.address + "`";
  if (const auto why = why_of_other_engine(a.kind, known.latest()); !why.empty())
    refuse(name_of(a) + " cannot be added: " + why);
  for (const auto kind : all_member_kinds) {
    const auto* m = known.latest().find(kind, a.who.id);
    if (m == nullptr)
      continue;
    if (m->address == a.who.address && kind == a.kind)
      refuse(a.who.id.str() + " is there already, at " + a.who.address);
    if (kind != a.kind)
      refuse(name_of(a) + " cannot be added: " + a.who.id.str() + " is of another kind, the " +
             std::string{to_string(kind)} + " at " + m->address +
             "; take an id that was never used");
    if (!is_removed(change, kind, m->id))
      refuse(name_of(a) + " is a member already, at " + m->address + ". To move it, " +
             start_there);
  }
  const auto former = known.former_members().find(a.who.id);
  if (former != known.former_members().end() && former->second.kind != a.kind)
    refuse(name_of(a) + " cannot be added: " + a.who.id.str() +
           " is of another kind, that of a former " + std::string{to_string(former->second.kind)} +
           "; take an id that was never used");
}

/// How one that cannot be reached comes to run. Only who was never a member is formatted.
/// Where it was before, what is remembered there would send it to its latest address.
std::string how_to_run(const reconfiguration::addition& a, const membership& members,
                       const std::string& why) {
  if (why == does_not_answer)
    return "If it is stopped, let it go on, or start it again there";
  const auto& known = members.configurations;
  const auto start = "`pmmc start --id " + a.who.id.str();
  if (known.latest().find(a.kind, a.who.id) != nullptr)
    return "It has to run there first: stop it where it is, " +
           std::string{members.was_at(a.kind, a.who.id, a.who.address)
                           ? "remove the files `members` of it and of every role that runs with "
                             "it (it was there before, and they would send it away again), "
                           : ""} +
           "and start it with its own data directory and a config file that names the new address "
           "(" +
           start + "`)";
  if (known.former_members().contains(a.who.id))
    return "It was a member, and has to run first, with its own data directory: " + start +
           " --rejoin`";
  return "It has to run first: with a config file that names it, `pmmc init --id " +
         a.who.id.str() + "` and " + start + "`";
}

/// Returns how the newcomer is.
role_status check_place(const reconfiguration::addition& a, const probed_cluster& probed) {
  const auto at = probed.at(role_of(a.kind, a.who));
  if (at.up && at.status.kind != a.kind)
    refuse(name_of(a) + " at " + a.who.address +
           " cannot be added: it is of another kind there. Write " +
           word_for(at.status.kind, a.who) + "=" + a.who.address);
  if (!at.up)
    refuse(name_of(a) + " at " + a.who.address + " cannot be added: " + at.why + ". " +
           how_to_run(a, probed.known, at.why));
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

/// Processes of other clusters have been left out.
bool is_identified(const probed_process& process, const probed_cluster& probed) {
  return process.status.known.identity != 0 && probed.known.identity != 0;
}

void check_disk(const reconfiguration::addition& a, const probed_cluster& probed,
                const role_status& status) {
  if (!keeps_promises(a.kind))
    return; // what it holds is a part of this log, and was promised to nobody
  const auto& history = probed.known.configurations;
  const auto* present = history.latest().find(a.kind, a.who.id);
  const bool known = present != nullptr || history.former_members().contains(a.who.id);
  // What a server promised is on its disk, and a change that came to nothing may have left it
  // there.
  const bool is_of_this_cluster =
      a.kind == role_kind::server && is_identified(probed.processes.at(a.who.address), probed);
  if (!known && !status.is_fresh && !is_of_this_cluster)
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

void check_removals(const reconfiguration& change, const config_history& known) {
  for (const auto& r : change.remove)
    if (const auto why = why_of_other_engine(r.kind, known.latest()); !why.empty())
      refuse(std::string{to_string(r.kind)} + " " + r.id.str() + " cannot be removed: " + why);
}

void check_newcomers(reconfiguration& change, const probed_cluster& probed) {
  for (auto& a : change.add) {
    check_name(change, a, probed.known.configurations);
    const auto status = check_place(a, probed);
    check_origin(a, probed);
    check_is_only_one(a, probed);
    check_disk(a, probed, status);
    a.who.disk = status.format_id;
  }
}

} // namespace pmmc
