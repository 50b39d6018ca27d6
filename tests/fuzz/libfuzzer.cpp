// libFuzzer's entry points. PMMC_FUZZ_TARGET names the target; with PMMC_FUZZ_SEEDS=DIR its seeds
// are written there, and nothing is run. scripts/fuzz does both.
#include "target.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace {

const pmmc::fuzz::target* chosen = nullptr;

void write_seeds(const std::string& directory) {
  std::size_t number = 0;
  for (const auto& seed : chosen->seeds())
    std::ofstream{directory + "/seed-" + std::to_string(++number), std::ios::binary} << seed;
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("PMMC_FUZZ_TARGET");
  chosen = pmmc::fuzz::find_target(name ? name : "");
  if (!chosen) {
    for (const auto* t : pmmc::fuzz::all_targets())
      std::printf("%.*s\n", static_cast<int>(t->name.size()), t->name.data());
    std::exit(2);
  }
  if (const char* directory = std::getenv("PMMC_FUZZ_SEEDS")) {
    write_seeds(directory);
    std::exit(0);
  }
  std::atexit(pmmc::fuzz::remove_scratch_directory);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  chosen->try_bytes({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
