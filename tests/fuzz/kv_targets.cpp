// src/kv: transactions as they come out of the log, answers as they reach clients,
// and the store's part of a snapshot.
#include "target.hpp"

#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"

#include <sstream>
#include <stdexcept>

namespace pmmc::fuzz {

namespace {

using namespace kv;

/// A store with something of everything in it.
kv_store small_store() {
  kv_store store;
  for (const auto* key : {"a", "b", "counter"})
    store.apply(encode(put(key, "1")));
  transaction t;
  t.now = 1'000'000;
  t.calls = {{verb::session, 0, 0, {"somebody"}},
             {verb::set, call_flags::absolute, 2'000'000, {"dies", "soon"}},
             {verb::mset, 0, 0, {"x", "1", "y", "2"}},
             {verb::del, 0, 0, {"b"}}};
  store.apply(encode(t));
  t.session = "somebody";
  t.sequence = 1;
  t.calls = {{verb::incrby, 0, 5, {"counter"}}};
  store.apply(encode(t));
  return store;
}

std::string snapshot_of(const kv_store& store) {
  std::ostringstream out;
  store.snapshot(out);
  return out.str();
}

/// Whatever the log says: equal effects on a store and its copy, no effect of a query.
void try_operation(std::string_view bytes) {
  if (const auto t = decode_transaction(bytes))
    demand(decode_transaction(encode(*t)) == t, "a transaction can be written and read");
  static const auto initial = small_store();
  auto store = initial.clone();
  const auto before = store->fingerprint();
  static_cast<void>(store->query(bytes));
  demand(store->fingerprint() == before, "a query changes nothing");
  const auto answer = store->apply(bytes);
  const auto copy = initial.clone();
  demand(copy->apply(bytes) == answer && copy->fingerprint() == store->fingerprint(),
         "equal stores do equal things");
  demand(initial.fingerprint() == before, "a clone shares nothing that can be changed");
  demand(!store->name_of(bytes).empty(), "every operation has a name");
  std::ostringstream out;
  store->snapshot(out);
  demand(out.str().size() == store->size_bytes(), "size_bytes is what snapshot writes");
  std::istringstream in{out.str()};
  kv_store restored;
  restored.restore(in);
  demand(restored.fingerprint() == store->fingerprint(), "what was saved can be restored");
}

void try_answer(std::string_view bytes) {
  for (const auto what : {verb::get, verb::set, verb::append, verb::del, verb::cas, verb::incrby})
    if (const auto a = read_answer(what, bytes))
      demand(!to_string(a->status).empty(), "every status has a name");
  pmmc::byte_reader in{bytes};
  while (!in.at_end() && next_reply(in))
    ;
}

void try_kv_snapshot(std::string_view bytes) {
  static const auto initial = small_store();
  const auto store = initial.clone();
  std::istringstream in{std::string{bytes}};
  try {
    store->restore(in);
    std::ostringstream out;
    store->snapshot(out);
    demand(bytes.starts_with(out.str()), "what was restored is what was read");
    demand(store->size_bytes() == out.str().size(), "size_bytes is what snapshot writes");
  } catch (const std::runtime_error&) {
    demand(store->fingerprint() == initial.fingerprint(), "a refused snapshot changes nothing");
  }
}

std::vector<std::string> operation_seeds() {
  std::vector<std::string> seeds;
  for (const auto& t : {put("k", "v"), get("a"), append("a", "v"), del("a"), cas("a", "1", "2"),
                        cas("new", std::nullopt, "2"), incr("counter", -3)})
    seeds.push_back(encode(t));
  for (auto what = verb::get; what <= last_verb;
       what = static_cast<verb>(static_cast<int>(what) + 1))
    for (const std::uint8_t flags : {0, 1, 6, 64}) {
      transaction t;
      t.now = 1'500'000;
      t.whole = flags == 1;
      if (flags == 6)
        t.watched = {{"a", 1}};
      if (flags == 64)
        t.session = "somebody", t.sequence = 2;
      t.calls = {{what, flags, 7, {"a", "2"}}, {verb::get, 0, 0, {"dies"}}};
      seeds.push_back(encode(t));
    }
  return seeds;
}

std::vector<std::string> answer_seeds() {
  reply_writer replies;
  replies.array(3);
  replies.bulk("x");
  replies.integer(-1);
  replies.nil();
  replies.error("ERR no");
  std::vector<std::string> seeds{replies.take()};
  auto store = small_store();
  for (const auto& t : {get("a"), get("none"), put("a", "v"), append("a", "w"), incr("a"),
                        incr("counter"), cas("a", "x", "y"), del("a")})
    seeds.push_back(store.apply(encode(t)));
  seeds.push_back(store.apply("nothing"));
  return seeds;
}

const target operations{"kv_operation", try_operation, operation_seeds};
const target answers{"kv_answer", try_answer, answer_seeds};
const target snapshots{
    "kv_snapshot", try_kv_snapshot, [] {
      return std::vector<std::string>{snapshot_of(small_store()), snapshot_of(kv_store{})};
    }};

} // namespace

} // namespace pmmc::fuzz
