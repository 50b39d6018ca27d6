// Replicas that did not do the same notice it, and those that cannot be right stop.
#include "consensus/pmmc/replica.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace pmmc;
using namespace pmmc::test;

namespace {

std::vector<member> replicas(std::size_t count) { return make_config(count).replicas; }

std::unique_ptr<replicated_state> fresh_state() {
  return std::make_unique<replicated_state>(std::make_unique<log_machine>(),
                                            config_history{make_config()}, 16);
}

void perform_up_to(replicated_state& state, slot_num slot, const char* op = "a") {
  if (state.slot_out() == 1)
    state.perform(batch_of({opening(7)}));
  while (state.slot_out() < slot)
    state.perform(batch_of({operation(std::uint64_t{1} << 16, state.slot_out() - 1, op)}));
}

/// Remembers the last operation only, and one of them wrongly.
class last_word final : public state_machine {
public:
  explicit last_word(std::string wrong) : wrong_(std::move(wrong)) {}
  std::string_view name() const override { return "last/1"; }
  std::string apply(std::string_view op) override {
    text_ = op == wrong_ ? "wrong" : op;
    return text_;
  }
  std::string query(std::string_view) const override { return text_; }
  std::unique_ptr<state_machine> clone() const override {
    return std::make_unique<last_word>(*this);
  }
  void snapshot(std::ostream& out) const override { out << text_; }
  void restore(std::istream& in) override { text_.assign(std::istreambuf_iterator<char>{in}, {}); }
  std::uint64_t fingerprint() const override { return std::hash<std::string>{}(text_); }
  std::size_t size_bytes() const override { return text_.size(); }

private:
  std::string wrong_;
  std::string text_;
};

replica_vitals telling(const slot_digest& digest) {
  replica_vitals v;
  v.digest = digest;
  return v;
}

} // namespace

TEST_CASE("agreement: what is told of slots that are not reached is compared when they are") {
  agreement a;
  a.hear("r2", {512, 1, 1});
  a.compare({{256, 7, 7}}, "r1", replicas(3));
  CHECK(a.differing().empty());
  a.compare({{256, 7, 7}, {512, 2, 1}}, "r1", replicas(3));
  CHECK(a.differing() == std::map<role_id, slot_num>{{"r2", 512}});
  CHECK_FALSE(a.is_outvoted()); // one against one
}

TEST_CASE("agreement: the minority is outvoted, whoever tells first, and nobody else") {
  const std::deque<slot_digest> right{{256, 1, 1}};
  const std::deque<slot_digest> wrong{{256, 1, 2}};
  agreement good;
  good.hear("r2", right.back());
  good.hear("r3", wrong.back());
  good.compare(right, "r1", replicas(3));
  CHECK(good.differing().size() == 1);
  CHECK_FALSE(good.is_outvoted());
  agreement bad;
  bad.hear("r1", right.back());
  bad.compare(wrong, "r3", replicas(3));
  CHECK_FALSE(bad.is_outvoted());
  bad.hear("r2", right.back());
  bad.compare(wrong, "r3", replicas(3));
  CHECK(bad.is_outvoted());
}

TEST_CASE("agreement: two replicas, or three that all differ, report and go on") {
  agreement two;
  two.hear("r2", {256, 1, 1});
  two.compare({{256, 2, 2}}, "r1", replicas(2));
  CHECK(two.differing().size() == 1);
  CHECK_FALSE(two.is_outvoted());
  agreement three;
  three.hear("r2", {256, 1, 1});
  three.hear("r3", {256, 3, 3});
  three.compare({{256, 2, 2}}, "r1", replicas(3));
  CHECK(three.differing().size() == 2);
  CHECK_FALSE(three.is_outvoted());
}

TEST_CASE("agreement: a state is disputed until a majority has it, or nobody contradicts") {
  const std::deque<slot_digest> own{{256, 1, 1}};
  agreement a;
  a.compare(own, "r1", replicas(3));
  CHECK_FALSE(a.is_disputed());
  a.hear("r2", {256, 1, 2});
  a.compare(own, "r1", replicas(3));
  CHECK(a.is_disputed()); // one against one: nobody is to copy it
  a.hear("r3", {256, 1, 1});
  a.compare(own, "r1", replicas(3));
  CHECK_FALSE(a.is_disputed());
  const std::deque<slot_digest> longer{{256, 1, 1}, {512, 5, 5}};
  a.compare(longer, "r1", replicas(3)); // nobody has told of 512 yet
  CHECK(a.is_disputed() == false);
}

