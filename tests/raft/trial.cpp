// Random schedules: everything that may happen to messages, processes and disks, from a seed.
#include "raft/cluster.hpp"

#include <algorithm>
#include <stdexcept>

namespace pmmc::raft::test {

namespace {

class trial {
public:
  explicit trial(std::uint64_t seed)
      : chance_(seed), servers_(3 + 2 * chance_.below(2)), world_(servers_, chance_.next()) {
    for (std::size_t i = 0; i < 2; ++i)
      everybody_.push_back("n" + std::to_string(i));
    for (const auto& id : world_.ids())
      everybody_.push_back(id);
    loss_ = chance_.below(30);
    calm_ = 1 + chance_.below(20);
    world_.make_disks_slow(one_in(2));
  }

  void fault_step();
  void settle();
  trial_facts facts() const {
    return {world_.committed(),           world_.elections(), world_.reads(),
            world_.snapshots_installed(), world_.changes(),   world_.truncations()};
  }

private:
  bool one_in(std::uint64_t n) { return chance_.below(n) == 0; }
  role_id anybody() {
    const auto ids = world_.ids();
    return ids[chance_.below(ids.size())];
  }
  void network_step();
  void process_step(const role_id& id);
  void command_step(const role_id& id);
  void change_step(const role_id& id);

  random_source chance_;
  std::size_t servers_;
  cluster world_;
  std::vector<role_id> everybody_;
  std::uint64_t loss_ = 0;
  std::uint64_t calm_ = 1; ///< a process dies once in so many hundreds of steps
  std::size_t proposed_ = 0;
};

void trial::network_step() {
  if (world_.post().empty())
    return;
  const auto which = one_in(3) ? chance_.below(world_.post().size()) : 0;
  if (chance_.below(100) < loss_)
    return world_.drop(which);
  if (one_in(100 * calm_))
    return world_.deliver_and_crash(which, chance_.below(3));
  if (one_in(20) && world_.post().size() < 500)
    world_.duplicate(which);
  world_.deliver(which);
}

void trial::process_step(const role_id& id) {
  if (!world_.is_up(id))
    return one_in(4) ? world_.restart(id) : void();
  if (one_in(5 * calm_))
    return world_.crash(id);
  if (one_in(3 * calm_)) {
    if (world_.is_cut_off(id))
      world_.rejoin(id);
    else
      world_.isolate(id);
    return;
  }
  // It dies while it writes: some of the records get through.
  if (one_in(5 * calm_) && world_[id].is_leader()) {
    world_[id].propose(command{"dies " + std::to_string(++proposed_)});
    return world_.crash(id, chance_.below(3));
  }
  if (one_in(calm_))
    world_[id].on_peer_down(anybody());
  world_.settle(id);
}

void trial::change_step(const role_id& id) {
  std::vector<role_id> to;
  for (const auto& s : everybody_)
    if (!one_in(3))
      to.push_back(s);
  if (to.empty())
    return;
  for (const auto& s : to)
    if (!world_.has(s))
      world_.add(s);
  world_.change(id, to);
}

void trial::command_step(const role_id& id) {
  if (!world_.is_up(id))
    return;
  const auto what = chance_.below(10);
  if (what == 0)
    return world_.snapshot(id, chance_.below(4));
  if (what <= 2)
    return world_.barrier(id);
  if (!world_[id].is_leader())
    return;
  if (what == 3 && one_in(4))
    return change_step(id);
  if (what == 4 && one_in(10)) {
    world_[id].transfer(anybody());
    return world_.settle(id);
  }
  world_.propose(id, "c" + std::to_string(++proposed_));
}

void trial::fault_step() {
  const auto what = chance_.below(100);
  if (what < 60)
    return network_step();
  const auto id = anybody();
  if (what < 75 && world_.is_up(id) && world_.is_writing(id))
    return world_.finish_write(id);
  if (what < 90)
    return world_.is_up(id) ? world_.tick(id) : void();
  if (what < 98)
    return command_step(id);
  process_step(id);
}

/// No faults any more: somebody leads, and what is proposed now is performed by all that vote.
void trial::settle() {
  world_.make_disks_slow(false);
  for (const auto& id : world_.ids()) {
    world_.rejoin(id);
    if (!world_.is_up(id))
      world_.restart(id);
  }
  for (int i = 0; i < 3'000; ++i) {
    world_.run(1);
    const auto leader = world_.leader();
    if (leader.empty() || world_[leader].is_changing() || !world_.propose(leader, "the last"))
      continue;
    world_.barrier(leader);
    world_.run(20);
    const auto end = world_[leader].log().last().index;
    const auto all = world_[leader].members().all();
    if (world_[leader].is_leader() && std::all_of(all.begin(), all.end(), [&](const role_id& id) {
          return world_[id].commit() >= end;
        }))
      return;
  }
  throw std::logic_error("liveness: no leader has everything committed by all that vote");
}

} // namespace

trial_facts run_trial(std::uint64_t seed, std::size_t steps) {
  trial t{seed};
  for (std::size_t i = 0; i < steps; ++i)
    t.fault_step();
  t.settle();
  return t.facts();
}

} // namespace pmmc::raft::test
