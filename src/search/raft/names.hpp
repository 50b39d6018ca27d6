// Canonical bytes of Raft's values, with the servers' names replaced by others: states that differ
// in these names only are one state.
#pragma once

#include "consensus/raft/messages.hpp"
#include "consensus/raft/persistent_state.hpp"
#include "search/server_names.hpp"

#include <string>
#include <vector>

namespace pmmc::raft::search {

using pmmc::search::id_of;
using pmmc::search::most_servers;
using pmmc::search::no_renaming;
using pmmc::search::number_of;
using pmmc::search::renaming;
using pmmc::search::server_bits;

/// Appends to a string. Not thread-safe.
class byte_writer : public pmmc::search::name_writer {
public:
  using name_writer::name_writer;
  using name_writer::put;

  void put(const position& p);
  void put(const server_set& set);
  void put(const entry& e);
  void put(const raft::log& log);
  void put(const persistent_state& state);
  void put(const record& r);
  void put(const envelope& e);
  /// As a set.
  void put_sorted(const std::vector<envelope>& messages);
};

server_bits bits_of(const std::vector<member>& members);

} // namespace pmmc::raft::search
