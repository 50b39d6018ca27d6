#include "scenarios/script.hpp"

#include "base/invariant.hpp"
#include "scenarios/words.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <limits>
#include <utility>

namespace pmmc::test {

namespace {

constexpr sim::sim_time tick_length = 10 * sim::millisecond;
/// More messages than this in one tick are a storm: roles that answer each other without end.
constexpr std::size_t most_messages_per_tick = 20'000;
constexpr auto for_ever = std::numeric_limits<sim::sim_time>::max();

/// A calm world: messages arrive at once, disks are fast.
sim::scenario scenario_of(const script_settings& settings) {
  sim::scenario s;
  s.is_scripted = true;
  s.seed = settings.seed;
  s.acceptors = s.leaders = s.replicas = settings.processes;
  s.colocated = settings.together;
  s.members_are_remembered = settings.remember_configurations;
  s.window = settings.window;
  s.leader = settings.leader;
  s.replica = settings.replica;
  s.acceptor_page_bytes = settings.page_bytes;
  s.snapshot_piece_bytes = settings.piece_bytes;
  s.delay_least = 0;
  s.delay_spread = 1;
  s.in_order = false;
  s.breaks_are_told = false;
  s.sync_least = 0;
  s.sync_spread = 1;
  s.save_spread = settings.most_save_ticks * tick_length + 1;
  s.report_spread = settings.most_outcome_ticks * tick_length;
  return s;
}

} // namespace

role_kind kind_of(const role_id& id) {
  const char letter = id.view().front();
  return letter == 'a'   ? role_kind::acceptor
         : letter == 'l' ? role_kind::leader
                         : role_kind::replica;
}

std::string address_of(const role_id& id) { return id.str() + ":1"; }

/// Hears answers; what it asks, the story says.
class script::client final : public sim::host {
public:
  client(script& s, sim::world& w, const role_id& id) : host(w, id, w.add_process(false)), s_(s) {}

