// The whole program for a state machine of one's own: `pmmc_bank up`, `pmmc_bank apply "deposit al
// 10"`, `pmmc_bank query "inquire al"`, and everything that operates a cluster.
#include "bank.hpp"
#include "cli/cli.hpp"

int main(int argc, char** argv) {
  pmmc::run(argc, argv, [] { return std::make_unique<bank>(); });
}
