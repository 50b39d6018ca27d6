#include "membership/configuration.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace pmmc {

std::size_t configuration::durable_replicas() const {
  return std::min(tolerated_failures() + 1, state_holders().size());
}

std::span<const role_kind> configuration::kinds() const {
  return has_servers() ? std::span<const role_kind>{server_kinds} : pmmc_kinds;
}

bool configuration::is_whole() const {
  std::set<role_id> ids;
  for (const auto kind : all_member_kinds) {
    const bool is_needed = std::find(kinds().begin(), kinds().end(), kind) != kinds().end();
    if (members(kind).empty() == is_needed)
      return false;
    for (const auto& m : members(kind))
      if (m.id.empty() || !ids.insert(m.id).second)
        return false;
  }
  return true;
}

std::vector<member>& configuration::members(role_kind kind) {
  switch (kind) {
  case role_kind::acceptor:
    return acceptors;
  case role_kind::leader:
    return leaders;
  case role_kind::replica:
    return replicas;
  case role_kind::server:
    return servers;
  case role_kind::client:
    break;
  }
  PMMC_INVARIANT(false, "a configuration has no clients");
}

const std::vector<member>& configuration::members(role_kind kind) const {
  return const_cast<configuration*>(this)->members(kind);
}

const member* configuration::find(role_kind kind, const role_id& id) const {
  if (kind == role_kind::client)
    return nullptr;
  const auto& all = members(kind);
  const auto it = std::find_if(all.begin(), all.end(), [&](const member& m) { return m.id == id; });
  return it == all.end() ? nullptr : &*it;
}

std::string_view configuration::address_of(const role_id& id) const {
  for (const auto kind : all_member_kinds)
    if (const auto* m = find(kind, id))
      return m->address;
  return {};
}

std::vector<role_id> ids_of(const std::vector<member>& members) {
  std::vector<role_id> ids;
  ids.reserve(members.size());
  for (const auto& m : members)
    ids.push_back(m.id);
  return ids;
}

void config_history::add(configuration next) {
  PMMC_INVARIANT(by_first_slot_.empty() ||
                     (next.version > latest().version && next.first_slot > latest().first_slot),
                 "F1: configurations follow each other in slots and versions");
  if (!by_first_slot_.empty())
    for (const auto kind : all_member_kinds)
      for (const auto& m : latest().members(kind))
        former_members_.insert_or_assign(
            m.id, former_member{kind, m.id, m.address, m.disk, next.version});
  for (const auto kind : all_member_kinds)
    for (const auto& m : next.members(kind))
      former_members_.erase(m.id);
  const auto first_slot = next.first_slot;
  by_first_slot_.emplace(first_slot, std::move(next));
  if (by_first_slot_.size() > most_kept + 1)
    by_first_slot_.erase(std::next(by_first_slot_.begin()));
}

const configuration& config_history::for_slot(slot_num slot) const {
  auto it = by_first_slot_.upper_bound(slot);
  PMMC_INVARIANT(it != by_first_slot_.begin(), "F1: every slot has a configuration");
  return std::prev(it)->second;
}

bool config_history::knows(slot_num slot) const {
  const auto next = by_first_slot_.upper_bound(slot);
  return next == by_first_slot_.end() || next->second.version == for_slot(slot).version + 1;
}

std::vector<const configuration*> config_history::from(slot_num slot) const {
  std::vector<const configuration*> result;
  for (auto it = by_first_slot_.begin(); it != by_first_slot_.end(); ++it)
    if (const auto next = std::next(it); next == by_first_slot_.end() || next->first > slot)
      result.push_back(&it->second);
  return result;
}

std::map<role_id, std::string> config_history::disks() const {
  std::map<role_id, std::string> named;
  for (const auto& [id, former] : former_members_)
    if (keeps_promises(former.kind) && !former.disk.empty())
      named.insert_or_assign(id, former.disk);
  for (const auto& [first_slot, config] : by_first_slot_)
    for (const auto kind : all_member_kinds)
      for (const auto& m : config.members(kind))
        if (keeps_promises(kind) && !m.disk.empty())
          named.insert_or_assign(m.id, m.disk);
  return named;
}

std::map<role_id, std::string>
config_history::new_disks(const std::map<role_id, std::string>& found) const {
  std::map<role_id, std::string> fresh;
  if (found.empty())
    return fresh;
  for (const auto kind : all_member_kinds)
    for (const auto& m : latest().members(kind))
      if (const auto it = found.find(m.id);
          keeps_promises(kind) && m.disk.empty() && it != found.end())
        fresh.insert(*it);
  if (!fresh.empty()) // most of the time there is nothing new, and this need not be asked
    for (const auto& [id, disk] : disks())
      fresh.erase(id);
  std::erase_if(fresh, [](const auto& entry) { return entry.second.empty(); });
  return fresh;
}

bool config_history::learn_disks(const std::map<role_id, std::string>& found) {
  const auto fresh = new_disks(found);
  for (auto& [first_slot, config] : by_first_slot_)
    for (const auto kind : all_member_kinds)
      for (auto& m : config.members(kind))
        if (const auto it = fresh.find(m.id); keeps_promises(kind) && it != fresh.end())
          m.disk = it->second;
  return !fresh.empty();
}

bool config_history::assign(std::vector<configuration> configurations,
                            std::vector<former_member> former) {
  config_history read;
  for (auto& c : configurations) {
    const bool follows =
        read.empty() ? c.first_slot == 1 // every slot has a configuration
                     : c.version > read.latest().version && c.first_slot > read.latest().first_slot;
    const bool is_of_same_engine = read.empty() || c.has_servers() == read.latest().has_servers();
    if (!follows || !is_of_same_engine || !c.is_whole())
      return false;
    const auto first_slot = c.first_slot;
    read.by_first_slot_.emplace(first_slot, std::move(c));
  }
  for (auto& f : former) {
    const auto id = f.id;
    read.former_members_.emplace(id, std::move(f));
  }
  *this = std::move(read);
  return true;
}

const configuration* config_history::find(config_version version) const {
  for (const auto& [first_slot, config] : by_first_slot_)
    if (config.version == version)
      return &config;
  return nullptr;
}

slot_num config_history::end_of(config_version version) const {
  for (auto it = by_first_slot_.begin(); it != by_first_slot_.end(); ++it)
    if (it->second.version == version)
      return std::next(it) == by_first_slot_.end() ? std::numeric_limits<slot_num>::max()
                                                   : std::next(it)->first;
  return 0;
}

} // namespace pmmc
