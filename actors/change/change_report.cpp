// What is told of a change that was made, or could be.
#include "change/membership_change.hpp"

#include "node/cluster_health.hpp"
#include "node/json_text.hpp"

#include <nlohmann/json.hpp>

namespace pmmc {

namespace {

using json = nlohmann::ordered_json;

std::string list(const std::vector<member>& members) {
  std::string text;
  for (const auto& m : members)
    text += " " + m.id.str();
  return text;
}

std::string described(const configuration& c) {
  std::string text;
  for (const auto kind : c.kinds()) {
    text += (text.empty() ? "" : ", ") + std::string{to_string(kind)} + "s" + list(c.members(kind));
    if (&c.members(kind) == &c.voters())
      text += " (quorum " + std::to_string(c.quorum()) + ")";
  }
  return text + "; survives " + std::to_string(survives(c)) + " failure" +
         (survives(c) == 1 ? "" : "s") + (c.has_servers() ? "" : " of each kind");
}

/// What it survives is counted as if all were up.
std::string down_now(const std::vector<role_id>& ids) {
  std::string text;
  for (const auto& id : ids)
    text += " " + id.str();
  return text.empty() ? text : "; down now:" + text;
}

std::string when_it_would_govern(const change_result& r) {
  if (r.config.has_servers())
    return "it would be used when its servers have caught up, in slot " + std::to_string(r.slot) +
           " at the earliest, at first together with version " + std::to_string(r.replaces);
  return "it would govern the slots from " + std::to_string(r.slot + r.window) +
         " on at the earliest (slot " + std::to_string(r.slot) + " + WINDOW " +
         std::to_string(r.window) + ")";
}

/// What becomes of one that was removed.
std::string fate(const change_result::leaver& r) {
  const auto others = "; other roles stay at " + r.address;
  if (!r.moved_to.empty())
    return r.id.str() + " has moved from " + r.address + " to " + r.moved_to +
           (r.alone ? "; nothing is needed at " + r.address : others);
  return r.alone ? "can be switched off: " + r.id.str() + " at " + r.address
                 : r.id.str() + " has no part any more" + others;
}

} // namespace

std::string to_text(const change_result& r) {
  const auto version = "version " + std::to_string(r.config.version);
  if (r.is_made)
    return "nothing would be proposed: " + version +
           " has made this change already: " + described(r.config) + "\n";
  if (r.dry_run)
    return "would propose " + version + " in place of version " + std::to_string(r.replaces) +
           ": " + described(r.config) + down_now(r.down) + "\n" + when_it_would_govern(r) + "\n";
  auto text = version + " is active from slot " + std::to_string(r.config.first_slot) + ": " +
              described(r.config) + "\n";
  for (const auto& leaver : r.leavers)
    text += fate(leaver) + "\n";
  return text;
}

std::string to_json(const change_result& r, int indent) {
  json j{{"version", std::to_string(r.config.version)}};
  if (r.is_made) {
    j["is_made"] = true;
  } else if (r.dry_run) {
    j["replaces"] = std::to_string(r.replaces);
    j["earliest_first_slot"] = std::to_string(r.slot + r.window);
    j["down"] = json::array();
    for (const auto& id : r.down)
      j["down"].push_back(id.str());
  } else {
    j["first_slot"] = std::to_string(r.config.first_slot);
  }
  j["quorum"] = r.config.quorum();
  j["survives"] = r.config.tolerated_failures();
  if (!r.dry_run) {
    j["removed"] = json::array();
    for (const auto& leaver : r.leavers)
      j["removed"].push_back({{"id", leaver.id.str()},
                              {"address", leaver.address},
                              {"process_can_be_switched_off", leaver.alone}});
  }
  if (!r.warning.empty())
    j["warning"] = r.warning;
  return json_text(j, indent);
}

} // namespace pmmc
