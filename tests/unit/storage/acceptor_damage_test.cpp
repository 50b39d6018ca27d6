// Any file of an acceptor's directory may vanish, shrink or rot: the acceptor comes back with
// exactly what it acknowledged, or not at all. And a record torn by a crash, never acknowledged,
// does no harm.
#include "scratch.hpp"

#include "acceptor_fixture.hpp"
#include "damage_fixture.hpp"
#include "log_fixture.hpp"
#include "storage/acceptor_codec.hpp"
#include "storage/log_segment.hpp"

#include <set>

using namespace pmmc;
using namespace pmmc::storage;
using scratch::error_of;
namespace fs = std::filesystem;

namespace {

using scratch::outcome;

outcome reopen(const fs::path& dir, const acceptor_state& acknowledged) {
  outcome result;
  result.error = error_of([&] {
    const auto directory = scratch::open(dir, role_kind::acceptor);
    acceptor_store store{directory};
    result.exact = equal(store.take_recovered(), acknowledged);
  });
  result.refused = !result.error.empty();
  return result;
}

bool survives(const fs::path& original, const acceptor_state& acknowledged, const std::string& what,
              const std::function<void(const fs::path&)>& damage) {
  return scratch::survives(
      original, [&](const fs::path& dir) { return reopen(dir, acknowledged); }, what, damage);
}

scratch::damage_tally damage_everything(const fs::path& original,
                                        const acceptor_state& acknowledged) {
  return scratch::damage_everything(original,
                                    [&](const fs::path& dir) { return reopen(dir, acknowledged); });
}

/// The end of the newest segment's last record, and how many bytes before it are only padding.
struct record_end {
  std::uint64_t offset = 0;
  std::size_t padding = 0;
};

record_end last_record_end(const fs::path& acceptor) {
  segment_reader reader{
      real_disk(), {.number = 1, .path = scratch::newest_log(acceptor)}, voter::acceptor};
  log_record last;
  while (reader.next(last))
    ;
  constexpr std::size_t head_bytes = 32;
  return {reader.offset(), last.bytes - head_bytes - last.entries.size()};
}

/// An acceptor that was stopped while it wrote a value behind its promise.
struct interrupted_write {
  explicit interrupted_write(const std::string& value) {
    acceptor_fixture a{tmp / "a1"};
    a.write({promise_record{1, {1, "l1"}}});
    acknowledged = a.acknowledged;
    before = scratch::contents(scratch::newest_log(tmp / "a1"));
    a.write({accept_record{1, {{1, "l1"}, 5, command{value}}}});
    a.stop();
    after = scratch::contents(scratch::newest_log(tmp / "a1"));
    scratch::overwrite(tmp / "a1/acknowledged", a.mark_before_last_write);
  }

  /// Whether the acceptor starts with what it acknowledged if this is what its log holds.
  bool is_dropped(const std::string& log) const {
    return !survives(tmp / "a1", acknowledged, "interrupted", [&](const fs::path& copy) {
      scratch::overwrite(scratch::newest_log(copy), log);
    });
  }

  scratch::directory tmp;
  acceptor_state acknowledged;
  std::string before, after; ///< what the log held
};

} // namespace

TEST_CASE("any damage of a young acceptor, all of it in the log, is refused or harmless") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  for (slot_num slot = 1; slot <= 20; ++slot)
    a.write({accept_record{1, {{slot, "l1"}, slot, command{"value " + std::to_string(slot)}}}});
  a.write({collect_record{4}, promise_record{2, {9, "l2"}}});
  a.stop();
  const auto refused = damage_everything(tmp / "a1", a.acknowledged);
  CHECK(refused.deleted >= 3); // FORMAT, acknowledged, log
  CHECK(refused.truncated >= 8);
  CHECK(refused.flipped >= 20);
}

