// The only place that knows both CAF and the messages: how each of them looks on the wire. A change
// here is a new protocol version (protocol.hpp).
#pragma once

#include "messages.hpp"
#include "node_messages.hpp"

#include <caf/all.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pmmc {

// --- Values -------------------------------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, role_id& x) {
  std::string name = x.str();
  const auto load = [&]() -> caf::error {
    if (name.size() > role_id::max_size)
      return caf::sec::invalid_argument;
    x = role_id{name};
    return caf::none;
  };
  return f(name, caf::meta::load_callback(load));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, ballot_num& x) {
  return f(x.seqnum, x.leader);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, command& x) {
  if constexpr (Inspector::writes_state) {
    std::string bytes;
    const auto load = [&]() -> caf::error {
      x = command{std::move(bytes)};
      return caf::none;
    };
    return f(bytes, caf::meta::load_callback(load));
  } else {
    return f(x.shared_bytes()); // no copy: the bytes are written as they are
  }
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, pvalue& x) {
  return f(x.ballot, x.slot, x.value);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, vitals& x) {
  return f(x.ballot, x.active, x.leader_ping, x.slot_in, x.slot_out, x.snapshot_slot, x.watermark,
           x.version, x.records, x.digest.slot, x.digest.decisions, x.digest.state);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, member& x) {
  return f(x.id, x.address, x.disk);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, former_member& x) {
  return f(x.kind, x.id, x.address, x.disk, x.removed_in);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, configuration& x) {
  return f(x.version, x.first_slot, x.acceptors, x.leaders, x.replicas);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, cluster_facts& x) {
  return f(x.first, x.window, x.engine, x.protocol, x.machine);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, config_history& x) {
  std::vector<configuration> configurations;
  std::vector<former_member> former;
  if constexpr (!Inspector::writes_state) {
    for (const auto& [first_slot, config] : x.all())
      configurations.push_back(config);
    for (const auto& [id, member] : x.former_members())
      former.push_back(member);
  }
  const auto load = [&]() -> caf::error {
    if (!x.assign(std::move(configurations), std::move(former)))
      return caf::sec::invalid_argument;
    return caf::none;
  };
  return f(configurations, former, caf::meta::load_callback(load));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, membership& x) {
  return f(x.configurations, x.live_from, x.identity);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, life_history& x) {
  return f(x.first, x.nonces);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, known_peer& x) {
  return f(x.format_id, x.last.number, x.last.nonce, x.records, x.was_refused);
}

// --- Protocol -----------------------------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, p1a& x) {
  return f(caf::meta::type_name("p1a"), x.leader, x.version, x.ballot, x.from_slot, x.to_slot);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, p1b& x) {
  return f(caf::meta::type_name("p1b"), x.acceptor, x.version, x.asked, x.ballot, x.from_slot,
           x.next_slot, x.watermark, x.accepted);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, p2a& x) {
  return f(caf::meta::type_name("p2a"), x.leader, x.version, x.value);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, p2b& x) {
  return f(caf::meta::type_name("p2b"), x.acceptor, x.version, x.asked, x.ballot, x.slot,
           x.watermark);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, propose& x) {
  return f(caf::meta::type_name("propose"), x.replica, x.version, x.slot, x.value);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, decision& x) {
  return f(caf::meta::type_name("decision"), x.version, x.slot, x.value);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, collected& x) {
  return f(caf::meta::type_name("collected"), x.watermark);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, request& x) {
  return f(x.kind, x.session, x.sequence, x.acknowledged, x.op);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, response& x) {
  return f(x.session, x.sequence, x.status, x.body);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, query& x) {
  return f(x.number, x.op, x.max_reply);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, query_reply& x) {
  return f(x.number, x.status, x.slot, x.body);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, handoff& x) {
  return f(caf::meta::type_name("handoff"), x.replica, x.requests);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, better_replica& x) {
  return f(caf::meta::type_name("better_replica"), x.replica, x.better);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, read_probe& x) {
  return f(caf::meta::type_name("read_probe"), x.replica, x.round, x.version);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, read_probe_reply& x) {
  return f(caf::meta::type_name("read_probe_reply"), x.acceptor, x.round, x.version, x.highest);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, ping& x) {
  return f(caf::meta::type_name("ping"), x.from, x.number, x.state);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, pong& x) {
  return f(caf::meta::type_name("pong"), x.from, x.number, x.state);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, config_news& x) {
  return f(caf::meta::type_name("config_news"), x.from, x.configurations);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, catchup& x) {
  return f(caf::meta::type_name("catchup"), x.replica, x.from_slot);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, catchup_reply& x) {
  return f(caf::meta::type_name("catchup_reply"), x.replica, x.from_slot, x.snapshot_slot,
           x.decisions);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, snapshot_request& x) {
  return f(caf::meta::type_name("snapshot_request"), x.replica, x.slot, x.offset);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, snapshot_chunk& x) {
  return f(caf::meta::type_name("snapshot_chunk"), x.replica, x.slot, x.offset, x.total, x.bytes);
}

