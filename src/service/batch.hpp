// What replicas put into a slot's command: a batch of requests (docs/ARCHITECTURE.md, "The life of
// a write").
#pragma once

#include "consensus/messages.hpp"
#include "membership/cluster_facts.hpp"

#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace pmmc {

/// A request as it stands in a batch; `op` points into the command's bytes.
struct batch_entry {
  request_kind kind = request_kind::operation;
  session_id session = 0;
  std::uint64_t sequence = 0;
  std::uint64_t acknowledged = 0;
  std::string_view op;
};

/// Whether `kind`, which may come from anywhere, is one of request_kind. A batch with another one
/// is no batch, so whoever lets it in spoils the requests beside it.
bool is_request_kind(std::uint64_t kind);

/// Whether a client may ask for it.
bool is_client_kind(std::uint64_t kind);

/// "This cluster is `identity`, if it has none yet; its members agree on `facts`; and these are the
/// disks of acceptors and leaders whose disks the log does not name."
struct found_claim {
  cluster_identity identity = 0;
  cluster_facts facts;
  std::map<role_id, std::string> disks; ///< format_ids
};
request found_request(const found_claim& claim);
/// Nothing if the bytes are no claim. Disks of more than max_address_bytes are left out.
std::optional<found_claim> decode_found(std::string_view op);

/// Bytes that `r` takes in a batch, at the most.
std::size_t batch_bytes(const request& r);

/// The command that carries `requests` in their order, each copied once. No requests make the
/// no-op.
command encode_batch(std::span<const request* const> requests);
/// The same for requests that lie behind each other.
command encode_batch(std::span<const request> requests);

/// The requests of a command, or nothing if its bytes are not a batch. The entries point into `c`.
std::optional<std::vector<batch_entry>> decode_batch(const command& c);

} // namespace pmmc