TEST_CASE("any damage of an acceptor with several segments and a spare is refused or harmless") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  slot_num slot = 1;
  while (scratch::spares(tmp / "a1").empty()) {
    a.write({accept_record{1, {{1, "l1"}, slot, command{std::string(60000, 'a' + slot % 26)}}}});
    if (++slot > 100)
      a.write({collect_record{slot - 100}});
  }
  a.write({accept_record{1, {{2, "l1"}, slot, command{"late"}}}});
  a.stop();
  const auto refused = damage_everything(tmp / "a1", a.acknowledged);
  CHECK(refused.deleted >= 4);
  CHECK(refused.flipped >= 20);
}

TEST_CASE("a log cut at any place loses acknowledged records, so it is refused; bytes beyond do no "
          "harm") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  for (slot_num slot = 1; slot <= 3; ++slot)
    a.write({accept_record{1, {{1, "l1"}, slot, command{"v"}}}});
  a.stop();
  const auto end = scratch::used_bytes(scratch::newest_log(tmp / "a1"));
  for (std::uintmax_t keep = 0; keep < end; keep += 5)
    CHECK(
        survives(tmp / "a1", a.acknowledged, "cut to " + std::to_string(keep),
                 [&](const fs::path& copy) { fs::resize_file(scratch::newest_log(copy), keep); }));
  CHECK_FALSE(survives(tmp / "a1", a.acknowledged, "more bytes", [](const fs::path& copy) {
    const auto log = scratch::newest_log(copy);
    scratch::overwrite(log, scratch::contents(log) + "garbage");
  }));
}

TEST_CASE("a log cut off in the padding of its last record has all records, and keeps them") {
  std::set<std::size_t> tried;
  for (std::size_t size = 1; size <= record_alignment; ++size) {
    scratch::directory tmp;
    acceptor_fixture whole{tmp / "a1"};
    whole.write({promise_record{1, {1, "l1"}}});
    whole.write({accept_record{1, {{1, "l1"}, 5, command{std::string(size, 'v')}}}});
    whole.stop();
    const auto end = last_record_end(tmp / "a1");
    for (std::size_t missing = 1; missing <= end.padding; ++missing) {
      INFO("of a value of " << size << " bytes, " << missing << " bytes are missing");
      tried.insert(missing);
      const auto dir = tmp / ("without-" + std::to_string(missing)) / "a1";
      fs::create_directory(dir.parent_path());
      fs::copy(tmp / "a1", dir, fs::copy_options::recursive);
      const auto log = scratch::newest_log(dir);
      fs::resize_file(log, end.offset - missing);
      const auto found = scratch::contents(log);
      acceptor_fixture a{dir, whole.acknowledged};
      const bool is_as_found = scratch::contents(log) == found;
      CHECK(is_as_found);
      for (slot_num slot = 6; slot <= 7; ++slot) {
        a.write({accept_record{1, {{1, "l1"}, slot, command{"later"}}}});
        a.restart();
      }
    }
  }
  CHECK(tried.size() == record_alignment - 1);
}

TEST_CASE("a record torn by a crash before it was acknowledged is dropped without a word") {
  const interrupted_write a{"torn"};
  for (auto keep = scratch::used_bytes(a.before); keep < scratch::used_bytes(a.after); ++keep) {
    INFO("torn at " << keep);
    CHECK(a.is_dropped(a.after.substr(0, keep)));
    CHECK(a.is_dropped(a.after.substr(0, keep) + std::string(a.after.size() - keep, '\0')));
  }
}

TEST_CASE("after a power cut the mark may lag: more than it tells is recovered, not refused") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  const auto old_mark = scratch::contents(tmp / "a1/acknowledged");
  for (slot_num slot = 1; slot <= 10; ++slot)
    a.write({accept_record{1, {{1, "l1"}, slot, command{"v"}}}});
  a.stop();
  scratch::overwrite(tmp / "a1/acknowledged", old_mark);
  CHECK(reopen(tmp / "a1", a.acknowledged).exact);
}

