#include "membership/introduction.hpp"

#include "membership/reconfiguration.hpp"

namespace pmmc {

namespace {

bool has_short_texts(const cluster_facts& facts) {
  return facts.engine.size() <= max_said_bytes && facts.protocol.size() <= max_said_bytes &&
         facts.machine.size() <= max_said_bytes;
}

} // namespace

bool is_well_formed(const introduced_role& role) {
  constexpr auto most_lives = std::uint64_t{1} << 62;
  return !role.id.empty() && role.format_id.size() <= max_address_bytes && role.lives.first > 0 &&
         role.lives.first <= most_lives;
}

bool is_well_formed(const introduction& m) {
  return m.cluster.size() <= max_said_bytes && m.address.size() <= max_address_bytes &&
         has_short_texts(m.facts);
}

bool is_well_formed(const introduction_reply& m) {
  return m.refusal.size() <= max_said_bytes && m.cluster.size() <= max_said_bytes &&
         m.address.size() <= max_address_bytes && has_short_texts(m.facts);
}

} // namespace pmmc
