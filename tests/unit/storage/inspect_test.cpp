// `pmmc inspect` tells what is there, beside a running role too, and changes nothing.
#include "scratch.hpp"

#include "acceptor_fixture.hpp"
#include "log_fixture.hpp"
#include "raft_fixture.hpp"
#include "simple_fixture.hpp"
#include "storage/inspect.hpp"
#include "storage/role_state.hpp"
#include "storage/snapshot_store.hpp"

#include <map>

using namespace pmmc;
using namespace pmmc::storage;
using scratch::contains;
namespace fs = std::filesystem;

namespace {

/// Every file's bytes and time of change.
std::map<std::string, std::pair<std::string, fs::file_time_type>> picture(const fs::path& dir) {
  std::map<std::string, std::pair<std::string, fs::file_time_type>> files;
  for (const auto& file : scratch::files_in(dir))
    files[file.string()] = {scratch::contents(dir / file), fs::last_write_time(dir / file)};
  return files;
}

/// A replica's directory with a snapshot at slot 60.
void write_snapshot(const fs::path& dir, const char* state) {
  scratch::format(dir, role_kind::replica);
  const auto replica = scratch::open(dir, role_kind::replica);
  auto writer = snapshot_store{replica}.write(60);
  writer.stream() << state;
  writer.commit(scratch::any_snapshot);
}

void write_some(acceptor_fixture& a) {
  for (slot_num slot = 1; slot <= 10; ++slot)
    a.write({accept_record{1, {{2, "l1"}, slot, command{"1234"}}}});
  a.write({collect_record{4}, promise_record{2, {3, "l2"}}});
}

void check_acceptor(const inspection& found) {
  CHECK(found.good());
  REQUIRE(found.format.has_value());
  CHECK(found.format->id == "a1");
  CHECK(found.format->facts.window == 128);
  REQUIRE(found.acceptor.has_value());
  CHECK(found.acceptor->watermark == 4);
  CHECK(found.acceptor->writes == 12);
  REQUIRE(found.acceptor->versions.size() == 2);
  const auto& first = found.acceptor->versions[0];
  CHECK(first.ballot == ballot_num{2, "l1"});
  CHECK(first.pvalues == 7);
  CHECK(first.lowest == 4);
  CHECK(first.highest == 10);
  CHECK(first.command_bytes == 28);
  CHECK(found.acceptor->versions[1].pvalues == 0);
  CHECK(found.disk_bytes > 0);
  CHECK(found.files.size() >= 4);
}

} // namespace

TEST_CASE("inspect of an acceptor, running, stopped and crashed") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  write_some(a);
  const auto running = inspect(tmp / "a1", scratch::any_inspected);
  check_acceptor(running);
  CHECK(running.running_as == ::getpid());
  a.stop();
  const auto before = picture(tmp / "a1");
  const auto crashed = inspect(tmp / "a1", scratch::any_inspected);
  check_acceptor(crashed);
  CHECK(crashed.running_as == -1);
  CHECK(picture(tmp / "a1") == before);
  a.restart();
  check_acceptor(inspect(tmp / "a1", scratch::any_inspected));
}

TEST_CASE("inspect reports damage of an acceptor as a problem, not as an empty acceptor") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  write_some(a);
  a.stop();
  {
    const auto own = scratch::open(tmp / "a1", role_kind::acceptor);
    role_state{own}.met([](known_disks& met) { return met.meet("l1", {"disk", {}, 0}); });
  }
  for (const auto& file : scratch::files_in(tmp / "a1/log"))
    fs::remove(tmp / "a1/log" / file);
  const auto before = picture(tmp / "a1");
  const auto found = inspect(tmp / "a1", scratch::any_inspected);
  CHECK_FALSE(found.acceptor.has_value());
  REQUIRE(found.problems.size() == 1);
  CHECK(contains(found.problems[0], "must not vote"));
  CHECK(found.known_disks.at("l1") == "disk"); // of another file
  CHECK(picture(tmp / "a1") == before);
}

TEST_CASE("inspect of a Raft server, running and damaged") {
  scratch::directory tmp;
  raft_fixture r{tmp / "r1"};
  r.write({raft::term_record{3, "r2"}});
  for (int i = 0; i < 5; ++i)
    r.append("1234");
  r.compact(2);
  const auto look = [&] { return inspect(tmp / "r1", scratch::any_inspected); };
  const auto found = look();
  CHECK(found.good());
  REQUIRE(found.raft.has_value());
  CHECK(found.raft->writes == 8);
  CHECK(found.raft->term == 3);
  CHECK(found.raft->voted_for == "r2");
  CHECK(found.raft->in_snapshot == 2);
  CHECK(found.raft->last == 5);
  CHECK(found.raft->last_term == 3);
  CHECK(found.raft->log_bytes == r.acknowledged.log.size_bytes());
  r.stop();
  fs::remove(scratch::newest_log(tmp / "r1"));
  CHECK_FALSE(look().raft.has_value());
  CHECK(contains(look().problems.at(0), "must not vote"));
}

