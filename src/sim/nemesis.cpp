#include "sim/nemesis.hpp"

#include <algorithm>

namespace pmmc::sim {

void nemesis::begin(std::size_t number) {
  const auto& f = world_.options.faults[number];
  random_source dice{f.dice};
  if (mistakes::is_one(f.kind))
    return mistakes_.begin(number, f, dice);
  ++world_.facts.faults[static_cast<std::size_t>(f.kind)];
  if (world_.log.is_told())
    world_.tell("fault " + std::to_string(number) + ": " + std::string{to_string(f.kind)} +
                " for " + std::to_string(f.lasts / millisecond) + " ms");
  strike(number, f, dice);
}

void nemesis::strike(std::size_t number, const fault& f, random_source& dice) {
  switch (f.kind) {
  case fault_kind::crash:
    return crash(f, dice);
  case fault_kind::crash_before_persist:
  case fault_kind::crash_before_send:
  case fault_kind::crash_while_sending:
    return doom(f, dice);
  case fault_kind::power_cut:
    return power_cut(f);
  case fault_kind::pause:
    return pause(f, dice);
  case fault_kind::broken_connection:
    return break_connection(dice);
  case fault_kind::flapping:
    flapping_end_[number] = world_.now() + f.lasts;
    return flap(number, f);
  case fault_kind::isolate:
  case fault_kind::split:
  case fault_kind::one_way:
  case fault_kind::ring:
  case fault_kind::bridge:
    cut_links(number, f.kind, dice);
    return end_later(number, f);
  case fault_kind::loss:
  case fault_kind::duplication:
  case fault_kind::delay:
  case fault_kind::slow_disk:
  case fault_kind::rotten_snapshot:
    disturb(number, f, dice);
    return end_later(number, f);
  case fault_kind::clock_drift:
  case fault_kind::clock_jump:
    return change_clock(f, dice);
  case fault_kind::failed_sync:
    fail_disk(number, dice);
    return end_later(number, f);
  case fault_kind::bit_flip:
  case fault_kind::lost_directory:
    return damage(f, dice);
  case fault_kind::reconfigure:
    lie_in_wait(number, f);
    return roster_.reconfigure(dice);
  case fault_kind::formatted_again:
  case fault_kind::old_copy:
  case fault_kind::other_cluster:
  case fault_kind::other_window:
  case fault_kind::swapped_addresses:
  case fault_kind::removed_started:
  case fault_kind::old_config:
  case fault_kind::other_engine:
  case fault_kind::wrong_config:
  case fault_kind::copied_elsewhere:
    return; // a mistake: see begin()
  }
}

void nemesis::end_later(std::size_t number, const fault& f) {
  world_.queue.push(world_.now() + f.lasts, event_kind::fault_end, 0, 0, number);
}

std::size_t nemesis::pick(random_source& dice) const {
  const auto members = world_.members();
  return members[dice.below(members.size())];
}

void nemesis::end(std::size_t number) {
  const auto& f = world_.options.faults[number];
  if (f.kind == fault_kind::flapping && world_.now() < flapping_end_[number])
    return flap(number, f);
  mistakes_.end(number);
  for (const auto& [from, to] : cuts_[number])
    world_.net.mend(from, to);
  cuts_.erase(number);
  world_.net.end(number);
  if (const auto victim = victims_.extract(number); !victim.empty()) {
    auto& p = world_.process_at(victim.mapped());
    for (auto* files : disks_of(p))
      files->mend_errors();
    p.slow_disk_factor = 1;
    p.rotten = false;
    p.tick_length = 10 * millisecond;
  }
}

void nemesis::heal() {
  mistakes_.heal();
  cuts_.clear();
  flapping_end_.clear();
  victims_.clear();
  world_.net.calm_down();
  world_.change_begins = nullptr;
  world_.faults_are_over = true;
  for (const auto i : world_.members()) {
    auto& p = world_.process_at(i);
    p.doom = fault_kind::pause;
    p.sends_left = 0;
    p.slow_disk_factor = 1;
    p.rotten = p.damaged = p.has_flip = false;
    for (auto* files : disks_of(p)) {
      files->mend_errors();
      files->mend_flips();
    }
    p.tick_length = 10 * millisecond;
    if (!p.up)
      world_.queue.push(world_.now(), event_kind::restart, i, p.life, 0);
  }
}

// --- Processes ----------------------------------------------------------------------------------

void nemesis::crash(const fault& f, random_source& dice) {
  const auto p = pick(dice);
  if (!world_.process_at(p).up)
    return;
  world_.crash(p);
  world_.queue.push(world_.now() + f.lasts, event_kind::restart, p, world_.process_at(p).life + 1,
                    0);
}

void nemesis::doom(const fault& f, random_source& dice) {
  auto& p = world_.process_at(pick(dice));
  p.doom = f.kind;
  p.doom_dice = f.dice >> 32;
}

void nemesis::power_cut(const fault& f) {
  for (const auto p : world_.members())
    if (world_.process_at(p).up) {
      world_.process_at(p).power_is_lost = true;
      world_.crash(p);
      world_.queue.push(world_.now() + f.lasts + p * 7 * millisecond, event_kind::restart, p,
                        world_.process_at(p).life + 1, 0);
    }
}

void nemesis::pause(const fault& f, random_source& dice) {
  auto& p = world_.process_at(pick(dice));
  p.paused_until = std::max(p.paused_until, world_.now() + f.lasts);
}

void nemesis::break_connection(random_source& dice) {
  const auto a = pick(dice);
  const auto b = pick(dice);
  if (a == b)
    return;
  roster_.met().break_connection(a, b);
  world_.break_connection(a, b);
}

// --- Network, disks, clocks ---------------------------------------------------------------------

void nemesis::cut_links(std::size_t number, fault_kind kind, random_source& dice) {
  auto& cut = cuts_[number];
  cut = links_for(kind, dice);
  for (const auto& [from, to] : cut)
    world_.net.cut(from, to);
}

nemesis::links nemesis::links_for(fault_kind kind, random_source& dice) const {
  links cut;
  const auto all = world_.processes();
  const auto members = world_.members();
  const auto both = [&](std::size_t a, std::size_t b) {
    cut.emplace_back(a, b);
    cut.emplace_back(b, a);
  };
  const auto sides = dice.next(); // a bit for each process
  const auto center = pick(dice);
  const auto side_of = [&](std::size_t p) { return sides >> p & 1; };
  if (kind == fault_kind::one_way)
    for (auto n = 1 + dice.below(2 * members.size()); n > 0; --n) {
      const auto from = pick(dice);
      const auto to = dice.below(all);
      if (from != to)
        cut.emplace_back(from, to);
    }
  if (kind == fault_kind::ring)
    for (std::size_t i = 0; i < members.size(); ++i)
      for (std::size_t j = i + 2; j < members.size(); ++j)
        if (i != 0 || j + 1 != members.size())
          both(members[i], members[j]);
  for (std::size_t a = 0; a < all; ++a)
    for (std::size_t b = a + 1; b < all; ++b) {
      const bool among_members = world_.process_at(a).is_member && world_.process_at(b).is_member;
      if (kind == fault_kind::isolate && (a == center || b == center) &&
          (among_members || side_of(a == center ? b : a) != 0))
        both(a, b);
      else if ((kind == fault_kind::split ||
                (kind == fault_kind::bridge && a != center && b != center)) &&
               side_of(a) != side_of(b))
        both(a, b);
    }
  return cut;
}

/// Cuts a process off, or lets it come back, and does the other one a little later.
void nemesis::flap(std::size_t number, const fault& f) {
  random_source dice{f.dice};
  auto& cut = cuts_[number];
  if (cut.empty()) {
    cut_links(number, dice.below(2) == 0 ? fault_kind::isolate : fault_kind::split, dice);
  } else {
    for (const auto& [from, to] : cut)
      world_.net.mend(from, to);
    cut.clear();
  }
  const auto next = std::min(flapping_end_[number],
                             world_.now() + 50 * millisecond + dice.below(1'500 * millisecond));
  world_.queue.push(next, event_kind::fault_end, 0, 0, number);
}

/// Now and then the leader that begins a change of the servers is cut off with C-all in its own log
/// only, so that another one leads without it, and has it taken back (Raft paper, section 6).
void nemesis::lie_in_wait(std::size_t number, const fault& f) {
  random_source own{f.dice ^ 0x2545F4914F6CDD1DULL};
  if (world_.options.engine != engine_kind::raft || own.below(3) != 0)
    return;
  const auto lasts = 1'000 * millisecond + own.below(4'000 * millisecond);
  world_.change_begins = [this, number, lasts](std::size_t leader) {
    auto& cut = cuts_[number];
    for (std::size_t other = 0; other < world_.processes(); ++other)
      if (other != leader) {
        cut.emplace_back(leader, other);
        cut.emplace_back(other, leader);
      }
    for (const auto& [from, to] : cut)
      world_.net.cut(from, to);
    world_.queue.push(world_.now() + lasts, event_kind::fault_end, 0, 0, number);
  };
}

void nemesis::disturb(std::size_t number, const fault& f, random_source& dice) {
  const auto p = pick(dice);
  network::noise n;
  n.whose = dice.below(2) == 0 ? ~process_set{0} : process_set{1} << p;
  switch (f.kind) {
  case fault_kind::loss:
    n.loss_permille = static_cast<unsigned>(20 + dice.below(600));
    return world_.net.begin(number, n);
  case fault_kind::duplication:
    n.duplicate_permille = static_cast<unsigned>(50 + dice.below(900));
    return world_.net.begin(number, n);
  case fault_kind::delay:
    n.delay_spread = 5 * millisecond + dice.below(1'500 * millisecond);
    return world_.net.begin(number, n);
  case fault_kind::slow_disk:
    world_.process_at(p).slow_disk_factor = 10 + dice.below(300);
    break;
  default:
    world_.process_at(p).rotten = true;
    break;
  }
  victims_[number] = p;
}

void nemesis::change_clock(const fault& f, random_source& dice) {
  const auto number = pick(dice);
  auto& p = world_.process_at(number);
  if (f.kind == fault_kind::clock_drift) {
    p.tick_length = 3 * millisecond + dice.below(40 * millisecond);
    return;
  }
  for (auto ticks = 1 + dice.below(400); ticks > 0; --ticks)
    for (auto* h : p.roles)
      if (p.up && !p.crashing && !world_.is_paused(number))
        h->tick();
}

/// One sync fails, or all of them, or there is no room.
void nemesis::fail_disk(std::size_t number, random_source& dice) {
  const auto p = pick(dice);
  const auto how = dice.below(4);
  for (auto* files : disks_of(world_.process_at(p)))
    if (how == 0)
      files->fill_up(dice.below(10'000));
    else
      files->fail_sync(how == 1);
  victims_[number] = p;
}

// --- What is lost for good ----------------------------------------------------------------------

/// A role is refused while one of its files is damaged, or its directory is away. That may be
/// mended (a bad cable), or it is gone.
void nemesis::damage(const fault& f, random_source& dice) {
  const auto number = pick(dice);
  auto& p = world_.process_at(number);
  const bool for_good =
      roster_.can_lose(number) && (f.kind == fault_kind::lost_directory || dice.below(2) == 0);
  p.gone = p.gone || for_good;
  p.damaged = p.damaged || f.kind == fault_kind::lost_directory;
  p.has_flip = p.up && f.kind == fault_kind::bit_flip;
  if (p.up)
    world_.crash(number);
  world_.queue.push(world_.now() + f.lasts, event_kind::restart, number, p.life + 1, 0);
}

} // namespace pmmc::sim
