#include "redis_change.hpp"

#include "change/change_error.hpp"
#include "change/membership_change.hpp"
#include "kv/reply.hpp"
#include "log.hpp"

#include <chrono>

namespace pmmc {

namespace {

constexpr std::chrono::seconds probe_timeout{2};
constexpr std::chrono::seconds propose_timeout{30}; // the port gives up long before

class port_access : public change_access {
public:
  port_access(caf::blocking_actor* self, caf::actor port, const config::cluster_file& cluster)
      : self_(self), port_(std::move(port)), cluster_(cluster) {}

  /// Over connections of its own: those of the process's node are not dialled twice that way, and
  /// newcomers, or who is at a former address, are found as `pmmc reconfig` finds them.
  probed_cluster ask(const std::set<std::string>& also) override {
    return probe(cluster_, false, probe_timeout, also);
  }

  client_outcome propose(const std::string& op) override {
    client_outcome outcome;
    outcome.kind = outcome_kind::unknown;
    outcome.body = "this process stops";
    self_->request(port_, propose_timeout, propose_change{op})
        .receive([&](change_proposed& m) { outcome = std::move(m.outcome); },
                 [](const caf::error&) {});
    return outcome;
  }

  void say(const std::string& text) override { spdlog::info("PMMC RECONFIG: {}", text); }

private:
  caf::blocking_actor* self_;
  caf::actor port_;
  const config::cluster_file& cluster_;
};

/// With the words of CLIENTS.md: CLUSTERDOWN says by itself whether anything was done.
std::string reply_of(const change_error& e) {
  const std::string text = e.what();
  switch (e.kind) {
  case change_failure::bad_words:
  case change_failure::refused:
    return "ERR " + text;
  case change_failure::not_executed:
    return "CLUSTERDOWN not executed: " + text;
  case change_failure::busy:
    return "BUSY not executed: " + text;
  case change_failure::unknown:
    break;
  }
  return "CLUSTERDOWN " + text;
}

} // namespace

void start_change(caf::actor_system& system, const caf::actor& port, std::uint64_t ticket,
                  const redis_change& change, const config::cluster_file& cluster) {
  system.spawn<caf::detached>([=](caf::blocking_actor* self) {
    kv::reply_writer reply;
    try {
      port_access access{self, port, cluster};
      membership_change work{change.change, {.dry_run = change.dry_run}, access};
      reply.bulk(to_json(work.run()));
    } catch (const change_error& e) {
      spdlog::info("PMMC RECONFIG: {}", e.what());
      reply.error(reply_of(e));
    } catch (const std::exception& e) {
      spdlog::error("PMMC RECONFIG: internal error: {}", e.what());
      reply.error(std::string{"CLUSTERDOWN it is not known whether the change was made: internal "
                              "error: "} +
                  e.what());
    }
    self->send(port, change_ended{ticket, reply.take()});
  });
}

} // namespace pmmc
