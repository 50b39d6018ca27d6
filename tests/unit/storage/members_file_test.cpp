// What a role remembers of its cluster and the others.
#include "scratch.hpp"

#include "membership/reconfiguration.hpp"
#include "storage/members_file.hpp"
#include "storage/posix_disk.hpp"
#include "storage/process_members.hpp"
#include "storage/simulated_disk.hpp"

using namespace pmmc;
using namespace pmmc::storage;
using scratch::contains;
using scratch::error_of;

namespace {

membership known_two(cluster_identity identity) {
  configuration first;
  first.acceptors = {{"a1", "host1:1"}};
  first.leaders = {{"l1", "host1:1"}};
  first.replicas = {{"r1", "host1:1"}};
  config_history history{first};
  auto next = first;
  next.version = 2;
  next.first_slot = 30;
  next.acceptors = {{"a2", "host2:1", "disk two"}};
  history.add(next);
  return membership{history, 2, identity};
}

/// The directories of a process with three roles, each on a disk of its own.
struct three_roles {
  static constexpr std::array kinds{role_kind::acceptor, role_kind::leader, role_kind::replica};
  std::array<simulated_disk, 3> disks{simulated_disk{1}, simulated_disk{2}, simulated_disk{3}};

  three_roles() {
    for (std::size_t i = 0; i < 3; ++i)
      data_directory::format(disks[i], path(i), info(i));
  }
  static std::string path(std::size_t i) { return "/data/x" + std::to_string(i); }
  static format_info info(std::size_t i) {
    auto info = scratch::info_of(kinds[i], "x" + std::to_string(i));
    info.facts.first = known_two(0).configurations.first();
    return info;
  }
  data_directory open(std::size_t i) {
    return data_directory::open(disks[i], path(i), "test 100%", kinds[i], "x" + std::to_string(i));
  }
  /// Why the roles cannot start together.
  std::string start(process_members& members) {
    for (std::size_t i = 0; i < 3; ++i)
      if (auto why = members.add(open(i)); !why.empty())
        return why;
    return {};
  }
};

/// Its config file says what its directories were formatted with.
process_members members_of_process() { return {three_roles::info(0).facts, "test.conf"}; }

} // namespace

TEST_CASE("members: what is written is read, with and without an identity") {
  scratch::directory tmp;
  CHECK_FALSE(read_members(real_disk(), tmp.path()).has_value());
  for (const cluster_identity identity :
       {std::uint64_t{0}, std::uint64_t{0xAB}, ~std::uint64_t{0}}) {
    const auto known = known_two(identity);
    write_members(real_disk(), tmp.path(), known);
    CHECK(read_members(real_disk(), tmp.path()) == known);
  }
  CHECK(contains(scratch::contents(tmp / "members"), "\nidentity ffffffffffffffff\n"));
}

TEST_CASE("members: servers are written and read, and mixed with no others") {
  configuration first;
  first.servers = {{"s1", "host1:1"}, {"s2", "host2:1", "disk two"}};
  const membership known{config_history{first}, 1, 0xAB};
  scratch::directory tmp;
  write_members(real_disk(), tmp.path(), known);
  CHECK(read_members(real_disk(), tmp.path()) == known);
  CHECK(contains(scratch::contents(tmp / "members"), "\nserver s2 host2:1 disk%20two\n"));
  first.acceptors = {{"a1", "host1:1"}};
  write_members(real_disk(), tmp.path(), membership{config_history{first}, 1, 0xAB});
  CHECK(contains(error_of([&] { static_cast<void>(read_members(real_disk(), tmp.path())); }),
                 "remove this one file"));
}

TEST_CASE("members: the largest membership that reconfigurations can make is read") {
  const auto text_of = [](std::size_t number, std::size_t size) {
    auto text = std::to_string(number);
    return text + std::string(size - text.size(), '\xff'); // each byte takes three
  };
  config_history history;
  for (std::size_t version = 1; version <= config_history::most_kept + 2; ++version) {
    configuration next;
    next.version = version;
    next.first_slot = version;
    for (const auto kind : pmmc_kinds)
      for (std::size_t i = 0; i < max_members_of_a_kind; ++i) {
        const auto number = (version * 10 + static_cast<std::size_t>(kind)) * 100 + i;
        next.members(kind).push_back({role_id{text_of(number, role_id::max_size)},
                                      text_of(number, max_address_bytes),
                                      text_of(number, max_address_bytes)});
      }
    history.add(std::move(next));
  }
  CHECK(history.former_members().size() > config_history::most_former_members);
  scratch::directory tmp;
  const membership known{history, 2, ~std::uint64_t{0}};
  write_members(real_disk(), tmp.path(), known);
  CHECK(read_members(real_disk(), tmp.path()) == known);
}

TEST_CASE("members: damage is refused, not taken for another cluster") {
  scratch::directory tmp;
  write_members(real_disk(), tmp.path(), known_two(0xAB));
  auto bytes = scratch::contents(tmp / "members");
  bytes[bytes.find("00ab") + 3] = 'c';
  scratch::overwrite(tmp / "members", bytes);
  CHECK(contains(error_of([&] { static_cast<void>(read_members(real_disk(), tmp.path())); }),
                 "checksum"));
}

