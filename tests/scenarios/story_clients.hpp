// The clients of a story: they ask one thing at a time and wait for the answer.
#pragma once

#include "base/codec.hpp"
#include "membership/reconfiguration.hpp"
#include "scenarios/script.hpp"
#include "scenarios/words.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::test {

/// Operations and values are those of words.hpp.
class story_clients {
public:
  explicit story_clients(script& s) : script_(s) {
    s.on_answer = [this](const role_id& client, const message& m) {
      inbox_.emplace_back(client, m);
    };
  }

  /// Opens a session at `replica`; 0 if there is no answer.
  session_id open(const role_id& client, const role_id& replica) {
    const auto number = script_.random().next();
    script_.send(client, replica, request{request_kind::open_session, 0, number, 0, ""});
    const auto answer = wait_for<response>([&](const role_id& to, const response& r) {
      return to == client && r.sequence == number && r.status == reply_status::ok;
    });
    if (!answer)
      return 0;
    byte_reader body{answer->body};
    return body.varint();
  }

  void send(const role_id& client, const role_id& replica, session_id session,
            std::uint64_t sequence, std::string_view words, std::uint64_t acknowledged = 0) {
    script_.send(
        client, replica,
        request{request_kind::operation, session, sequence, acknowledged, operation_of(words)});
  }

  /// What comes from now on counts, for requests that are asked again.
  void forget_answers() { inbox_.clear(); }

  std::optional<response> answer_to(session_id session, std::uint64_t sequence) {
    return wait_for<response>([&](const role_id&, const response& r) {
      return r.session == session && r.sequence == sequence &&
             r.status != reply_status::unavailable; // which only says that it takes long
    });
  }

  /// The value in the answer; nothing if there is none, or no good one.
  std::optional<std::string> value_of(session_id session, std::uint64_t sequence) {
    const auto answer = answer_to(session, sequence);
    return answer && answer->status == reply_status::ok ? std::optional{value_in(answer->body)}
                                                        : std::nullopt;
  }

  std::optional<std::string> ask(const role_id& client, const role_id& replica, session_id session,
                                 std::uint64_t sequence, std::string_view words) {
    send(client, replica, session, sequence, words);
    return value_of(session, sequence);
  }

  std::optional<reconfiguration_outcome> reconfigure(const role_id& client, const role_id& replica,
                                                     session_id session, std::uint64_t sequence,
                                                     const reconfiguration& wanted) {
    script_.send(client, replica,
                 request{request_kind::reconfigure, session, sequence, 0, encode(wanted)});
    const auto answer = answer_to(session, sequence);
    return answer ? decode_reconfiguration_outcome(answer->body) : std::nullopt;
  }

  /// Its body is the value, if its status is good.
  std::optional<query_reply> read(const role_id& client, const role_id& replica,
                                  std::string_view key) {
    const auto number = ++query_number_;
    script_.send(client, replica, query{number, query_of(key)});
    auto answer = wait_for<query_reply>(
        [&](const role_id&, const query_reply& r) { return r.number == number; });
    if (answer && answer->status == reply_status::ok)
      answer->body = value_in(answer->body);
    return answer;
  }

private:
  static constexpr std::uint64_t most_ticks = 1'000;

  template <class M, class Wanted>
  std::optional<M> wait_for(const Wanted& wanted) {
    std::optional<M> found;
    script_.run_until(
        [&] {
          for (const auto& [client, answer] : inbox_)
            if (const auto* m = std::get_if<M>(&answer); m != nullptr && wanted(client, *m))
              found = *m;
          return found.has_value();
        },
        most_ticks);
    return found;
  }

  script& script_;
  std::vector<std::pair<role_id, message>> inbox_;
  std::uint64_t query_number_ = 0;
};

} // namespace pmmc::test
