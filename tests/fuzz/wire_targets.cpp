// src/wire: messages, as whoever reaches a port may send them.
#include "target.hpp"

#include "../field_values.hpp"
#include "wire/message_codec.hpp"

namespace pmmc::fuzz {

namespace {

struct nothing {};

void try_parcel(std::string_view bytes) {
  wire::parcel p;
  const auto why = wire::decode(bytes, p);
  std::string again;
  if (why.empty()) {
    wire::encode(again, p);
    demand(again == bytes, "a message is written in one way only");
  }
  message m;
  const bool is_single = wire::decode(bytes, m).empty();
  demand(is_single == (why.empty() && std::holds_alternative<message>(p)),
         "a message by itself is one, and a group is none");
  if (is_single)
    std::visit(
        [&](auto& body) {
          demand(wire::decode(bytes, body).empty(), "it can be read by whoever knows its type");
        },
        m);
}

template <class M>
std::string some(test::value_dice<nothing>& lots) {
  M m;
  lots.fill(m);
  std::string bytes;
  wire::encode(bytes, m);
  return bytes;
}

/// A few of each kind.
std::vector<std::string> parcel_seeds() {
  test::value_dice<nothing> lots{random_source{1}, {}};
  std::vector<std::string> seeds;
  for (int i = 0; i < 3; ++i) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (seeds.push_back(some<std::variant_alternative_t<I, message>>(lots)), ...);
    }
    (std::make_index_sequence<wire::message_kinds>{});
    seeds.push_back(some<client_requests>(lots));
    seeds.push_back(some<client_replies>(lots));
  }
  return seeds;
}

const target parcels{"message", try_parcel, parcel_seeds};

} // namespace

} // namespace pmmc::fuzz
