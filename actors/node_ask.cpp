// How a node asks other processes how they are, on behalf of its own process.
#include "caf_error.hpp"
#include "config/address.hpp"
#include "guarded_middleman.hpp"
#include "node_actor.hpp"

#include <algorithm>
#include <caf/io/all.hpp>
#include <utility>

namespace pmmc {

namespace {

/// Who waits for something to change asks again and again, much more often than that.
constexpr unsigned beats_until_strangers_are_left = 50;

} // namespace

caf::result<probed_process> node::ask_at(const ask_process_at& m) {
  auto promise = self_->make_response_promise<probed_process>();
  const auto link = links_.find(m.address);
  const bool is_connected = link != links_.end() && link->second.now == node_link::state::connected;
  const bool is_member = known().addresses().contains(m.address);
  if (m.address == settings_.address)
    ask_status(self_, m, promise);
  else if (is_connected && (link->second.announced || !is_member))
    ask_status(link->second.remote, m, promise); // of guests, silence alone says nothing to anybody
  else if (auto why = why_not_connected(m.address); !why.empty())
    promise.deliver(probed_process{std::move(why), {}});
  else
    ask_stranger(m, promise);
  return promise;
}

void node::ask_stranger(const ask_process_at& m,
                        caf::typed_response_promise<probed_process> promise) {
  std::string error;
  const auto where = config::parse_address(m.address, error);
  if (!where) {
    promise.deliver(probed_process{error, {}});
    return;
  }
  self_
      ->request(self_->system().middleman().actor_handle(), caf::infinite, caf::connect_atom::value,
                where->host, where->port)
      .then(
          [this, m, promise](const caf::node_id& name, const caf::strong_actor_ptr& remote,
                             const std::set<std::string>&) mutable {
            if (!known().addresses().contains(m.address))
              strangers_[name] = 0;
            if (remote)
              ask_status(caf::actor_cast<caf::actor>(remote), m, std::move(promise));
            else
              promise.deliver(probed_process{
                  "nothing is published there: is this another program's port?", {}});
          },
          [this, promise](const caf::error& e) mutable {
            promise.deliver(probed_process{explain(e, self_->system()), {}});
          });
}

void node::ask_status(const caf::actor& remote, const ask_process_at& m,
                      caf::typed_response_promise<probed_process> promise) {
  self_->request(remote, m.timeout, m.what)
      .then(
          [promise](process_status& s) mutable {
            promise.deliver(probed_process{{}, std::move(s)});
          },
          [this, promise](const caf::error& e) mutable {
            promise.deliver(probed_process{explain(e, self_->system()), {}});
          });
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
