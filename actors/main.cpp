#include "cli/cli.hpp"
#include "kv/kv_store.hpp"

int main(int argc, char** argv) {
  pmmc::run(argc, argv, [] { return std::make_unique<pmmc::kv::kv_store>(); });
}
