#include "probe.hpp"

#include "caf_error.hpp"
#include "config/address.hpp"
#include "shell.hpp"
#include "system.hpp"

#include <map>
#include <optional>
#include <set>

namespace pmmc {

namespace {

struct process_answer {
  std::string why;
  process_status status;
};

using answers = std::map<std::string, process_answer>;

/// Asks one process, and tells `collector`.
class process_probe {
public:
  process_probe(caf::event_based_actor* self, std::string cluster,
                std::chrono::milliseconds timeout, status_request what,
                std::shared_ptr<answers> into)
      : self_(self), cluster_(std::move(cluster)), timeout_(timeout), what_(what),
        into_(std::move(into)) {}

  void ask(const std::string& address) {
    std::string error;
    const auto where = config::parse_address(address, error);
    if (!where)
      return failed(address, error);
    self_
        ->request(self_->system().middleman().actor_handle(), timeout_, caf::connect_atom::value,
                  where->host, where->port)
        .then(
            [this, address](const caf::node_id&, const caf::strong_actor_ptr& remote,
                            const std::set<std::string>&) {
              if (remote)
                connected(address, caf::actor_cast<caf::actor>(remote));
              else
                failed(address, "nothing is published there: is this another program's port?");
            },
            [this, address](const caf::error& e) { failed(address, explain(e, self_->system())); });
  }

private:
  void connected(const std::string& address, const caf::actor& remote) {
    self_->request(remote, timeout_, what_)
        .then(
            [this, address](process_status& s) {
              if (s.cluster == cluster_)
                (*into_)[address].status = std::move(s);
              else
                (*into_)[address].why = "it belongs to cluster \"" + s.cluster + "\"";
              quit_when_complete();
            },
            [this, address](const caf::error& e) { failed(address, explain(e, self_->system())); });
  }

  void failed(const std::string& address, const std::string& why) {
    (*into_)[address].why = why;
    quit_when_complete();
  }

  void quit_when_complete() {
    if (--missing == 0)
      self_->quit();
  }

public:
  std::size_t missing = 0;

private:
  caf::event_based_actor* self_;
  std::string cluster_;
  std::chrono::milliseconds timeout_;
  status_request what_;
  std::shared_ptr<answers> into_;
};

struct probe_task {
  std::string cluster;
  std::set<std::string> addresses;
  std::chrono::milliseconds timeout;
  status_request what;
  std::shared_ptr<answers> into;
};

answers ask_all(const std::string& cluster, const std::set<std::string>& addresses,
                bool with_fingerprint, std::chrono::milliseconds timeout) {
  // One for all calls, and left to the end of the process, as in connection.cpp.
  static auto& options = *new system_config{1};
  static auto& system = *new caf::actor_system{options};
  auto result = std::make_shared<answers>();
  caf::scoped_actor self{system};
  const auto prober = self->spawn<caf::monitored>(
      [](caf::event_based_actor* actor, const probe_task& task) {
        set_shell_handlers(actor, "probe");
        auto p = std::make_shared<process_probe>(actor, task.cluster, task.timeout, task.what,
                                                 task.into);
        p->missing = task.addresses.size();
        for (const auto& address : task.addresses)
          p->ask(address);
        actor->attach_functor([p]() mutable { p.reset(); });
        return caf::behavior{[](tick_atom) {}};
      },
      probe_task{cluster, addresses, timeout, {with_fingerprint}, result});
  self->wait_for(prober);
  return *result;
}

} // namespace

std::vector<probed_role> probe(const config::cluster_file& cluster, bool with_fingerprint,
                               std::chrono::milliseconds timeout) {
  const auto roles = config::roles_of(cluster.first);
  std::set<std::string> addresses;
  for (const auto& role : roles)
    addresses.insert(role.address);
  const auto answered = ask_all(cluster.name, addresses, with_fingerprint, timeout);
  std::vector<probed_role> result;
  for (const auto& role : roles) {
    probed_role p{role, false, answered.at(role.address).why, {}};
    for (const auto& status : answered.at(role.address).status.roles)
      if (status.id == role.id) {
        p.up = true;
        p.status = status;
      }
    if (!p.up && p.why.empty())
      p.why = "the process at " + role.address + " does not host it, or it does not answer";
    result.push_back(std::move(p));
  }
  return result;
}

} // namespace pmmc