TEST_CASE("members: configurations without one for the first slot are refused, not looked into") {
  scratch::directory tmp;
  auto later = known_two(0xAB).configurations.latest();
  write_members(real_disk(), tmp.path(), membership{config_history{later}, 1, 0xAB});
  CHECK(contains(error_of([&] { static_cast<void>(read_members(real_disk(), tmp.path())); }),
                 "remove this one file"));
}

TEST_CASE(
    "members: the identity of the cluster is kept, once known, and nothing learned of others") {
  auto known = known_two(0);
  CHECK(known.learn(known_two(0xAB)));
  CHECK(known.identity == 0xAB);
  CHECK_FALSE(known.learn(known_two(0)));
  auto other = known_two(0xAC);
  other.live_from = 2;
  auto third = other.configurations.latest();
  third.version = 3;
  third.first_slot = 60;
  other.configurations.add(third);
  CHECK_FALSE(known.learn(other));
  CHECK(known == known_two(0xAB));
  CHECK(why_other_cluster(0xAC, 0xAB)
            .starts_with("it belongs to the cluster with identity "
                         "00000000000000ac, and this is "
                         "00000000000000ab"));
  CHECK(why_other_cluster(0, 0xAB).empty());
  CHECK(why_other_cluster(0xAC, 0).empty());
}

TEST_CASE("members: a process begins with what its directories know together, and tells all") {
  three_roles roles;
  auto fresh = members_of_process();
  REQUIRE(roles.start(fresh) == "");
  CHECK(fresh.known() == membership{known_two(0).configurations.first()});
  CHECK(fresh.facts() == three_roles::info(0).facts);
  CHECK_FALSE(fresh.has_heard());

  // One has been told of the identity, another one of the configurations, the third of nothing.
  const auto first = known_two(0).configurations.first();
  write_members(roles.disks[0], three_roles::path(0), membership{config_history{first}, 1, 0xAB});
  write_members(roles.disks[2], three_roles::path(2), known_two(0));
  auto members = members_of_process();
  REQUIRE(roles.start(members) == "");
  CHECK(members.known() == known_two(0xAB));
  CHECK(members.has_heard());
  CHECK(members.damage().empty());

  members.remember(members.known());
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(read_members(roles.disks[i], three_roles::path(i)) == known_two(0xAB));
}

TEST_CASE("members: a damaged file is told of, and what the other directories know holds") {
  three_roles roles;
  for (std::size_t i = 0; i < 3; ++i)
    write_members(roles.disks[i], three_roles::path(i), known_two(0xAB));
  for (std::size_t i = 0; i < 3; ++i) {
    roles.disks[i]
        .open(three_roles::path(i) + "/members", open_for::writing)
        ->write_at(10, i == 1 ? "" : "?");
    auto members = members_of_process();
    REQUIRE(roles.start(members) == "");
    CHECK(members.known() == known_two(0xAB));
    CHECK(members.damage().size() == (i == 0 ? 1 : i));
    CHECK(contains(members.damage().front(), "/data/x0/members"));
  }
  write_members(roles.disks[1], three_roles::path(1),
                membership{known_two(0).configurations.first()});
  auto forgetful = members_of_process();
  REQUIRE(roles.start(forgetful) == "");
  CHECK(forgetful.known() == membership{known_two(0).configurations.first()});
}

TEST_CASE("members: directories of two clusters do not start in one process") {
  three_roles roles;
  write_members(roles.disks[0], three_roles::path(0), known_two(0xAB));
  write_members(roles.disks[2], three_roles::path(2), known_two(0xAC));
  auto members = members_of_process();
  const auto why = roles.start(members);
  CHECK(contains(why, "the data directory /data/x2 does not fit beside the others"));
  CHECK(contains(why, identity_text(0xAC)));

  auto info = three_roles::info(1);
  info.facts.window = 129;
  roles.disks[1].remove_all(three_roles::path(1));
  data_directory::format(roles.disks[1], three_roles::path(1), info);
  auto others = members_of_process();
  CHECK(contains(roles.start(others), "the roles x0 x1 were formatted for different clusters"));
}

TEST_CASE("members: the directories' facts hold, whatever window the config file says") {
  three_roles roles;
  auto file = three_roles::info(0).facts;
  process_members right{file, "test.conf"};
  REQUIRE(roles.start(right) == "");
  CHECK_FALSE(right.overrules_window());

  file.window += 1;
  file.first.acceptors.pop_back();
  process_members members{file, "test.conf"};
  REQUIRE(roles.start(members) == "");
  CHECK(members.overrules_window());
  CHECK(members.facts() == three_roles::info(0).facts);
  CHECK(members.known() == membership{known_two(0).configurations.first()});
}

TEST_CASE("members: another engine's config file, or another program, starts no role") {
  const auto why = [](auto change) {
    three_roles roles;
    auto own = three_roles::info(0).facts;
    change(own);
    process_members members{own, "test.conf"};
    return roles.start(members);
  };
  const std::string about = "the data directory /data/x0 is not one for this program: ";
  CHECK(why([](auto& own) {
          own.engine = "raft";
        }).starts_with(about + "it was made by the engine pmmc, and test.conf says raft. "));
  CHECK(
      why([](auto& own) { own.machine = "bank/1"; }).starts_with(about + "its state machine is "));
  CHECK(why([](auto& own) { own.protocol = "pmmc/0"; }).starts_with(about + "its protocol is "));
}
