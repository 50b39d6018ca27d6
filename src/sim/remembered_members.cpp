// What the simulated processes remember of the members, by the shipped code, and that it is what
// was durable.
#include "sim/checkers/violation.hpp"
#include "sim/meetings.hpp"

#include <algorithm>
#include <functional>

namespace pmmc::sim {

namespace {
/// Of a directory, as `members` is replaced.
constexpr std::size_t most_changes = 6;
/// After the faults, until they name somebody to a process that refuses others.
constexpr sim_time operators_patience = 10 * second;
} // namespace

bool meetings::has_other_facts(std::size_t process) const {
  const auto& n = nodes_[process];
  if (n.intruder)
    return n.intruder->facts != facts_of(world_.options);
  const auto all = members_of(world_.process_at(process));
  return std::any_of(all.begin(), all.end(), [](const host* h) { return h->is_misformatted(); });
}

/// By the simulator's own book: its config file is of another engine than a directory, or its
/// directories are of different clusters. Another window in the file is no reason.
std::string meetings::why_it_may_not_start(std::size_t process) {
  const auto& founds = at(process).files.founds;
  const auto all = roles(process);
  const auto are_misformatted =
      std::count_if(all.begin(), all.end(), [](const host* h) { return h->is_misformatted(); });
  const auto size = static_cast<std::ptrdiff_t>(all.size());
  if (are_misformatted != size && founds.engine != to_string(world_.options.engine))
    return "its config file is of another engine";
  return are_misformatted == 0 || are_misformatted == size ? "" : "its directories differ";
}

/// Each directory alone, as at its process's start. It may not be one for this process.
void meetings::take_directories(std::size_t process) {
  auto& n = at(process);
  n.members.emplace(n.files.founds, "its config file");
  const auto why_not = why_it_may_not_start(process);
  std::string refusal;
  for (const auto* h : roles(process))
    if (auto why = n.members->add(h->directory()->directory()); refusal.empty())
      refusal = std::move(why);
  demand(refusal.empty() == why_not.empty(), [&] {
    return refusal.empty() ? "N2: the process at " + n.listens_at + " starts, though " + why_not
                           : "N2: the process at " + n.listens_at + " is refused: " + refusal;
  });
  if (refusal.empty())
    return world_.facts.count(fact::window_overruled, n.members->overrules_window());
  world_.facts.count(fact::refused_at_start);
  if (world_.log.is_told())
    world_.tell("the process at " + n.listens_at + " does not start: " + refusal);
  world_.crash(process);
}

/// What each directory remembers, and what they come to.
const storage::process_members& meetings::remembered(std::size_t process) {
  auto& n = at(process);
  if (n.intruder)
    return n.members.emplace(n.intruder->facts, "");
  std::vector<membership> found;
  for (const auto* h : roles(process))
    found.push_back(h->directory()->checked_members().value_or(membership{}));
  take_directories(process);
  if (world_.process_at(process).crashing)
    return *n.members;
  for (const auto& each : found) {
    auto begins_with = n.members->known();
    demand(!begins_with.learn(each), [&] {
      return "D2: the process at " + n.listens_at + " begins with version " +
             std::to_string(n.members->known().version()) +
             ", and knows less than one of its files members, which has version " +
             std::to_string(each.version());
    });
  }
  world_.facts.count(fact::members_damaged, n.members->damage().size());
  world_.facts.count(fact::members_differ,
                     std::adjacent_find(found.begin(), found.end(), std::not_equal_to<>{}) !=
                         found.end());
  world_.facts.count(fact::identity_forgotten, n.had_identity && n.members->known().identity == 0);
  return *n.members;
}

/// When others act by it already, as a node does it. The process may die within it, or end of it.
void meetings::remember(std::size_t process) {
  auto& n = at(process);
  n.had_identity = n.had_identity || n.admits->known().identity != 0;
  if (n.intruder || !world_.options.members_are_remembered)
    return;
  const auto all = roles(process);
  const auto is = [&](auto what) {
    return std::any_of(all.begin(), all.end(), [&](const host* h) { return what(*h->files()); });
  };
  const bool is_sound = !is([](const auto& files) { return !files.is_sound(); });
  if (is_sound && !world_.faults_are_over && world_.chance.below(16) == 0)
    all[world_.chance.below(all.size())]->files()->stop_after(
        world_.chance.below(most_changes + 1));
  try {
    n.members->remember(n.admits->known());
  } catch (const storage::storage_error& e) {
    const bool is_dead = is([](const auto& files) { return files.is_stopped(); });
    demand(is_dead || !is_sound, [&] {
      return "D2: the process at " + n.listens_at +
             " fails, and nothing has happened to its disks: " + e.what();
    });
    world_.facts.count(fact::members_write_interrupted);
    return world_.crash(process);
  }
  for (auto* h : all) {
    h->files()->stop_after({});
    h->directory()->note_members(n.admits->known());
  }
  world_.facts.count(fact::members_written);
}

membership meetings::known_to(std::size_t process) {
  if (at(process).admits)
    return at(process).admits->known();
  membership all{first_configuration(world_.options)};
  for (const auto* h : roles(process))
    if (const auto found = h->directory()->members())
      all.learn(*found);
  return all;
}

/// Who does not know the identity of its cluster believes only those whom its disk or its config
/// file names, and all of them that know it may be gone. It says whom it refuses: an operator adds
/// that one to its config file, and starts it again (docs/RECONFIGURATION.md, "Founding and
/// joining"). Not if one that it would believe is there, or comes back: then it needs nobody. Its
/// own roles may learn it as well, if they have the time.
void meetings::name_to(std::size_t stranger, const std::string& address) {
  if (world_.options.is_scripted || world_.now() < world_.options.fault_phase + operators_patience)
    return;
  auto& n = at(stranger);
  auto named = n.admits->known().addresses();
  named.insert(n.files.contacts.begin(), n.files.contacts.end());
  const auto all = world_.members();
  if (named.contains(address) || std::any_of(all.begin(), all.end(), [&](std::size_t p) {
        return named.contains(at(p).files.address) && known_to(p).identity != 0;
      }))
    return;
  if (world_.log.is_told())
    world_.tell("an operator names " + address + " to the process at " + n.listens_at);
  n.files.contacts.insert(address);
  world_.crash(stranger);
  world_.queue.push(world_.now() + 10 * millisecond, event_kind::restart, stranger,
                    world_.process_at(stranger).life + 1, 0);
}

} // namespace pmmc::sim
