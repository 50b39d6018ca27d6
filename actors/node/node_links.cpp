// Whom a node is connected with, and what its own roles are told of them.
#include "caf/guarded_middleman.hpp"
#include "node/node_actor.hpp"

#include <algorithm>
#include <caf/io/all.hpp>
#include <utility>

namespace pmmc {

namespace {

/// A stranger may name one handle for several roles.
const hosted_role& named(const std::vector<hosted_role>& roles,
                         const connection_order::tell_up& o) {
  return *std::find_if(roles.begin(), roles.end(), [&](const hosted_role& role) {
    return role.kind == o.kind && role.id == o.id && role.handle.id() == o.handle;
  });
}

} // namespace

std::vector<reached_role> reached(const std::vector<hosted_role>& roles) {
  std::vector<reached_role> result;
  for (const auto& role : roles)
    result.push_back({role.introduced(), role.handle.id()});
  return result;
}

void node::connected(node_link& link, const caf::actor& remote, std::uint64_t incarnation,
                     std::vector<hosted_role> roles) {
  const bool is_same = is_same_proxy(link.remote.address(), remote.address());
  if (link.remote && link.remote->node() != remote->node())
    dismiss(self_->system(), link.remote->node());
  link.now = node_link::state::connected;
  link.remote = remote;
  link.roles = std::move(roles);
  if (!is_same)
    self_->monitor(remote);
  const bool is_met = processes_.connected(
      link.key, {caf::to_string(remote->node()), link.address, incarnation, reached(link.roles)},
      is_same);
  carry_out();
  if (!is_met)
    return;
  link.backoff_beats = 0;
  link.astray_beats = 0;
  link.trouble.over(logged_as(link));
  put_questions_again(link);
}

// --- What is ordered ----------------------------------------------------------------------------

void node::carry_out() {
  for (const auto& order : processes_.take())
    std::visit([this](const auto& o) { carry_out(o); }, order);
}

void node::carry_out(const connection_order::tell_up& o) {
  const bool is_own = o.process.empty();
  const auto& peer = named(is_own ? settings_.roles : links_.at(o.process).roles, o);
  self_->send(settings_.roles[o.own].handle, peer_up{peer, o.address, is_own, o.is_guest});
}

void node::carry_out(const connection_order::tell_down& o) {
  self_->send(settings_.roles[o.own].handle, peer_down{o.id, o.why});
}

void node::carry_out(const connection_order::note_lost& o) {
  auto& link = links_.at(o.process);
  if (o.is_replaced)
    link.trouble.replaced(logged_as(link), o.why);
  else
    link.trouble.lost(logged_as(link), o.why);
}

void node::carry_out(const connection_order::close& o) {
  dismiss(self_->system(), links_.at(o.process).remote->node());
}

bool is_same_proxy(const caf::actor_addr& a, const caf::actor_addr& b) {
  return caf::actor_cast<caf::actor_control_block*>(a) ==
         caf::actor_cast<caf::actor_control_block*>(b);
}

void node::disconnected(const caf::actor_addr& remote) {
  ask_strangers_again(remote);
  for (auto it = links_.begin(); it != links_.end(); ++it) {
    auto& link = it->second;
    if (link.now != node_link::state::connected || !is_same_proxy(link.remote.address(), remote))
      continue;
    processes_.disconnected(link.key, "has closed the connection");
    carry_out();
    link.remote = nullptr;
    link.now = node_link::state::idle;
    link.wait_beats = 0;
    if (!link.dialled_by_us)
      links_.erase(it);
    return;
  }
}

/// Its sender counts: every welcome tells the incarnation, which only shows who was started again
/// under the same name.
bool node::is_from(const std::string& key, const node_link& link, const heartbeat& m) const {
  if (link.now != node_link::state::connected || link.remote != self_->current_sender())
    return false;
  const auto* there = processes_.find(key);
  return there != nullptr && there->incarnation == m.incarnation;
}

void node::heard(const heartbeat& m) {
  for (auto& [key, link] : links_) {
    if (!is_from(key, link, m))
      continue;
    processes_.heard(key, m.incarnation, m.identity);
    carry_out();
    if (!processes_.is_announced(key))
      return;
    if (!link.address.empty())
      hear_clock(m);
    if (!is_client() && admission_.knows_more_than(m.version, m.live_from, m.identity))
      self_->send(link.remote, members_news{known()});
    return;
  }
}

} // namespace pmmc
