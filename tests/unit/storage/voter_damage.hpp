// Files of a server that vanish, shrink, rot, or are old: it comes back with exactly what it
// acknowledged, or not at all. `Voter`: see voter_fixture.hpp.
#pragma once

#include "damage_fixture.hpp"
#include "voter_fixture.hpp"

namespace damage {

namespace fs = std::filesystem;
using scratch::contains;
using scratch::outcome;

inline constexpr pmmc::storage::segment_sizes small{4096, 4096};

template <class Voter>
outcome reopen(const fs::path& dir, const typename Voter::state& acknowledged) {
  outcome result;
  result.error = scratch::error_of([&] {
    const auto directory = scratch::open(dir, pmmc::role_kind::server);
    typename Voter::store store{directory, small};
    result.exact = store.take_recovered() == acknowledged;
  });
  result.refused = !result.error.empty();
  return result;
}

/// A server that was stopped, and what it acknowledged.
template <class Voter>
struct stopped_server {
  using state = typename Voter::state;
  using records = std::vector<typename Voter::record>;

  explicit stopped_server(const std::vector<records>& writes) {
    voter_fixture<Voter> server{dir, small};
    first_mark = scratch::contents(dir / "acknowledged");
    for (const auto& each : writes) {
      before_last = server.acknowledged;
      log_before_last = scratch::contents(scratch::newest_log(dir));
      server.write(each);
    }
    mark_before_last = server.mark_before_last_write;
    server.stop();
    acknowledged = server.acknowledged;
  }

  outcome reopened() const { return reopen<Voter>(dir, acknowledged); }
  /// Of a copy; returns whether it was refused.
  bool survives(const std::string& what, const std::function<void(const fs::path&)>& damage) const {
    return scratch::survives(
        dir, [&](const fs::path& copy) { return reopen<Voter>(copy, acknowledged); }, what, damage);
  }
  std::string error_with(const scratch::entry_edit& damage) const {
    scratch::directory other;
    fs::copy(dir, other / "x1", fs::copy_options::recursive);
    scratch::edit_log(scratch::newest_log(other / "x1"), damage);
    return reopen<Voter>(other / "x1", acknowledged).error;
  }

