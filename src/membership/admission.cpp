#include "membership/admission.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

namespace {

constexpr std::string_view refusal_text = "refuses this process: ";

} // namespace

// --- What is known ------------------------------------------------------------------------------

bool admission::learn(const membership& news) {
  const bool is_news = !news.configurations.empty() && known_.learn(news);
  if (is_news)
    look_at_places();
  return is_news;
}

std::string admission::why_log_differs(const membership& news) const {
  if (!news.is_of_other_cluster(known_))
    return {};
  return "the log is that of the cluster with identity " + identity_text(news.identity) +
         ", but another process, or the file `members` here, has it that this is " +
         identity_text(known_.identity) +
         ". Stop the processes of the cluster that is not to be, remove their data "
         "directories, and here the file `members`";
}

bool admission::knows_more_than(config_version version, config_version live_from,
                                cluster_identity identity) const {
  return version < known_.version() || live_from < known_.live_from ||
         (identity == 0 && known_.identity != 0);
}

heartbeat admission::next_heartbeat(std::int64_t wall_ms) const {
  return {own_.incarnation, known_.version(), known_.live_from, known_.identity, wall_ms};
}

// --- Dialling -----------------------------------------------------------------------------------

bool admission::beat(const std::set<std::string>& connected) {
  const bool was_lonely = is_lonely();
  lonely_beats_ = connected.empty() ? lonely_beats_ + 1 : 0;
  const bool misses_others = !is_client() && count_missed(connected);
  return misses_others || is_lonely() != was_lonely;
}

/// Returns whether others are missed than before.
bool admission::count_missed(const std::set<std::string>& connected) {
  const auto members = known_.addresses();
  bool changed = false;
  std::erase_if(missing_beats_, [&](const auto& entry) {
    const auto& [address, beats] = entry;
    const bool is_over = !members.contains(address) || connected.contains(address);
    changed = changed || (is_over && beats >= beats_until_missed);
    return is_over;
  });
  for (const auto& address : members)
    if (!connected.contains(address) && ++missing_beats_[address] == beats_until_missed)
      changed = true;
  return changed;
}

std::set<std::string> admission::wanted() const {
  std::set<std::string> missed;
  for (const auto& [address, beats] : missing_beats_)
    if (beats >= beats_until_missed)
      missed.insert(address);
  auto addresses =
      is_client() ? replica_addresses(known_) : addresses_to_dial(known_, own_.address, missed);
  if (is_lonely())
    addresses = known_.addresses();
  if (is_lonely() || is_guest_itself())
    addresses.insert(own_.contacts.begin(), own_.contacts.end());
  addresses.erase(own_.address);
  return addresses;
}

bool admission::is_others_turn(const std::string& address) const {
  return !is_client() && !is_lonely() && !is_guest_itself() &&
         !addresses_to_dial(known_, own_.address, {}).contains(address);
}

introduction admission::introduce() const {
  return {own_.cluster,
          own_.address,
          told_roles(),
          is_client() && !met_anybody_ ? 0 : known_.identity,
          is_client() ? 0 : known_.version(),
          own_.rejoins || knows_of_removal() || !untold_roles().empty(),
          own_.facts,
          own_.incarnation};
}

after_reply admission::hear(const std::string& address, const introduction_reply& m) {
  if (m.cluster != own_.cluster)
    return {"belongs to cluster \"" + m.cluster + "\", not to \"" + own_.cluster + "\"" +
            (own_.config_file.empty()
                 ? std::string{}
                 : " as in " + own_.config_file + ": is that the right config file?")};
  // What data directories beside a client say may be of a cluster that was forgotten.
  if (is_client() && !met_anybody_ && m.known.is_of_other_cluster(known_))
    known_ = m.known;
  if (const auto why = why_other_cluster(m.known.identity, known_.identity); !why.empty())
    return {"is refused: " + why};
  if (!is_client() && !why_facts_differ(own_.facts, m.facts).empty())
    return refused_for_facts(address, m.facts);
  if (!m.refusal.empty()) {
    after_reply after{std::string{refusal_text} + m.refusal};
    if (m.was_removed && m.known.version() >= known_.version()) // or it is the one that is behind
      after.removed = m.refusal + ", says the process at " + address;
    after.tells_members = !is_client() && after.removed.empty();
    return after;
  }
  if (const auto why = why_client_is_member(m.roles); !why.empty())
    return {"is refused: " + why};
  if (std::any_of(m.roles.begin(), m.roles.end(),
                  [this](const introduced_role& role) { return is_own(role); }))
    return {"has a directory of this process: it runs with a copy"};
  differing_.erase(address);
  // A client begins with what its config file says, and believes the first process that knows.
  if (is_client() && known_.live_from == 1 && m.known.version() >= known_.version())
    known_.configurations = m.known.configurations;
  after_reply met;
  met.is_first = !std::exchange(met_anybody_, true);
  return met;
}

