// The disk of this machine.
#pragma once

#include "storage/disk.hpp"

namespace pmmc::storage {

/// Thread-safe; its files are for one thread at a time.
disk& real_disk();

} // namespace pmmc::storage
