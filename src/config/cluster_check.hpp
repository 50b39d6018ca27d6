// What may be wrong with a cluster file.
#pragma once

#include "config/ini.hpp"

namespace pmmc::config {

/// Adds every mistake in `file` to `errors`, and what is allowed, but doubtful if it
/// founds a cluster, to `warnings`.
/// Without errors (from here or from scan_ini), the file can be read as it stands.
void check_cluster(const ini_file& file, findings& errors, findings& warnings);

} // namespace pmmc::config
