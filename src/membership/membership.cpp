#include "membership/membership.hpp"

#include <algorithm>

namespace pmmc {

std::string identity_text(cluster_identity identity) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, identity >>= 4)
    *digit = "0123456789abcdef"[identity & 0xF];
  return text;
}

std::string why_other_cluster(cluster_identity theirs, cluster_identity ours) {
  if (theirs == 0 || ours == 0 || theirs == ours)
    return {};
  return "it belongs to the cluster with identity " + identity_text(theirs) + ", and this is " +
         identity_text(ours) +
         ": one of them was founded again with the name and the first members of the other. Stop "
         "the processes of the one that is not to be, and remove their data directories; then they "
         "can be formatted again (`pmmc init --id ID`)";
}

bool membership::learn(const membership& other) {
  if (is_of_other_cluster(other))
    return false;
  const bool newer = other.version() > version();
  const bool retired_more = other.live_from > live_from && other.live_from <= other.version();
  if (newer)
    configurations = other.configurations;
  if (retired_more)
    live_from = other.live_from;
  const bool identified = identity == 0 && other.identity != 0;
  if (identified)
    identity = other.identity;
  const bool knows_disks =
      !configurations.empty() && configurations.learn_disks(other.configurations.disks());
  return newer || retired_more || identified || knows_disks;
}

std::vector<const configuration*> membership::live() const {
  std::vector<const configuration*> result;
  const auto& all = configurations.all();
  for (auto it = all.rbegin(); it != all.rend(); ++it)
    if (it->second.version >= live_from || result.empty())
      result.push_back(&it->second);
  return result;
}

const member* membership::find(role_kind kind, const role_id& id) const {
  for (const auto* config : live())
    if (const auto* m = config->find(kind, id))
      return m;
  return nullptr;
}

std::string_view membership::address_of(const role_id& id) const {
  for (const auto kind : all_member_kinds)
    if (const auto* m = find(kind, id))
      return m->address;
  return {};
}

bool membership::is_member_at(role_kind kind, const role_id& id, std::string_view address) const {
  const auto configs = live();
  return std::any_of(configs.begin(), configs.end(), [&](const configuration* config) {
    const auto* m = config->find(kind, id);
    return m != nullptr && m->address == address;
  });
}

bool membership::was_at(role_kind kind, const role_id& id, std::string_view address) const {
  for (const auto& [first_slot, config] : configurations.all())
    if (const auto* m = config.find(kind, id); m != nullptr && m->address == address)
      return true;
  const auto& former = configurations.former_members();
  const auto it = former.find(id);
  return it != former.end() && it->second.kind == kind && it->second.address == address;
}

const former_member* membership::find_former(const role_id& id) const {
  const auto& former = configurations.former_members();
  const auto it = former.find(id);
  return it == former.end() || !address_of(id).empty() ? nullptr : &it->second;
}

std::set<std::string> membership::addresses() const {
  std::set<std::string> result;
  for (const auto* config : live())
    for (const auto kind : all_member_kinds)
      for (const auto& m : config->members(kind))
        result.insert(m.address);
  return result;
}

} // namespace pmmc
