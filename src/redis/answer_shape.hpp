// Whether an answer of the store is one to a bundle.
#pragma once

#include "base/codec.hpp"
#include "redis/bundle.hpp"

namespace pmmc::redis {

/// Whether `in` has a reply to each call of the bundle, and nothing else. What was recorded under a
/// number of a PMMC session may belong to another request.
bool has_replies_to(const bundle& b, pmmc::byte_reader in);

} // namespace pmmc::redis
