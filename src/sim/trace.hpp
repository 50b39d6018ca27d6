// The fingerprint of a run, and, for people, the story of it.
#pragma once

#include "consensus/messages.hpp"
#include "sim/scenario.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pmmc::sim {

/// Mixes everything that happens into one number: the same seed must give the same one on every
/// run, machine and compiler.
class trace {
public:
  void mix(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15ULL;
    hash_ ^= hash_ >> 29;
  }
  void mix(std::string_view bytes);
  std::uint64_t hash() const { return hash_; }

  /// Gets a line for everything worth telling; whoever tells asks is_told() first, since the text
  /// costs more than the event.
  std::function<void(sim_time, const std::string&)> tell;
  bool is_told() const { return static_cast<bool>(tell); }
  bool tells_messages = false;

private:
  std::uint64_t hash_ = 0x243F6A8885A308D3ULL;
};

/// "p2a 3.l1 slot 7", for people.
std::string describe(const message& m);

} // namespace pmmc::sim
