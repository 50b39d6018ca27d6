#include "sim/mistakes.hpp"

#include <algorithm>

namespace pmmc::sim {

namespace {

bool is_in(const std::vector<std::size_t>& all, std::size_t process) {
  return std::find(all.begin(), all.end(), process) != all.end();
}

/// With the same roles.
engine_kind other_engine(engine_kind engine) {
  return engine == engine_kind::raft ? engine_kind::simple : engine_kind::raft;
}

} // namespace

bool mistakes::made::is_nothing() const {
  return directories.empty() && elsewhere.empty() && foreign.empty() && removed.empty() &&
         outdated.empty() && wrong_config.empty();
}

bool mistakes::is_one(fault_kind kind) { return kind >= fault_kind::formatted_again; }

void mistakes::begin(std::size_t number, const fault& f, random_source& dice) {
  made m;
  if (f.kind == fault_kind::formatted_again || f.kind == fault_kind::old_copy)
    m = exchange_directory(f, dice);
  else if (f.kind == fault_kind::swapped_addresses)
    m = swap_addresses(dice);
  else if (f.kind == fault_kind::removed_started)
    m = start_removed(dice);
  else if (f.kind == fault_kind::old_config)
    m = start_with_old_config(dice);
  else if (f.kind == fault_kind::wrong_config)
    m = start_with_wrong_config(dice);
  else if (f.kind == fault_kind::copied_elsewhere)
    m = start_copy(dice);
  else
    m = start_foreign(f, dice);
  if (m.is_nothing())
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
/// those that run, which may be members of an older configuration only: it may be the one that the
/// next is waiting for (docs/RECONFIGURATION.md, "Founding and joining").
void mistakes::name_members_to_strangers() {
  const auto addresses = membership{world_.checkers.truth().state().configurations()}.addresses();
  for (const auto p : world_.members()) {
    if (roster_.met().known_to(p).identity != 0)
      continue;
    roster_.met().files_of(p).contacts.insert(addresses.begin(), addresses.end());
    if (world_.process_at(p).up)
      roster_.restart(p);
  }
}

void mistakes::mend(const made& m) {
  for (auto* h : m.directories) {
    const bool is_misformatted = h->is_misformatted();
    h->order(mounting::right);
    if (is_misformatted ||
        keeps_promises(h->kind())) // a replica that has begun with another one goes on with it
      roster_.restart(h->process_number());
  }
  for (const auto p : m.outdated) {
    auto& files = roster_.met().files_of(p);
    files.contacts = membership{world_.checkers.truth().state().configurations()}.addresses();
    files.contacts.insert(files.address);
  }
  for (const auto p : m.wrong_config) {
    roster_.met().files_of(p).founds = facts_of(world_.options);
    roster_.restart(p);
  }
  for (const auto p : m.elsewhere) {
    roster_.met().move(p, {});
    roster_.restart(p);
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
  return !p.gone && !p.damaged && !roster_.is_moving(process) &&
         std::none_of(made_.begin(), made_.end(), [&](const auto& entry) {
           const auto& m = entry.second;
           return std::any_of(m.directories.begin(), m.directories.end(),
                              [&](const host* h) { return h->process_number() == process; }) ||
                  is_in(m.elsewhere, process) || is_in(m.removed, process) ||
                  is_in(m.outdated, process) || is_in(m.wrong_config, process);
         });
}

std::vector<std::size_t> mistakes::free_members() const {
  auto all = world_.members();
  std::erase_if(all, [&](std::size_t p) { return !is_free(p); });
  return all;
}

/// It would decide without anybody who could refuse it: some configuration has no other voter.
bool mistakes::is_majority(std::size_t process) const {
  const auto all = members_of(world_.process_at(process));
  const auto decides = [&](const configuration& c) {
    return c.quorum() == 1 && std::any_of(all.begin(), all.end(), [&](const host* h) {
             return c.voters().front().id == h->id();
           });
  };
  const auto& known = world_.checkers.truth().state().configurations().all();
  return decides(first_configuration(world_.options)) ||
         std::any_of(known.begin(), known.end(),
                     [&](const auto& entry) { return decides(entry.second); });
}

/// Roles of one process do not show each other their lives. One that is a majority by itself meets
/// nobody before it goes on from an old copy; a server, not even before it begins anew.
bool mistakes::meets_others(std::size_t process) const {
  const auto members = members_of(world_.process_at(process));
  return (members.size() == 1 && members.front()->kind() != role_kind::server) ||
         !is_majority(process);
}

/// Acceptors, leaders and servers are refused. A replica promises nothing, and goes on from what it
/// has: the log may be gone that it would need, if too many others are lost with it.
bool mistakes::is_harmless(const host& h, mounting what) const {
  const auto p = h.process_number();
  if (h.kind() == role_kind::replica)
    return !h.lacks_what_it_told() && roster_.can_lose(p);
  const bool must_meet = what == mounting::old_copy || h.kind() == role_kind::server;
  return (!must_meet || meets_others(p)) && roster_.met().is_noticed(h, what);
}

mistakes::made mistakes::exchange_directory(const fault& f, random_source& dice) {
  const auto what = f.kind == fault_kind::old_copy ? mounting::old_copy : mounting::emptied;
  const bool is_copy = what == mounting::old_copy;
  std::vector<host*> all, possible;
  for (const auto p : free_members())
    for (auto* h : members_of(world_.process_at(p))) {
      if (h->is_on_wrong_disk() || h->files()->has_flips()) // it is about to be mended
        continue;
      all.push_back(h);
      if ((!is_copy || h->has_copy()) && is_harmless(*h, what))
        possible.push_back(h);
    }
  if (possible.empty() && is_copy && !all.empty())
    all[dice.below(all.size())]->keep_copy(); // for another time
  if (possible.empty())
    return {};
  const auto p = possible[dice.below(possible.size())]->process_number();
  std::erase_if(possible, [p](const host* h) { return h->process_number() != p; });
  const auto* one = possible[dice.below(possible.size())];
  // All that the process has, as far as nobody is harmed, or one of it. A replica keeps what it met
  // in its new directory, so it is exchanged alone: the right ones of the others come back.
  const bool is_alone = dice.below(2) == 0 || one->kind() == role_kind::replica;
  std::erase_if(possible, [&](const host* h) {
    return h != one && (is_alone || h->kind() == role_kind::replica);
  });
  for (auto* h : possible)
    h->order(what);
  roster_.restart(p);
  return {.directories = std::move(possible)};
}

/// It runs at the address of a member, which is down for that time. It has the first members, as
/// the cluster has, and another identity, name, or window.
mistakes::made mistakes::start_foreign(const fault& f, random_source& dice) {
  const auto members = free_members();
  if (members.empty() || !has_room_for_intruder())
    return {};
  auto& met = roster_.met();
  const bool is_misformatted =
      f.kind == fault_kind::other_window || f.kind == fault_kind::other_engine;
  if (is_misformatted && somebody_has_other_facts())
    return {}; // two that agree may be a majority
  const bool has_other_name = dice.below(4) == 0;
  const auto victim = members[dice.below(members.size())];
  auto files = met.files_of(victim);
  stranger who{facts_of(world_.options), membership{first_configuration(world_.options)}, {}};
  if (f.kind == fault_kind::other_window)
    who.facts.window += 1 + dice.below(100);
  else if (f.kind == fault_kind::other_engine)
    who.facts.engine = to_string(other_engine(world_.options.engine));
  else if (has_other_name)
    files.cluster = "other";
  else
    who.members.identity = dice.next() | 1;
  for (const auto* h : members_of(world_.process_at(victim))) {
    who.roles.push_back(h->introduced());
    who.roles.back().format_id = "disk of another cluster";
  }
  if (world_.process_at(victim).up)
    world_.crash(victim);
  return start_intruder(std::move(files), std::move(who));
}

/// Somebody tries out a backup, or moves a machine and forgets the old one. The member runs, or
/// comes back while the copy does: as long as it does, the copy is left.
mistakes::made mistakes::start_copy(random_source& dice) {
  const auto members = free_members();
  if (members.empty() || !has_room_for_intruder())
    return {};
  const auto victim = members[dice.below(members.size())];
  auto files = roster_.met().files_of(victim);
  files.address = "copy of " + files.address;
  stranger who{facts_of(world_.options), roster_.met().known_to(victim), {}, true};
  for (const auto* h : members_of(world_.process_at(victim)))
    who.roles.push_back(h->introduced());
  if (dice.below(2) == 0)
    roster_.restart(victim);
  return start_intruder(std::move(files), std::move(who));
}

bool mistakes::has_room_for_intruder() const {
  return world_.processes() < max_processes &&
         (intruder_ == max_processes || world_.process_at(intruder_).gone);
}

mistakes::made mistakes::start_intruder(node_files files, stranger who) {
  if (intruder_ == max_processes)
    intruder_ = world_.add_process(false);
  roster_.met().add_intruder(intruder_, std::move(files), std::move(who));
  world_.process_at(intruder_).gone = false;
  world_.queue.push(world_.now() + 10 * millisecond, event_kind::restart, intruder_,
                    world_.process_at(intruder_).life, 0);
  return {.foreign = {intruder_}};
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
  roster_.restart(a);
  roster_.restart(b);
  return {.elsewhere = {a, b}};
}

/// As somebody does who takes them for damaged, or moves the rest to another machine.
void mistakes::remove_members(std::size_t process) {
  const auto all = members_of(world_.process_at(process));
  if (!std::all_of(all.begin(), all.end(), [](const host* h) { return h->files()->is_sound(); }))
    return;
  for (auto* h : all)
    h->directory()->remove_members();
  world_.facts.count(fact::members_removed);
}

/// A member with the config file with which the cluster was founded: its window is another one now,
/// and none of those may run any more whom it names. What is in its directories holds, if it is
/// there.
mistakes::made mistakes::start_with_old_config(random_source& dice) {
  const auto members = free_members();
  if (members.empty())
    return {};
  const auto p = members[dice.below(members.size())];
  auto& files = roster_.met().files_of(p);
  files.contacts = membership{first_configuration(world_.options)}.addresses();
  files.contacts.insert(files.address);
  if (dice.below(2) == 0)
    remove_members(p);
  roster_.restart(p);
  return {.outdated = {p}};
}

bool mistakes::somebody_has_other_facts() const {
  for (std::size_t p = 0; p < world_.processes(); ++p)
    if (roster_.met().has(p) && !world_.process_at(p).gone && roster_.met().has_other_facts(p))
      return true;
  return false;
}

/// All directories of a process are lost, and formatted again from its config file while nobody is
/// there who knows better; or one of them is, elsewhere. Only one process at a time: two that agree
/// may be a majority. Newcomers are not formatted for an engine that has none.
std::vector<host*> mistakes::misformat(std::size_t process, random_source& dice) {
  auto all = members_of(world_.process_at(process));
  const auto& founds = roster_.met().files_of(process).founds;
  const bool needs_founders = !changes_members(*to_engine_kind(founds.engine));
  if (somebody_has_other_facts() || !meets_others(process) ||
      std::any_of(all.begin(), all.end(), [&](const host* h) {
        return h->is_on_wrong_disk() || h->files()->has_flips() || h->lacks_what_it_told() ||
               (needs_founders && founds.first.find(h->kind(), h->id()) == nullptr);
      }))
    return {};
  if (dice.below(4) == 0)
    all = {all[dice.below(all.size())]};
  for (auto* h : all) {
    h->directory()->misformat_with(founds);
    h->order(mounting::misformatted);
  }
  return all;
}

/// With its directories in place a member goes on with the cluster's window, and does not start for
/// another engine. Of PMMC it would have no roles of these names.
mistakes::made mistakes::start_with_wrong_config(random_source& dice) {
  const auto members = free_members();
  if (members.empty())
    return {};
  const auto p = members[dice.below(members.size())];
  auto& founds = roster_.met().files_of(p).founds;
  if (world_.options.engine != engine_kind::pmmc && dice.below(3) == 0)
    founds.engine = to_string(other_engine(world_.options.engine));
  else
    founds.window += 1 + dice.below(100);
  made m{.wrong_config = {p}};
  if (dice.below(2) == 0)
    m.directories = misformat(p, dice);
  roster_.restart(p);
  return m;
}

/// It knows that it was removed, or no better than its config file, which is old.
mistakes::made mistakes::start_removed(random_source& dice) {
  std::vector<std::size_t> removed;
  for (std::size_t p = 0; p < world_.processes(); ++p) {
    const auto& process = world_.process_at(p);
    if (process.retired && process.gone && !process.damaged && !process.up &&
        roster_.met().has(p) && !process.roles.empty())
      removed.push_back(p);
  }
  if (removed.empty())
    return {};
  const auto p = removed[dice.below(removed.size())];
  if (dice.below(4) != 0)
    remove_members(p);
  world_.process_at(p).gone = false;
  world_.queue.push(world_.now() + 10 * millisecond, event_kind::restart, p,
                    world_.process_at(p).life, 0);
  return {.removed = {p}};
}

} // namespace pmmc::sim
