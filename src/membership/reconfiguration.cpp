#include "membership/reconfiguration.hpp"

#include "base/codec.hpp"

#include <algorithm>
#include <set>
#include <span>

namespace pmmc {

namespace {

constexpr std::uint64_t reconfiguration_format = 1;

std::string described(role_kind kind, const role_id& id) {
  return std::string{to_string(kind)} + " " + id.str();
}

/// What cannot be said of one member alone. `kinds`: of the cluster's engine.
std::string why_impossible(const configuration& c, std::span<const role_kind> kinds) {
  for (const auto kind : kinds) {
    const auto& members = c.members(kind);
    if (members.empty())
      return "no " + std::string{to_string(kind)} + " would be left";
    if (members.size() > max_members_of_a_kind)
      return "there would be more than " + std::to_string(max_members_of_a_kind) + " " +
             std::string{to_string(kind)} + "s";
    std::set<std::string> addresses;
    for (const auto& m : members)
      if (!addresses.insert(m.address).second)
        return "two " + std::string{to_string(kind)} + "s would live at " + m.address +
               ": a process hosts at most one of each kind";
  }
  return {};
}

/// What an acceptor or server promised and which ballots a leader used is on its disk: without it,
/// it is somebody else.
std::string why_another_disk(const former_member& before, const reconfiguration::addition& a) {
  if (before.kind != a.kind)
    return a.who.id.str() + " was the id of a former " + std::string{to_string(before.kind)} +
           "; take an id that was never used";
  if (keeps_promises(a.kind) && !before.disk.empty() && before.disk != a.who.disk)
    return described(a.kind, a.who.id) + " was a member until version " +
           std::to_string(before.removed_in) +
           " with another disk, and what it promised is lost with that; take an id that was never "
           "used";
  return {};
}

std::string remove_from(configuration& c, const reconfiguration::removal& r) {
  auto& members = c.members(r.kind);
  const auto it =
      std::find_if(members.begin(), members.end(), [&](const member& m) { return m.id == r.id; });
  if (it == members.end())
    return "there is no " + described(r.kind, r.id) + " in version " + std::to_string(c.version);
  members.erase(it);
  return {};
}

std::string add_to(configuration& c, const reconfiguration::addition& a,
                   const config_history& before) {
  if (auto why = why_of_other_engine(a.kind, before.latest()); !why.empty())
    return described(a.kind, a.who.id) + " cannot be added: " + why;
  if (a.who.id.empty() || a.who.address.empty() || a.who.address.size() > max_address_bytes ||
      a.who.disk.size() > max_address_bytes)
    return "a member needs an id and an address of at most " + std::to_string(max_address_bytes) +
           " bytes";
  for (const auto kind : all_member_kinds)
    if (c.find(kind, a.who.id) != nullptr)
      return described(kind, a.who.id) + " is there already, at " +
             std::string{c.address_of(a.who.id)};
  auto known = before.former_members().find(a.who.id);
  if (known != before.former_members().end())
    if (auto why = why_another_disk(known->second, a); !why.empty())
      return why;
  for (const auto kind : all_member_kinds) // it was removed by this very command: it moves
    if (const auto* m = before.latest().find(kind, a.who.id))
      if (auto why =
              why_another_disk({kind, m->id, m->address, m->disk, before.latest().version + 1}, a);
          !why.empty())
        return why;
  c.members(a.kind).push_back(a.who);
  return {};
}

} // namespace

std::string why_of_other_engine(role_kind kind, const configuration& c) {
  const auto kinds = c.kinds();
  if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end())
    return {};
  return c.has_servers()
             ? "the members of this cluster are servers: it has no acceptors, leaders or replicas"
             : "the members of this cluster are acceptors, leaders and replicas: it has no servers";
}

std::optional<configuration> apply(const reconfiguration& r, const config_history& before,
                                   std::string& why_not) {
  auto next = before.latest();
  for (const auto& m : r.remove)
    if (why_not = remove_from(next, m); !why_not.empty())
      return std::nullopt;
  for (const auto& m : r.add)
    if (why_not = add_to(next, m, before); !why_not.empty())
      return std::nullopt;
  why_not = why_impossible(next, before.latest().kinds());
  if (why_not.empty() && next == before.latest())
    why_not = "nothing would change";
  if (why_not.empty() &&
      before.former_members().size() + r.remove.size() > config_history::most_former_members)
    why_not = "the cluster remembers " + std::to_string(config_history::most_former_members) +
              " former members, and no more";
  if (!why_not.empty())
    return std::nullopt;
  ++next.version;
  return next;
}

