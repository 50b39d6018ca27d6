#include "mutation.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace pmmc::fuzz {

namespace {

using namespace std::string_view_literals;

/// What parsers trip over: ends of ranges, ends of lines, quotes, numbers that are too large.
constexpr std::array interesting = {"\0"sv,
                                    "\xff"sv,
                                    "\x7f"sv,
                                    "\x80"sv,
                                    "\n"sv,
                                    "\r\n"sv,
                                    "\t"sv,
                                    "\\"sv,
                                    "\""sv,
                                    "'"sv,
                                    "%"sv,
                                    "="sv,
                                    "#"sv,
                                    "["sv,
                                    "]"sv,
                                    ":"sv,
                                    "-1"sv,
                                    "0"sv,
                                    "65535"sv,
                                    "65536"sv,
                                    "4294967296"sv,
                                    "-2147483649"sv,
                                    "9223372036854775807"sv,
                                    "9223372036854775808"sv,
                                    "18446744073709551615"sv,
                                    "18446744073709551616"sv,
                                    "\xff\xff\xff\xff"sv,
                                    "\x7f\xff\xff\xff"sv,
                                    "\0\0\0\0"sv,
                                    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv,
                                    "\xef\xbb\xbf"sv,
                                    "\xc3"sv,
                                    "1e999"sv,
                                    "{}"sv,
                                    "$-1\r\n"sv,
                                    "*1\r\n"sv};

std::string_view piece_of(random_source& random, std::string_view bytes) {
  const auto at = random.below(bytes.size() + 1);
  return bytes.substr(at, random.below(std::min<std::size_t>(bytes.size() - at, 64) + 1));
}

void change(random_source& random, const std::vector<std::string>& seeds, std::string& bytes) {
  const auto at = random.below(bytes.size() + 1);
  const auto left = bytes.size() - at;
  switch (random.below(8)) {
  case 0:
    if (left > 0)
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.below(8));
    break;
  case 1:
    if (left > 0)
      bytes[at] = static_cast<char>(random.next());
    break;
  case 2:
    bytes.insert(at, 1, static_cast<char>(random.next()));
    break;
  case 3:
    bytes.erase(at, random.below(std::min<std::size_t>(left, 32) + 1));
    break;
  case 4: {
    const auto word = interesting[random.below(interesting.size())];
    bytes.replace(at, random.below(2) * std::min(left, word.size()), word);
    break;
  }
  case 5:
    bytes.insert(at, std::string{piece_of(random, bytes)});
    break;
  case 6:
    bytes.insert(at, std::string{piece_of(random, seeds[random.below(seeds.size())])});
    break;
  default:
    if (random.below(4) == 0)
      bytes.resize(at);
  }
}

} // namespace

std::string mutate(random_source& random, const std::vector<std::string>& seeds,
                   std::size_t max_bytes) {
  std::string bytes;
  if (random.below(32) == 0) {
    bytes.resize(random.below(64));
    for (char& c : bytes)
      c = static_cast<char>(random.next());
  } else {
    bytes = seeds[random.below(seeds.size())];
    for (auto changes = random.below(6) + 1; changes > 0; --changes)
      change(random, seeds, bytes);
  }
  if (bytes.size() > max_bytes)
    bytes.resize(max_bytes);
  return bytes;
}

} // namespace pmmc::fuzz
