// Canonical bytes of the values of engine `simple`, with the servers' names replaced by others.
#pragma once

#include "consensus/simple/acceptor.hpp"
#include "search/server_names.hpp"

#include <optional>

namespace pmmc::simple::search {

using pmmc::search::id_of;
using pmmc::search::no_renaming;
using pmmc::search::number_of;
using pmmc::search::server_bits;

/// Appends to a string. Not thread-safe. Numbers keep their owners: only servers that take none
/// have other names.
class byte_writer : public pmmc::search::name_writer {
public:
  using name_writer::name_writer;
  using name_writer::put;

  void put(proposal_number number) { put(number.value); }
  void put(const proposal& p);
  void put(const acceptor_state& state);
  void put(const envelope& e);
  template <class Value>
  void put(const std::optional<Value>& value) {
    put(std::uint64_t{value.has_value()});
    if (value)
      put(*value);
  }
};

} // namespace pmmc::simple::search
