// Any file of a Raft server's directory may vanish, shrink or rot: the server comes back with
// exactly what it acknowledged, or not at all. And a record torn by a crash, never acknowledged,
// does no harm.
#include "scratch.hpp"

#include "damage_fixture.hpp"
#include "log_fixture.hpp"
#include "raft_fixture.hpp"
#include "storage/log_segment.hpp"
#include "storage/raft_codec.hpp"

using namespace pmmc;
using namespace pmmc::raft;
using namespace pmmc::storage;
using scratch::contains;
using scratch::error_of;
using scratch::outcome;
namespace fs = std::filesystem;

namespace {

constexpr segment_sizes small{4096, 4096};

outcome reopen(const fs::path& dir, const persistent_state& acknowledged) {
  outcome result;
  result.error = error_of([&] {
    const auto directory = scratch::open(dir, role_kind::replica);
    raft_store store{directory, small};
    result.exact = store.take_recovered() == acknowledged;
  });
  result.refused = !result.error.empty();
  return result;
}

bool survives(const fs::path& original, const persistent_state& acknowledged,
              const std::string& what, const std::function<void(const fs::path&)>& damage) {
  return scratch::survives(
      original, [&](const fs::path& dir) { return reopen(dir, acknowledged); }, what, damage);
}

/// A server with all kinds of records in one segment.
struct young_server {
  young_server() {
    r.write({term_record{1, "r2"}});
    for (slot_num index = 1; index <= 7; ++index)
      r.append("value " + std::to_string(index));
    r.write({term_record{2, ""}, truncate_record{5}, append_record{5, {2, {}, nullptr}}});
    r.write({append_record{6, {2, command{"late"}, shared(servers_of(2, {"r1", "r4"}))}}});
    r.compact(2);
    r.write({term_record{2, "r3"}});
    r.stop();
  }

  scratch::directory tmp;
  raft_fixture r{tmp / "r1", founding_state(first_servers), small};
  fs::path dir = tmp / "r1";
};

/// A server that was stopped while it wrote a few records.
struct interrupted_server {
  interrupted_server() {
    r.write({term_record{1, "r2"}});
    r.append("first");
    r.append("second");
    acknowledged = r.acknowledged;
    before = scratch::contents(scratch::newest_log(dir));
    r.write({term_record{2, "r3"}, truncate_record{2}, append_record{2, {2, command{"x"}, {}}}});
    r.stop();
    after = scratch::contents(scratch::newest_log(dir));
    scratch::overwrite(dir / "acknowledged", r.mark_before_last_write);
  }

  outcome with(const std::string& log, const persistent_state& expected) const {
    scratch::directory other;
    fs::copy(dir, other / "r1", fs::copy_options::recursive);
    scratch::overwrite(scratch::newest_log(other / "r1"), log);
    return reopen(other / "r1", expected);
  }

  scratch::directory tmp;
  fs::path dir = tmp / "r1";
  raft_fixture r{dir, founding_state(first_servers), small};
  persistent_state acknowledged;
  std::string before, after; ///< what the log held
};

} // namespace

TEST_CASE("raft: a bit flipped anywhere in the log or the mark is refused or harmless") {
  const young_server s;
  const auto log = fs::relative(scratch::newest_log(s.dir), s.dir);
  int refused = 0;
  const auto used = scratch::used_bytes(s.dir / log);
  for (std::size_t at = 0; at < used; ++at)
    refused += survives(s.dir, s.r.acknowledged, "log at " + std::to_string(at),
                        [&](const fs::path& copy) {
                          auto bytes = scratch::contents(copy / log);
                          bytes[at] = static_cast<char>(bytes[at] ^ 1 << at % 8);
                          scratch::overwrite(copy / log, bytes);
                        });
  CHECK(refused >= static_cast<int>(used * 9 / 10)); // all but padding
  for (const std::size_t slot : {0, 4096})
    for (std::size_t at = slot; at < slot + 32; ++at)
      CHECK_FALSE(survives(s.dir, s.r.acknowledged, "mark at " + std::to_string(at),
                           [&](const fs::path& copy) {
                             auto bytes = scratch::contents(copy / "acknowledged");
                             bytes[at] = static_cast<char>(bytes[at] ^ 1 << at % 8);
                             scratch::overwrite(copy / "acknowledged", bytes);
                           }));
}

