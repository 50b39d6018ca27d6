// The directories of servers, and that no engine takes those of another one.
#include "scratch.hpp"

#include "storage/checked_text.hpp"
#include "storage/format_file.hpp"
#include "storage/raft_store.hpp"
#include "storage/simple_store.hpp"

using namespace pmmc;
using namespace pmmc::storage;
using scratch::contains;
using scratch::error_of;
namespace fs = std::filesystem;

namespace {

std::string refusal(const fs::path& path, role_kind kind) {
  return error_of([&] { scratch::open(path, kind); });
}

} // namespace

TEST_CASE("a server has the log of its engine, a state, and a place for snapshots") {
  scratch::directory tmp;
  for (const auto* engine : {"raft", "simple"}) {
    scratch::format(tmp / engine, role_kind::server, engine);
    CHECK(scratch::files_in(tmp / engine) == std::vector<fs::path>{"FORMAT", "LOCK", "acknowledged",
                                                                   "log/0000000001.log",
                                                                   "snapshots/NEWEST", "state"});
  }
  const auto raft = scratch::open(tmp / "raft", role_kind::server);
  const auto& first = raft.info().facts.first;
  CHECK(raft_store{raft}.take_recovered() ==
        raft::founding_state({first.version, first.servers, {}}));
  const auto simple = scratch::open(tmp / "simple", role_kind::server);
  CHECK(simple_store{simple}.take_recovered() == simple::acceptor_state{});
}

TEST_CASE("FORMAT names the engine and its servers") {
  scratch::directory tmp;
  scratch::format(tmp / "s2", role_kind::server, "raft");
  const auto text = scratch::contents(tmp / "s2/FORMAT");
  for (const auto* line :
       {"\nrole server\nid s2\n", "\nengine raft\n", "\nhas-server s1 127.0.0.1:7601\n"})
    CHECK(contains(text, line));
  for (const auto kind : pmmc_kinds)
    CHECK_FALSE(contains(text, "has-" + std::string{to_string(kind)}));
}

TEST_CASE("a directory of one engine is refused by another: which one made it, and what to do") {
  scratch::directory tmp;
  scratch::format(tmp / "s1", role_kind::server, "raft");
  for (const auto kind : pmmc_kinds) {
    const auto why = refusal(tmp / "s1", kind);
    CHECK(contains(why, "it was made by the engine raft, for server s1, and not for " +
                            std::string{to_string(kind)} + " s1"));
    CHECK(contains(why, "Use the config file that names that one"));
    const std::string id{to_string(kind)};
    scratch::format(tmp / id, kind);
    CHECK(
        contains(refusal(tmp / id, role_kind::server),
                 "it was made by the engine pmmc, for " + id + " " + id + ", and not for server"));
  }
  CHECK(refusal(tmp / "s1", role_kind::server).empty());
}

TEST_CASE("there is no directory of a server whose engine is not known, nor of PMMC's") {
  scratch::directory tmp;
  for (const auto* engine : {"pmmc", "other", ""}) {
    const auto info = scratch::info_of(role_kind::server, "s1", engine);
    const auto why = error_of([&] { data_directory::format(real_disk(), tmp / "s1", info); });
    CHECK(contains(why, "the engine '" + std::string{engine} + "'"));
    CHECK(fs::is_empty(tmp.path()));
  }
}

TEST_CASE("a directory of an earlier format is refused by its number, and left as it is") {
  scratch::directory tmp;
  scratch::format(tmp / "a1", role_kind::acceptor);
  const auto file = tmp / "a1/FORMAT";
  const auto lines = unseal(scratch::contents(file));
  REQUIRE(lines);
  text_lines earlier;
  earlier.line({"pmmc-data", "4"});
  for (std::size_t i = 1; i < lines->size(); ++i)
    earlier.line((*lines)[i]);
  scratch::overwrite(file, earlier.sealed());
  const auto why = refusal(tmp / "a1", role_kind::acceptor);
  CHECK(contains(why, "it has format version 4"));
  CHECK(contains(why, "this program reads version " + std::to_string(storage_format_version) +
                          "; run the program that wrote it"));
  CHECK(scratch::contents(file) == earlier.sealed());
}
