// Canonical bytes of Raft's values, with the servers' names replaced by others: states that differ
// in these names only are one state.
#pragma once

#include "consensus/raft/messages.hpp"
#include "consensus/raft/persistent_state.hpp"
#include "search/raft/scope.hpp"

#include <array>
#include <string>

namespace pmmc::raft::search {

/// s1 is 0. Precondition: a server's name.
inline unsigned number_of(const role_id& id) {
  return static_cast<unsigned>(id.view().back() - '1');
}
inline role_id id_of(unsigned number) { return "s" + std::to_string(number + 1); }

/// Server i becomes server renaming[i].
using renaming = std::array<std::uint8_t, most_servers>;
constexpr renaming no_renaming{0, 1, 2, 3, 4};

/// Sets of servers, and numbers: a bit for each.
using server_bits = std::uint32_t;

/// Appends to a string. Not thread-safe.
class byte_writer {
public:
  byte_writer(std::string& out, const renaming& names) : out_(out), names_(names) {}

  void put(std::uint64_t value);
  void put(const role_id& id);
  void put(const position& p);
  void put(const server_set& set);
  void put(const entry& e);
  void put(const raft::log& log);
  void put(const persistent_state& state);
  void put(const record& r);
  void put(const envelope& e);
  /// As a set.
  void put_sorted(const std::vector<envelope>& messages);
  void put_server(unsigned number) { put(std::uint64_t{names_[number]}); }
  /// The order in which `ids` are written: that of their new names.
  template <class Map>
  void put_by_server(const Map& by_server, const auto& put_value) {
    put(by_server.size());
    for (unsigned wanted = 0; wanted < most_servers; ++wanted)
      for (const auto& [id, value] : by_server)
        if (names_[number_of(id)] == wanted) {
          put(id);
          put_value(value);
        }
  }
  void put_set(server_bits servers);

private:
  std::string& out_;
  const renaming& names_;
};

server_bits bits_of(const std::vector<member>& members);

} // namespace pmmc::raft::search
