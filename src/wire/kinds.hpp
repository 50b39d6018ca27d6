// Which number each message begins with, and its name. A change is a new protocol version
// (actors/wire/protocol.hpp).
#pragma once

#include "wire/parcel.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <variant>

namespace pmmc::wire {

template <class M, class Variant>
inline constexpr std::size_t place_in = 0;
template <class M, class... Rest>
inline constexpr std::size_t place_in<M, std::variant<M, Rest...>> = 1;
template <class M, class First, class... Rest>
inline constexpr std::size_t place_in<M, std::variant<First, Rest...>> =
    place_in<M, std::variant<Rest...>> == 0 ? 0 : 1 + place_in<M, std::variant<Rest...>>;

inline constexpr std::size_t message_kinds = std::variant_size_v<message>;
inline constexpr std::size_t group_kinds = 2;
/// Kinds of messages that stand before those of the groups: PMMC's and the service's.
inline constexpr std::size_t kinds_before_groups = place_in<snapshot_chunk, message>;
inline constexpr std::uint8_t last_kind = message_kinds + group_kinds;

/// The number that a message of this type begins with: messages by their place in `message`, from 1
/// on, with the two groups between the service's and those of the other engines. 0: it is none.
template <class M>
inline constexpr std::uint8_t
    kind_of = place_in<M, message> + (place_in<M, message> > kinds_before_groups ? group_kinds : 0);
template <>
inline constexpr std::uint8_t kind_of<client_requests> = kinds_before_groups + 1;
template <>
inline constexpr std::uint8_t kind_of<client_replies> = kinds_before_groups + 2;

template <class T>
inline constexpr bool is_client_word = std::same_as<T, request> || std::same_as<T, query> ||
                                       std::same_as<T, response> || std::same_as<T, query_reply>;

/// Whether there are such messages, and they travel by themselves: words of and for clients come in
/// groups.
constexpr bool travels(std::uint8_t kind) {
  return kind >= 1 && kind <= last_kind && kind != kind_of<request> && kind != kind_of<query> &&
         kind != kind_of<response> && kind != kind_of<query_reply>;
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
                                       "client_replies",
                                       "raft::request_vote",
                                       "raft::vote",
                                       "raft::append_entries",
                                       "raft::append_reply",
                                       "raft::snapshot_offer",
                                       "raft::timeout_now",
                                       "raft::read_index",
                                       "raft::read_index_reply",
                                       "simple::prepare",
                                       "simple::promise",
                                       "simple::accept",
                                       "simple::accepted",
                                       "simple::reject",
                                       "simple::chosen",
                                       "simple::learn_request",
                                       "simple::learn_reply",
                                       "simple::announce",
                                       "simple::collected",
                                       "simple::read_probe",
                                       "simple::read_probe_reply"};
static_assert(kind_names.size() == last_kind);

template <is_message M>
inline constexpr const char* name_of = kind_names[kind_of<std::remove_const_t<M>> - 1];

} // namespace pmmc::wire
