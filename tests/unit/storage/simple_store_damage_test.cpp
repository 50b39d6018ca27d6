// Any file of the directory of a server `simple` may vanish, shrink or rot: the server comes back
// with exactly what it acknowledged, or not at all. And a record torn by a crash, never
// acknowledged, does no harm.
#include "scratch.hpp"

#include "simple_fixture.hpp"
#include "storage/simple_codec.hpp"
#include "voter_damage.hpp"

using namespace pmmc::simple;
using namespace pmmc::storage;
using damage::losing;
using damage::putting;
using pmmc::command;
using pmmc::slot_num;
using scratch::contains;

namespace {

using stopped_server = damage::stopped_server<simple_voter>;
using records = stopped_server::records;

/// All kinds of records in one segment, in several slots.
std::vector<records> all_kinds() {
  std::vector<records> writes;
  for (slot_num slot = 1; slot <= 6; ++slot) {
    writes.push_back({promise_record{slot, {3}}, promise_record{slot + 1, {0}}});
    writes.push_back({accept_record{slot, {{3}, command{"value " + std::to_string(slot)}}}});
  }
  writes.push_back({promise_record{4, {5}}, accept_record{5, {{7}, {}}}, collect_record{3}});
  writes.push_back({promise_record{9, {4}}});
  return writes;
}

} // namespace

TEST_CASE("simple: a bit flipped anywhere in the log or the mark is refused or harmless") {
  damage::flip_each_byte(stopped_server{all_kinds()});
}

TEST_CASE("simple: any damage of a server with several segments and a spare is refused or "
          "harmless") {
  damage::damage_everything<simple_voter>();
}

TEST_CASE("simple: the last file without its last bytes is refused where these were acknowledged, "
          "and harmless where they are room") {
  damage::cut_the_end(stopped_server{all_kinds()});
}

TEST_CASE("simple: a write torn by a crash before it was acknowledged is dropped as a whole") {
  damage::tear_the_last_write(stopped_server{std::vector<records>{
      {promise_record{1, {1}}},
      {accept_record{1, {{1}, command{"first"}}}},
      {promise_record{2, {4}}, accept_record{3, {{2}, command{"x"}}}, promise_record{1, {5}}}}});
}

TEST_CASE("simple: an old copy of the log is refused, and told in words that say what to do") {
  damage::put_an_old_log_back<simple_voter>();
}

TEST_CASE("simple: damage in the middle of the log is refused even when the mark lags") {
  damage::damage_the_middle<simple_voter>();
}

TEST_CASE("simple: records that the log lost, or has from another time, are missed by the digest") {
  const auto proposal = [](std::uint64_t number, const std::string& value) {
    return encode(proposal_number{number}) + value;
  };
  const stopped_server s{all_kinds()};
  REQUIRE(s.error_with(losing("none")).empty());
  for (const auto& damage :
       {losing(accept_key(6)), losing(promise_key(9)), losing(promise_key(4)), losing("m"),
        putting(accept_key(4), proposal(3, "another")), putting(accept_key(5), proposal(7, "x")),
        putting(accept_key(6), proposal(2, "value 6")), putting(promise_key(9), proposal(3, "")),
        putting(promise_key(7), proposal(6, ""))})
    CHECK(contains(s.error_with(damage), "do not add up"));
  // A promise that the proposal after it repeats counts no more, nor does one that was collected.
  for (const auto& harmless : {losing(promise_key(6)), losing(promise_key(1))})
    CHECK(s.error_with(harmless).empty());
}

TEST_CASE("simple: entries that make no sense are refused, an acceptor's log among them") {
  const stopped_server s{all_kinds()};
  const auto number = [](std::uint64_t value) { return encode(proposal_number{value}); };
  const scratch::entry_edit no_entries = [](auto, auto) { return std::string{"?"}; };
  const scratch::entry_edit another_value = [](std::string_view key, std::string_view value) {
    return std::optional{key == accept_key(5) ? encode(proposal_number{3}) + std::string(value)
                                              : std::string{value}};
  };
  for (const auto& damage :
       {no_entries, another_value, putting("m", encode_slot(0)), putting("m", ""),
        putting(promise_key(4), ""), putting(accept_key(4), number(1).substr(1)),
        putting(promise_key(4), number(3) + "x")})
    CHECK(contains(s.error_with(damage), "makes no sense"));
  damage::put_an_acceptors_log<simple_voter>();
}

TEST_CASE("simple: numbers that fall, and slots that were forgotten, make no sense in a log") {
  const auto number = [](std::uint64_t value) { return encode(proposal_number{value}); };
  const auto error_of_log = [](const std::function<void(record_builder&)>& put) {
    const stopped_server s{std::vector<records>{{promise_record{1, {1}}}}};
    const auto log = scratch::newest_log(s.dir);
    segment_reader reader{real_disk(), {.number = 1, .path = log}, voter::server};
    log_record last;
    while (reader.next(last))
      ;
    record_builder record;
    put(record);
    auto bytes = scratch::contents(log).substr(0, reader.offset());
    for (const auto piece : record.finish(record_kind::write, {3, 0}, reader.seed()))
      bytes += piece;
    bytes.resize(reader.file_bytes());
    scratch::overwrite(log, bytes);
    return s.reopened().error;
  };
  CHECK(contains(error_of_log([&](record_builder& r) {
                   r.put(promise_key(2), number(5));
                   r.put(promise_key(2), number(4));
                 }),
                 "makes no sense"));
  CHECK(contains(error_of_log([&](record_builder& r) {
                   r.put(accept_key(2), number(5) + "a");
                   r.put(accept_key(2), number(4) + "a");
                 }),
                 "makes no sense"));
  CHECK(contains(error_of_log([&](record_builder& r) {
                   r.put(accept_key(2), number(5) + "a");
                   r.put(accept_key(2), number(5) + "b");
                 }),
                 "makes no sense"));
  for (const auto& key : {promise_key(2), accept_key(2)})
    CHECK(contains(error_of_log([&](record_builder& r) {
                     r.put(min_key, encode_slot(3));
                     r.put(key, number(5));
                   }),
                   "makes no sense"));
  CHECK(contains(error_of_log([&](record_builder& r) {
                   r.put(min_key, encode_slot(3));
                   r.put(min_key, encode_slot(2));
                 }),
                 "makes no sense"));
  // But a proposal that was written again behind a later promise is none of that.
  CHECK(contains(error_of_log([&](record_builder& r) {
                   r.put(promise_key(2), number(5));
                   r.put(accept_key(2), number(4) + "a");
                 }),
                 "do not add up"));
}

TEST_CASE("simple: a segment that is missing, or in another's place, is refused, and the directory "
          "stays as it was found") {
  damage::lose_and_mix_segments<simple_voter>();
}
