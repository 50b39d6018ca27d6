// What is written can be read: states that are built by the public operations, at and just past
// their limits, are written, read and compared. The inputs choose the operations.
#include "target.hpp"

#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"
#include "membership/reconfiguration.hpp"
#include "service/replicated_state.hpp"
#include "storage/acceptor_codec.hpp"
#include "storage/members_file.hpp"
#include "storage/posix_disk.hpp"

#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace pmmc::fuzz {

namespace {

using namespace kv;

// --- The key-value store ------------------------------------------------------------------------

/// A size at or just past `limit`, or a small one.
std::size_t size_near(choices& in, std::size_t limit) {
  switch (in.below(8)) {
  case 0:
    return limit;
  case 1:
    return limit + 1;
  case 2:
    return limit - 1;
  default:
    return in.below(20);
  }
}

/// Large ones are what the time goes into.
std::size_t value_size(choices& in) {
  return in.below(4) == 0 ? size_near(in, max_value_bytes) : in.below(20);
}

const std::string& some_bytes() {
  static const std::string bytes(max_value_bytes + 1, 'v');
  return bytes;
}

std::string some_key(choices& in) {
  return std::string(1, static_cast<char>('a' + in.below(4))) +
         std::string(size_near(in, max_key_bytes - 1), 'k');
}

std::int64_t some_time(choices& in) {
  switch (in.below(6)) {
  case 0:
    return std::numeric_limits<std::int64_t>::max();
  case 1:
    return std::numeric_limits<std::int64_t>::min();
  default:
    return static_cast<std::int64_t>(in.below(100)) - 10;
  }
}

/// The words of a transaction's calls, kept while they are viewed.
struct words {
  std::vector<std::unique_ptr<std::string>> kept;
  std::string_view keep(std::string word) {
    return *kept.emplace_back(std::make_unique<std::string>(std::move(word)));
  }
};

call some_call(choices& in, words& w) {
  const auto key = w.keep(some_key(in));
  switch (in.below(10)) {
  case 0:
    return {verb::session, 0, 0, {w.keep(std::string(size_near(in, 64), 's'))}};
  case 1: {
    const auto flag = in.below(2) == 0 ? call_flags::relative : call_flags::absolute;
    return {verb::set, flag, some_time(in), {key, "dies"}};
  }
  case 2:
    return {verb::getdel, 0, 0, {key}};
  case 3:
    return {verb::expire, call_flags::relative, some_time(in), {key}};
  case 4: {
    call mget{verb::mget, 0, 0, {}};
    mget.words.assign(in.below(20) + 1, key);
    return mget;
  }
  case 5:
    return {verb::keys, 0, 0, {"*"}};
  case 6:
    return {verb::append, 0, 0, {key, std::string_view{some_bytes()}.substr(0, in.below(9))}};
  case 7:
    return {verb::flushall, 0, 0, {}};
  default:
    return {verb::set,
            call_flags::get,
            0,
            {key, std::string_view{some_bytes()}.substr(0, value_size(in))}};
  }
}

std::string some_transaction(choices& in) {
  words w;
  transaction t;
  t.now = in.below(16) == 0 ? std::numeric_limits<log_time>::max() : in.below(200);
  t.whole = in.below(2) == 0;
  for (auto calls = in.below(20) + 1; calls > 0 && !in.at_end(); --calls)
    t.calls.push_back(some_call(in, w));
  // One that has executed this call so often that the whole answer is as large as it may be.
  if (in.below(16) == 0 && !t.calls.empty())
    t.calls.resize(20 + in.below(3), t.calls.back());
  if (in.below(2) == 0) {
    t.session = w.keep(std::string(size_near(in, 64), 's'));
    t.sequence = in.below(4) == 0 ? std::numeric_limits<std::uint64_t>::max() : in.below(100);
  }
  return encode(t);
}

std::string some_operation(choices& in) {
  const auto key = some_key(in);
  const auto value = std::string_view{some_bytes()}.substr(0, value_size(in));
  switch (in.below(4)) {
  case 0:
    return encode(put(key, value));
  case 1:
    return encode(get(key));
  default:
    return some_transaction(in);
  }
}

// --- The replicated state -----------------------------------------------------------------------

configuration founders() {
  configuration first;
  first.acceptors = {{"a0", "h:0"}};
  first.leaders = {{"l0", "h:0"}};
  first.replicas = {{"r0", "h:0"}};
  return first;
}

std::unique_ptr<replicated_state> empty_state() {
  return std::make_unique<replicated_state>(std::make_unique<kv_store>(),
                                            config_history{founders()}, 1);
}

/// Of bytes that a text file has to escape, too.
std::string some_text(choices& in, std::size_t limit, std::size_t number) {
  auto text = std::string(size_near(in, limit), static_cast<char>(in.below(256)));
  const auto tail = std::to_string(number);
  return text.size() < tail.size() ? text
                                   : text.replace(text.size() - tail.size(), tail.size(), tail);
}

std::string some_change(choices& in, const replicated_state& state) {
  const auto& latest = state.configurations().latest();
  reconfiguration change{.replaces = latest.version, .remove = {}, .add = {}};
  const auto kind = pmmc_kinds[in.below(pmmc_kinds.size())];
  for (auto count = in.below(80); count > 0; --count) {
    const auto number = state.slot_out() * 100 + count;
    const auto id = some_text(in, role_id::max_size, number).substr(0, role_id::max_size);
    change.add.push_back({kind,
                          {role_id{id}, some_text(in, max_address_bytes, number),
                           some_text(in, max_address_bytes, number)}});
  }
  for (const auto& m : latest.members(kind))
    if (in.below(2) == 0)
      change.remove.push_back({kind, m.id});
  return encode(change);
}

request some_request(choices& in, const replicated_state& state) {
  request r;
  r.session = session_opened_at(1 + in.below(3), in.below(2));
  r.sequence = in.below(8) == 0 ? size_near(in, max_session_window) : 1 + in.below(12);
  r.acknowledged = in.below(4) == 0 ? in.below(12) : 0;
  switch (in.below(8)) {
  case 0:
    r.kind = request_kind::open_session;
    return r;
  case 1:
    if (in.below(4) == 0)
      r.kind = request_kind::end_session;
    return r;
  case 2:
    r.kind = request_kind::reconfigure;
    r.op = some_change(in, state);
    return r;
  case 3:
    return found_request({in.below(2) == 0 ? ~std::uint64_t{0} : 1 + in.below(100),
                          state.facts(),
                          {{"a1", std::string(size_near(in, max_address_bytes), 'd')}}});
  default:
    r.op = some_operation(in);
    return r;
  }
}

std::string bytes_of(const replicated_state& state) {
  std::ostringstream out;
  state.write(out);
  return out.str();
}

void check_snapshot(const replicated_state& state) {
  const auto saved = bytes_of(state);
  std::istringstream in{saved};
  const auto restored = empty_state();
  try {
    restored->read(in);
  } catch (const std::runtime_error& e) {
    demand(false, std::string{"a state that was built can be restored: "} + e.what());
  }
  demand(restored->fingerprint() == state.fingerprint(), "it is the same state");
  demand(restored->slot_out() == state.slot_out() && bytes_of(*restored) == saved,
         "and is saved as the same bytes");
}

void check_members(const replicated_state& state) {
  const membership known{state.configurations(), state.configurations().latest().version,
                         state.identity()};
  storage::write_members(storage::real_disk(), scratch_directory(), known);
  demand(storage::read_members(storage::real_disk(), scratch_directory()) == known,
         "members are read as written");
}

/// A named session gets an answer around the largest there may be.
void record_large_answer(choices& in, replicated_state& state) {
  const auto session = session_opened_at(state.slot_out(), 0);
  const auto value = std::string_view{some_bytes()}.substr(1);
  transaction before, large;
  before.calls = {{verb::session, 0, 0, {"large"}}, {verb::set, 0, 0, {"big", value}}};
  large.whole = true;
  large.session = "large";
  large.sequence = std::numeric_limits<std::uint64_t>::max();
  large.calls.assign(14 + in.below(4), call{verb::get, 0, 0, {"big"}});
  large.calls.push_back({verb::mget, 0, 0, {"big", "big"}});
  large.calls.push_back({verb::getdel, 0, 0, {"big"}});
  const auto answers = state.perform(
      encode_batch(std::vector<request>{{request_kind::open_session, 0, 1, 0, {}},
                                        {request_kind::operation, session, 1, 0, encode(before)},
                                        {request_kind::operation, session, 2, 0, encode(large)}}));
  demand(answers.size() == 3, "all are answered");
  for (const auto& answer : answers)
    demand(answer.body.size() <= max_whole_reply_bytes, "an answer is bounded");
}

/// An input is a history of slots.
void try_state(std::string_view bytes) {
  choices in{bytes};
  const auto state = empty_state();
  if (in.below(128) == 0)
    record_large_answer(in, *state);
  state->perform(encode_batch(std::vector<request>{{request_kind::open_session, 0, 1, 0, {}},
                                                   {request_kind::open_session, 0, 2, 0, {}}}));
  for (int slots = 0; slots < 24 && !in.at_end(); ++slots) {
    std::vector<request> requests;
    for (auto count = in.below(4) + 1; count > 0; --count)
      requests.push_back(some_request(in, *state));
    const command decided = encode_batch(requests);
    for (const auto& answer : state->perform(decided))
      demand(answer.body.size() <= max_whole_reply_bytes, "an answer is bounded");
    const storage::pvalue_position at{std::numeric_limits<config_version>::max(),
                                      state->slot_out()};
    const pvalue voted{
        {~std::uint64_t{0}, role_id{std::string(in.below(32), 'l')}}, at.slot, decided};
    demand(storage::parse_pvalue(at.slot, storage::encode(voted)) == voted, "a vote is read");
    const auto key = storage::parse_pvalue_key(storage::pvalue_key(at.version, at.slot));
    demand(key && key->version == at.version && key->slot == at.slot, "so is its place");
  }
  check_snapshot(*state);
  demand(state->clone()->fingerprint() == state->fingerprint(), "a clone is the same state");
  if (state->configurations().latest().version > 1)
    check_members(*state);
}

/// Deterministic, and of every size: the mutations start from here.
std::vector<std::string> state_seeds() {
  std::vector<std::string> seeds{std::string("\0\3\1\2", 4)}; // with a large answer
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::string bytes;
    for (unsigned i = 0, x = seed; i < 60 * seed; ++i) {
      x = x * 1'664'525 + 1'013'904'223;
      bytes.push_back(static_cast<char>(x >> 24));
    }
    seeds.push_back(std::move(bytes));
  }
  return seeds;
}

const target states{"written_state", try_state, state_seeds};

} // namespace

} // namespace pmmc::fuzz
