// src/wire: messages, and what processes say of themselves, as whoever reaches a port may send
// them.
#include "target.hpp"

#include "../field_values.hpp"
#include "membership/admission.hpp"
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

/// Nothing if it cannot be read.
template <class M>
std::optional<M> read_in_one_way(std::string_view bytes) {
  M m;
  if (!wire::decode(bytes, m).empty())
    return std::nullopt;
  std::string again;
  wire::encode(again, m);
  demand(again == bytes, "it is written in one way only");
  return m;
}

template <class M>
void demand_bounds(const M& m) {
  demand(m.roles.size() <= max_hosted_roles, "a process has so many roles");
  for (const auto& role : m.roles)
    demand(!role.id.empty() && role.lives.nonces.size() <= life_history::max_kept,
           "a role has a name, and so many lives");
}

admission somebody() {
  const configuration first{1, 1, {{"a1", "h:1"}}, {{"l1", "h:2"}}, {{"r1", "h:3"}}};
  return {{"c", "h:1", {{"a1", role_kind::acceptor, "disk"}}, {}, "", {first}},
          membership{config_history{first}, 1, 1}};
}

void try_introduction(std::string_view bytes) {
  read_in_one_way<heartbeat>(bytes);
  read_in_one_way<disk_refused>(bytes);
  const auto m = read_in_one_way<introduction>(bytes);
  if (!m)
    return;
  demand_bounds(*m);
  std::string answer;
  wire::encode(answer, somebody().answer(*m, {}));
  demand(read_in_one_way<introduction_reply>(answer).has_value(), "whoever asks can be answered");
}

void try_introduction_reply(std::string_view bytes) {
  const auto m = read_in_one_way<introduction_reply>(bytes);
  if (!m)
    return;
  demand_bounds(*m);
  auto who = somebody();
  if (who.hear("h:2", *m).tells_members)
    who.learn(m->known);
}

template <class M>
std::vector<std::string> some_of_each() {
  test::value_dice<nothing> lots{random_source{1}, {}};
  std::vector<std::string> seeds;
  for (int i = 0; i < 10; ++i)
    seeds.push_back(some<M>(lots));
  return seeds;
}

/// Some of this cluster, too.
std::vector<std::string> introduction_seeds() {
  auto seeds = some_of_each<introduction>();
  for (auto more : {some_of_each<heartbeat>(), some_of_each<disk_refused>()})
    seeds.insert(seeds.end(), more.begin(), more.end());
  wire::encode(seeds.emplace_back(), somebody().introduce());
  return seeds;
}

std::vector<std::string> introduction_reply_seeds() {
  auto seeds = some_of_each<introduction_reply>();
  wire::encode(seeds.emplace_back(), somebody().answer(somebody().introduce(), {}));
  wire::encode(seeds.emplace_back(), somebody().refuse("for no reason", true));
  return seeds;
}

const target introductions{"introduction", try_introduction, introduction_seeds};
const target introduction_replies{"introduction_reply", try_introduction_reply,
                                  introduction_reply_seeds};
const target parcels{"message", try_parcel, parcel_seeds};

} // namespace

} // namespace pmmc::fuzz
