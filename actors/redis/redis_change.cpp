#include "redis/redis_change.hpp"

#include "change/change_error.hpp"
#include "change/membership_change.hpp"
#include "kv/reply.hpp"
#include "node/log.hpp"
#include "node/prober.hpp"

#include <algorithm>
#include <chrono>

namespace pmmc {

namespace {

constexpr std::chrono::seconds probe_timeout{2};
constexpr std::chrono::seconds propose_timeout{30}; // the port gives up long before

class port_access : public change_access {
public:
  port_access(caf::blocking_actor* self, const change_place& place) : self_(self), place_(place) {}

  probed_cluster ask(const std::set<std::string>& also) override {
    const auto ask = [&](const std::set<std::string>& addresses) {
      auto answers = ask_all(
          self_, {place_.cluster.name, addresses, probe_timeout, {}, place_.node, {}, also});
      demand_node(answers);
      return answers;
    };
    return probe(place_.cluster, ask, also);
  }

  client_outcome propose(const std::string& op) override {
    has_proposed_ = true;
    client_outcome outcome;
    outcome.kind = outcome_kind::unknown;
    outcome.body = "this process stops";
    self_->request(place_.port, propose_timeout, propose_change{op})
        .receive([&](change_proposed& m) { outcome = std::move(m.outcome); },
                 [](const caf::error&) {});
    return outcome;
  }

  void say(const std::string& text) override { spdlog::info("PMMC RECONFIG: {}", text); }

private:
  /// Or a process that stops would wait until the change's patience ends.
  void demand_node(const probe_answers& answers) const {
    if (std::any_of(answers.begin(), answers.end(),
                    [](const auto& answer) { return answer.second.why != node_is_silent; }))
      return;
    if (has_proposed_)
      throw change_error{change_failure::unknown,
                         "it is not known whether the change was made: this process stops; give "
                         "the same command again, at another one: it does not act twice"};
    throw change_error{change_failure::not_executed, "this process stops"};
  }

  caf::blocking_actor* self_;
  bool has_proposed_ = false;
  const change_place& place_;
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

void start_change(caf::actor_system& system, std::uint64_t ticket, const redis_change& change,
                  const change_place& place) {
  system.spawn<caf::detached>([=](caf::blocking_actor* self) {
    kv::reply_writer reply;
    try {
      port_access access{self, place};
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
    self->send(place.port, change_ended{ticket, reply.take()});
  });
}

} // namespace pmmc
