// The only place that knows both CAF and the messages. Those of the protocol are carried as the
// bytes of wire/message_codec.hpp, as one type. Those of the plumbing are each a type of its own,
// whose look is said here: they are few, hold handles of actors, and some are asked for and
// answered. What else is in them is the codec's bytes, too, where it has the fields. A change here
// is a new protocol version (protocol.hpp).
#pragma once

#include "consensus/messages.hpp"
#include "node/node_messages.hpp"
#include "wire/message_codec.hpp"

#include <caf/all.hpp>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pmmc {

// --- Protocol -----------------------------------------------------------------------------------

/// What one role says to another, or to a client: all of the protocol travels as this one type, and
/// its first byte says what it is. CAF writes and reads a type's name with each message; this one
/// fits, with what CAF puts before it, into a string that does not allocate.
struct mail {
  wire::parcel what;
};

/// It is the last in its message: nothing tells its end.
caf::error write(caf::serializer& sink, const mail& m);
caf::error read(caf::deserializer& source, mail& m);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, mail& m) {
  if constexpr (std::derived_from<Inspector, caf::deserializer>)
    return read(f, m);
  else if constexpr (std::derived_from<Inspector, caf::serializer>)
    return write(f, m);
  else // for people
    return wire::open(m.what, [&](auto& what) { return f(what); });
}

// What plumbing carries of the protocol, as the codec writes it.

/// Takes a string of bytes off `source` without copying it. CAF has no other deserializer than this
/// one where there is a network.
caf::error take_bytes(caf::deserializer& source, std::string_view& bytes);

/// What the codec writes to, so that nothing is copied twice.
struct serializer_bytes {
  caf::serializer& to;
  caf::error error = {};

  void append(const char* bytes, std::size_t size) {
    if (!error)
      error = to.apply_raw(size, const_cast<char*>(bytes)); // which reads them only
  }
};

template <class M>
caf::error inspect_bytes(caf::deserializer& f, M& m) {
  std::string_view bytes;
  if (auto error = take_bytes(f, bytes))
    return error;
  return wire::decode(bytes, m).empty() ? caf::error{} : caf::error{caf::sec::invalid_argument};
}

template <class M>
caf::error inspect_bytes(caf::serializer& f, M& m) {
  serializer_bytes out{f};
  auto size = wire::encoded_size(m);
  if (auto error = f.begin_sequence(size))
    return error;
  wire::encode(out, m);
  return std::move(out.error);
}

/// Else it shows values to people.
template <class Inspector>
concept moves_bytes = std::derived_from<Inspector, caf::deserializer> ||
    std::derived_from<Inspector, caf::serializer>;

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, vitals& x) {
  if constexpr (moves_bytes<Inspector>)
    return inspect_bytes(f, x);
  else
    return std::visit([&](auto& of_kind) { return f(of_kind); }, x);
}

/// For people.
inline std::string to_string(const config_history& x) {
  return caf::deep_to_string(x.all(), x.former_members());
}

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

/// For people.
inline std::string to_string(const shared_bytes& x) {
  return caf::deep_to_string(std::string{std::string_view{x}});
}
inline std::string to_string(const command& x) {
  return caf::deep_to_string(std::string{x.bytes()});
}

/// Where a network is, as the codec writes it; for people, the fields behind a name.
template <class Inspector, wire::has_fields T, class... Name>
typename Inspector::result_type inspect_fields(Inspector& f, T& x, const Name&... name) {
  if constexpr (moves_bytes<Inspector>)
    return inspect_bytes(f, x);
  else
    return wire::each_field(x, [&](auto&... fields) { return f(name..., fields...); });
}

template <class Inspector, wire::has_fields T>
typename Inspector::result_type inspect(Inspector& f, T& x) {
  if constexpr (wire::is_message<T>)
    return inspect_fields(f, x, caf::meta::type_name(wire::name_of<T>));
  else
    return inspect_fields(f, x);
}

// CAF looks for these where a type is.

namespace raft {

using pmmc::inspect;

/// For people.
inline std::string to_string(const std::shared_ptr<const server_set>& x) {
  return x == nullptr ? "none" : caf::deep_to_string(*x);
}

} // namespace raft

namespace simple {

using pmmc::inspect;

/// For people.
/// Exactly this: a proposal would become one by itself.
template <class Optional>
requires std::same_as<Optional, std::optional<proposal>> std::string to_string(const Optional& x) {
  return x ? caf::deep_to_string(*x) : "none";
}

} // namespace simple

// --- Between nodes (node_messages.hpp) ----------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hosted_role& x) {
  return f(x.id, x.kind, x.format_id, x.handle, x.lives, x.records);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hello& x) {
  return f(caf::meta::type_name("hello"), x.said, x.node, x.handles);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, welcome& x) {
  return f(caf::meta::type_name("welcome"), x.said, x.handles);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, heartbeat& x) {
  return inspect_fields(f, x, caf::meta::type_name("heartbeat"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, members_news& x) {
  return f(caf::meta::type_name("members_news"), x.known);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_up& x) {
  return f(caf::meta::type_name("peer_up"), x.role, x.address, x.is_own, x.is_guest);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_down& x) {
  return f(caf::meta::type_name("peer_down"), x.id, x.why);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, disk_refused& x) {
  return inspect_fields(f, x, caf::meta::type_name("disk_refused"));
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

CAF_ADD_TYPE_ID(pmmc, (pmmc::mail))
CAF_ADD_TYPE_ID(pmmc, (pmmc::hello))
CAF_ADD_TYPE_ID(pmmc, (pmmc::welcome))
CAF_ADD_TYPE_ID(pmmc, (pmmc::heartbeat))
CAF_ADD_TYPE_ID(pmmc, (pmmc::members_news))
CAF_ADD_TYPE_ID(pmmc, (pmmc::peer_up))
CAF_ADD_TYPE_ID(pmmc, (pmmc::peer_down))
CAF_ADD_TYPE_ID(pmmc, (pmmc::disk_refused))
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
