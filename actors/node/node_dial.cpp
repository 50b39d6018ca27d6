// How a node dials others, and what becomes of it.
#include "caf/bounded_connect.hpp"
#include "caf/caf_error.hpp"
#include "caf/guarded_middleman.hpp"
#include "config/address.hpp"
#include "node/handshake.hpp"
#include "node/node_actor.hpp"
#include "node/shown.hpp"

#include <algorithm>
#include <caf/io/all.hpp>
#include <utility>

namespace pmmc {

namespace {

constexpr unsigned most_backoff_beats = 10;
/// Connecting and the hello have failed by then, or succeeded.
constexpr unsigned others_turn_beats = 30;
constexpr std::chrono::seconds hello_timeout{2};
/// Of an address that leads to the wrong process: each dial costs CAF's memory (host_for_dial).
constexpr unsigned most_astray_beats = 600;

} // namespace

std::string host_for_dial(const std::string& host, unsigned wrong_ways) {
  return wrong_ways == 0 ? host : host + dial_mark + std::to_string(wrong_ways);
}

void node::dial(node_link& link) {
  if (!self_->system().has_middleman())
    return; // a node alone on a stage
  std::string error;
  const auto where = config::parse_address(link.address, error);
  link.now = node_link::state::dialling;
  if (!where)
    return unreachable(link.address, error);
  if (is_client() && link.trouble.why().empty()) // its patience may end before ours
    tell_own_roles_of_trouble(link.address, "has not answered yet");
  if (!dials_.insert(link.address).second)
    return; // of a link that was there before
  // CAF makes one connection after another, so one that we gave up would only delay the others. It
  // answers in the end: connecting and the handshake have their limits.
  auto& middleman = self_->system().middleman();
  self_
      ->request(middleman.actor_handle(), caf::infinite, caf::connect_atom::value,
                host_for_dial(where->host, link.wrong_ways), where->port)
      .then(
          [this, address = link.address](const caf::node_id&, const caf::strong_actor_ptr& remote,
                                         const std::set<std::string>&) {
            dials_.erase(address);
            if (const auto whose = who_is_there_instead(address, remote); !whose.empty())
              led_astray(address, whose);
            else if (remote)
              dialled(address, caf::actor_cast<caf::actor>(remote));
            else
              refused_by(address, "answers, but is no pmmc process (nothing is published there)");
          },
          [this, address = link.address](const caf::error& e) {
            dials_.erase(address);
            unreachable(address, "cannot be reached: " + explain(e, self_->system()));
          });
}

/// A name or a forwarder that is wrong leads to this process itself, or to a member that is
/// connected under its own address. Who that is, if `remote` was to be the one at `address`; or "".
std::string node::who_is_there_instead(const std::string& address,
                                       const caf::strong_actor_ptr& remote) const {
  if (!remote)
    return {};
  if (remote->node() == self_->node())
    return "this process itself";
  const auto members = known().addresses();
  if (!members.contains(address)) // a config file may spell a member's address in another way
    return {};
  for (const auto& [key, link] : links_)
    if (link.now == node_link::state::connected && link.address != address &&
        members.contains(link.address) && link.remote->node() == remote->node())
      return "the process at " + link.address;
  return {};
}

void node::led_astray(const std::string& address, const std::string& whose) {
  auto* link = find_dialling(address);
  if (link == nullptr)
    return;
  ++link->wrong_ways;
  const auto wait = link->astray_beats = std::min(most_astray_beats, 2 * link->astray_beats + 1);
  refused_by(address, "is " + whose + ": its address leads there");
  if (const auto left = links_.find(address); left != links_.end())
    left->second.wait_beats += wait;
}

void node::dialled(const std::string& address, const caf::actor& remote) {
  self_->request(remote, hello_timeout, own_hello())
      .then(
          [this, address, remote, untold = admission_.untold_roles()](const welcome& m) {
            if (!is_answer_of(remote, m))
              return unreachable(address, std::string{no_pmmc_process});
            welcomed(address, remote, m);
            if (admission_.untold_roles() != untold && find_connected(remote) != nullptr)
              say_hello_again(remote); // by what the welcome told, what the hello said is wrong
          },
          [this, address](const caf::error& e) {
            unreachable(address, std::string{no_pmmc_process} + ": " + explain(e, self_->system()));
          });
}

hello node::own_hello() const {
  const auto own = admission_.introduce();
  return write_hello(own, self_, handles_of(own.roles));
}

std::vector<caf::actor> node::handles_of(const std::vector<introduced_role>& own) const {
  std::vector<caf::actor> handles;
  for (const auto& named : own) {
    const auto role =
        std::find_if(settings_.roles.begin(), settings_.roles.end(),
                     [&](const hosted_role& hosted) { return hosted.id == named.id; });
    handles.push_back(role->handle);
  }
  return handles;
}

/// CAF takes an answer by its number alone, whoever gives it.
bool node::is_answer_of(const caf::actor& remote, const welcome& m) const {
  return caf::actor_cast<caf::actor>(self_->current_sender()) == remote &&
         std::all_of(m.handles.begin(), m.handles.end(), [&](const caf::actor& handle) {
           return handle && handle->node() == remote->node();
         });
}

/// What was said of the own roles on a connection does not hold any more.
void node::say_hello_again(const caf::actor& remote) {
  self_->request(remote, hello_timeout, own_hello())
      .then([this, remote](const welcome& m) { welcomed_again(remote, m); },
            [this, remote](const caf::error& e) {
              meet_from_the_start(remote, explain(e, self_->system()));
            });
}

void node::welcomed_again(const caf::actor& remote, const welcome& m) {
  auto* link = find_connected(remote);
  if (link == nullptr)
    return;
  const auto* known = processes_.find(link->key);
  const auto heard = read(m);
  if (!is_answer_of(remote, m) || !heard || known == nullptr ||
      heard->said.incarnation != known->incarnation)
    return meet_from_the_start(remote, std::string{no_pmmc_process});
  const auto after = admission_.hear(link->address, heard->said);
  if (!after.refused.empty())
    return meet_from_the_start(remote, after.refused);
  connected(*link, remote, heard->said.incarnation, heard->roles);
}

/// Else the other one would go on with what does not hold, as long as the connection does.
void node::meet_from_the_start(const caf::actor& remote, const std::string& why) {
  if (const auto* link = find_connected(remote)) {
    spdlog::warn("{} does not take the news of which roles run here, and is dialled anew: {}",
                 logged_as(*link), shown(why, max_said_bytes));
    dismiss(self_->system(), remote->node());
  }
}

/// Nothing if nobody wants to go there any more.
node_link* node::find_dialling(const std::string& address) {
  const auto found = links_.find(address);
  const bool dialling = found != links_.end() && found->second.now == node_link::state::dialling;
  return dialling ? &found->second : nullptr;
}

node_link* node::find_connected(const caf::actor& remote) {
  const auto found = std::find_if(links_.begin(), links_.end(), [&](const auto& entry) {
    return entry.second.now == node_link::state::connected &&
           is_same_proxy(entry.second.remote.address(), remote.address());
  });
  return found != links_.end() ? &found->second : nullptr;
}

void node::unreachable(const std::string& address, const std::string& why) {
  admission_.unreachable(address);
  if (auto* link = find_dialling(address))
    dial_again(*link, link->trouble.unreachable(logged_as(*link), why));
}

void node::refused_by(const std::string& address, const std::string& why) {
  if (auto* link = find_dialling(address))
    dial_again(*link, link->trouble.refused(logged_as(*link), why));
}

void node::dial_again(node_link& link, bool news) {
  link.now = node_link::state::idle;
  if (news)
    tell_own_roles_of_trouble(link.address, link.trouble.why());
  if (!link.dialled_by_us) { // any more
    links_.erase(std::string{link.address});
    return;
  }
  // Jitter, so that processes that lost each other do not all come back at the same moment.
  link.backoff_beats = std::min(most_backoff_beats, 2 * link.backoff_beats + 1);
  const auto jitter = next_random();
  link.wait_beats = 1 + static_cast<unsigned>(jitter % link.backoff_beats);
  if (admission_.is_others_turn(link.address))
    link.wait_beats += others_turn_beats + static_cast<unsigned>(jitter % others_turn_beats);
}

void node::tell_own_roles_of_trouble(const std::string& address, const std::string& why) {
  processes_.unreachable(address, why);
  carry_out();
}

void node::welcomed(const std::string& address, const caf::actor& remote, const welcome& m) {
  auto heard = read(m);
  if (!heard) {
    dismiss(self_->system(), remote->node());
    return refused_by(address, std::string{no_pmmc_process});
  }
  auto& said = heard->said;
  if (const auto members = known().addresses();
      said.address != address && members.contains(said.address) && members.contains(address))
    return led_astray(address, "the process at " + said.address);
  said.refusal = shown(said.refusal, max_said_bytes);
  said.cluster = shown(said.cluster, max_said_bytes);
  const auto after = admission_.hear(address, said);
  if (!after.disagreement.empty() || !after.refused.empty())
    dismiss(self_->system(), remote->node()); // or it would meet the connection that they dial
  if (!after.disagreement.empty())
    return refused_for_facts(address, after);
  if (!after.removed.empty())
    settings_.removed(after.removed);
  if (after.tells_members)
    learn(said.known);
  if (!after.refused.empty())
    return refused_by(address, after.refused);
  learn(said.known); // before the own roles are to judge who it is
  if (const auto link = links_.find(address); link != links_.end())
    connected(link->second, remote, said.incarnation, std::move(heard->roles));
  if (!is_client() &&
      known() != said.known) // the hello left it out, and heartbeats say nothing of disks
    self_->send(remote, members_news{known()});
  if (after.is_first && is_client())
    redial();
}

void node::refused_for_facts(const std::string& address, const after_reply& after) {
  const auto* link = find_dialling(address);
  const auto why = shown(after.refused, max_said_bytes);
  const bool news = link == nullptr || link->trouble.why() != why;
  if (!after.differs.empty())
    settings_.differs(shown(after.differs, max_said_bytes));
  if (news)
    spdlog::error("this process and the one at {} refuse each other: {}", address,
                  shown(after.disagreement, max_said_bytes));
  refused_by(address, why);
}

} // namespace pmmc