TEST_CASE("inspect of a server of engine `simple`, running, crashed, and damaged") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1"};
  for (slot_num slot = 1; slot <= 10; ++slot) {
    s.promise(slot, 2);
    s.accept(slot, 2, "1234");
  }
  s.write({simple::collect_record{4}, simple::promise_record{12, {3}}});
  const auto look = [&] { return inspect(tmp / "s1", scratch::any_inspected); };
  const auto check = [](const inspection& found) {
    CHECK(found.good());
    CHECK_FALSE(found.acceptor.has_value());
    REQUIRE(found.simple.has_value());
    CHECK(found.simple->min == 4);
    CHECK(found.simple->writes == 22);
    CHECK(found.simple->promised == 8);
    CHECK(found.simple->accepted == 7);
    CHECK(found.simple->highest == 12);
    CHECK(found.simple->command_bytes == 28);
  };
  const auto running = look();
  check(running);
  CHECK(running.running_as == ::getpid());
  s.stop();
  const auto before = picture(tmp / "s1");
  check(look());
  CHECK(picture(tmp / "s1") == before);
  fs::remove(scratch::newest_log(tmp / "s1"));
  const auto damaged = look();
  CHECK_FALSE(damaged.simple.has_value());
  REQUIRE(damaged.problems.size() == 1);
  CHECK(contains(damaged.problems[0], "must not vote"));
}

TEST_CASE("inspect of a leader and of a replica") {
  scratch::directory tmp;
  scratch::format(tmp / "l1", role_kind::leader);
  scratch::format(tmp / "r1", role_kind::replica);
  {
    const auto leader = scratch::open(tmp / "l1", role_kind::leader);
    role_state{leader}.save(17);
    const auto replica = scratch::open(tmp / "r1", role_kind::replica);
    role_state{replica}.met([](known_disks& met) { return met.meet("a1", {"disk", {}, 0}); });
    for (const slot_num slot : {50, 60}) {
      auto writer = snapshot_store{replica}.write(slot);
      writer.stream() << "state";
      writer.commit(scratch::any_snapshot);
    }
  }
  const auto leader = inspect(tmp / "l1", scratch::any_inspected);
  CHECK(leader.good());
  CHECK(leader.seqnum == 17);
  const auto replica = inspect(tmp / "r1", scratch::any_inspected);
  CHECK(replica.good());
  CHECK_FALSE(replica.seqnum.has_value());
  CHECK(replica.known_disks.at("a1") == "disk");
  REQUIRE(replica.snapshots.size() == 2);
  CHECK(replica.snapshots[1].slot == 60);
  CHECK(replica.snapshots[1].good);
  fs::resize_file(tmp / "r1/snapshots/snapshot-60", 30);
  const auto damaged = inspect(tmp / "r1", scratch::any_inspected);
  CHECK(damaged.problems.size() == 1);
  CHECK_FALSE(damaged.snapshots[1].good);
  CHECK(damaged.snapshots[0].good);
}

TEST_CASE("inspect reads a snapshot to its end, behind the state as well") {
  scratch::directory tmp;
  write_snapshot(tmp / "r1", "state");
  const auto file = tmp / "r1/snapshots/snapshot-60";
  const auto bytes = scratch::contents(file);
  const auto reads_state_only = [](snapshot_reader& s, const auto&) {
    std::string state(5, '\0');
    s.stream().read(state.data(), 5);
    CHECK(state == "state");
  };
  auto flipped = bytes;
  flipped.back() ^= 1;
  for (const auto& damaged : {flipped, bytes + "x", bytes.substr(0, bytes.size() - 1)}) {
    scratch::overwrite(file, damaged);
    const auto found = inspect(tmp / "r1", reads_state_only);
    CHECK_FALSE(found.snapshots.at(0).good);
    REQUIRE(found.problems.size() == 1);
    CHECK(contains(found.problems[0], "snapshot-60"));
  }
}

TEST_CASE("inspect does not call a snapshot good that a start cannot restore") {
  scratch::directory tmp;
  write_snapshot(tmp / "r1", "no state");
  const auto found =
      inspect(tmp / "r1", [](snapshot_reader& s, const auto&) { s.refuse("it is none"); });
  CHECK_FALSE(found.snapshots.at(0).good);
  CHECK(contains(found.problems.at(0), "it is none"));
}

TEST_CASE("inspect reads the members, too") {
  scratch::directory tmp;
  scratch::format(tmp / "l1", role_kind::leader);
  scratch::overwrite(tmp / "l1/members", "checksum 0\n");
  const auto found = inspect(tmp / "l1", scratch::any_inspected);
  REQUIRE(found.problems.size() == 1);
  CHECK(contains(found.problems[0], "members"));
  for (const auto* file : {"FORMAT", "state"})
    fs::remove(tmp / "l1" / file);
  CHECK_FALSE(inspect(tmp / "l1", scratch::any_inspected).good()); // damage, whatever is left
}

TEST_CASE("inspect of what is no data directory") {
  scratch::directory tmp;
  const auto said = [](const fs::path& path) {
    return scratch::error_of([&] { inspect(path, scratch::any_inspected); });
  };
  CHECK(contains(said(tmp.path()), "it is no data directory; name that of a role"));
  scratch::overwrite(tmp / "file", "");
  fs::create_directories(tmp / "some/where/deep"); // nobody looks there
  scratch::format(tmp / "a1", role_kind::acceptor);
  scratch::format(tmp / "l1", role_kind::leader);
  const auto instead = said(tmp.path());
  CHECK(contains(instead, "it is no data directory; name one of " + (tmp / "a1").string() + " " +
                              (tmp / "l1").string()));
  fs::remove(tmp / "a1/FORMAT"); // damage, not a stranger's directory
  CHECK(contains(inspect(tmp / "a1", scratch::any_inspected).problems.at(0), "FORMAT"));
  CHECK(contains(scratch::error_of([&] { inspect(tmp / "none", scratch::any_inspected); }),
                 "no such directory"));
}
