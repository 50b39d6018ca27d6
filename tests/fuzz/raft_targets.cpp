// src/storage: the log of a Raft server and the values in it.
#include "log_samples.hpp"
#include "target.hpp"

#include "storage/raft_codec.hpp"
#include "storage/raft_recovery.hpp"

namespace pmmc::fuzz {

namespace {

using namespace storage;

std::shared_ptr<const raft::server_set> some_servers() {
  return std::make_shared<const raft::server_set>(raft::server_set{
      2, {{"r1", "127.0.0.1:7301", "8127d1b52884aaf85d6ad17afa7d4759"}}, {{"r2", "[::1]:1"}}});
}

void try_raft_codec(std::string_view bytes) {
  if (const auto index = parse_entry_key(bytes))
    demand(entry_key(*index) == bytes, "an entry's key has one form");
  if (const auto term = parse_term(bytes))
    demand(encode(*term) == bytes, "a term and vote have one form");
  if (const auto base = parse_base(bytes))
    demand(encode(*base) == bytes, "a log's beginning has one form");
  if (const auto e = parse_entry(bytes))
    demand(encode_without_command(*e).append(e->value.bytes()) == bytes, "an entry has one form");
}

std::vector<std::string> codec_seeds() {
  return {entry_key(77),
          encode(raft::term_record{3, "r1"}),
          encode(raft::term_record{}),
          encode(raft::base_record{{5, 6}, some_servers()}),
          encode(raft::base_record{}),
          encode_without_command({7, {}, some_servers()}) + "some bytes",
          encode_without_command({7, {}, nullptr})};
}

/// A segment of a new server, and behind its head one write with these entries.
std::string segment_with(std::string_view entries) {
  const auto term = encode(raft::term_record{});
  const auto base = encode(raft::base_record{{}, some_servers()});
  raft_digest digest;
  digest.set_term(term);
  digest.set_base(0, base);
  record_builder head;
  head.put(term_key, term);
  head.put(base_key, base);
  return segment_of(head, digest.value(), entries);
}

/// A segment as it is; then the entries of a write whose checksum is right.
void try_raft_log(std::string_view bytes) { try_log(bytes, segment_with(bytes), load_server); }

/// The last one takes back what it puts, so that it adds up.
std::vector<std::string> log_seeds() {
  record_builder all;
  all.put(term_key, encode(raft::term_record{3, "r1"}));
  all.put(entry_key(1), encode_without_command({3, {}, some_servers()}) + "some bytes");
  all.put(entry_key(2), encode_without_command({3, {}, nullptr}));
  all.put(cut_key, encode_slot(2));
  all.put(base_key, encode(raft::base_record{{1, 3}, some_servers()}));
  record_builder nothing;
  nothing.put(entry_key(1), encode_without_command({3, {}, nullptr}));
  nothing.put(entry_key(9), encode_without_command({1, {}, nullptr}));
  nothing.put(cut_key, encode_slot(1));
  return {entries_of(all), segment_with(entries_of(all)), segment_with(""), entries_of(nothing)};
}

const target codec{"raft_codec", try_raft_codec, codec_seeds};
const target logs{"raft_log", try_raft_log, log_seeds};

} // namespace

} // namespace pmmc::fuzz
