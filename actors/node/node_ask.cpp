// How a node asks other processes how they are, on behalf of its own process.
#include "caf/caf_error.hpp"
#include "caf/guarded_middleman.hpp"
#include "config/address.hpp"
#include "node/node_actor.hpp"

#include <algorithm>
#include <caf/io/all.hpp>
#include <utility>

namespace pmmc {

namespace {

/// Who waits for something to change asks again and again, much more often than that.
constexpr unsigned beats_until_strangers_are_left = 50;

/// One, and two that give way to what the other process dials.
constexpr unsigned most_dials = 3;

} // namespace

caf::result<probed_process> node::ask_at(const ask_process_at& m) {
  const auto q = std::make_shared<node_question>(
      node_question{m, self_->make_response_promise<probed_process>()});
  const auto found = links_.find(m.address);
  const auto* link = found == links_.end() ? nullptr : &found->second;
  const bool is_member = known().addresses().contains(m.address);
  if (m.address == settings_.address)
    put_question(q, self_);
  else if (link != nullptr && link->now == node_link::state::connected &&
           (processes_.is_announced(m.address) ||
            !is_member)) // of guests, silence alone says nothing to anybody
    put_question(q, link->remote);
  else if (auto why = why_not_connected(m.address); (link != nullptr || is_member) && !why.empty())
    q->answer.deliver(probed_process{std::move(why), {}});
  else
    dial_stranger(q);
  return q->answer;
}

void node::dial_stranger(const std::shared_ptr<node_question>& q) {
  std::string error;
  const auto where = config::parse_address(q->asked.address, error);
  if (!where) {
    q->answer.deliver(probed_process{error, {}});
    return;
  }
  std::erase_if(questions_, [&](const auto& known) {
    const auto other = known.lock();
    return !other || other == q;
  });
  questions_.push_back(q);
  ++q->attempts;
  ++q->dials;
  const auto failed = [q](const std::string& why) {
    if (--q->attempts == 0 && q->answer.pending())
      q->answer.deliver(probed_process{why, {}});
  };
  self_
      ->request(self_->system().middleman().actor_handle(), caf::infinite, caf::connect_atom::value,
                host_for_dial(where->host, q->wrong_ways), where->port)
      .then(
          [this, q, failed](const caf::node_id& name, const caf::strong_actor_ptr& remote,
                            const std::set<std::string>&) {
            if (q->wrong_ways == 0 && is_misled(*q, name)) {
              q->wrong_ways = ++wrong_ways_;
              --q->attempts;
              return dial_stranger(q);
            }
            if (!known().addresses().contains(q->asked.address))
              strangers_[name] = 0;
            if (!remote)
              return failed("nothing is published there: is this another program's port?");
            q->stranger = remote->address();
            watch_stranger(q->stranger);
            put_question(q, caf::actor_cast<caf::actor>(remote));
            --q->attempts;
          },
          [this, failed](const caf::error& e) { failed(explain(e, self_->system())); });
}

/// Whether what CAF remembers of the address may be why it led to a process that is at another one.
/// It may also be another spelling of that one: so it is looked up once more, and then believed.
bool node::is_misled(const node_question& q, const caf::node_id& name) const {
  return name == self_->node() || std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
           const auto& link = entry.second;
           return link.now == node_link::state::connected && !link.address.empty() &&
                  link.address != q.asked.address && link.remote->node() == name;
         });
}

void node::put_question(const std::shared_ptr<node_question>& q, const caf::actor& remote) {
  ++q->attempts;
  self_->request(remote, q->asked.timeout, q->asked.what)
      .then(
          [q](process_status& s) {
            --q->attempts;
            if (q->answer.pending())
              q->answer.deliver(probed_process{{}, std::move(s)});
          },
          [this, q](const caf::error& e) {
            if (--q->attempts == 0 && q->answer.pending())
              q->answer.deliver(probed_process{explain(e, self_->system()), {}});
          });
}

/// Where it dialled this process while this one dialled it, one connection gives way to the other,
/// with what was on its way over it.
void node::put_questions_again(const node_link& link) {
  for (const auto& known : questions_)
    if (const auto q = known.lock(); q && q->asked.address == link.address && q->answer.pending())
      put_question(q, link.remote);
}

void node::watch_stranger(const caf::actor_addr& remote) {
  const auto is_it = [&](const caf::actor_addr& known) { return is_same_proxy(known, remote); };
  if (std::any_of(asked_.begin(), asked_.end(), is_it))
    return;
  asked_.push_back(remote);
  self_->monitor(remote);
}

/// Both connections may have given way, each to the other: then it dials anew.
void node::ask_strangers_again(const caf::actor_addr& lost) {
  std::erase_if(asked_, [&](const auto& known) { return is_same_proxy(known, lost); });
  for (const auto& known : std::vector{questions_}) {
    const auto q = known.lock();
    if (!q || !is_same_proxy(q->stranger, lost) || !q->answer.pending() || q->dials == most_dials)
      continue;
    q->stranger = {};
    dial_stranger(q);
  }
}

/// A connection that was made for questions only would be in the way of one that is meant to last.
void node::leave_strangers() {
  for (auto& [name, beats] : strangers_)
    ++beats;
  std::erase_if(strangers_, [this](const auto& stranger) {
    const auto& [name, beats] = stranger;
    if (beats < beats_until_strangers_are_left)
      return false;
    const bool is_kept = std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
      return entry.second.remote && entry.second.remote->node() == stranger.first;
    });
    if (!is_kept) // else it has said hello meanwhile
      dismiss(self_->system(), name);
    return true;
  });
}

} // namespace pmmc