/// The one that differs may be the other one, so this one goes on; not if they are a majority.
after_reply admission::refused_for_facts(const std::string& address, const cluster_facts& theirs) {
  after_reply after;
  after.disagreement = why_processes_differ(own_.facts, theirs, "there");
  after.refused = std::string{refusal_text} + after.disagreement;
  if (differing_.try_emplace(address).second)
    for (auto& [other, is_there_still] : differing_)
      is_there_still = false;
  differing_[address] = true;
  const auto& config = known_.configurations.latest();
  const auto differing = static_cast<std::size_t>(
      std::count_if(config.voters().begin(), config.voters().end(), [this](const member& m) {
        const auto found = differing_.find(m.address);
        return found != differing_.end() && found->second;
      }));
  if (differing >= config.quorum())
    after.differs = "this process does not agree with a majority of its cluster, last with the "
                    "process at " +
                    address + ": " + why_facts_differ(own_.facts, theirs, "there");
  return after;
}

// --- Being dialled ------------------------------------------------------------------------------

introduction_reply admission::answer(const introduction& m, const std::set<std::string>& connected,
                                     const std::vector<running_role>& running) {
  if (auto why = why_unwelcome(m, connected, running); !why.empty())
    return refuse(std::move(why), was_removed(m));
  if (is_of_process(m))
    differing_.erase(m.address);
  return reply({}, false, told_roles());
}

introduction_reply admission::refuse(std::string why, bool was_removed) const {
  why.resize(std::min(why.size(), max_said_bytes));
  return reply(std::move(why), was_removed, {});
}

introduction_reply admission::reply(std::string refusal, bool was_removed,
                                    std::vector<introduced_role> roles) const {
  return {std::move(refusal), was_removed,  own_.cluster,    std::move(roles), known_,
          own_.facts,         own_.address, own_.incarnation};
}

bool admission::is_of_process(const introduction& m) {
  return std::any_of(m.roles.begin(), m.roles.end(),
                     [](const introduced_role& role) { return role.kind != role_kind::client; });
}

std::string admission::why_unwelcome(const introduction& m, const std::set<std::string>& connected,
                                     const std::vector<running_role>& running) const {
  if (m.cluster != own_.cluster)
    return "it belongs to cluster \"" + m.cluster + "\", and this is \"" + own_.cluster + "\"";
  if (auto why = why_other_cluster(m.identity, known_.identity); !why.empty())
    return why;
  if (auto why = why_client_is_member(m.roles); !why.empty())
    return why;
  if (!is_of_process(m))
    return {};
  if (m.address.empty())
    return "it does not say where it listens";
  if (auto why = why_processes_differ(m.facts, own_.facts); !why.empty())
    return why;
  if (m.version == 0)
    return "it does not say which members it knows";
  if (known_.identity == 0 && m.identity != 0 && !is_named_to_it(m.address))
    return "it belongs to the cluster with identity " + identity_text(m.identity) +
           ", this process does not know the identity of its own cluster yet, and neither its disk "
           "nor its config file names " +
           m.address;
  if (auto why = why_copied(m, running); !why.empty())
    return why;
  if (was_removed(m))
    return text_of_removal(m);
  if (!has_room_for(m.address, connected))
    return "as many processes as may be are connected that are no members: " +
           std::to_string(max_guests);
  return {};
}

std::string admission::why_client_is_member(const std::vector<introduced_role>& roles) const {
  for (const auto& role : roles)
    if (role.kind == role_kind::client && !known_.address_of(role.id).empty())
      return "a client must not have the id of a member, " + role.id.str();
  return {};
}

/// Not if it was left behind here when the member moved: then it is this one that is the copy.
bool admission::is_own(const introduced_role& role) const {
  return !role.format_id.empty() &&
         std::any_of(own_.roles.begin(), own_.roles.end(), [&](const introduced_role& own) {
           return own.id == role.id && own.format_id == role.format_id && !has_left(own.id);
         });
}

