#include "sim/lifecycle.hpp"

#include <utility>

namespace pmmc::sim {

// --- Start --------------------------------------------------------------------------------------

bool lifecycle::may_start(std::size_t number) {
  const auto& p = world_.process_at(number);
  if (!p.gone && !p.damaged)
    return true;
  world_.facts.count(fact::refused_to_start);
  return false;
}

bool lifecycle::has_address(std::size_t number) {
  return !met_.has(number) || met_.has_address(number);
}

void lifecycle::start(std::size_t number) {
  auto& p = world_.process_at(number);
  world_.facts.count(fact::restart, p.life > 0);
  if (world_.log.is_told())
    for (const auto* h : p.roles)
      world_.tell(h->id().str() + " starts");
  world_.set_up(number, true);
  world_.plan_tick(number, world_.chance.below(p.tick_length));
  for (auto* h : p.roles)
    if (!p.crashing)
      h->open_directory();
  const bool is_node = met_.has(number);
  const auto* found = is_node && !p.crashing ? &met_.remembered(number) : nullptr;
  for (auto* h : p.roles)
    if (!p.crashing)
      h->begin_life(found == nullptr ? membership{} : found->known(),
                    found == nullptr ? cluster_facts{} : found->facts());
  if (!p.crashing && is_node && !met_.prepare(number))
    world_.crash(number);
  for (auto* h : p.roles)
    if (!p.crashing)
      h->start();
  if (!p.crashing && is_node)
    met_.started(number);
}

// --- Stop ---------------------------------------------------------------------------------------

void lifecycle::flip_bit(process& p) {
  const auto disks = disks_of(p);
  const auto file = disks[world_.chance.below(disks.size())]->flip_bit();
  if (world_.log.is_told())
    world_.tell("a bit of " + file + " is flipped");
}

void lifecycle::stop_crashed() {
  world_.nobody_crashes();
  for (std::size_t i = 0; i < world_.processes(); ++i) {
    auto& p = world_.process_at(i);
    if (!p.crashing)
      continue;
    p.crashing = false;
    p.doom = fault_kind::pause;
    p.sends_left = 0;
    p.paused_until = 0;
    // A bit that is flipped while pages wait to be written is two faults at once.
    const bool power = std::exchange(p.power_is_lost, false) || world_.chance.below(2) == 0;
    const bool flips = std::exchange(p.has_flip, false);
    ++p.life;
    world_.set_up(i, false);
    if (power)
      for (std::size_t other = 0; other < world_.processes(); ++other)
        if (other != i)
          world_.break_connection(i, other);
    met_.stopped(i);
    for (auto* h : p.roles) {
      h->crash(power && !flips && (h->files() == nullptr || !h->files()->has_flips()));
      if (world_.log.is_told())
        world_.tell(h->id().str() + " crashes");
    }
    if (flips)
      flip_bit(p);
    // Somebody looks after it, some time; earlier, if the fault says so.
    world_.plan_restart(i, 500 * millisecond + world_.chance.below(10 * second));
  }
}

// --- In between ---------------------------------------------------------------------------------

void lifecycle::tick(std::size_t number) {
  auto& p = world_.process_at(number);
  if (++p.ticks % 10 == 0 && met_.has(number))
    met_.look_around(number, heard_by(number));
  for (auto* h : p.roles)
    if (!p.crashing)
      h->tick();
}

void lifecycle::wake(const event& e) {
  auto* h = world_.host_at(e.who);
  const auto& p = world_.process_at(h->process_number());
  if (!p.up || p.life != e.life)
    return;
  if (p.paused_until > world_.now())
    return world_.queue.push(p.paused_until, e.kind, e.who, e.life, e.what);
  h->woken(e.what);
}

void lifecycle::hear(const event& news) {
  const auto& p = world_.process_at(news.who);
  if (!p.up || p.life != news.life)
    return met_.lose_news(news.what);
  if (p.paused_until > world_.now())
    return world_.queue.push(p.paused_until, news.kind, news.who, news.life, news.what);
  met_.hear(news.who, news.what);
}

/// Whose messages get through to it.
process_set lifecycle::heard_by(std::size_t number) const {
  auto heard = world_.up() & ~world_.net.deaf_to(number);
  for (std::size_t i = 0; i < world_.processes(); ++i)
    if (world_.is_paused(i))
      heard &= ~(process_set{1} << i);
  return heard;
}

} // namespace pmmc::sim
