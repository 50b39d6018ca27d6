// What a Raft server wrote down is what it recovers, in bounded space.
#include "scratch.hpp"

#include "log_fixture.hpp"
#include "raft_fixture.hpp"
#include "storage/raft_codec.hpp"

using namespace pmmc;
using namespace pmmc::raft;
using namespace pmmc::storage;
using scratch::contains;
using scratch::error_of;

namespace {

constexpr segment_sizes small{4096, 4096};

raft_fixture small_server(const scratch::directory& tmp) { return raft_fixture{tmp / "r1", small}; }

} // namespace

TEST_CASE("raft: a new server is in no term, has an empty log, and knows who votes") {
  scratch::directory tmp;
  raft_fixture r{tmp / "r1"};
  CHECK(r.recovered.term == 0);
  CHECK(r.recovered.log.last() == position{});
  CHECK(*r.recovered.log.members() == first_servers);
  CHECK(r.writes() == 1);
  r.write({});
  CHECK(r.writes() == 1);
  r.restart();
}

TEST_CASE("raft: terms, votes, entries of all kinds, truncations and the base come back") {
  scratch::directory tmp;
  raft_fixture r{tmp / "r1"};
  r.write({term_record{1, "r2"}});
  r.restart();
  CHECK(r.recovered.voted_for == "r2");
  auto joint = servers_of(2, {"r1", "r4"});
  joint.outgoing = first_servers.servers;
  r.write({append_record{1, {1, command{"one"}, nullptr}}, append_record{2, {1, {}, nullptr}},
           append_record{3, {1, command{std::string("\0\xff", 2)}, shared(joint)}},
           append_record{4, {1, command{std::string(100'000, 'l')}, nullptr}},
           append_record{5, {1, {}, shared(servers_of(2, {"r1", "r4"}))}}});
  r.restart();
  CHECK(r.recovered.log.at(2).value.is_noop());
  CHECK(*r.recovered.log.members_at(4) == joint);
  CHECK(r.recovered.log.at(4).value.size() == 100'000);
  r.write({term_record{2, ""}, truncate_record{4}, append_record{4, {2, {}, nullptr}}});
  r.restart();
  CHECK(*r.recovered.log.members() == joint); // the change was taken back with its entry
  CHECK(r.recovered.log.last() == position{4, 2});
  r.write({term_record{2, "r1"}});
  r.write({base_record{{3, 1}, shared(joint)}});
  r.restart();
  CHECK(r.recovered.voted_for == "r1");
  CHECK(r.recovered.log.base() == position{3, 1});
  CHECK(*r.recovered.log.base_members() == joint);
  CHECK(r.writes() == 6);
}

TEST_CASE("raft: behind a snapshot that the log does not lead to, it begins anew") {
  scratch::directory tmp;
  raft_fixture r{tmp / "r1"};
  r.write({term_record{2, ""}, append_record{1, {1, command{"a"}, nullptr}},
           append_record{2, {2, command{"b"}, nullptr}}});
  const auto others = shared(servers_of(7, {"r8", "r9"}));
  SUBCASE("with another entry there") { r.write({base_record{{1, 2}, others}}); }
  SUBCASE("far behind its end") { r.write({base_record{{50, 2}, others}}); }
  CHECK(r.acknowledged.log.last() == r.acknowledged.log.base());
  r.restart();
  r.append("the next");
  r.restart();
}

TEST_CASE("raft: a thousand random histories end as they should") {
  scratch::directory tmp;
  raft_fixture r{tmp / "r1", segment_sizes{4096, 16384}};
  r.live_through(raft_history{42, 5000}, 1000);
}

TEST_CASE("raft: segments go when their entries are in a snapshot, and what they told besides "
          "stays: term, vote, the log's beginning and who votes there") {
  scratch::directory tmp;
  auto r = small_server(tmp);
  const auto changed = shared(servers_of(2, {"r1", "r5"}));
  r.write({term_record{3, "r3"}});
  r.write({append_record{1, {3, {}, changed}}});
  for (slot_num index = 2; index <= 200; ++index) {
    r.append(std::string(300, 'v'));
    if (index % 10 == 0) {
      r.compact(index - 10);
      r.restart();
    }
  }
  r.compact(190);
  CHECK(scratch::segments(tmp / "r1").size() <= 4);
  r.restart();
  CHECK(r.recovered.voted_for == "r3");
  CHECK(*r.recovered.log.members() == *changed);
  CHECK(r.recovered.log.base() == position{190, 3});
  for (int i = 0; i < 50; ++i) {
    r.compact(r.acknowledged.log.last().index);
    CHECK(r.acknowledged.log.size_bytes() == 0);
  }
  CHECK(scratch::segments(tmp / "r1").size() <= 2);
  r.restart();
}

TEST_CASE("raft: a segment whose entries were all cut off goes, too") {
  scratch::directory tmp;
  auto r = small_server(tmp);
  r.write({term_record{1, ""}});
  r.append("kept");
  r.compact(1);
  while (scratch::segments(tmp / "r1").size() < 4)
    r.append(std::string(500, 'v'));
  r.write({truncate_record{2}});
  for (int i = 0; i < 4; ++i)
    r.append("later");
  CHECK(scratch::segments(tmp / "r1").size() == 1);
  r.restart();
  r.append("after");
  r.restart();
}

TEST_CASE("raft: where no snapshot is taken, what was replaced does not pile up") {
  scratch::directory tmp;
  auto r = small_server(tmp);
  const auto oldest = std::string(3000, 'o');
  r.write({term_record{1, ""}});
  r.append(oldest);
  std::uint64_t most = 0;
  for (term_num term = 2; term <= 200; ++term) {
    r.write({term_record{term, "r2"}});
    for (int i = 0; i < 4; ++i)
      r.append(std::string(400, 'v'));
    r.write({truncate_record{2}});
    most = std::max(most, disk_bytes(tmp / "r1" / "log"));
  }
  CHECK(most <= 2 * oldest.size() + 18 * small.usual_bytes); // spares, and what a write adds
  CHECK(r.acknowledged.log.at(1).value.bytes() == oldest);
  r.restart();
}

TEST_CASE("raft: a write that is larger than a segment gets one of its size") {
  scratch::directory tmp;
  auto r = small_server(tmp);
  r.append(std::string(200'000, 'l'));
  r.append("small");
  r.restart();
  std::vector<std::string> many;
  for (int i = 0; i < 500; ++i)
    many.push_back("server " + std::to_string(i));
  r.write({append_record{3, {0, {}, shared(servers_of(9, many))}}});
  r.compact(3); // so that a head is larger than a segment, too
  for (int i = 0; i < 30; ++i)
    r.append(std::string(900, 'v'));
  r.restart();
  CHECK(r.recovered.log.base_members()->servers.size() == 500);
}

TEST_CASE("raft: values have one form, and a part of one is none") {
  auto joint = servers_of(2, {"r1", "r4"});
  joint.outgoing = first_servers.servers;
  for (const auto& members : {shared(joint), shared({}), decltype(shared(joint)){}}) {
    const raft::entry e{7, {}, members};
    const auto bytes = encode_without_command(e);
    CHECK(parse_entry(bytes) == e);
    CHECK(parse_entry(bytes + "a command")->value == command{"a command"});
    const auto base = encode(base_record{{5, 6}, members});
    CHECK(encode(*parse_base(base)) == base);
    for (std::size_t part = 0; part < bytes.size(); ++part)
      CHECK_FALSE(parse_entry(bytes.substr(0, part)));
    for (std::size_t part = 0; part < base.size(); ++part)
      CHECK_FALSE(parse_base(base.substr(0, part)));
    CHECK_FALSE(parse_base(base + "x"));
  }
  const auto term = encode(term_record{3, std::string(role_id::max_size, 'x')});
  CHECK(parse_term(term)->voted_for == std::string(role_id::max_size, 'x'));
  for (std::size_t part = 0; part < term.size(); ++part)
    CHECK_FALSE(parse_term(term.substr(0, part)));
}
