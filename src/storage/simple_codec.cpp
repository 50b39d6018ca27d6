#include "storage/simple_codec.hpp"

namespace pmmc::storage {

namespace {

constexpr char promise_sort = 'p';
constexpr char accept_sort = 'a';

} // namespace

std::string promise_key(slot_num slot) { return slot_key(promise_sort, slot); }

std::string accept_key(slot_num slot) { return slot_key(accept_sort, slot); }

std::optional<slot_num> parse_promise_key(std::string_view key) {
  return parse_slot_key(promise_sort, key);
}

std::optional<slot_num> parse_accept_key(std::string_view key) {
  return parse_slot_key(accept_sort, key);
}

std::string encode(simple::proposal_number number) {
  std::string out;
  put_u64(out, number.value);
  return out;
}

std::optional<simple::proposal_number> decode_number(std::string_view bytes) {
  fixed_reader in{bytes};
  const simple::proposal_number number{in.u64()};
  return in.finished() ? std::optional{number} : std::nullopt;
}

std::optional<simple::proposal> parse_proposal(std::string_view bytes) {
  fixed_reader in{bytes};
  simple::proposal what{{in.u64()}, {}};
  if (!in.good())
    return std::nullopt;
  what.value = rest_as_command(in);
  return what;
}

} // namespace pmmc::storage