// --- Between nodes (node_messages.hpp) ----------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hosted_role& x) {
  return f(x.id, x.kind, x.format_id, x.handle, x.lives, x.records);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hello& x) {
  return f(caf::meta::type_name("hello"), x.cluster, x.address, x.incarnation, x.node, x.roles,
           x.known, x.rejoins, x.facts);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, welcome& x) {
  return f(caf::meta::type_name("welcome"), x.refusal, x.was_removed, x.cluster, x.address,
           x.incarnation, x.roles, x.known, x.facts);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, heartbeat& x) {
  return f(caf::meta::type_name("heartbeat"), x.incarnation, x.version, x.live_from, x.identity,
           x.wall_ms);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, members_news& x) {
  return f(caf::meta::type_name("members_news"), x.known);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_up& x) {
  return f(caf::meta::type_name("peer_up"), x.role, x.address);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_down& x) {
  return f(caf::meta::type_name("peer_down"), x.id, x.why);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, disk_refused& x) {
  return f(caf::meta::type_name("disk_refused"), x.by, x.known);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, client_requests& x) {
  return f(caf::meta::type_name("client_requests"), x.client, x.requests, x.queries);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, client_replies& x) {
  return f(caf::meta::type_name("client_replies"), x.replica, x.responses, x.query_replies);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, status_request& x) {
  return f(caf::meta::type_name("status_request"), x.with_fingerprint);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, role_status& x) {
  return f(caf::meta::type_name("role_status"), x.id, x.kind, x.state, x.format_id, x.is_fresh,
           x.disk_bytes, x.uncounted, x.proposes, x.pending_requests, x.sessions, x.fingerprint,
           x.configurations, x.fetched_bytes, x.known_disks, x.differing, x.machine);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, clock_status& x) {
  return f(x.agreed, x.agreed_ms, x.skew_ms, x.log_time_ms);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_status& x) {
  return f(caf::meta::type_name("process_status"), x.cluster, x.address, x.facts, x.known, x.roles,
           x.clock);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, export_open& x) {
  return f(caf::meta::type_name("export_open"), x.replica);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, export_ready& x) {
  return f(caf::meta::type_name("export_ready"), x.slot, x.reader);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, export_page& x) {
  return f(caf::meta::type_name("export_page"), x.op);
}

} // namespace pmmc

CAF_BEGIN_TYPE_ID_BLOCK(pmmc, caf::first_custom_type_id)

CAF_ADD_TYPE_ID(pmmc, (pmmc::p1a))
CAF_ADD_TYPE_ID(pmmc, (pmmc::p1b))
CAF_ADD_TYPE_ID(pmmc, (pmmc::p2a))
CAF_ADD_TYPE_ID(pmmc, (pmmc::p2b))
CAF_ADD_TYPE_ID(pmmc, (pmmc::propose))
CAF_ADD_TYPE_ID(pmmc, (pmmc::decision))
CAF_ADD_TYPE_ID(pmmc, (pmmc::collected))
CAF_ADD_TYPE_ID(pmmc, (pmmc::handoff))
CAF_ADD_TYPE_ID(pmmc, (pmmc::better_replica))
CAF_ADD_TYPE_ID(pmmc, (pmmc::read_probe))
CAF_ADD_TYPE_ID(pmmc, (pmmc::read_probe_reply))
CAF_ADD_TYPE_ID(pmmc, (pmmc::ping))
CAF_ADD_TYPE_ID(pmmc, (pmmc::pong))
CAF_ADD_TYPE_ID(pmmc, (pmmc::config_news))
CAF_ADD_TYPE_ID(pmmc, (pmmc::catchup))
CAF_ADD_TYPE_ID(pmmc, (pmmc::catchup_reply))
CAF_ADD_TYPE_ID(pmmc, (pmmc::snapshot_request))
CAF_ADD_TYPE_ID(pmmc, (pmmc::snapshot_chunk))
CAF_ADD_TYPE_ID(pmmc, (pmmc::hello))
CAF_ADD_TYPE_ID(pmmc, (pmmc::welcome))
CAF_ADD_TYPE_ID(pmmc, (pmmc::heartbeat))
CAF_ADD_TYPE_ID(pmmc, (pmmc::members_news))
CAF_ADD_TYPE_ID(pmmc, (pmmc::peer_up))
CAF_ADD_TYPE_ID(pmmc, (pmmc::peer_down))
CAF_ADD_TYPE_ID(pmmc, (pmmc::disk_refused))
CAF_ADD_TYPE_ID(pmmc, (pmmc::client_requests))
CAF_ADD_TYPE_ID(pmmc, (pmmc::client_replies))
CAF_ADD_TYPE_ID(pmmc, (pmmc::status_request))
CAF_ADD_TYPE_ID(pmmc, (pmmc::role_status))
CAF_ADD_TYPE_ID(pmmc, (pmmc::process_status))
CAF_ADD_TYPE_ID(pmmc, (pmmc::export_open))
CAF_ADD_TYPE_ID(pmmc, (pmmc::export_ready))
CAF_ADD_TYPE_ID(pmmc, (pmmc::export_page))

CAF_END_TYPE_ID_BLOCK(pmmc)

CAF_ADD_ATOM(pmmc, pmmc, tick_atom, "tick")
CAF_ADD_ATOM(pmmc, pmmc, flush_atom, "flush")
CAF_ADD_ATOM(pmmc, pmmc, more_reads_atom, "moreReads")
CAF_ADD_ATOM(pmmc, pmmc, stop_atom, "stop")
CAF_ADD_ATOM(pmmc, pmmc, admit_atom, "admit")
CAF_ADD_ATOM(pmmc, pmmc, dismiss_atom, "dismiss")
CAF_ADD_ATOM(pmmc, pmmc, door_atom, "door")
CAF_ADD_ATOM(pmmc, pmmc, save_atom, "save")
