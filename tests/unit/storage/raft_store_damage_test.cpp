// Any file of a Raft server's directory may vanish, shrink or rot: the server comes back with
// exactly what it acknowledged, or not at all. And a record torn by a crash, never acknowledged,
// does no harm.
#include "scratch.hpp"

#include "raft_fixture.hpp"
#include "storage/raft_codec.hpp"
#include "voter_damage.hpp"

using namespace pmmc;
using namespace pmmc::raft;
using namespace pmmc::storage;
using damage::losing;
using damage::putting;
using scratch::contains;

namespace {

using stopped_server = damage::stopped_server<raft_voter>;

/// All kinds of records in one segment; the last write has several.
std::vector<raft_records> all_kinds() {
  std::vector<raft_records> writes{{term_record{1, "r2"}}};
  for (slot_num index = 1; index <= 7; ++index)
    writes.push_back(
        {append_record{index, {1, command{"value " + std::to_string(index)}, nullptr}}});
  writes.push_back({term_record{2, ""}, truncate_record{5}, append_record{5, {2, {}, nullptr}}});
  writes.push_back({append_record{6, {2, command{"late"}, shared(servers_of(2, {"r1", "r4"}))}}});
  writes.push_back({base_record{{2, 1}, shared(first_servers)}});
  writes.push_back({term_record{2, "r3"}});
  return writes;
}

} // namespace

TEST_CASE("raft: a bit flipped anywhere in the log or the mark is refused or harmless") {
  damage::flip_each_byte(stopped_server{all_kinds()});
}

TEST_CASE("raft: any damage of a server with several segments and a spare is refused or harmless") {
  damage::damage_everything<raft_voter>();
}

TEST_CASE("raft: the last file without its last bytes is refused where these were acknowledged, "
          "and harmless where they are room") {
  damage::cut_the_end(stopped_server{all_kinds()});
}

TEST_CASE("raft: a write torn by a crash before it was acknowledged is dropped as a whole") {
  damage::tear_the_last_write(stopped_server{std::vector<raft_records>{
      {term_record{1, "r2"}},
      {append_record{1, {1, command{"first"}, nullptr}}},
      {append_record{2, {1, command{"second"}, nullptr}}},
      {term_record{2, "r3"}, truncate_record{2}, append_record{2, {2, command{"x"}, nullptr}}}}});
}

TEST_CASE("raft: an old copy of the log is refused, and told in words that say what to do") {
  damage::put_an_old_log_back<raft_voter>();
}

TEST_CASE("raft: damage in the middle of the log is refused even when the mark lags") {
  damage::damage_the_middle<raft_voter>();
}

TEST_CASE("raft: records that the log lost, or has from another time, are missed by the digest") {
  const scratch::entry_edit forget_vote = [](std::string_view key, std::string_view value) {
    const bool is_vote = key == term_key && parse_term(value)->voted_for == "r3";
    return std::optional{is_vote ? encode(term_record{2, ""}) : std::string{value}};
  };
  const scratch::entry_edit forget_members = [](std::string_view key, std::string_view value) {
    const bool is_base = key == base_key && parse_base(value)->base.index == 2;
    return std::optional{is_base ? encode(base_record{{2, 1}, nullptr}) : std::string{value}};
  };
  const stopped_server s{all_kinds()};
  for (const auto& damage : {losing(entry_key(4)), losing("c"), losing("b"), losing("t"),
                             putting(entry_key(6), encode_without_command({2, {}, nullptr})),
                             forget_vote, forget_members})
    CHECK(contains(s.error_with(damage), "do not add up"));
}

TEST_CASE("raft: entries that make no sense are refused, an acceptor's log among them") {
  const stopped_server s{all_kinds()};
  const scratch::entry_edit no_entries = [](auto, auto) { return std::string{"?"}; };
  for (const auto& damage : {no_entries, putting("c", encode_slot(0)), putting(entry_key(6), ""),
                             putting("b", encode(base_record{{~slot_num{0}, 1}, nullptr}))})
    CHECK(contains(s.error_with(damage), "makes no sense"));
  damage::put_an_acceptors_log<raft_voter>();
}

TEST_CASE("raft: a segment that is missing is refused, and the directory stays as it was found") {
  damage::lose_and_mix_segments<raft_voter>();
}
