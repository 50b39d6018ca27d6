#include "sim/world.hpp"

#include "base/invariant.hpp"
#include "kv/kv_store.hpp"
#include "sim/carried.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/host.hpp"
#include "wire/grouping.hpp"
#include "wire/message_codec.hpp"

#include <concepts>
#include <type_traits>
#include <utility>

namespace pmmc::sim {

configuration first_configuration(const scenario& s) {
  configuration config;
  const auto add = [&](role_kind kind, const std::string& letter, std::size_t count) {
    const bool is_named = s.disks_are_named && keeps_promises(kind);
    for (std::size_t i = 1; i <= count; ++i) {
      const auto n = std::to_string(i);
      config.members(kind).push_back({letter + n, (s.colocated ? "host" : letter) + n + ":1",
                                      is_named ? "disk-" + letter + n : std::string{}});
    }
  };
  add(role_kind::acceptor, "a", s.acceptors);
  add(role_kind::leader, "l", s.leaders);
  add(role_kind::replica, "r", s.replicas);
  add(role_kind::server, "s", s.servers);
  return config;
}

std::unique_ptr<replicated_state> state_before_slot_1(const scenario& s) {
  return state_before_slot_1(s, s.window, s.engine);
}

std::unique_ptr<replicated_state> state_before_slot_1(const scenario& s, std::uint64_t window,
                                                      engine_kind engine) {
  return std::make_unique<replicated_state>(std::make_unique<kv::kv_store>(s.store),
                                            config_history{first_configuration(s)}, window,
                                            std::string{}, s.sessions, engine);
}

namespace {

/// Of those who keep promises, an answer that counts.
bool promises(const message& m) {
  const auto* elects = std::get_if<raft::vote>(&m);
  const auto* holds = std::get_if<raft::append_reply>(&m);
  return std::holds_alternative<p1b>(m) || std::holds_alternative<p2b>(m) ||
         std::holds_alternative<read_probe_reply>(m) || (elects != nullptr && elects->is_granted) ||
         (holds != nullptr && holds->is_match) || std::holds_alternative<simple::promise>(m) ||
         std::holds_alternative<simple::accepted>(m) ||
         std::holds_alternative<simple::read_probe_reply>(m);
}

} // namespace

world::world(const scenario& s)
    : options(s), net(s), chance(s.seed ^ 0xA0761D6478BD642FULL),
      checkers(
          state_before_slot_1(s), [this](const role_id& id) { return number_of(id); },
          kv_model{s.sessions, s.store}, s.engine),
      ports(s.door) {}

std::vector<std::size_t> world::members() const {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < processes_.size(); ++i)
    if (processes_[i].is_member && !processes_[i].gone)
      numbers.push_back(i);
  return numbers;
}

std::size_t world::add_process(bool is_member) {
  PMMC_INVARIANT(processes_.size() < max_processes, "a simulated cluster has 64 processes at most");
  processes_.emplace_back().is_member = is_member;
  return processes_.size() - 1;
}

std::size_t world::number_of(const role_id& id) {
  const auto [it, is_new] = numbers_.try_emplace(id, actors_.size());
  if (is_new)
    actors_.push_back({id, 0, nullptr});
  return it->second;
}

std::size_t world::add(host& h, const role_id& id, std::size_t process) {
  const auto number = number_of(id);
  actors_[number] = {id, process, &h};
  processes_[process].roles.push_back(&h);
  return number;
}

std::size_t world::rename(host& h, const role_id& id) {
  const auto number = number_of(id);
  actors_[number] = {id, h.process_number(), &h};
  return number;
}

void world::set_up(std::size_t p, bool up) {
  processes_[p].up = up;
  const auto bit = process_set{1} << p;
  up_ = up ? up_ | bit : up_ & ~bit;
}

void world::send(const host& from, const role_id& to, message m) {
  std::vector<envelope> one;
  one.push_back({to, std::move(m)});
  send(from, std::move(one));
}

void world::send(const host& from, std::vector<envelope> messages) {
  const auto send_one = [&]<class M>(const role_id& to, M&& m) {
    encoded_ = doors::before_mail();
    wire::encode(encoded_, m);
    if constexpr (std::is_constructible_v<message, M>) {
      message single{std::move(m)};
      depart(from, to, single);
    } else {
      if constexpr (std::same_as<M, client_requests>)
        facts.count(fact::grouped, m.requests.size() + m.queries.size() > 1);
      else
        facts.count(fact::grouped, m.responses.size() + m.query_replies.size() > 1);
      depart(from, to, m);
    }
  };
  facts.count(fact::group_cut,
              wire::send_grouped(from.id(), std::move(messages), send_one, options.group_bytes));
}

