// A cluster whose members change, an operator who changes them, and a client who counts.
#pragma once

#include "scenarios/story_clients.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace pmmc::test {

inline reconfiguration change_of(config_version replaces, const std::vector<role_id>& remove,
                                 const std::vector<role_id>& add) {
  reconfiguration r;
  r.replaces = replaces;
  for (const auto& id : remove)
    r.remove.push_back({kind_of(id), id});
  for (const auto& id : add)
    r.add.push_back({kind_of(id), {id, address_of(id), "disk-" + id.str()}});
  return r;
}

inline const std::vector<role_id> first_nine = {"a1", "a2", "a3", "l1", "l2",
                                                "l3", "r1", "r2", "r3"};
inline const std::vector<role_id> next_nine = {"a4", "a5", "a6", "l4", "l5",
                                               "l6", "r4", "r5", "r6"};

class site {
public:
  explicit site(const script_settings& settings = {}) : c(settings), d(c) {
    REQUIRE(c.run_until([&] { return c.active_leaders().size() == 1; }, 500));
    c.run(60);
    session_ = d.open("c1", "r1");
    operator_session_ = d.open("c2", "r1");
    REQUIRE(operator_session_ != 0);
    c.run(120); // until every process knows by its roles which cluster this is
  }

  script c;
  story_clients d;

  /// Appends a letter, and demands that each one was appended once.
  void write(const role_id& replica) {
    const auto value = d.ask("c1", replica, session_, ++written_, "append k x");
    REQUIRE_MESSAGE(value, "write " << written_ << " at " << replica.str());
    CHECK(value->size() == written_);
  }

  /// Demands that a read shows all that was written.
  void read(const role_id& replica) {
    const auto answer = d.read("c1", replica, "k");
    REQUIRE(answer);
    REQUIRE_MESSAGE(answer->status == reply_status::ok, answer->body);
    CHECK(answer->body.size() == written_);
  }

  /// Starts the newcomers and sends the command; the answer is waited for by `outcome`.
  reconfiguration send_change(const role_id& replica, const std::vector<role_id>& remove,
                              const std::vector<role_id>& add) {
    for (const auto& id : add)
      c.join(id);
    const auto wanted = change_of(c.config().version, remove, add);
    order(replica, wanted);
    return wanted;
  }

  void order(const role_id& replica, const reconfiguration& wanted) {
    ++orders_;
    send_again(replica, wanted);
  }

  void send_again(const role_id& replica, const reconfiguration& wanted) {
    c.send("c2", replica,
           request{request_kind::reconfigure, operator_session_, orders_, 0, encode(wanted)});
  }

  reconfiguration_outcome outcome() {
    const auto answer = d.answer_to(operator_session_, orders_);
    REQUIRE(answer);
    const auto decoded = decode_reconfiguration_outcome(answer->body);
    REQUIRE(decoded);
    return *decoded;
  }

  /// A change that is accepted.
  reconfiguration_outcome change(const role_id& replica, const std::vector<role_id>& remove,
                                 const std::vector<role_id>& add) {
    send_change(replica, remove, add);
    auto o = outcome();
    REQUIRE_MESSAGE(o.status == reconfiguration_status::accepted, o.text);
    return o;
  }

  bool in_force() const {
    const auto& config = c.config();
    return std::all_of(config.replicas.begin(), config.replicas.end(), [&](const member& m) {
      return c.is_up(m.id) && c.replica_at(m.id).slot_out() > config.first_slot;
    });
  }

  /// Whether some replica says that the configurations before the latest one are needed no longer.
  bool retired() const {
    const auto& config = c.config();
    return std::any_of(config.replicas.begin(), config.replicas.end(), [&](const member& m) {
      return c.is_up(m.id) && c.replica_at(m.id).live_from() == config.version;
    });
  }

  void finish_change(std::uint64_t most_ticks = 1'000) {
    REQUIRE(c.run_until([&] { return retired(); }, most_ticks));
    c.checkers().watermark(c.config().first_slot);
  }

  /// Those that run, but are no members any more; when those that are have met.
  void switch_off_removed() {
    c.run(120);
    for (const auto& id : c.roles())
      if (c.config().find(kind_of(id), id) == nullptr)
        c.switch_off(id);
  }

  /// Everyone has the same state, one leader serves, and nothing is left over.
  bool quiet() const {
    const auto& config = c.config();
    for (const auto& m : config.acceptors)
      if (!c.is_up(m.id))
        return false;
    const auto& first = c.replica_at(config.replicas[0].id);
    for (const auto& m : config.replicas) {
      const auto& role = c.replica_at(m.id);
      if (role.slot_out() != first.slot_out() || role.pending_requests() != 0 ||
          role.state().fingerprint() != first.state().fingerprint())
        return false;
    }
    for (const auto& m : config.leaders)
      if (c.scouts_at(m.id) + c.commanders_at(m.id) != 0)
        return false;
    return c.active_leaders().size() == 1 && config.has_leader(c.active_leaders()[0]);
  }

  /// Writes and reads at every replica, and then it is quiet.
  void works() {
    for (const auto& m : c.config().replicas) {
      write(m.id);
      read(m.id);
    }
    REQUIRE(c.run_until([&] { return quiet(); }, 500));
  }

private:
  session_id session_ = 0;
  session_id operator_session_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t orders_ = 0;
};

} // namespace pmmc::test
