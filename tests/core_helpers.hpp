// Short names for what the tests of the core need all the time.
#pragma once

#include "base/engine_kind.hpp"
#include "consensus/messages.hpp"
#include "membership/configuration.hpp"
#include "service/batch.hpp"
#include "service/state_machine.hpp"

#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace pmmc::test {

/// Version 1 with acceptors a1…, leaders l1…, replicas r1…, one of each at host1, host2, ….
inline configuration make_config(std::size_t processes = 3) {
  configuration config;
  for (std::size_t i = 1; i <= processes; ++i) {
    const auto n = std::to_string(i);
    config.acceptors.push_back({"a" + n, "host" + n + ":1"});
    config.leaders.push_back({"l" + n, "host" + n + ":1"});
    config.replicas.push_back({"r" + n, "host" + n + ":1"});
  }
  return config;
}

/// Version 1 with servers s1…, at host1, host2, ….
inline configuration make_servers(std::size_t servers = 3) {
  configuration config;
  for (std::size_t i = 1; i <= servers; ++i)
    config.servers.push_back({"s" + std::to_string(i), "host" + std::to_string(i) + ":1"});
  return config;
}

inline std::shared_ptr<const configuration> share(configuration config) {
  return std::make_shared<const configuration>(std::move(config));
}

/// The messages of type M among `sent`, only those to `to` if it is given.
template <class M>
std::vector<M> only(const std::vector<envelope>& sent, const role_id& to = {}) {
  std::vector<M> found;
  for (const auto& e : sent)
    if (const auto* m = std::get_if<M>(&e.body); m != nullptr && (to.empty() || e.to == to))
      found.push_back(*m);
  return found;
}

inline request operation(session_id session, std::uint64_t sequence, std::string op,
                         std::uint64_t acknowledged = 0) {
  return {request_kind::operation, session, sequence, acknowledged, std::move(op)};
}

inline request opening(std::uint64_t number) {
  return {request_kind::open_session, 0, number, 0, ""};
}

/// Of processes that replicate a log_machine.
inline cluster_facts facts_of(configuration first, std::uint64_t window) {
  return {std::move(first), window, std::string{to_string(default_engine)}, "", "log/1"};
}

inline command batch_of(std::vector<request> requests) { return encode_batch(requests); }

/// Remembers every operation, in order: "a,b,". Its answer is all of it.
class log_machine final : public state_machine {
public:
  std::string_view name() const override { return "log/1"; }
  std::string apply(std::string_view op) override {
    text_.append(op).push_back(',');
    return text_;
  }
  std::string query(std::string_view) const override { return text_; }
  std::unique_ptr<state_machine> clone() const override {
    return std::make_unique<log_machine>(*this);
  }
  void snapshot(std::ostream& out) const override { out << text_; }
  void restore(std::istream& in) override { text_.assign(std::istreambuf_iterator<char>{in}, {}); }
  std::uint64_t fingerprint() const override { return std::hash<std::string>{}(text_); }
  std::size_t size_bytes() const override { return text_.size(); }

private:
  std::string text_;
};

} // namespace pmmc::test
