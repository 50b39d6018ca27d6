#include "storage/checksum.hpp"

#include <new>

#include <xxhash.h>

namespace pmmc::storage {

struct running_checksum::state {
  XXH3_state_t* xxh = XXH3_createState(); // aligned as XXH3 wants it
  ~state() { XXH3_freeState(xxh); }
};

std::uint64_t checksum(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t checksum(byte_pieces pieces, std::uint64_t seed) {
  if (pieces.size() == 1)
    return checksum(pieces.front(), seed);
  running_checksum running{seed};
  for (const auto piece : pieces)
    running.add(piece);
  return running.value();
}

running_checksum::running_checksum(std::uint64_t seed) : state_(std::make_unique<state>()) {
  if (state_->xxh == nullptr)
    throw std::bad_alloc{};
  XXH3_64bits_reset_withSeed(state_->xxh, seed);
}

running_checksum::~running_checksum() = default;

void running_checksum::add(std::string_view bytes) {
  XXH3_64bits_update(state_->xxh, bytes.data(), bytes.size());
}

std::uint64_t running_checksum::value() const { return XXH3_64bits_digest(state_->xxh); }

} // namespace pmmc::storage
