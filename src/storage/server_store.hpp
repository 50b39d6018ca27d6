// The memory of a server on disk, whichever its engine is (raft_store.hpp, simple_store.hpp), and
// the replicated log that goes on from it.
#pragma once

#include "consensus/raft/engine.hpp"
#include "consensus/replicated_log.hpp"
#include "consensus/simple/engine.hpp"
#include "service/replicated_state.hpp"
#include "storage/raft_store.hpp"
#include "storage/simple_store.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

namespace pmmc::storage {

/// Not thread-safe: one thread at a time.
class server_store {
public:
  /// Recovers it, as the engine's store does. Throws storage_error. `directory`: of a server, open
  /// for writing; it must outlive this object.
  explicit server_store(const data_directory& directory, const segment_sizes& sizes = {});

  using memory = std::variant<raft::persistent_state, simple::acceptor_state>;
  /// What was recovered, for the engine. Call once; it is moved out.
  memory take_recovered();

  struct log_settings {
    role_id id;             ///< of the server
    std::uint64_t seed = 0; ///< another one in each life
    /// But for the id, the seed and the servers, which are set.
    raft::engine::settings raft = {};
    simple::server_core::settings simple = {};
  };
  /// The engine, as it was. `state` is restored from the newest snapshot, or that before slot 1.
  std::unique_ptr<replicated_log> open_log(log_settings options, memory recovered,
                                           const replicated_state& state) const;

  /// Makes all of them durable with one sync, all or none. They come in the order in which the
  /// engine put them out. If it throws storage_error, every later call throws too: stop the
  /// process.
  void write(std::span<const pmmc::log_record> records);

  /// Writes since the directory was formatted, all durable.
  std::uint64_t writes() const;

private:
  using files = std::variant<raft_store, simple_store>;
  static files open(const data_directory& directory, const segment_sizes& sizes);

  std::vector<member> first_; ///< servers
  files files_;
};

} // namespace pmmc::storage
