// How far a voter has come: docs/STORAGE.md, log/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::storage {

/// The number of its writes, and the digest of its state after the last of them
/// (acceptor_digest.hpp, raft_digest.hpp, simple_digest.hpp). Part of every record, so the log can
/// be checked against itself.
struct write_mark {
  std::uint64_t writes = 0;
  std::uint64_t digest = 0;

  friend bool operator==(const write_mark&, const write_mark&) = default;
};

std::string encode(const write_mark& mark);
std::optional<write_mark> parse_mark(std::string_view bytes);

} // namespace pmmc::storage