namespace {

reconfiguration_outcome conflict_with(const configuration& latest, const std::string& why) {
  return {reconfiguration_status::conflict, latest.version, 0, why};
}

reconfiguration_outcome of_another_version(const reconfiguration& r, const configuration& latest) {
  return conflict_with(latest, "version " + std::to_string(latest.version) +
                                   " is the latest one, not " + std::to_string(r.replaces) +
                                   ": somebody else changed it");
}

bool are_same_places(const std::vector<member>& a, const std::vector<member>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const member& x, const member& y) {
    return x.id == y.id && x.address == y.address;
  });
}

} // namespace

reconfiguration_outcome outcome_of_change(const reconfiguration& r, const config_history& before,
                                          const configuration* made) {
  if (r.replaces != before.latest().version)
    return of_another_version(r, before.latest());
  std::string why_not;
  const auto wanted = apply(r, before, why_not);
  if (!wanted)
    return {reconfiguration_status::refused, 0, 0, why_not};
  if (made == nullptr || !are_same_places(made->servers, wanted->servers))
    return {reconfiguration_status::refused, 0, 0,
            "its turn came when no change could begin: ask again"};
  return {reconfiguration_status::accepted, made->version, made->first_slot, {}};
}

reconfiguration_outcome reconfigure(const reconfiguration& r, slot_num slot, std::uint64_t window,
                                    config_history& configurations) {
  const auto& latest = configurations.latest();
  if (r.replaces != latest.version)
    return of_another_version(r, latest);
  if (latest.first_slot >= slot + window)
    return conflict_with(latest, "another reconfiguration was decided in the same slot");
  if (configurations.from(slot).size() > max_pending_configurations)
    return {reconfiguration_status::refused, 0, 0,
            std::to_string(max_pending_configurations) +
                " reconfigurations are pending; wait until they are in force"};
  std::string why_not;
  auto next = apply(r, configurations, why_not);
  if (!next)
    return {reconfiguration_status::refused, 0, 0, why_not};
  next->first_slot = slot + window;
  const reconfiguration_outcome outcome{
      reconfiguration_status::accepted, next->version, next->first_slot, {}};
  configurations.add(std::move(*next));
  return outcome;
}

// --- Bytes --------------------------------------------------------------------------------------

std::string encode(const reconfiguration& r) {
  std::string out;
  put_varint(out, reconfiguration_format);
  put_varint(out, r.replaces);
  put_varint(out, r.remove.size());
  for (const auto& m : r.remove) {
    put_varint(out, static_cast<std::uint64_t>(m.kind));
    put_bytes(out, m.id.view());
  }
  put_varint(out, r.add.size());
  for (const auto& m : r.add) {
    put_varint(out, static_cast<std::uint64_t>(m.kind));
    put_bytes(out, m.who.id.view());
    put_bytes(out, m.who.address);
    put_bytes(out, m.who.disk);
  }
  return out;
}

std::optional<reconfiguration> decode_reconfiguration(std::string_view bytes) {
  byte_reader in{bytes};
  if (in.varint() != reconfiguration_format)
    return std::nullopt;
  reconfiguration r;
  r.replaces = in.varint();
  auto removed = in.varint();
  if (removed > max_changes)
    return std::nullopt;
  for (; in.ok() && removed > 0; --removed) {
    const auto kind = to_member_kind(in.varint());
    const auto id = in.bytes();
    if (!kind || id.size() > role_id::max_size)
      return std::nullopt;
    r.remove.push_back({*kind, role_id{id}});
  }
  auto added = in.varint();
  if (added > max_changes)
    return std::nullopt;
  for (; in.ok() && added > 0; --added) {
    const auto kind = to_member_kind(in.varint());
    const auto id = in.bytes();
    if (!kind || id.size() > role_id::max_size)
      return std::nullopt;
    member who{role_id{id}, std::string{in.bytes()}};
    who.disk = in.bytes();
    r.add.push_back({*kind, std::move(who)});
  }
  if (!in.ok() || !in.at_end())
    return std::nullopt;
  return r;
}

std::string encode(const reconfiguration_outcome& o) {
  std::string out;
  put_varint(out, static_cast<std::uint64_t>(o.status));
  put_varint(out, o.version);
  put_varint(out, o.first_slot);
  put_bytes(out, o.text);
  return out;
}

std::optional<reconfiguration_outcome> decode_reconfiguration_outcome(std::string_view bytes) {
  byte_reader in{bytes};
  const auto status = in.varint();
  reconfiguration_outcome o;
  o.version = in.varint();
  o.first_slot = in.varint();
  o.text = in.bytes();
  if (!in.ok() || !in.at_end() ||
      status > static_cast<std::uint64_t>(reconfiguration_status::refused))
    return std::nullopt;
  o.status = static_cast<reconfiguration_status>(status);
  return o;
}

} // namespace pmmc