TEST_CASE("a log put back from an old copy is refused") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  a.write({promise_record{1, {1, "l1"}}});
  a.stop();
  fs::copy(tmp / "a1/log", tmp / "old", fs::copy_options::recursive);
  a.start();
  a.write({promise_record{1, {2, "l1"}}});
  a.stop();
  fs::remove_all(tmp / "a1/log");
  fs::rename(tmp / "old", tmp / "a1/log");
  const auto result = reopen(tmp / "a1", a.acknowledged);
  CHECK(scratch::contains(result.error, "records that were acknowledged are missing"));
  CHECK(scratch::contains(result.error, "must not vote"));
}

TEST_CASE("damage in the middle of the log is refused even when the mark lags") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  const auto old_mark = scratch::contents(tmp / "a1/acknowledged");
  for (slot_num slot = 1; slot <= 10; ++slot)
    a.write({accept_record{1, {{1, "l1"}, slot, command{"value " + std::to_string(slot)}}}});
  a.stop();
  scratch::overwrite(tmp / "a1/acknowledged", old_mark);
  const auto log = scratch::newest_log(tmp / "a1");
  auto bytes = scratch::contents(log);
  for (int damaged = 9; damaged >= 1; --damaged) { // up to all but the last, as a bad sector does
    INFO("from value " << damaged << " on");
    bytes[bytes.find("value " + std::to_string(damaged))] ^= 1;
    scratch::overwrite(log, bytes);
    CHECK(scratch::contains(reopen(tmp / "a1", a.acknowledged).error, "in the middle"));
  }
}

TEST_CASE("records that the log lost, or has from another time, are missed by the digest") {
  const auto third = pvalue_key(1, 3);
  const auto lose = [&](std::string_view key, std::string_view value) {
    return key == third ? std::nullopt : std::optional{std::string{value}};
  };
  const auto go_back = [&](std::string_view key, std::string_view value) {
    return std::optional{key == third ? encode(pvalue{{1, "l1"}, 3, command{"old"}})
                                      : std::string{value}};
  };
  const auto break_promise = [](std::string_view key, std::string_view value) {
    return std::optional{key == ballot_key(1) ? encode(ballot_num{1, "l1"}) : std::string{value}};
  };
  for (const auto& damage : std::vector<scratch::entry_edit>{lose, go_back, break_promise}) {
    scratch::directory tmp;
    acceptor_fixture a{tmp / "a1"};
    for (slot_num slot = 1; slot <= 5; ++slot)
      a.write({accept_record{1, {{2, "l1"}, slot, command{"v"}}}});
    a.stop();
    scratch::edit_log(scratch::newest_log(tmp / "a1"), damage);
    CHECK(scratch::contains(reopen(tmp / "a1", a.acknowledged).error, "do not add up"));
  }
}

TEST_CASE("entries that make no sense are refused") {
  const auto foreign = [](std::string_view, std::string_view) { return std::string{"?"}; };
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  a.write({accept_record{1, {{2, "l1"}, 1, command{"v"}}}});
  a.stop();
  scratch::edit_log(scratch::newest_log(tmp / "a1"), foreign);
  CHECK(scratch::contains(reopen(tmp / "a1", a.acknowledged).error, "makes no sense"));
}

TEST_CASE("a segment that is missing is refused, and the directory stays as it was found") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  for (slot_num slot = 1; slot <= 50; ++slot) // several segments
    a.write({accept_record{1, {{1, "l1"}, slot, command{std::string(200000, 'v')}}}});
  a.stop();
  const auto segments = scratch::segments(tmp / "a1");
  REQUIRE(segments.size() >= 4);
  for (const auto& segment : segments) {
    fs::rename(segment, tmp / "kept");
    CHECK(reopen(tmp / "a1", a.acknowledged).refused);
    fs::rename(tmp / "kept", segment); // it can be put back
  }
  CHECK(reopen(tmp / "a1", a.acknowledged).exact);
}
