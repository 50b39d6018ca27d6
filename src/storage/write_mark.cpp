#include "storage/write_mark.hpp"

#include "storage/bytes.hpp"

namespace pmmc::storage {

std::string encode(const write_mark& mark) {
  std::string out;
  put_u64(out, mark.writes);
  put_u64(out, mark.digest);
  return out;
}

std::optional<write_mark> parse_mark(std::string_view bytes) {
  fixed_reader in{bytes};
  write_mark mark;
  mark.writes = in.u64();
  mark.digest = in.u64();
  return in.finished() ? std::optional{mark} : std::nullopt;
}

} // namespace pmmc::storage
