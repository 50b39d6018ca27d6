// What is sent of each message and of the values in it, field by field, in this order: the one
// place that says so. Each structured binding names every member, so that one that is added does
// not compile until somebody has decided here whether it is sent. A change is a new protocol
// version (actors/wire/protocol.hpp).
#pragma once

#include "membership/membership.hpp"
#include "wire/parcel.hpp"

#include <array>
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

auto each_field(is<member> auto& x, auto&& f) {
  auto& [id, address, disk] = x;
  return f(id, address, disk);
}

auto each_field(is<former_member> auto& x, auto&& f) {
  auto& [kind, id, address, disk, removed_in] = x;
  return f(kind, id, address, disk, removed_in);
}

auto each_field(is<configuration> auto& x, auto&& f) {
  auto& [version, first_slot, acceptors, leaders, replicas] = x;
  return f(version, first_slot, acceptors, leaders, replicas);
}

/// What nodes tell each other.
auto each_field(is<membership> auto& x, auto&& f) {
  auto& [configurations, live_from, identity] = x;
  return f(configurations, live_from, identity);
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

// --- What is what -------------------------------------------------------------------------------

template <class T>
concept has_fields = requires(T& x) {
  each_field(x, [](auto&...) {});
};

template <class M, class Variant>
inline constexpr std::size_t place_in = 0;
template <class M, class... Rest>
inline constexpr std::size_t place_in<M, std::variant<M, Rest...>> = 1;
template <class M, class First, class... Rest>
inline constexpr std::size_t place_in<M, std::variant<First, Rest...>> =
    place_in<M, std::variant<Rest...>> == 0 ? 0 : 1 + place_in<M, std::variant<Rest...>>;

inline constexpr std::size_t message_kinds = std::variant_size_v<message>;

/// The number that a message of this type begins with: messages by their place in `message`, from 1
/// on, then the two groups. 0: it is none.
template <class M>
inline constexpr std::uint8_t kind_of = place_in<M, message>;
template <>
inline constexpr std::uint8_t kind_of<client_requests> = message_kinds + 1;
template <>
inline constexpr std::uint8_t kind_of<client_replies> = message_kinds + 2;

template <class T>
inline constexpr bool is_client_word = std::same_as<T, request> || std::same_as<T, query> ||
                                       std::same_as<T, response> || std::same_as<T, query_reply>;

/// Whether there are such messages, and they travel by themselves: words of and for clients come in
/// groups.
constexpr bool travels(std::uint8_t kind) {
  return kind >= 1 && kind <= kind_of<client_replies> && kind != kind_of<request> &&
         kind != kind_of<query> && kind != kind_of<response> && kind != kind_of<query_reply>;
}

/// A type that travels by itself or in a group.
template <class M>
concept is_message = (kind_of<std::remove_const_t<M>> != 0);

/// By kind, for people.
inline constexpr std::array kind_names{"p1a",
                                       "p1b",
                                       "p2a",
                                       "p2b",
                                       "propose",
                                       "decision",
                                       "collected",
                                       "request",
                                       "response",
                                       "query",
                                       "query_reply",
                                       "handoff",
                                       "better_replica",
                                       "read_probe",
                                       "read_probe_reply",
                                       "ping",
                                       "pong",
                                       "catchup",
                                       "catchup_reply",
                                       "snapshot_request",
                                       "snapshot_chunk",
                                       "client_requests",
                                       "client_replies"};
static_assert(kind_names.size() == kind_of<client_replies>);

template <is_message M>
inline constexpr const char* name_of = kind_names[kind_of<std::remove_const_t<M>> - 1];

} // namespace pmmc::wire
