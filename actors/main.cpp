#include "cli/cli.hpp"
#include "kv/kv_store.hpp"

/// jemalloc would give blocks of 8 MiB and more back to the system at once: with answers of that
/// size, most of the time would be spent on getting their pages again.
extern "C" const char* malloc_conf;
const char* malloc_conf = "oversize_threshold:0";

int main(int argc, char** argv) {
  pmmc::run(argc, argv, [] { return std::make_unique<pmmc::kv::kv_store>(); });
}
