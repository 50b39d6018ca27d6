// What is sent of each message and of the values in it, field by field, in this order: the one
// place that says so. Each structured binding names every member, so that one that is added does
// not compile until somebody has decided here whether it is sent. A change is a new protocol
// version (actors/wire/protocol.hpp).
#pragma once

#include "membership/heartbeat.hpp"
#include "membership/introduction.hpp"
#include "membership/known_disks.hpp"
#include "wire/parcel.hpp"

#include <concepts>
#include <type_traits>

namespace pmmc::wire {

template <class M, class T>
concept is = std::same_as<std::remove_const_t<M>, T>;

// --- Values -------------------------------------------------------------------------------------

auto each_field(is<ballot_num> auto& x, auto&& f) {
  auto& [seqnum, leader] = x;
  return f(seqnum, leader);
}

auto each_field(is<pvalue> auto& x, auto&& f) {
  auto& [ballot, slot, value] = x;
  return f(ballot, slot, value);
}

auto each_field(is<slot_digest> auto& x, auto&& f) {
  auto& [slot, decisions, state] = x;
  return f(slot, decisions, state);
}

auto each_field(is<acceptor_vitals> auto& x, auto&& f) {
  auto& [ballot, leader_ping, accepted_end, watermark, records] = x;
  return f(ballot, leader_ping, accepted_end, watermark, records);
}

auto each_field(is<leader_vitals> auto& x, auto&& f) {
  auto& [ballot, active, decided_end, watermark, records] = x;
  return f(ballot, active, decided_end, watermark, records);
}

auto each_field(is<replica_vitals> auto& x, auto&& f) {
  auto& [active_ballot, slot_in, slot_out, snapshot_slot, watermark, digest] = x;
  return f(active_ballot, slot_in, slot_out, snapshot_slot, watermark, digest);
}

auto each_field(is<server_vitals> auto& x, auto&& f) {
  auto& [term, leader, is_leader, slot_in, slot_out, snapshot_slot, watermark, digest, records] = x;
  return f(term, leader, is_leader, slot_in, slot_out, snapshot_slot, watermark, digest, records);
}

auto each_field(is<member> auto& x, auto&& f) {
  auto& [id, address, disk] = x;
  return f(id, address, disk);
}

auto each_field(is<former_member> auto& x, auto&& f) {
  auto& [kind, id, address, disk, removed_in] = x;
  return f(kind, id, address, disk, removed_in);
}

auto each_field(is<configuration> auto& x, auto&& f) {
  auto& [version, first_slot, acceptors, leaders, replicas, servers] = x;
  return f(version, first_slot, acceptors, leaders, replicas, servers);
}

// --- Between processes --------------------------------------------------------------------------

auto each_field(is<membership> auto& x, auto&& f) {
  auto& [configurations, live_from, identity] = x;
  return f(configurations, live_from, identity);
}

auto each_field(is<cluster_facts> auto& x, auto&& f) {
  auto& [first, window, engine, protocol, machine] = x;
  return f(first, window, engine, protocol, machine);
}

auto each_field(is<life> auto& x, auto&& f) {
  auto& [number, nonce] = x;
  return f(number, nonce);
}

auto each_field(is<life_history> auto& x, auto&& f) {
  auto& [first, nonces] = x;
  return f(first, nonces);
}

auto each_field(is<introduced_role> auto& x, auto&& f) {
  auto& [id, kind, format_id, lives, records] = x;
  return f(id, kind, format_id, lives, records);
}

auto each_field(is<introduction> auto& x, auto&& f) {
  auto& [cluster, address, roles, identity, version, rejoins, facts, incarnation] = x;
  return f(cluster, address, roles, identity, version, rejoins, facts, incarnation);
}

auto each_field(is<introduction_reply> auto& x, auto&& f) {
  auto& [refusal, was_removed, cluster, roles, known, facts, address, incarnation] = x;
  return f(refusal, was_removed, cluster, roles, known, facts, address, incarnation);
}

auto each_field(is<heartbeat> auto& x, auto&& f) {
  auto& [incarnation, version, live_from, identity, wall_ms] = x;
  return f(incarnation, version, live_from, identity, wall_ms);
}

auto each_field(is<known_peer> auto& x, auto&& f) {
  auto& [format_id, last, records, was_refused] = x;
  return f(format_id, last, records, was_refused);
}

auto each_field(is<disk_refused> auto& x, auto&& f) {
  auto& [by, known] = x;
  return f(by, known);
}

// --- Phase 1 and 2 ------------------------------------------------------------------------------

auto each_field(is<p1a> auto& m, auto&& f) {
  auto& [leader, version, ballot, from_slot, to_slot] = m;
  return f(leader, version, ballot, from_slot, to_slot);
}

auto each_field(is<p1b> auto& m, auto&& f) {
  auto& [acceptor, version, asked, ballot, from_slot, next_slot, watermark, accepted] = m;
  return f(acceptor, version, asked, ballot, from_slot, next_slot, watermark, accepted);
}

auto each_field(is<p2a> auto& m, auto&& f) {
  auto& [leader, version, value] = m;
  return f(leader, version, value);
}

auto each_field(is<p2b> auto& m, auto&& f) {
  auto& [acceptor, version, asked, ballot, slot, watermark] = m;
  return f(acceptor, version, asked, ballot, slot, watermark);
}

// --- Replica and leader -------------------------------------------------------------------------

auto each_field(is<propose> auto& m, auto&& f) {
  auto& [replica, version, slot, value] = m;
  return f(replica, version, slot, value);
}

auto each_field(is<decision> auto& m, auto&& f) {
  auto& [version, slot, value] = m;
  return f(version, slot, value);
}

auto each_field(is<collected> auto& m, auto&& f) {
  auto& [watermark] = m;
  return f(watermark);
}

// --- Clients ------------------------------------------------------------------------------------

auto each_field(is<request> auto& m, auto&& f) {
  auto& [kind, session, sequence, acknowledged, op, arrived] = m;
  static_cast<void>(arrived);
  return f(kind, session, sequence, acknowledged, op);
}

auto each_field(is<response> auto& m, auto&& f) {
  auto& [session, sequence, status, body, arrived] = m;
  static_cast<void>(arrived);
  return f(session, sequence, status, body);
}

auto each_field(is<query> auto& m, auto&& f) {
  auto& [number, op, arrived, max_reply] = m;
  static_cast<void>(arrived);
  return f(number, op, max_reply);
}

auto each_field(is<query_reply> auto& m, auto&& f) {
  auto& [number, status, slot, body, arrived] = m;
  static_cast<void>(arrived);
  return f(number, status, slot, body);
}

auto each_field(is<handoff> auto& m, auto&& f) {
  auto& [replica, requests] = m;
  return f(replica, requests);
}

auto each_field(is<better_replica> auto& m, auto&& f) {
  auto& [replica, better] = m;
  return f(replica, better);
}

auto each_field(is<client_requests> auto& m, auto&& f) {
  auto& [client, requests, queries] = m;
  return f(client, requests, queries);
}

auto each_field(is<client_replies> auto& m, auto&& f) {
  auto& [replica, responses, query_replies] = m;
  return f(replica, responses, query_replies);
}

// --- Reads --------------------------------------------------------------------------------------

auto each_field(is<read_probe> auto& m, auto&& f) {
  auto& [replica, round, version] = m;
  return f(replica, round, version);
}

auto each_field(is<read_probe_reply> auto& m, auto&& f) {
  auto& [acceptor, round, version, highest] = m;
  return f(acceptor, round, version, highest);
}

// --- Failure detection and gossip ---------------------------------------------------------------

auto each_field(is<ping> auto& m, auto&& f) {
  auto& [from, number, state] = m;
  return f(from, number, state);
}

auto each_field(is<pong> auto& m, auto&& f) {
  auto& [from, number, state] = m;
  return f(from, number, state);
}

// --- Catching up --------------------------------------------------------------------------------

auto each_field(is<catchup> auto& m, auto&& f) {
  auto& [replica, from_slot] = m;
  return f(replica, from_slot);
}

auto each_field(is<catchup_reply> auto& m, auto&& f) {
  auto& [replica, from_slot, snapshot_slot, decisions] = m;
  return f(replica, from_slot, snapshot_slot, decisions);
}

auto each_field(is<snapshot_request> auto& m, auto&& f) {
  auto& [replica, slot, offset] = m;
  return f(replica, slot, offset);
}

auto each_field(is<snapshot_chunk> auto& m, auto&& f) {
  auto& [replica, slot, offset, total, bytes] = m;
  return f(replica, slot, offset, total, bytes);
}

// --- Raft ----------------------------------------------------------------------------------------

auto each_field(is<raft::position> auto& x, auto&& f) {
  auto& [index, term] = x;
  return f(index, term);
}

auto each_field(is<raft::server_set> auto& x, auto&& f) {
  auto& [version, servers, outgoing] = x;
  return f(version, servers, outgoing);
}

auto each_field(is<raft::entry> auto& x, auto&& f) {
  auto& [term, value, members] = x;
  return f(term, value, members);
}

auto each_field(is<raft::request_vote> auto& m, auto&& f) {
  auto& [candidate, term, last, is_pre_vote, is_transfer] = m;
  return f(candidate, term, last, is_pre_vote, is_transfer);
}

auto each_field(is<raft::vote> auto& m, auto&& f) {
  auto& [voter, term, is_granted, is_pre_vote] = m;
  return f(voter, term, is_granted, is_pre_vote);
}

auto each_field(is<raft::append_entries> auto& m, auto&& f) {
  auto& [leader, term, previous, entries, commit, round] = m;
  return f(leader, term, previous, entries, commit, round);
}

auto each_field(is<raft::append_reply> auto& m, auto&& f) {
  auto& [from, term, is_match, last, conflict, round] = m;
  return f(from, term, is_match, last, conflict, round);
}

auto each_field(is<raft::snapshot_offer> auto& m, auto&& f) {
  auto& [leader, term, base, round] = m;
  return f(leader, term, base, round);
}

auto each_field(is<raft::timeout_now> auto& m, auto&& f) {
  auto& [leader, term] = m;
  return f(leader, term);
}

auto each_field(is<raft::read_index> auto& m, auto&& f) {
  auto& [from, number] = m;
  return f(from, number);
}

auto each_field(is<raft::read_index_reply> auto& m, auto&& f) {
  auto& [leader, number, index] = m;
  return f(leader, number, index);
}

// --- Simple --------------------------------------------------------------------------------------

auto each_field(is<simple::proposal_number> auto& x, auto&& f) {
  auto& [value] = x;
  return f(value);
}

auto each_field(is<simple::proposal> auto& x, auto&& f) {
  auto& [number, value] = x;
  return f(number, value);
}

auto each_field(is<simple::prepare> auto& m, auto&& f) {
  auto& [proposer, slot, number] = m;
  return f(proposer, slot, number);
}

auto each_field(is<simple::promise> auto& m, auto&& f) {
  auto& [acceptor, slot, number, highest] = m;
  return f(acceptor, slot, number, highest);
}

auto each_field(is<simple::accept> auto& m, auto&& f) {
  auto& [proposer, slot, what] = m;
  return f(proposer, slot, what);
}

auto each_field(is<simple::accepted> auto& m, auto&& f) {
  auto& [acceptor, slot, number] = m;
  return f(acceptor, slot, number);
}

auto each_field(is<simple::reject> auto& m, auto&& f) {
  auto& [acceptor, slot, asked, promised] = m;
  return f(acceptor, slot, asked, promised);
}

auto each_field(is<simple::chosen> auto& m, auto&& f) {
  auto& [slot, value] = m;
  return f(slot, value);
}

auto each_field(is<simple::learn_request> auto& m, auto&& f) {
  auto& [learner, from_slot] = m;
  return f(learner, from_slot);
}

auto each_field(is<simple::learn_reply> auto& m, auto&& f) {
  auto& [server, from_slot, slot_out, values] = m;
  return f(server, from_slot, slot_out, values);
}

auto each_field(is<simple::announce> auto& m, auto&& f) {
  auto& [server, done, slot_out, end] = m;
  return f(server, done, slot_out, end);
}

auto each_field(is<simple::collected> auto& m, auto&& f) {
  auto& [server, slot, snapshot_slot] = m;
  return f(server, slot, snapshot_slot);
}

auto each_field(is<simple::read_probe> auto& m, auto&& f) {
  auto& [server, round] = m;
  return f(server, round);
}

auto each_field(is<simple::read_probe_reply> auto& m, auto&& f) {
  auto& [acceptor, round, highest] = m;
  return f(acceptor, round, highest);
}

// --- What has fields -----------------------------------------------------------------------------

template <class T>
concept has_fields = requires(T& x) {
  each_field(x, [](auto&...) {});
};

} // namespace pmmc::wire