/// Somebody started a copy of a member's directories elsewhere. While that member runs, the copy is
/// not spoken with: it would refuse the right ones by what it remembers, and tell of members of its
/// own making. Who moves has stopped at its old address before.
std::string admission::why_copied(const introduction& m,
                                  const std::vector<running_role>& running) const {
  if (m.address == own_.address)
    return "it says that it listens at this process's address";
  for (const auto& role : m.roles) {
    if (is_own(role))
      return "it has the directory of " + role.id.str() + ", which is of this process: a copy";
    // Who knows a later configuration may be the member by that one.
    if (role.format_id.empty() || m.version > known_.version() ||
        !is_guest(role.kind, role.id, m.address))
      continue;
    for (const auto& other : running)
      if (other.id == role.id && other.format_id == role.format_id && other.address != m.address)
        return "it has the directory of " + role.id.str() + ", with which the process at " +
               other.address + " runs: one of the two is a copy";
  }
  return {};
}

std::string admission::text_of_removal(const introduction& m) const {
  std::string ids;
  config_version version = 0;
  for (const auto& role : m.roles) {
    ids += (ids.empty() ? "" : ", ") + role.id.str();
    version = std::max(version, known_.find_former(role.id)->removed_in);
  }
  return ids + (m.roles.size() == 1 ? " was" : " were") + " removed from the cluster in version " +
         std::to_string(version);
}

/// Not so if it has moved, to be added again at its new address, nor if it says that it knows, nor
/// if it knows more: it may have been added again.
bool admission::was_removed(const introduction& m) const {
  return !m.rejoins && !m.roles.empty() && m.version <= known_.version() &&
         std::all_of(m.roles.begin(), m.roles.end(), [&](const introduced_role& role) {
           const auto* former = known_.find_former(role.id);
           return former != nullptr && former->address == m.address &&
                  (keeps_promises(former->kind) || former->disk.empty() ||
                   former->disk == role.format_id);
         });
}

/// Whether the disk or the config file names the address. Who does not know its cluster's identity
/// believes no others: they may be of one that was there before.
bool admission::is_named_to_it(const std::string& address) const {
  return own_.contacts.contains(address) || known_.addresses().contains(address);
}

/// Members always have a place, one for each address.
bool admission::has_room_for(const std::string& address,
                             const std::set<std::string>& connected) const {
  const auto guests =
      std::count_if(connected.begin(), connected.end(),
                    [this](const std::string& other) { return !is_named_to_it(other); });
  return is_named_to_it(address) || connected.contains(address) ||
         static_cast<std::size_t>(guests) < max_guests;
}

// --- Who counts ---------------------------------------------------------------------------------

bool admission::is_guest(role_kind kind, const role_id& id, const std::string& address) const {
  return kind != role_kind::client && !known_.is_member_at(kind, id, address);
}

bool admission::is_guest_itself() const {
  return !is_client() &&
         std::all_of(own_.roles.begin(), own_.roles.end(), [this](const introduced_role& role) {
           return is_guest(role.kind, role.id, own_.address);
         });
}

void admission::look_at_places() {
  for (const auto& role : own_.roles)
    if (is_former_place(role.kind, role.id))
      left_places_.insert(role.id);
    else if (!is_guest(role.kind, role.id, own_.address))
      left_places_.erase(role.id);
}

bool admission::is_former_place(role_kind kind, const role_id& own) const {
  return keeps_promises(kind) && known_.find(kind, own) != nullptr &&
         is_guest(kind, own, own_.address) && known_.was_at(kind, own, own_.address);
}

std::set<role_id> admission::untold_roles() const {
  const auto stays = [this](const introduced_role& role) {
    return role.kind != role_kind::client && !has_left(role.id);
  };
  if (std::none_of(own_.roles.begin(), own_.roles.end(), stays))
    return {};
  return left_places_;
}

std::vector<introduced_role> admission::told_roles() const {
  const auto untold = untold_roles();
  auto roles = own_.roles;
  std::erase_if(roles, [&](const introduced_role& role) { return untold.contains(role.id); });
  return roles;
}

/// A server that is a member at another address is no newcomer: what it promised there counts
/// there.
bool admission::is_made_known(role_kind kind, const role_id& id, const std::string& address,
                              role_kind own) const {
  if (!is_guest(kind, id, address))
    return true;
  return serves_clients(kind) && kind == own &&
         (!keeps_promises(kind) || known_.find(kind, id) == nullptr);
}

/// A process that was running when it was removed stays, and answers with what replaced it, until
/// it is switched off or added again.
bool admission::knows_of_removal() const {
  const auto roles = told_roles();
  return !is_client() &&
         std::all_of(roles.begin(), roles.end(), [this](const introduced_role& role) {
           return known_.find_former(role.id) != nullptr;
         });
}

} // namespace pmmc
