#include "membership/cluster_facts.hpp"

namespace pmmc {

namespace {

std::string members_text(const cluster_facts& facts) {
  std::string text;
  for (const auto kind : all_member_kinds)
    for (const auto& m : facts.first.members(kind))
      text += (text.empty() ? "" : " ") + std::string{to_string(kind)} + ":" + m.id.str() + "=" +
              m.address;
  return text;
}

constexpr std::string_view founded_otherwise =
    "It was formatted for a cluster of its own. To add it to this one, remove its data directory "
    "and "
    "format it again (`pmmc init --id ID`) while this cluster can be reached";

constexpr std::string_view one_founded_otherwise =
    "Whichever of the two differs from most processes of the cluster is the wrong one, formatted "
    "for a cluster of its own (docs/RECONFIGURATION.md, \"Founding and joining\"); touch no other";
constexpr std::string_view same_version = "Run the same version of the program everywhere";
constexpr std::string_view same_program =
    "Start it with the program that it was formatted with, which is the same everywhere";

std::string first_difference(const cluster_facts& theirs, const cluster_facts& ours,
                             std::string_view here, std::string_view cluster_fact::*advice) {
  const auto quoted = [](const std::string& value) { return value.empty() ? "(none)" : value; };
  for (const auto& fact : all_cluster_facts) {
    const auto its = fact.text(theirs);
    const auto our = fact.text(ours);
    if (its != our)
      return "its " + std::string{fact.name} + " is " + quoted(its) + ", and " + std::string{here} +
             " it is " + quoted(our) + ". " + std::string{fact.*advice};
  }
  return {};
}

} // namespace

const std::array<cluster_fact, 5> all_cluster_facts = {{
    {"protocol", [](const cluster_facts& f) { return f.protocol; }, same_version, same_version},
    {"engine", [](const cluster_facts& f) { return f.engine; }, engine_stays,
     one_founded_otherwise},
    {"state machine", [](const cluster_facts& f) { return f.machine; }, same_program, same_program},
    {"window", [](const cluster_facts& f) { return std::to_string(f.window); }, founded_otherwise,
     one_founded_otherwise},
    {"list of first members", members_text, founded_otherwise, one_founded_otherwise},
}};

std::string why_facts_differ(const cluster_facts& theirs, const cluster_facts& ours,
                             std::string_view here) {
  return first_difference(theirs, ours, here, &cluster_fact::advice);
}

std::string why_processes_differ(const cluster_facts& theirs, const cluster_facts& ours,
                                 std::string_view here) {
  return first_difference(theirs, ours, here, &cluster_fact::advice_to_either);
}

void put_facts(std::string& out, const cluster_facts& facts) {
  put_varint(out, facts.window);
  for (const auto* text : {&facts.engine, &facts.protocol, &facts.machine})
    put_bytes(out, *text);
  for (const auto kind : all_member_kinds) {
    put_varint(out, facts.first.members(kind).size());
    for (const auto& m : facts.first.members(kind)) {
      put_bytes(out, m.id.view());
      put_bytes(out, m.address);
    }
  }
}

std::optional<cluster_facts> read_facts(byte_reader& in) {
  cluster_facts facts;
  facts.window = in.varint();
  for (auto* text : {&facts.engine, &facts.protocol, &facts.machine})
    *text = in.bytes();
  for (const auto kind : all_member_kinds)
    for (auto count = in.varint(); in.ok() && count > 0; --count) {
      const auto id = in.bytes();
      if (id.size() > role_id::max_size)
        return std::nullopt;
      facts.first.members(kind).push_back({role_id{id}, std::string{in.bytes()}});
    }
  return in.ok() ? std::optional{std::move(facts)} : std::nullopt;
}

} // namespace pmmc
