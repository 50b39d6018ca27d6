// What a node tells those who ask how its process is: operators, and its HTTP port.
#include "caf/guarded_middleman.hpp"
#include "node/node_actor.hpp"

#include <utility>

namespace pmmc {

namespace {

constexpr std::chrono::milliseconds status_timeout{900};

} // namespace

/// Asks all roles at once; one that does not answer in time is missing from the answer.
caf::result<process_status> node::status(const status_request& m) {
  struct collected_status {
    caf::typed_response_promise<process_status> promise;
    process_status result;
    std::size_t missing = 0;

    void one_less() {
      if (--missing == 0)
        promise.deliver(std::move(result));
    }
  };
  // Who asks again and again, as `pmmc reconfig` does while it waits, is a client like others.
  if (self_->current_sender() != nullptr)
    admit(self_->system(), self_->current_sender()->node(), false);
  auto all = std::make_shared<collected_status>();
  all->promise = self_->make_response_promise<process_status>(); // takes the sender away
  all->result.cluster = settings_.cluster;
  all->result.address = settings_.address;
  all->result.facts = settings_.facts;
  all->result.known = known();
  all->result.clock = clocks_.status(settings_.clocks());
  all->missing = settings_.roles.size();
  for (const auto& role : settings_.roles)
    self_->request(role.handle, status_timeout, m)
        .then(
            [all](role_status& s) {
              all->result.roles.push_back(std::move(s));
              all->one_less();
            },
            [all](const caf::error&) { all->one_less(); });
  return all->promise;
}

node_metrics node::metrics() const {
  node_metrics m;
  m.known = known();
  m.clock = clocks_.status(settings_.clocks());
  m.clients = processes_.clients();
  for (const auto& address : known().addresses()) {
    if (processes_.is_announced(address))
      m.peers.push_back({address, true, ""});
    else if (auto why = why_not_connected(address); !why.empty())
      m.peers.push_back({address, false, std::move(why)});
  }
  return m;
}

/// Precondition: it is not. Empty: it need not be.
std::string node::why_not_connected(const std::string& address) const {
  if (const auto link = links_.find(address); link != links_.end())
    return link->second.trouble.why().empty() ? "this process has not reached it yet"
                                              : link->second.trouble.why();
  return addresses_to_dial(known(), address, {}).contains(settings_.address)
             ? "it has not connected with this process: it does not run, or is cut off"
             : "";
}

} // namespace pmmc
