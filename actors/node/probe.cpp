#include "node/probe.hpp"

#include "caf/caf_error.hpp"
#include "caf/system.hpp"
#include "config/address.hpp"
#include "node/clock_text.hpp"
#include "node/host_name.hpp"
#include "node/prober.hpp"
#include "parts/metrics_messages.hpp"
#include "parts/shell.hpp"
#include "storage/members_file.hpp"
#include "storage/posix_disk.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace pmmc {

namespace {

/// A node's dial takes 2 s at the most, one behind the other, and 4 s are waited for it: so none is
/// given up that is still to be dialled.
constexpr std::size_t strangers_at_once = 2;

/// Asks the processes of one task.
class process_probe {
public:
  process_probe(caf::event_based_actor* self, const probe_task& task)
      : self_(self), task_(task), missing_(task.addresses.size()) {}

  void ask_all() {
    for (const auto& address : task_.addresses)
      if (task_.strangers.contains(address))
        strangers_.push_back(address);
      else
        ask(address);
    for (std::size_t n = 0; n < strangers_at_once; ++n)
      ask_next_stranger();
  }

private:
  void ask_next_stranger() {
    if (strangers_.empty())
      return;
    const auto next = std::move(strangers_.front());
    strangers_.pop_front();
    ask(next);
  }

  void ask(const std::string& address) {
    if (task_.node)
      ask_node(address);
    else
      dial(address);
  }

  void ask_node(const std::string& address) {
    self_
        ->request(task_.node, 2 * task_.timeout, ask_process_at{address, task_.timeout, task_.what})
        .then([this, address](probed_process& p) { told(address, std::move(p)); },
              [this, address](const caf::error& e) {
                failed(address, e == caf::sec::request_timeout ? "was not reached in time"
                                                               : std::string{node_is_silent});
              });
  }

