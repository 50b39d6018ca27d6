// Reports as the actors would give them, for tests of what is made of them.
#pragma once

#include "http/process_report.hpp"

namespace pmmc::test {

inline role_report report_of(const char* id, role_kind kind) {
  role_report r;
  r.role = {id, kind, "127.0.0.1:1"};
  r.answered = true;
  r.metrics.status.id = id;
  r.metrics.status.kind = kind;
  if (kind == role_kind::acceptor)
    r.metrics.counted = acceptor_metrics{};
  else if (kind == role_kind::leader)
    r.metrics.counted = leader_metrics{};
  else if (kind == role_kind::server)
    r.metrics.counted = server_metrics{};
  else
    r.metrics.counted = replica_metrics{};
  return r;
}

/// A process with a role of each kind, with nothing to complain about.
inline process_report whole_process() {
  process_report p;
  p.address = "127.0.0.1:1";
  p.node_answered = true;
  p.roles = {report_of("a1", role_kind::acceptor), report_of("l1", role_kind::leader),
             report_of("r1", role_kind::replica)};
  return p;
}

/// A process with a server.
inline process_report server_process() {
  process_report p;
  p.address = "127.0.0.1:1";
  p.engine = "raft";
  p.node_answered = true;
  p.roles = {report_of("s1", role_kind::server)};
  return p;
}

inline server_metrics& server_of(process_report& p) {
  return std::get<server_metrics>(p.roles[0].metrics.counted);
}

inline replica_metrics& replica_of(process_report& p) {
  return std::get<replica_metrics>(p.roles[2].metrics.counted);
}

} // namespace pmmc::test