  void start() override {}
  void check(sim::world& w, const role_id&, const message& m) const override {
    if (const auto* q = std::get_if<query>(&m))
      w.checkers.query_sent(id(), q->number, q->op);
  }
  bool is_quiet(std::string&) const override { return true; }

protected:
  void on_message(const role_id&, message& m) override {
    if (s_.on_answer)
      s_.on_answer(id(), m);
  }
  void on_tick() override {}
  void settle() override {}
  void forget(bool) override {}

private:
  script& s_;
};

script::script(const script_settings& settings)
    : scenario_(scenario_of(settings)), first_(sim::first_configuration(scenario_)),
      world_(scenario_), members_(world_), lives_(world_, members_.met()), random_(settings.seed) {
  set_invariant_handler([](const char* condition, const char* meaning) {
    throw sim::violation{std::string{meaning} + " (" + condition + ")"};
  });
  if (std::getenv("PMMC_TELL") != nullptr) {
    world_.log.tells_messages = true;
    world_.log.tell = [](sim::sim_time at, const std::string& what) {
      std::fprintf(stderr, "%8.3f s  %s\n", static_cast<double>(at) / sim::second, what.c_str());
    };
  }
  world_.faults_are_over = true; // but for those that the story tells of
  for (const auto& h : members_.roles())
    roles_[h->id()] = h.get();
  for (const auto p : world_.members())
    start(p);
}

script::~script() = default;

// --- Messages -----------------------------------------------------------------------------------

script::client& script::client_of(const role_id& id) {
  auto& c = clients_[id];
  if (!c) {
    c = std::make_unique<client>(*this, world_, id);
    start(c->process_number());
  }
  return *c;
}

void script::send(const role_id& from, const role_id& to, message m) {
  world_.send(client_of(from), to, std::move(m));
}

/// What is sent within a tick and not delayed may be delivered within it.
bool script::is_due(const sim::flight& f) const {
  const auto* h = world_.addressee(f.addressee, f.generation);
  return f.arrives_at / tick_length <= now() &&
         (h == nullptr || !world_.is_paused(h->process_number()));
}

void script::hand_over(const sim::flight& f) {
  auto* h = world_.addressee(f.addressee, f.generation);
  if (h != nullptr && !(cut && cut(f.from, f.to)))
    world_.deliver(f.place, *h);
  world_.land(f.place);
  settle();
}

std::size_t script::deliver(const predicate& which) {
  std::vector<sim::flight> chosen;
  for (const auto& f : std::exchange(world_.flights, {}))
    if (is_due(f) && which(show(f)))
      chosen.push_back(f);
    else
      world_.flights.push_back(f);
  for (const auto& f : chosen)
    hand_over(f);
  return chosen.size();
}

void script::flow(const predicate& which) {
  while (deliver(which) > 0)
    ;
}

void script::deliver_all() {
  std::deque<sim::flight> later;
  for (std::size_t n = 0; !world_.flights.empty();) {
    const auto f = world_.flights.front();
    world_.flights.pop_front();
    if (!is_due(f)) {
      later.push_back(f);
      continue;
    }
    sim::demand(++n < most_messages_per_tick,
                [] { return std::string{"L1: messages call forth messages without end"}; });
    hand_over(f);
  }
  world_.flights = std::move(later);
}

std::size_t script::drop(const predicate& which) {
  return std::erase_if(world_.flights, [&](const sim::flight& f) {
    const bool is_lost = which(show(f));
    if (is_lost)
      world_.land(f.place);
    return is_lost;
  });
}

void script::disturb(const disturbance& d) {
  world_.net.end(0);
  world_.net.begin(
      0,
      {.whose = ~sim::process_set{0},
       .loss_permille = d.lost_percent * 10,
       .duplicate_permille = d.repeated_percent * 10,
       .delay_spread = d.most_delay_ticks == 0 ? 0 : (d.most_delay_ticks + 1) * tick_length - 1});
}

// --- Time ---------------------------------------------------------------------------------------

std::uint64_t script::now() const { return world_.now() / tick_length; }

/// Who has crashed is down, and what was waited for has come: disks, mostly.
void script::settle() {
  for (;;) {
    if (world_.somebody_crashes())
      lives_.stop_crashed();
    if (world_.queue.empty() || world_.queue.next_time() > world_.now())
      return;
    const auto e = world_.queue.pop();
    if (e.kind == sim::event_kind::restart)
      start(e.who);
    else if (e.kind == sim::event_kind::news)
      lives_.hear(e);
    else
      lives_.wake(e);
  }
}

void script::tick() {
  world_.advance_to((now() + 1) * tick_length);
  settle();
  for (std::size_t p = 0; p < world_.processes(); ++p)
    if (world_.process_at(p).up && !world_.is_paused(p)) {
      lives_.tick(p);
      settle();
    }
}

void script::run(std::uint64_t ticks) {
  for (; ticks > 0; --ticks) {
    deliver_all();
    tick();
  }
}

bool script::run_until(const std::function<bool()>& done, std::uint64_t most_ticks) {
  for (; most_ticks > 0 && !done(); --most_ticks)
    run(1);
  return done();
}

// --- Processes ----------------------------------------------------------------------------------

void script::start(std::size_t process) {
  if (world_.process_at(process).up || !lives_.may_start(process) || !lives_.has_address(process))
    return;
  lives_.start(process);
  settle();
}

void script::crash(const role_id& id) {
  if (!process_of(id).up)
    return;
  world_.crash(roles_.at(id)->process_number());
  settle();
}

void script::crash_at(const role_id& id, sim::fault_kind moment) {
  auto& p = process_of(id);
  p.doom = moment;
  p.doom_dice = random_.next();
}

void script::restart(const role_id& id) {
  process_of(id).doom = sim::fault_kind::pause;
  process_of(id).sends_left = 0; // a crash between messages may have begun to count
  if (switched_off_.contains(id))
    return;
  const auto process = roles_.at(id)->process_number();
  auto& files = members_.met().files_of(process);
  files.contacts.merge(membership{config_history{config()}}.addresses());
  if (files.rejoins)
    world_.process_at(process).gone = false; // it had heard that it was removed
  start(process);
}

void script::join(const role_id& id) {
  switched_off_.erase(id);
  if (roles_.contains(id)) {
    auto& files = members_.met().files_of(roles_.at(id)->process_number());
    const auto& removed = world_.checkers.truth().state().configurations().former_members();
    if (removed.contains(id) && !std::exchange(files.rejoins, true))
      crash(id); // it may not have heard that it was removed
    return restart(id);
  }
  reconfiguration newcomer;
  newcomer.add.push_back({kind_of(id), {id, address_of(id), "disk-" + id.str()}});
  members_.start(newcomer);
  roles_[id] = world_.host_at(world_.number_of(id));
  settle();
}

void script::switch_off(const role_id& id) {
  crash(id);
  switched_off_.insert(id);
}

void script::wipe(const role_id& replica) {
  crash(replica);
  process_of(replica).gone = true;
  world_.checkers.replica_lost(roles_.at(replica)->number());
  roles_.erase(replica);
}

void script::move(const role_id& id, const std::string& address) {
  members_.met().files_of(roles_.at(id)->process_number()).address = address;
}

void script::pause(const role_id& id) { process_of(id).paused_until = for_ever; }

void script::resume(const role_id& id) {
  process_of(id).paused_until = 0;
  sim::event_queue waited;
  for (std::swap(waited, world_.queue); !waited.empty();) {
    const auto e = waited.pop();
    world_.queue.push(e.at == for_ever ? world_.now() : e.at, e.kind, e.who, e.life, e.what);
  }
}

bool script::is_up(const role_id& id) const {
  const auto found = roles_.find(id);
  return found != roles_.end() && (world_.up() >> found->second->process_number() & 1) != 0;
}

void script::announce_down(const role_id& id) {
  for (const auto& [other, h] : roles_)
    if (other != id && is_up(other) && !world_.is_paused(h->process_number())) {
      h->lose_peer(id);
      settle();
    }
}

// --- Looking at it ------------------------------------------------------------------------------

std::string script::value_at(const role_id& replica, std::string_view key) const {
  return value_in(replica_at(replica).state().machine().query(query_of(key)));
}

std::size_t script::children_at(const role_id& leader, sub_role_kind kind) const {
  const auto& children = at<sim::leader_host>(leader).children();
  return static_cast<std::size_t>(std::count_if(
      children.begin(), children.end(), [&](const auto& c) { return c.first.kind == kind; }));
}

std::vector<role_id> script::active_leaders() const {
  std::vector<role_id> active;
  for (const auto& [id, h] : roles_)
    if (h->is_in_office())
      active.push_back(id);
  return active;
}

std::vector<role_id> script::roles() const {
  std::vector<role_id> ids;
  for (const auto& [id, h] : roles_)
    if (!switched_off_.contains(id))
      ids.push_back(id);
  return ids;
}

const configuration& script::config() const {
  return world_.checkers.truth().state().configurations().latest();
}

} // namespace pmmc::test