  void dial(const std::string& address) {
    std::string error;
    const auto where = config::parse_address(address, error);
    if (!where)
      return failed(address, error);
    self_
        ->request(self_->system().middleman().actor_handle(), task_.timeout,
                  caf::connect_atom::value, where->host, where->port)
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

  void connected(const std::string& address, const caf::actor& remote) {
    self_->request(remote, task_.timeout, task_.what)
        .then(
            [this, address](process_status& s) {
              told(address, {{}, std::move(s)});
            },
            [this, address](const caf::error& e) { failed(address, explain(e, self_->system())); });
  }

  void failed(const std::string& address, const std::string& why) { told(address, {why, {}}); }

  void told(const std::string& address, probed_process p) {
    if (p.why.empty() && p.status.cluster != task_.cluster)
      p = {std::string{belongs_to_cluster} + "\"" + p.status.cluster + "\"", {}};
    answers_[address] = std::move(p);
    if (task_.strangers.contains(address))
      ask_next_stranger();
    if (--missing_ > 0)
      return;
    task_.done(answers_);
    self_->quit();
  }

  caf::event_based_actor* self_;
  probe_task task_;
  std::size_t missing_;
  std::deque<std::string> strangers_; ///< not asked yet
  probe_answers answers_;
};

/// One for all probes of a command, and left to the end of the process, as in blocking_client.cpp.
caf::actor_system& system_of_commands() {
  static auto& options = *new system_config{1};
  static auto& system = *new caf::actor_system{options};
  return system;
}

/// The cluster that most of them are of, but for those at `newcomers`: what was forgotten when it
/// was founded again must not speak for it.
cluster_identity identity_of(const probe_answers& answers, const std::set<std::string>& newcomers) {
  std::map<cluster_identity, std::size_t> counted;
  for (const auto& [address, answer] : answers)
    if (answer.status.known.identity != 0 && !newcomers.contains(address))
      ++counted[answer.status.known.identity];
  const auto most =
      std::max_element(counted.begin(), counted.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counted.end() ? 0 : most->first;
}

/// CAF has the same word for it as for a port at which nobody listens.
void explain_names(probe_answers& answers) {
  for (auto& [address, answer] : answers) {
    std::string error;
    const auto where = config::parse_address(address, error);
    if (answer.why != nothing_listens || !where)
      continue;
    if (auto why = why_unresolved(where->host); !why.empty())
      answer.why = std::move(why);
  }
}

void refuse_others(probe_answers& answers, cluster_identity ours) {
  for (auto& [address, answer] : answers)
    if (auto why = why_other_cluster(answer.status.known.identity, ours); !why.empty())
      answer = {std::move(why), {}};
}

} // namespace

caf::behavior prober(caf::event_based_actor* self, const probe_task& task) {
  set_shell_handlers(self, "probe");
  auto p = std::make_shared<process_probe>(self, task);
  self->attach_functor([p]() mutable { p.reset(); });
  self->send(self, tick_atom::value); // an actor cannot quit before it has a behavior
  return {[p](tick_atom) { p->ask_all(); }};
}

probe_answers ask_all(caf::blocking_actor* self, probe_task task) {
  const auto result = std::make_shared<probe_answers>();
  task.done = [result](const probe_answers& answers) { *result = answers; };
  self->wait_for(self->spawn<caf::monitored>(prober, std::move(task)));
  return std::move(*result);
}

std::optional<membership> remembered_members(const config::cluster_file& cluster) {
  std::optional<membership> best;
  std::error_code none_there;
  for (const auto& entry : std::filesystem::directory_iterator{cluster.data, none_there}) {
    try {
      const auto known = storage::read_members(storage::real_disk(), entry.path());
      if (known && (!best || known->is_newer_than(*best)))
        best = *known;
    } catch (const storage::storage_error&) {
      continue; // the role itself reports it, and `pmmc inspect`
    }
  }
  return best;
}

membership members_on_disk(const config::cluster_file& cluster) {
  return remembered_members(cluster).value_or(membership{config_history{cluster.first}});
}

probed_cluster probe(const config::cluster_file& cluster, bool with_fingerprint,
                     std::chrono::milliseconds timeout, const std::set<std::string>& also) {
  caf::scoped_actor self{system_of_commands()};
  const auto ask = [&](const std::set<std::string>& addresses) {
    return ask_all(self.ptr(), {cluster.name, addresses, timeout, {with_fingerprint}, {}, {}});
  };
  return probe(cluster, ask, also);
}

probed_cluster probe(const config::cluster_file& cluster, const ask_addresses& ask,
                     const std::set<std::string>& also) {
  probed_cluster result;
  const auto remembered = remembered_members(cluster);
  result.remembered = remembered.has_value();
  result.known = remembered.value_or(membership{config_history{cluster.first}});
  result.engine = to_string(cluster.engine);
  auto wanted = result.known.addresses();
  wanted.merge(membership{cluster.first}.addresses());
  wanted.insert(also.begin(), also.end());
  cluster_identity identity = 0;
  // What the first ones know may name others; those hardly ever know more.
  for (int round = 0; round < 3 && !wanted.empty(); ++round) {
    auto answers = ask(wanted);
    if (identity == 0)
      identity = identity_of(answers, also);
    refuse_others(answers, identity);
    explain_names(answers);
    for (auto& [address, answer] : answers) {
      const auto& known = answer.status.known;
      if (answer.why.empty() && !known.configurations.empty() &&
          (!result.answered || known.is_newer_than(result.known)))
        result.known = known;
      if (answer.why.empty() && !result.answered)
        result.engine = answer.status.facts.engine;
      result.answered |= answer.why.empty();
      result.processes.emplace(address, std::move(answer));
    }
    if (identity != 0)
      result.known.identity = identity;
    wanted = result.known.addresses();
    std::erase_if(wanted, [&](const auto& a) { return result.processes.contains(a); });
  }
  return result;
}

probed_role probed_cluster::at(const config::role& role) const {
  probed_role p{role, false, "it was not asked", {}};
  const auto process = processes.find(role.address);
  if (process == processes.end())
    return p;
  p.why = process->second.why;
  for (const auto& status : process->second.status.roles)
    if (status.id == role.id) {
      p.up = true;
      if (serves_clients(role.kind))
        p.why = clock_trouble(process->second.status.clock);
      p.status = status;
    }
  if (!p.up && p.why.empty())
    p.why = "the process at " + role.address + " does not host it, or it does not answer";
  return p;
}

std::vector<probed_role> probed_cluster::roles() const {
  std::vector<probed_role> result;
  for (const auto kind : all_member_kinds) {
    std::vector<config::role> found;
    auto configs = known.live();
    for (auto it = configs.rbegin(); it != configs.rend(); ++it)
      for (const auto& role : config::roles_of(**it))
        if (role.kind == kind && std::find(found.begin(), found.end(), role) == found.end())
          found.push_back(role);
    for (const auto& role : found)
      result.push_back(at(role));
  }
  return result;
}

} // namespace pmmc
