// What a role remembers of its cluster and the others.
#include "scratch.hpp"

#include "reconfiguration.hpp"
#include "storage/members_file.hpp"
#include "storage/posix_disk.hpp"

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
    for (const auto kind : all_member_kinds)
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
