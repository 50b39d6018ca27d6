// A desk at which a story's clients sit: they ask one thing at a time and wait for the answer.
#pragma once

#include "codec.hpp"
#include "reconfiguration.hpp"
#include "scenarios/cluster.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pmmc::test {

class desk {
public:
  explicit desk(cluster& c) : cluster_(c) {
    c.on_client_message = [this](const flight& f) { inbox_.push_back(f); };
  }

  /// Opens a session at `replica`; 0 if there is no answer.
  session_id open(const role_id& client, const role_id& replica) {
    const auto number = cluster_.random().next();
    cluster_.send(client, replica, request{request_kind::open_session, 0, number, 0, ""});
    const auto answer = wait_for<response>([&](const flight& f, const response& r) {
      return f.to == client && r.sequence == number && r.status == reply_status::ok;
    });
    if (!answer)
      return 0;
    byte_reader body{answer->body};
    return body.varint();
  }

  void send(const role_id& client, const role_id& replica, session_id session,
            std::uint64_t sequence, std::string op) {
    cluster_.send(client, replica,
                  request{request_kind::operation, session, sequence, 0, std::move(op)});
  }

  /// What comes from now on counts, for requests that are asked again.
  void forget_answers() { inbox_.clear(); }

  std::optional<response> answer_to(session_id session, std::uint64_t sequence) {
    return wait_for<response>([&](const flight&, const response& r) {
      return r.session == session && r.sequence == sequence &&
             r.status != reply_status::unavailable; // which only says that it takes long
    });
  }

  std::optional<response> ask(const role_id& client, const role_id& replica, session_id session,
                              std::uint64_t sequence, std::string op) {
    send(client, replica, session, sequence, std::move(op));
    return answer_to(session, sequence);
  }

  std::optional<reconfiguration_outcome> reconfigure(const role_id& client, const role_id& replica,
                                                     session_id session, std::uint64_t sequence,
                                                     const reconfiguration& wanted) {
    cluster_.send(client, replica,
                  request{request_kind::reconfigure, session, sequence, 0, encode(wanted)});
    const auto answer = answer_to(session, sequence);
    return answer ? decode_reconfiguration_outcome(answer->body) : std::nullopt;
  }

  std::optional<query_reply> read(const role_id& client, const role_id& replica, std::string key) {
    const auto number = ++query_number_;
    cluster_.send(client, replica, query{number, std::move(key)});
    return wait_for<query_reply>(
        [&](const flight&, const query_reply& r) { return r.number == number; });
  }

private:
  static constexpr std::uint64_t most_ticks = 1'000;

  template <class M, class Wanted>
  std::optional<M> wait_for(const Wanted& wanted) {
    std::optional<M> found;
    cluster_.run_until(
        [&] {
          for (const auto& f : inbox_)
            if (const auto* m = std::get_if<M>(&f.body); m != nullptr && wanted(f, *m))
              found = *m;
          return found.has_value();
        },
        most_ticks);
    return found;
  }

  cluster& cluster_;
  std::vector<flight> inbox_;
  std::uint64_t query_number_ = 0;
};

} // namespace pmmc::test
