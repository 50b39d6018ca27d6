// What arrives of what is sent: bytes of the shipped codec, which the receiver's door lets in (M2),
// read again (M1).
#pragma once

#include "sim/checkers/violation.hpp"
#include "sim/doors.hpp"
#include "wire/message_codec.hpp"

#include <string>
#include <string_view>

namespace pmmc::sim {

template <class M>
void read_arrived(std::string_view bytes, std::string_view what, M& into) {
  const auto why = wire::decode(bytes, into);
  demand(why.empty(),
         [&] { return "M1: " + std::string{what} + " cannot be read: " + std::string{why}; });
}

/// What processes tell each other, which is on its way for no time. `type`: its name for CAF.
template <class M>
M carried(doors& ports, door::speaker who, std::string_view type, const M& said) {
  std::string bytes;
  wire::encode(bytes, said);
  const auto why = ports.why_said_refused(who, type, bytes);
  demand(why.empty(), [&] { return "M2: the door refuses a " + std::string{type} + ": " + why; });
  M arrived;
  read_arrived(bytes, type, arrived);
  return arrived;
}

} // namespace pmmc::sim
