#include "sim/trace.hpp"

namespace pmmc::sim {

namespace {

/// The first byte is the lowest, on any machine.
template <std::size_t Bytes>
std::uint64_t number_of_first(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < Bytes; ++i)
    number |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << 8 * i;
  return number;
}

} // namespace

void trace::mix(std::string_view bytes) {
  mix(bytes.size());
  while (bytes.size() >= 8) {
    mix(number_of_first<8>(bytes));
    bytes.remove_prefix(8);
  }
  for (; !bytes.empty(); bytes.remove_prefix(1))
    mix(number_of_first<1>(bytes));
}

} // namespace pmmc::sim