TEST_CASE("raft: any damage of a server with several segments and a spare is refused or harmless") {
  scratch::directory tmp;
  raft_fixture r{tmp / "r1", founding_state(first_servers), small};
  r.write({term_record{4, "r2"}});
  for (slot_num index = 1; index <= 40; ++index)
    r.append(std::string(700, static_cast<char>('a' + index % 26)));
  r.compact(20);
  for (int i = 0; i < 3; ++i)
    r.append("late");
  r.stop();
  REQUIRE(scratch::segments(tmp / "r1").size() >= 3);
  REQUIRE_FALSE(scratch::spares(tmp / "r1").empty());
  const auto refused = scratch::damage_everything(
      tmp / "r1", [&](const fs::path& dir) { return reopen(dir, r.acknowledged); });
  CHECK(refused.deleted >= 5); // FORMAT, acknowledged, segments
  CHECK(refused.truncated >= 8);
  CHECK(refused.flipped >= 20);
}

TEST_CASE("raft: the last file without its last bytes is refused where these were acknowledged, "
          "and harmless where they are room") {
  const young_server s;
  const auto used = scratch::used_bytes(scratch::newest_log(s.dir));
  for (std::uintmax_t missing = 1; missing <= 16; ++missing) {
    CHECK_FALSE(survives(s.dir, s.r.acknowledged, "room", [&](const fs::path& copy) {
      const auto log = scratch::newest_log(copy);
      fs::resize_file(log, fs::file_size(log) - missing);
    }));
    CHECK(survives(s.dir, s.r.acknowledged, "cut", [&](const fs::path& copy) {
      fs::resize_file(scratch::newest_log(copy), used - missing);
    }));
  }
}

TEST_CASE("raft: a write torn by a crash before it was acknowledged is dropped as a whole") {
  const interrupted_server s;
  const auto end = scratch::used_bytes(s.after);
  for (auto keep = scratch::used_bytes(s.before); keep < end; ++keep) {
    INFO("torn at " << keep);
    CHECK(s.with(s.after.substr(0, keep), s.acknowledged).exact);
    CHECK(s.with(s.after.substr(0, keep) + std::string(s.after.size() - keep, '\0'), s.acknowledged)
              .exact);
  }
  CHECK(s.with(s.after, s.r.acknowledged).exact); // the mark is a lower bound
}

TEST_CASE("raft: an old copy of the log is refused, and told in words that say what to do") {
  scratch::directory tmp;
  raft_fixture r{tmp / "r1", founding_state(first_servers), small};
  r.write({term_record{1, "r2"}});
  r.stop();
  fs::copy(tmp / "r1/log", tmp / "old", fs::copy_options::recursive);
  r.start();
  r.write({term_record{2, "r3"}});
  r.stop();
  fs::remove_all(tmp / "r1/log");
  fs::rename(tmp / "old", tmp / "r1/log");
  const auto error = reopen(tmp / "r1", r.acknowledged).error;
  CHECK(contains(error, "cannot recover the server from " + (tmp / "r1/log").string()));
  CHECK(contains(error, "records that were acknowledged are missing"));
  CHECK(contains(error, "must not vote"));
  CHECK(contains(error, "Replace it by one with another id"));
  fs::remove(tmp / "r1/acknowledged");
  CHECK(contains(reopen(tmp / "r1", r.acknowledged).error, "this server has voted for"));
}

