// What arrives of what is sent: bytes of the shipped codec, read again (M1).
#pragma once

#include "sim/checkers/violation.hpp"
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

/// Of what is on its way for no time.
template <class M>
M carried(const M& said, std::string_view what) {
  std::string bytes;
  wire::encode(bytes, said);
  M arrived;
  read_arrived(bytes, what, arrived);
  return arrived;
}

} // namespace pmmc::sim
