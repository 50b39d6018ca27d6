// The names of servers, for engines whose processes are all alike: states that differ in these
// names only are one state.
#pragma once

#include "base/codec.hpp"
#include "base/types.hpp"
#include "search/role_names.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace pmmc::search {

/// Servers s1, s2, ….
constexpr unsigned most_servers = 5;

inline role_id id_of(unsigned number) { return id_of(role_kind::server, number); }

/// Sets of servers, and numbers: a bit for each.
using server_bits = std::uint32_t;

/// "{s1 s3}".
std::string text_of(server_bits servers);

/// Server i becomes server renaming[i].
using renaming = std::array<std::uint8_t, most_servers>;
constexpr renaming no_renaming{0, 1, 2, 3, 4};

/// At most so many (all of four servers).
constexpr unsigned most_server_renamings = 24;
using server_hashes = std::array<std::uint64_t, most_server_renamings>;

/// Those of the first `servers` servers that leave every one of `sets` what it is. The first one
/// changes nothing; without `symmetry` it is the only one.
std::vector<renaming> renamings_that_keep(const std::vector<server_bits>& sets, unsigned servers,
                                          bool symmetry);

/// Appends canonical bytes to a string, with the servers' names replaced by others. Not
/// thread-safe.
class name_writer {
public:
  name_writer(std::string& out, const renaming& names) : out_(out), names_(names) {}

  void put(std::uint64_t value) { put_varint(out_, value); }
  void put(const role_id& id) { put(id.empty() ? 0 : std::uint64_t{names_[number_of(id)]} + 1); }
  void put(const command& value) { put_bytes(out_, value.bytes()); }
  void put_server(unsigned number) { put(std::uint64_t{names_[number]}); }
  void put_set(server_bits servers);
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
  template <class Ids>
  void put_ids(const Ids& ids) {
    server_bits servers = 0;
    for (const auto& id : ids)
      servers |= server_bits{1} << number_of(id);
    put_set(servers);
  }

protected:
  std::string& out_;
  const renaming& names_;
};

} // namespace pmmc::search