template <class M>
void world::depart(const host& from, const role_id& to, M& m) {
  auto& its = processes_[from.process_number()];
  if (its.crashing)
    return;
  if (its.sends_left > 0 && --its.sends_left == 0)
    return crash(from.process_number());
  wire::ungroup(m, [&](const role_id&, const message& each) {
    from.check(*this, to, each);
    if (const auto* asked = std::get_if<request>(&each))
      checkers.request_sent(*asked);
    if (log.tells_messages)
      tell(from.id().str() + " -> " + to.str() + ": " + describe(each));
  });
  log.mix(from.number() << 8 ^ now_);
  log.mix(std::string_view{encoded_}.substr(doors::before_mail().size()));
  ++facts.messages;
  const auto known = numbers_.find(to);
  if (known == numbers_.end())
    return;
  const auto* target = actors_[known->second].where;
  pass_door(from, to);
  if (target != nullptr && from.kind() != role_kind::client &&
      target->kind() != role_kind::client) {
    if (!from.reaches(known->second))
      return facts.count(fact::sent_to_nobody);
    wire::ungroup(m, [&](const role_id&, const message& each) {
      keep_wrong_votes_away(from, *target, each);
    });
  }
  carry(from, to, known->second);
}

/// Whoever is asked says so by whom: clients come by themselves, and Redis's with their process.
void world::pass_door(const host& from, const role_id& to) {
  const auto why = ports.why_refused(!process_at(from.process_number()).is_member, encoded_);
  demand(why.empty(), [&] {
    return "M2: the door of " + to.str() + " refuses a message of " + from.id().str() + ": " + why;
  });
}

void world::carry(const host& from, const role_id& to, std::size_t number) {
  const auto& target = actors_[number];
  const auto generation = target.where == nullptr ? 0 : target.where->generation();
  const auto passage = net.carry(from.process_number(), target.process, now_);
  for (std::size_t i = 0; i < passage.copies; ++i)
    if (options.is_scripted)
      flights.push_back({from.id(), to, passage.arrive_at[i], number, generation,
                         post(from.process_number(), target.process)});
    else
      queue.push(passage.arrive_at[i], event_kind::deliver, number, generation,
                 post(from.process_number(), target.process));
}

std::size_t world::post(std::size_t from, std::size_t to) {
  if (free_places_.empty()) {
    free_places_.push_back(post_.size());
    post_.emplace_back();
  }
  const auto number = free_places_.back();
  free_places_.pop_back();
  auto& l = post_[number];
  l.parcel = encoded_; // into the memory of what was there
  l.from = from;
  l.to = to;
  l.connection = net.connection(from, to);
  return number;
}

host* world::addressee(std::size_t number, std::uint32_t generation) const {
  auto* h = host_at(number);
  return h != nullptr && h->number() == number && processes_[h->process_number()].up &&
                 generation == h->generation()
             ? h
             : nullptr;
}

wire::parcel world::read(std::size_t number) const {
  wire::parcel arrived;
  const auto mail = std::string_view{post_[number].parcel}.substr(doors::before_mail().size());
  read_arrived(mail, "a message", arrived);
  return arrived;
}

void world::deliver(std::size_t number, host& to) {
  const auto& l = post_[number];
  if (l.connection != net.connection(l.from, l.to))
    return facts.count(fact::lost_in_flight);
  auto arrived = read(number);
  to.receive(arrived);
}

void world::plan_tick(std::size_t process, sim_time delay) {
  if (!options.is_scripted)
    queue.push(now_ + delay, event_kind::tick, process, processes_[process].life, 0);
}

void world::plan_restart(std::size_t process, sim_time delay) {
  if (!options.is_scripted)
    queue.push(now_ + delay, event_kind::restart, process, processes_[process].life, 0);
}

/// Who has lost its promises was asked by nobody, so it has nothing to say.
void world::keep_wrong_votes_away(const host& from, const host& to, const message& m) const {
  demand(!from.is_on_wrong_disk() || to.is_on_wrong_disk() ||
             from.process_number() == to.process_number() || !promises(m),
         [&] { return "N1: " + from.id().str() + " answers from a disk that is not its own"; });
}

std::size_t world::listener_at(const std::string& address) const {
  const auto found = listeners_.find(address);
  return found == listeners_.end() ? max_processes : found->second;
}

void world::wake(const host& who, sim_time delay, std::size_t what) {
  queue.push(now_ + delay, event_kind::wake, who.number(), processes_[who.process_number()].life,
             what);
}

bool world::dies(const host& h, fault_kind moment) {
  auto& p = processes_[h.process_number()];
  if (p.doom != moment || p.crashing)
    return p.crashing;
  p.doom = fault_kind::pause;
  if (moment == fault_kind::crash_while_sending) {
    p.sends_left = 1 + p.doom_dice % 4;
    return false;
  }
  crash(h.process_number());
  return true;
}

void world::crash(std::size_t p) {
  processes_[p].crashing = true;
  somebody_crashes_ = true;
}

void world::break_connection(std::size_t a, std::size_t b) {
  if (options.breaks_lose_messages)
    net.break_connection(a, b);
}

sim_time world::sync_time(const host& h) {
  const auto factor = processes_[h.process_number()].slow_disk_factor;
  return factor * (options.sync_least + chance.below(options.sync_spread));
}

} // namespace pmmc::sim
