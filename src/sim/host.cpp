#include "sim/host.hpp"

#include "wire/grouping.hpp"

#include <utility>

namespace pmmc::sim {

namespace {
constexpr std::size_t sync_done = ~std::uint32_t{0};
}

void host::crash(bool power) {
  forget(power);
  mailbox_.clear();
  blocked_ = tick_waits_ = false;
}

void host::receive(wire::parcel& p) {
  wire::ungroup(p, [this](const role_id& from, message&& m) {
    if (blocked_)
      mailbox_.push_back({from, std::move(m)});
    else
      on_message(from, m);
  });
  if (!blocked_)
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

void host::send_all(std::vector<envelope> out) {
  world_.dies(*this, fault_kind::crash_while_sending);
  world_.send(*this, std::move(out));
}

std::vector<storage::simulated_disk*> disks_of(const process& p) {
  std::vector<storage::simulated_disk*> all;
  for (auto* h : p.roles)
    if (auto* files = h->files())
      all.push_back(files);
  return all;
}

} // namespace pmmc::sim