TEST_CASE("agreement: who is no replica does not count, and who got the state anew is forgiven") {
  agreement a;
  for (const auto* stranger : {"r4", "r5", "r6"})
    a.hear(stranger, {256, 9, 9});
  a.hear("r2", {256, 9, 9});
  a.compare({{256, 1, 1}}, "r1", replicas(3));
  CHECK(a.differing() == std::map<role_id, slot_num>{{"r2", 256}});
  CHECK_FALSE(a.is_outvoted());
  a.hear("r2", {512, 2, 2});
  a.compare({{256, 1, 1}, {512, 2, 2}}, "r1", replicas(3));
  CHECK(a.differing().empty());
}

TEST_CASE("agreement: nobody differs from itself, whoever tells that under its name") {
  agreement a;
  a.hear("r1", {256, 9, 9});
  a.hear("r2", {256, 9, 9});
  a.compare({{256, 1, 1}}, "r1", replicas(3));
  CHECK(a.differing() == std::map<role_id, slot_num>{{"r2", 256}});
  CHECK_FALSE(a.is_outvoted());
}

TEST_CASE("agreement: a difference is noticed however many slots were the same before") {
  agreement a;
  std::deque<slot_digest> own;
  for (slot_num slot = 256; slot <= 256 * 100; slot += 256) {
    own.push_back({slot, 1, 1});
    if (own.size() > replicated_state::kept_digests)
      own.pop_front();
    a.hear("r2", {slot, 1, 1});
    a.compare(own, "r1", replicas(3));
    REQUIRE(a.differing().empty());
  }
  own.push_back({256 * 101, 1, 1});
  a.hear("r2", {256 * 101, 1, 2});
  a.compare(own, "r1", replicas(3));
  CHECK(a.differing() == std::map<role_id, slot_num>{{"r2", 256 * 101}});
}

TEST_CASE("digests: at fixed slots, kept by clones and snapshots, other decisions give others") {
  const auto state = fresh_state();
  perform_up_to(*state, 255);
  CHECK(state->digests().empty());
  perform_up_to(*state, 256 * 20 + 1);
  REQUIRE(state->digests().size() == replicated_state::kept_digests);
  CHECK(state->digests().back().slot == 256 * 20);
  CHECK(state->digests().front().slot == 256 * 5);
  CHECK(state->clone()->digests() == state->digests());
  std::stringstream bytes;
  state->write(bytes);
  const auto restored = fresh_state();
  restored->read(bytes);
  CHECK(restored->digests() == state->digests());
  perform_up_to(*restored, 256 * 21);
  perform_up_to(*state, 256 * 21);
  CHECK(restored->digests() == state->digests());

  const auto other = fresh_state();
  perform_up_to(*other, 2);
  perform_up_to(*other, 3, "b");
  perform_up_to(*other, 256 * 21);
  CHECK(other->digests().back().decisions != state->digests().back().decisions);
  CHECK(other->digests().back().state != state->digests().back().state);
}

TEST_CASE("digests: states that differed once differ from then on, though they become the same") {
  const auto digests_with = [](const char* op) {
    replicated_state state{std::make_unique<last_word>(op), config_history{make_config()}, 16};
    perform_up_to(state, 257);
    perform_up_to(state, 513, "b");
    return state.digests();
  };
  const auto right = digests_with("");
  const auto wrong = digests_with("a");
  REQUIRE(right.size() == 2);
  REQUIRE(wrong.size() == 2);
  CHECK(right[0].decisions == wrong[0].decisions);
  CHECK(right[1].decisions == wrong[1].decisions);
  CHECK(right[0].state != wrong[0].state);
  CHECK(right[1].state != wrong[1].state);
}

TEST_CASE("replica: what the others tell in pings and pongs makes the minority stop") {
  auto state = fresh_state();
  perform_up_to(*state, 300);
  replica r{{.id = "r1"}, std::move(state), true};
  const auto own = r.current_vitals().digest;
  CHECK(own.slot == 256);
  r.on(ping{"r2", 1, telling(own)});
  CHECK(r.differing().empty());
  const slot_digest wrong{256, own.decisions + 1, own.state};
  r.on(pong{"r3", 1, telling(wrong)});
  CHECK(r.differing() == std::map<role_id, slot_num>{{"r3", 256}});
  CHECK(r.gauges().differing_replicas == 1);
  CHECK_FALSE(r.is_outvoted());
  r.on(ping{"r2", 2, telling(wrong)});
  CHECK(r.is_outvoted());
}

TEST_CASE("replica: a snapshot before the stop, if there is something new") {
  auto state = fresh_state();
  perform_up_to(*state, 10);
  replica r{{.id = "r1"}, std::move(state), false};
  r.save_now();
  r.save_now();
  auto out = r.take();
  REQUIRE(out.save_snapshot != nullptr);
  CHECK(out.save_snapshot->slot_out() == 10);
  r.snapshot_saved(10);
  r.save_now();
  CHECK(r.take().save_snapshot == nullptr);
}
