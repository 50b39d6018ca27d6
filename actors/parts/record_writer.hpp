// The server's helper that makes durable what its engine decides: beside the server, not in it, so
// that messages are handled while the disk works.
#pragma once

#include "parts/shell.hpp"
#include "storage/server_store.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace pmmc {

/// Server → writer: make this durable, with one sync. Answered with records_written.
struct write_records {
  std::shared_ptr<const std::vector<log_record>> records;
};
struct records_written {
  std::uint64_t writes = 0; ///< of the store, since it was formatted
  double seconds = 0;       ///< that it took
};

/// Spawn it detached: it blocks in fdatasync. A disk that fails ends the process. `store` is the
/// writer's from now on.
caf::behavior record_writer(caf::event_based_actor* self, role_id server,
                            std::shared_ptr<storage::server_store> store);

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::write_records)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::records_written)
