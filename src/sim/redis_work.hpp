// What simulated Redis clients ask for.
#pragma once

#include "base/random.hpp"
#include "sim/redis_history.hpp"
#include "sim/scenario.hpp"

#include <string>

namespace pmmc::sim {

class redis_work {
public:
  redis_work(const scenario& s, redis_history& seen, random_source& random)
      : options_(s), seen_(seen), random_(random) {}

  std::string key();
  redis_command read();
  /// Its call in the log is like no other one.
  redis_command marked_write();
  /// PMMC CLOCK SET: up to 200 s off the time at which the run begins. Not in transactions.
  redis_command set_clock();
  /// Any; to be found in the log by what it stands beside, or by the number of its request.
  redis_command write();

private:
  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  std::uint64_t unique() { return ++seen_.last_unique; }
  std::string text_key();
  std::string number_key();
  std::string value_for(const std::string& key, std::uint64_t number);
  redis_command set();
  redis_command expire();

  const scenario& options_;
  redis_history& seen_;
  random_source& random_;
};

/// As a client sends it; now and then as one line.
std::string encode_command(const std::vector<std::string>& words, bool as_line);

} // namespace pmmc::sim
