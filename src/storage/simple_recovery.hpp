// Reads the log of a server of engine `simple` with every check. Internal.
#pragma once

#include "consensus/simple/acceptor.hpp"
#include "storage/log_recovery.hpp"
#include "storage/simple_digest.hpp"

#include <filesystem>

namespace pmmc::storage {

struct loaded_simple_acceptor : loaded_log {
  simple::acceptor_state state;
  simple_digest digest;
};

/// Changes nothing and works beside a writer, though it may refuse what is being changed. Throws
/// storage_error if a record is damaged or missing, if the content does not add up to the digest
/// that was written with it, or if it falls short of `acknowledged`. A record at the end that was
/// torn, so never acknowledged, is dropped.
loaded_simple_acceptor load_simple_acceptor(disk& on, const std::filesystem::path& folder,
                                            const write_mark& acknowledged);

} // namespace pmmc::storage