  scratch::directory tmp;
  fs::path dir = tmp / "x1";
  state acknowledged;
  state before_last;           ///< write, and so below
  std::string log_before_last; ///< the newest segment
  std::string mark_before_last;
  std::string first_mark; ///< of the new server
};

/// Writes of `count` values, each by itself: "value 1" and so on, or each of so many bytes.
template <class Voter>
std::vector<typename stopped_server<Voter>::records> values(int count, std::size_t bytes = 0) {
  auto state = Voter::founding();
  std::vector<typename stopped_server<Voter>::records> writes;
  for (int i = 1; i <= count; ++i) {
    auto text = bytes > 0 ? std::string(bytes, static_cast<char>('a' + i % 26))
                          : "value " + std::to_string(i);
    writes.push_back({Voter::append(state, std::move(text))});
    state.apply(writes.back().front());
  }
  return writes;
}

inline void flip(const fs::path& file, std::size_t at) {
  auto bytes = scratch::contents(file);
  bytes[at] = static_cast<char>(bytes[at] ^ 1 << at % 8);
  scratch::overwrite(file, bytes);
}

template <class Voter>
void flip_each_byte(const stopped_server<Voter>& s) {
  const auto log = fs::relative(scratch::newest_log(s.dir), s.dir);
  const auto used = scratch::used_bytes(s.dir / log);
  int refused = 0;
  for (std::size_t at = 0; at < used; ++at)
    refused += s.survives("log at " + std::to_string(at),
                          [&](const fs::path& copy) { flip(copy / log, at); });
  CHECK(refused >= static_cast<int>(used * 9 / 10)); // all but padding
  for (const std::size_t slot : {0, 4096})
    for (std::size_t at = slot; at < slot + 32; ++at)
      CHECK_FALSE(s.survives("mark at " + std::to_string(at),
                             [&](const fs::path& copy) { flip(copy / "acknowledged", at); }));
}

/// The last file without its last bytes.
template <class Voter>
void cut_the_end(const stopped_server<Voter>& s) {
  const auto used = scratch::used_bytes(scratch::newest_log(s.dir));
  for (std::uintmax_t missing = 1; missing <= 16; ++missing) {
    CHECK_FALSE(s.survives("room", [&](const fs::path& copy) {
      const auto log = scratch::newest_log(copy);
      fs::resize_file(log, fs::file_size(log) - missing);
    }));
    CHECK(s.survives("cut", [&](const fs::path& copy) {
      fs::resize_file(scratch::newest_log(copy), used - missing);
    }));
  }
}

/// The last write as a crash leaves it before it is told.
template <class Voter>
void tear_the_last_write(const stopped_server<Voter>& s) {
  const auto after = scratch::contents(scratch::newest_log(s.dir));
  const auto with = [&](const std::string& log, const typename Voter::state& expected) {
    scratch::directory other;
    fs::copy(s.dir, other / "x1", fs::copy_options::recursive);
    scratch::overwrite(scratch::newest_log(other / "x1"), log);
    scratch::overwrite(other / "x1/acknowledged", s.mark_before_last);
    return reopen<Voter>(other / "x1", expected);
  };
  const auto end = scratch::used_bytes(after);
  for (auto keep = scratch::used_bytes(s.log_before_last); keep < end; ++keep) {
    INFO("torn at " << keep);
    CHECK(with(after.substr(0, keep), s.before_last).exact);
    CHECK(
        with(after.substr(0, keep) + std::string(after.size() - keep, '\0'), s.before_last).exact);
  }
  CHECK(with(after, s.acknowledged).exact); // the mark is a lower bound
}

/// The log of an earlier time.
template <class Voter>
void put_an_old_log_back() {
  scratch::directory tmp;
  const auto dir = tmp / "x1";
  voter_fixture<Voter> server{dir, small};
  server.write(Voter::next(server.acknowledged));
  server.stop();
  fs::copy(dir / "log", tmp / "old", fs::copy_options::recursive);
  server.start();
  server.write(Voter::next(server.acknowledged));
  server.stop();
  fs::remove_all(dir / "log");
  fs::rename(tmp / "old", dir / "log");
  const auto error = reopen<Voter>(dir, server.acknowledged).error;
  CHECK(contains(error, "cannot recover the server from " + (dir / "log").string()));
  CHECK(contains(error, "records that were acknowledged are missing"));
  CHECK(contains(error, "must not vote"));
  CHECK(contains(error, Voter::what_to_do));
  fs::remove(dir / "acknowledged");
  CHECK(contains(reopen<Voter>(dir, server.acknowledged).error, Voter::what_is_unknown));
}

template <class Voter>
void damage_the_middle() {
  const stopped_server<Voter> s{values<Voter>(10)};
  scratch::overwrite(s.dir / "acknowledged", s.first_mark);
  CHECK(s.reopened().exact); // more than the mark tells is no harm
  scratch::overwrite(s.dir / "acknowledged", s.first_mark);
  const auto log = scratch::newest_log(s.dir);
  auto bytes = scratch::contents(log);
  for (int damaged = 9; damaged >= 1; --damaged) { // up to all but the last, as a bad sector does
    INFO("from value " << damaged << " on");
    bytes[bytes.find("value " + std::to_string(damaged))] ^= 1;
    scratch::overwrite(log, bytes);
    CHECK(contains(s.reopened().error, "in the middle"));
  }
}

/// Segments that are lost, or stand in each other's place.
template <class Voter>
void lose_and_mix_segments() {
  const stopped_server<Voter> s{values<Voter>(30, 700)};
  const auto segments = scratch::segments(s.dir);
  REQUIRE(segments.size() >= 4);
  const auto aside = s.tmp / "aside";
  for (std::size_t i = 0; i < segments.size(); ++i) {
    fs::rename(segments[i], aside);
    CHECK(s.reopened().refused);
    fs::rename(aside, segments[i]); // it can be put back
    if (i == 0)
      continue;
    const auto swap = [&] {
      fs::rename(segments[i - 1], aside);
      fs::rename(segments[i], segments[i - 1]);
      fs::rename(aside, segments[i]);
    };
    swap();
    CHECK(s.reopened().refused);
    swap();
  }
  CHECK(s.reopened().exact);
}

/// Every file of a server with several segments and a spare.
template <class Voter>
void damage_everything() {
  auto writes = values<Voter>(40, 700);
  auto state = Voter::founding();
  for (const auto& each : writes)
    state.apply(each.front());
  writes.push_back({Voter::forget(state, 20)});
  for (int i = 0; i < 3; ++i) {
    state.apply(writes.back().front());
    writes.push_back({Voter::append(state, "late")});
  }
  const stopped_server<Voter> s{writes};
  REQUIRE(scratch::segments(s.dir).size() >= 3);
  REQUIRE_FALSE(scratch::spares(s.dir).empty());
  const auto refused = scratch::damage_everything(
      s.dir, [&](const fs::path& dir) { return reopen<Voter>(dir, s.acknowledged); });
  CHECK(refused.deleted >= 5); // FORMAT, acknowledged, segments
  CHECK(refused.truncated >= 8);
  CHECK(refused.flipped >= 20);
}

/// What becomes of the entry with this key.
inline scratch::entry_edit losing(std::string lost) {
  return [lost](std::string_view key, std::string_view value) {
    return key == lost ? std::nullopt : std::optional{std::string{value}};
  };
}
inline scratch::entry_edit putting(std::string at, std::string other) {
  return [at, other](std::string_view key, std::string_view value) {
    return std::optional{key == at ? other : std::string{value}};
  };
}

/// The log of an acceptor of PMMC.
template <class Voter>
void put_an_acceptors_log() {
  const stopped_server<Voter> s{values<Voter>(0)};
  fs::remove_all(s.dir / "log");
  scratch::format(s.tmp / "a1", pmmc::role_kind::acceptor);
  fs::rename(s.tmp / "a1/log", s.dir / "log");
  CHECK(contains(s.reopened().error, "makes no sense"));
}

} // namespace damage
