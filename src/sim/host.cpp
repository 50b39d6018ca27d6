#include "sim/host.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

namespace {
constexpr std::size_t sync_done = ~std::uint32_t{0};
}

void host::order(mounting what) {
  const bool is_right = wrong_ == mounting::none; // what was ordered before has not been done yet
  ordered_ = what == mounting::right && is_right ? mounting::none : what;
}

void host::keep_copy() {
  directory_.mount(mounting::copied);
  mount(mounting::copied);
}

bool host::shows_old_copy(const true_meeting& known) const {
  const auto life = directory_.copy().lives.current().number;
  return known.life > life || (known.life == life && known.records > copied_records());
}

/// Now and then somebody has kept a copy before.
void host::begin_life(std::uint64_t nonce) {
  auto what = std::exchange(ordered_, mounting::none);
  if (what == mounting::none && wrong_ == mounting::none && nonce % 2 == 0)
    what = mounting::copied;
  directory_.mount(what);
  mount(what);
  if (what == mounting::emptied || what == mounting::old_copy || what == mounting::right) {
    wrong_ = what == mounting::right ? mounting::none : what;
    ++generation_;
  }
  if (what == mounting::emptied)
    directory().format_id = "disk-" + id_.str() + "-" + std::to_string(nonce);
  durable_met_ = directory().met;
  if (kind() == role_kind::acceptor || kind() == role_kind::leader)
    directory().lives.begin(nonce);
  records_at_start_ = records();
  counted_.clear();
}

introduced_role host::introduced() const {
  const auto& d = directory_.now;
  return {id_, kind(), d.format_id, d.lives, records_at_start_};
}

void host::count(std::size_t number, bool is_counted) {
  if (number >= counted_.size())
    counted_.resize(number + 1);
  counted_[number] = is_counted ? 1 : 0;
}

void host::save_met() {
  durable_met_ = directory().met;
  directory().met.saved();
  for (auto& [number, known] : true_meetings_)
    known.saved_records = known.records;
}

/// In memory; it is durable with the next meeting, and when a peer goes.
void host::note_records(const message& m) {
  const auto note = [this](const auto& told) {
    const auto number = told.state.records == 0 ? 0 : world_.number_of(told.from);
    if (told.state.records == 0 || !counts(number))
      return;
    directory().met.note_records(told.from, told.state.records);
    if (const auto known = true_meetings_.find(number);
        known != true_meetings_.end() && !is_on_wrong_disk())
      known->second.records = std::max(known->second.records, told.state.records);
  };
  if (const auto* asks = std::get_if<ping>(&m))
    note(*asks);
  else if (const auto* answers = std::get_if<pong>(&m))
    note(*answers);
}

void host::crash() {
  forget();
  directory().met = durable_met_;
  for (auto& [number, known] : true_meetings_)
    known.records = known.saved_records;
  counted_.clear();
  mailbox_.clear();
  blocked_ = tick_waits_ = false;
}

void host::receive(const role_id& from, message& m) {
  note_records(m);
  if (blocked_) {
    mailbox_.push_back({from, std::move(m)});
    return;
  }
  on_message(from, m);
  settle();
}

void host::tick() {
  if (blocked_) {
    if (!std::exchange(tick_waits_, true))
      mailbox_.push_back({{}, tick_input{}});
    return;
  }
  on_tick();
  settle();
}

void host::lose_peer(const role_id& peer) {
  save_met();
  if (blocked_) {
    mailbox_.push_back({{}, lost_peer{peer}});
    return;
  }
  on_peer_lost(peer);
  settle();
}

void host::woken(std::size_t what) {
  if (what != sync_done) {
    if (blocked_) {
      mailbox_.push_back({{}, wake_input{what}});
      return;
    }
    on_wake(what);
    return settle();
  }
  blocked_ = false;
  unblocked();
  // Everything that has come meanwhile is handled together, as an actor's flush does it.
  bool any = false;
  while (!blocked_ && !mailbox_.empty() && !world_.process_at(process_).crashing) {
    auto next = std::move(mailbox_.front());
    mailbox_.pop_front();
    handle(next);
    any = true;
  }
  if (any && !blocked_)
    settle();
}

void host::handle(mail& m) {
  if (auto* body = std::get_if<message>(&m.what)) {
    on_message(m.from, *body);
  } else if (auto* lost = std::get_if<lost_peer>(&m.what)) {
    on_peer_lost(lost->peer);
  } else if (auto* wake = std::get_if<wake_input>(&m.what)) {
    on_wake(wake->what);
  } else {
    tick_waits_ = false;
    on_tick();
  }
}

void host::block(sim_time how_long) {
  blocked_ = true;
  world_.wake(*this, how_long, sync_done);
}

void host::send_all(std::vector<envelope>& out) {
  world_.dies(*this, fault_kind::crash_while_sending);
  for (auto& e : out)
    world_.send(*this, e.to, std::move(e.body));
}

} // namespace pmmc::sim