TEST_CASE("raft: damage in the middle of the log is refused even when the mark lags") {
  scratch::directory tmp;
  raft_fixture r{tmp / "r1", founding_state(first_servers), small};
  const auto old_mark = scratch::contents(tmp / "r1/acknowledged");
  for (int i = 1; i <= 10; ++i)
    r.append("value " + std::to_string(i));
  r.stop();
  scratch::overwrite(tmp / "r1/acknowledged", old_mark);
  CHECK(reopen(tmp / "r1", r.acknowledged).exact); // more than the mark tells is no harm
  scratch::overwrite(tmp / "r1/acknowledged", old_mark);
  const auto log = scratch::newest_log(tmp / "r1");
  auto bytes = scratch::contents(log);
  for (int damaged = 9; damaged >= 1; --damaged) { // up to all but the last, as a bad sector does
    INFO("from value " << damaged << " on");
    bytes[bytes.find("value " + std::to_string(damaged))] ^= 1;
    scratch::overwrite(log, bytes);
    CHECK(contains(reopen(tmp / "r1", r.acknowledged).error, "in the middle"));
  }
}

TEST_CASE("raft: records that the log lost, or has from another time, are missed by the digest") {
  using edit = scratch::entry_edit;
  const auto losing = [](std::string lost) {
    return edit{[lost](std::string_view key, std::string_view value) {
      return key == lost ? std::nullopt : std::optional{std::string{value}};
    }};
  };
  const edit change_entry = [](std::string_view key, std::string_view value) {
    return std::optional{key == entry_key(6) ? encode_without_command({2, {}, nullptr})
                                             : std::string{value}};
  };
  const edit forget_vote = [](std::string_view key, std::string_view value) {
    const bool is_vote = key == term_key && parse_term(value)->voted_for == "r3";
    return std::optional{is_vote ? encode(term_record{2, ""}) : std::string{value}};
  };
  const edit forget_members = [](std::string_view key, std::string_view value) {
    const bool is_base = key == base_key && parse_base(value)->base.index == 2;
    return std::optional{is_base ? encode(base_record{{2, 1}, nullptr}) : std::string{value}};
  };
  for (const auto& damage : {losing(entry_key(4)), losing("c"), losing("b"), losing("t"),
                             change_entry, forget_vote, forget_members}) {
    const young_server s;
    scratch::edit_log(scratch::newest_log(s.dir), damage);
    CHECK(contains(reopen(s.dir, s.r.acknowledged).error, "do not add up"));
  }
}

TEST_CASE("raft: entries that make no sense are refused, an acceptor's log among them") {
  const auto no_sense = [](const scratch::entry_edit& damage) {
    const young_server s;
    scratch::edit_log(scratch::newest_log(s.dir), damage);
    return contains(reopen(s.dir, s.r.acknowledged).error, "makes no sense");
  };
  CHECK(no_sense([](auto, auto) { return std::string{"?"}; }));
  const auto putting = [](std::string at, std::string other) {
    return [at, other](std::string_view key, std::string_view value) {
      return std::optional{key == at ? other : std::string{value}};
    };
  };
  CHECK(no_sense(putting("c", encode_slot(0))));
  CHECK(no_sense(putting(entry_key(6), "")));
  CHECK(no_sense(putting("b", encode(base_record{{~slot_num{0}, 1}, nullptr}))));

  scratch::directory tmp;
  raft_fixture r{tmp / "r1"};
  r.stop();
  fs::remove_all(tmp / "r1/log");
  scratch::format(tmp / "a1", role_kind::acceptor);
  fs::rename(tmp / "a1/log", tmp / "r1/log");
  CHECK(contains(reopen(tmp / "r1", r.acknowledged).error, "makes no sense"));
}

TEST_CASE("raft: a segment that is missing is refused, and the directory stays as it was found") {
  scratch::directory tmp;
  raft_fixture r{tmp / "r1", founding_state(first_servers), small};
  for (int i = 0; i < 30; ++i)
    r.append(std::string(700, 'v'));
  r.stop();
  const auto segments = scratch::segments(tmp / "r1");
  REQUIRE(segments.size() >= 4);
  for (const auto& segment : segments) {
    fs::rename(segment, tmp / "kept");
    CHECK(reopen(tmp / "r1", r.acknowledged).refused);
    fs::rename(tmp / "kept", segment); // it can be put back
  }
  CHECK(reopen(tmp / "r1", r.acknowledged).exact);
}
