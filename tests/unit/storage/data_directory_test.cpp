// A data directory is formatted once, belongs to one role of one cluster, and has one process.
#include "scratch.hpp"
#include "storage/snapshot_store.hpp"

#include <sys/wait.h>

using namespace pmmc;
using namespace pmmc::storage;
using scratch::contains;
using scratch::error_of;
namespace fs = std::filesystem;

namespace {

constexpr auto acceptor_kind = role_kind::acceptor;

} // namespace

TEST_CASE("what was formatted is what is opened") {
  scratch::directory tmp;
  for (const auto kind : all_member_kinds) {
    const auto path = tmp / std::string{to_string(kind)};
    const auto* engine = kind == role_kind::server ? "raft" : "pmmc";
    const auto info = scratch::info_of(kind, path.filename().string(), engine);
    const auto format_id = data_directory::format(real_disk(), path, info);
    CHECK(format_id.size() == 32);
    const auto opened = scratch::open(path, kind);
    CHECK(opened.info().cluster == info.cluster);
    CHECK(opened.info().kind == kind);
    CHECK(opened.info().id == info.id);
    CHECK(opened.info().facts.window == 128);
    CHECK(opened.info().format_id == format_id);
    CHECK(opened.info().facts == info.facts);
  }
}

TEST_CASE("a directory of a server knows its cluster's servers, and has room for snapshots") {
  scratch::directory tmp;
  auto info = scratch::info_of(role_kind::server, "s1");
  info.facts.engine = "raft";
  info.facts.first = {1, 1, {}, {}, {}, {{"s1", "127.0.0.1:7101"}, {"s2", "[::1]:7102"}}};
  data_directory::format(real_disk(), tmp / "s1", info);
  CHECK(scratch::open(tmp / "s1", role_kind::server).info().facts == info.facts);
  CHECK(contains(scratch::contents(tmp / "s1/FORMAT"), "\nhas-server s2 [::1]:7102\n"));
  CHECK(fs::exists(tmp / "s1/snapshots/NEWEST"));
  fs::remove(tmp / "s1/snapshots/NEWEST");
  const auto error =
      error_of([&] { snapshot_store{scratch::open(tmp / "s1", role_kind::server)}; });
  CHECK(contains(error, "leave this server down"));
  CHECK(contains(error, "those of engine `simple` never change"));
  CHECK_FALSE(contains(error, "pmmc init"));
}

TEST_CASE("every formatting gives the disk another identity") {
  scratch::directory tmp;
  const auto info = scratch::info_of(role_kind::leader, "l1");
  CHECK(data_directory::format(real_disk(), tmp / "a", info) !=
        data_directory::format(real_disk(), tmp / "b", info));
}

TEST_CASE("format makes missing parents and takes an empty directory") {
  scratch::directory tmp;
  scratch::format(tmp.path() / "var" / "deep" / "l1", role_kind::leader);
  fs::create_directory(tmp / "l2");
  scratch::format(tmp / "l2", role_kind::leader);
  CHECK_FALSE(data_directory::is_unformatted(real_disk(), tmp / "l2"));
}

TEST_CASE("format refuses what is not empty, and leaves it alone") {
  scratch::directory tmp;
  fs::create_directory(tmp / "a1");
  scratch::overwrite(tmp / "a1/thesis.txt", "years of work");
  const auto error = error_of([&] { scratch::format(tmp / "a1", acceptor_kind); });
  CHECK(contains(error, "not an empty directory"));
  CHECK(contains(error, "just start it"));
  CHECK(scratch::contents(tmp / "a1/thesis.txt") == "years of work");
}

TEST_CASE("what a crashed format left is never taken for a directory, and goes with the next one") {
  scratch::directory tmp;
  scratch::format(tmp / "a1", acceptor_kind);
  fs::rename(tmp / "a1", tmp / ".a1.formatting"); // crashed just before the rename
  fs::remove(tmp / ".a1.formatting/FORMAT");
  CHECK(contains(error_of([&] { scratch::open(tmp / "a1", acceptor_kind); }), "no such directory"));
  scratch::format(tmp / "a1", acceptor_kind);
  CHECK_FALSE(fs::exists(tmp / ".a1.formatting"));
  scratch::open(tmp / "a1", acceptor_kind);
}

TEST_CASE("a missing or empty directory: init, but never again for one that took part") {
  scratch::directory tmp;
  fs::create_directory(tmp / "a2");
  for (const auto* id : {"a1", "a2"}) {
    const auto error = error_of([&] { scratch::open(tmp / id, acceptor_kind); });
    CHECK(contains(error, std::string{"pmmc init --id "} + id));
    CHECK(contains(error, "WARNING"));
    CHECK(contains(error, "what it promised is lost"));
    CHECK(contains(error, "leave this acceptor down"));
  }
  const auto server = error_of([&] { scratch::open(tmp / "s1", role_kind::server); });
  CHECK(contains(server, "WARNING"));
  CHECK(contains(server, "leave this server down"));
  const auto replica = error_of([&] { scratch::open(tmp / "r1", role_kind::replica); });
  CHECK(contains(replica, "from the other replicas"));
  CHECK_FALSE(contains(replica, "WARNING"));
}

TEST_CASE("a foreign cluster or role is refused by name") {
  scratch::directory tmp;
  scratch::format(tmp / "a1", acceptor_kind);
  const auto open_as = [&](const char* cluster, role_kind kind, const char* id) {
    return error_of([&] { data_directory::open(real_disk(), tmp / "a1", cluster, kind, id); });
  };
  CHECK(contains(open_as("other", acceptor_kind, "a1"), "cluster 'test 100%', not to 'other'"));
  CHECK(contains(open_as("test 100%", acceptor_kind, "a2"), "acceptor a1, not to acceptor a2"));
  CHECK(contains(open_as("test 100%", role_kind::leader, "a1"), "acceptor a1, not to leader a1"));
}

TEST_CASE("every damage of FORMAT is refused") {
  scratch::directory tmp;
  scratch::format(tmp / "l1", role_kind::leader);
  const auto file = tmp / "l1/FORMAT";
  const auto good = scratch::contents(file);
  const auto refused = [&] {
    return !error_of([&] { scratch::open(tmp / "l1", role_kind::leader); }).empty();
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1 << i % 8);
    scratch::overwrite(file, bad);
    CHECK_MESSAGE(refused(), "flipped a bit of byte " << i);
    scratch::overwrite(file, good.substr(0, i));
    CHECK_MESSAGE(refused(), "truncated to " << i << " bytes");
  }
  fs::remove(file);
  CHECK(refused());
  scratch::overwrite(file, good);
  CHECK_FALSE(refused());
}

TEST_CASE("one process at a time: the second is told the first one's number") {
  scratch::directory tmp;
  scratch::format(tmp / "a1", acceptor_kind);
  CHECK(lock_holder(real_disk(), tmp / "a1") == -1);
  {
    const auto held = scratch::open(tmp / "a1", acceptor_kind);
    CHECK(lock_holder(real_disk(), tmp / "a1") == ::getpid());
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const auto error = error_of([&] { scratch::open(tmp / "a1", acceptor_kind); });
      const auto expected = "a1 is already running as process " + std::to_string(::getppid());
      ::_exit(contains(error, expected) ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(lock_holder(real_disk(), tmp / "a1") == -1);
  scratch::open(tmp / "a1", acceptor_kind);
}

TEST_CASE("a removed LOCK file does no harm") {
  scratch::directory tmp;
  scratch::format(tmp / "a1", acceptor_kind);
  fs::remove(tmp / "a1/LOCK");
  scratch::open(tmp / "a1", acceptor_kind);
}
