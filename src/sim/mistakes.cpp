#include "sim/mistakes.hpp"

#include <algorithm>

namespace pmmc::sim {

bool mistakes::is_one(fault_kind kind) { return kind >= fault_kind::formatted_again; }

void mistakes::begin(std::size_t number, const fault& f, random_source& dice) {
  made m;
  if (f.kind == fault_kind::formatted_again || f.kind == fault_kind::old_copy)
    m = exchange_directory(f, dice);
  else if (f.kind == fault_kind::swapped_addresses)
    m = swap_addresses(dice);
  else if (f.kind == fault_kind::removed_started)
    m = start_removed(dice);
  else
    m = start_foreign(f, dice);
  if (m.directories.empty() && m.elsewhere.empty() && m.foreign.empty() && m.removed.empty())
    return;
  ++world_.facts.faults[static_cast<std::size_t>(f.kind)];
  if (world_.log.is_told())
    world_.tell("mistake " + std::to_string(number) + ": " + std::string{to_string(f.kind)} +
                " for " + std::to_string(f.lasts / millisecond) + " ms");
  made_[number] = std::move(m);
  world_.queue.push(world_.now() + f.lasts, event_kind::fault_end, 0, 0, number);
}

void mistakes::end(std::size_t number) {
  if (const auto m = made_.extract(number); !m.empty())
    mend(m.mapped());
}

void mistakes::heal() {
  for (const auto& [number, m] : made_)
    mend(m);
  made_.clear();
  name_members_to_strangers();
}

/// Who was down when the cluster got its identity believes only those whom its disk or its config
/// file names. They may all have been replaced; it says so, and an operator adds to its config file
/// those that run (docs/RECONFIGURATION.md, "Founding and joining").
void mistakes::name_members_to_strangers() {
  const auto& latest = world_.checkers.truth().state().configurations().latest();
  const auto addresses = membership{latest}.addresses();
  for (const auto p : world_.members()) {
    auto& files = roster_.met().files_of(p);
    if (files.members.identity != 0)
      continue;
    files.contacts.insert(addresses.begin(), addresses.end());
    if (world_.process_at(p).up)
      restart(p);
  }
}

/// Stops it, if it runs, and starts it soon.
void mistakes::restart(std::size_t process) {
  const auto& p = world_.process_at(process);
  if (p.up && !p.crashing)
    world_.crash(process);
  world_.queue.push(world_.now() + 10 * millisecond, event_kind::restart, process,
                    p.life + (p.up ? 1 : 0), 0);
}

void mistakes::mend(const made& m) {
  for (auto* h : m.directories) {
    h->order(mounting::right);
    restart(h->process_number());
  }
  for (const auto p : m.elsewhere) {
    roster_.met().move(p, {});
    restart(p);
  }
  for (const auto& all : {m.foreign, m.removed})
    for (const auto p : all) {
      world_.process_at(p).gone = true;
      if (world_.process_at(p).up)
        world_.crash(p);
    }
}

bool mistakes::is_free(std::size_t process) const {
  const auto& p = world_.process_at(process);
  return !p.gone && !p.damaged && std::none_of(made_.begin(), made_.end(), [&](const auto& entry) {
    const auto& m = entry.second;
    return std::any_of(m.directories.begin(), m.directories.end(),
                       [&](const host* h) { return h->process_number() == process; }) ||
           std::find(m.elsewhere.begin(), m.elsewhere.end(), process) != m.elsewhere.end() ||
           std::find(m.removed.begin(), m.removed.end(), process) != m.removed.end();
  });
}

std::vector<std::size_t> mistakes::free_members() const {
  auto all = world_.members();
  std::erase_if(all, [&](std::size_t p) { return !is_free(p); });
  return all;
}

/// Roles of one process do not show each other their lives. One that is a majority by itself meets
/// nobody before it goes on from an old copy.
bool mistakes::meets_others(std::size_t process) const {
  const auto& known = world_.checkers.truth().state().configurations().all();
  return members_of(world_.process_at(process)).size() == 1 ||
         std::all_of(known.begin(), known.end(),
                     [](const auto& entry) { return entry.second.quorum() > 1; });
}

/// Of an acceptor or a leader: replicas promise nothing.
mistakes::made mistakes::exchange_directory(const fault& f, random_source& dice) {
  const auto what = f.kind == fault_kind::old_copy ? mounting::old_copy : mounting::emptied;
  const bool is_copy = what == mounting::old_copy;
  std::vector<host*> all, possible;
  for (const auto p : free_members())
    for (auto* h : members_of(world_.process_at(p))) {
      if (h->kind() == role_kind::replica || h->is_on_wrong_disk() || // it is about to be mended
          h->files()->has_flips())
        continue;
      all.push_back(h);
      if ((!is_copy || (h->has_copy() && meets_others(p))) && roster_.met().all_remember(*h, what))
        possible.push_back(h);
    }
  if (possible.empty() && is_copy && !all.empty())
    all[dice.below(all.size())]->keep_copy(); // for another time
  if (possible.empty())
    return {};
  auto* h = possible[dice.below(possible.size())];
  h->order(what);
  restart(h->process_number());
  return {{h}, {}, {}, {}};
}

/// It runs at the address of a member, which is down for that time. It has the first members, as
/// the cluster has, and another identity, name, or window.
mistakes::made mistakes::start_foreign(const fault& f, random_source& dice) {
  const auto members = free_members();
  if (members.empty() || world_.processes() == max_processes ||
      (intruder_ != max_processes && !world_.process_at(intruder_).gone))
    return {};
  auto& met = roster_.met();
  const bool has_other_name = dice.below(4) == 0;
  if (f.kind == fault_kind::other_cluster && !has_other_name)
    for (const auto p : world_.members())
      if (met.files_of(p).members.identity == 0)
        return {}; // it believes whom its disk names
  const auto victim = members[dice.below(members.size())];
  auto files = met.files_of(victim);
  files.members = membership{config_history{first_configuration(world_.options)}};
  if (f.kind == fault_kind::other_window)
    files.facts.window += 1 + dice.below(100);
  else if (has_other_name)
    files.cluster = "other";
  else
    files.members.identity = dice.next() | 1;
  std::vector<introduced_role> roles;
  for (const auto* h : members_of(world_.process_at(victim))) {
    roles.push_back(h->introduced());
    roles.back().format_id = "disk of another cluster";
  }
  if (intruder_ == max_processes)
    intruder_ = world_.add_process(false);
  met.add_intruder(intruder_, std::move(files), std::move(roles));
  world_.process_at(intruder_).gone = false;
  if (world_.process_at(victim).up)
    world_.crash(victim);
  world_.queue.push(world_.now() + 10 * millisecond, event_kind::restart, intruder_,
                    world_.process_at(intruder_).life, 0);
  return {{}, {}, {intruder_}, {}};
}

mistakes::made mistakes::swap_addresses(random_source& dice) {
  const auto members = free_members();
  if (members.size() < 2)
    return {};
  const auto one = dice.below(members.size());
  const auto other = (one + 1 + dice.below(members.size() - 1)) % members.size();
  const auto a = members[one];
  const auto b = members[other];
  auto& met = roster_.met();
  met.move(a, met.files_of(b).address);
  met.move(b, met.files_of(a).address);
  restart(a);
  restart(b);
  return {{}, {a, b}, {}, {}};
}

/// It knows that it was removed, or no better than its config file, which is old.
mistakes::made mistakes::start_removed(random_source& dice) {
  std::vector<std::size_t> removed;
  for (std::size_t p = 0; p < world_.processes(); ++p) {
    const auto& process = world_.process_at(p);
    const bool knows_its_cluster =
        roster_.met().has(p) && roster_.met().files_of(p).members.identity != 0;
    if (process.retired && process.gone && knows_its_cluster && !process.damaged && !process.up &&
        !process.roles.empty())
      removed.push_back(p);
  }
  if (removed.empty())
    return {};
  const auto p = removed[dice.below(removed.size())];
  auto& files = roster_.met().files_of(p);
  if (dice.below(4) != 0)
    files.members =
        membership{config_history{first_configuration(world_.options)}, 1, files.members.identity};
  world_.process_at(p).gone = false;
  world_.queue.push(world_.now() + 10 * millisecond, event_kind::restart, p,
                    world_.process_at(p).life, 0);
  return {{}, {}, {}, {p}};
}

} // namespace pmmc::sim
