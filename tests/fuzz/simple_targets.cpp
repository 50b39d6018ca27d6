// src/storage: the log of a server of engine `simple` and the values in it.
#include "log_samples.hpp"
#include "target.hpp"

#include "storage/simple_codec.hpp"
#include "storage/simple_recovery.hpp"

namespace pmmc::fuzz {

namespace {

using namespace storage;

void try_simple_codec(std::string_view bytes) {
  if (const auto slot = parse_promise_key(bytes))
    demand(promise_key(*slot) == bytes, "a promise's key has one form");
  if (const auto slot = parse_accept_key(bytes))
    demand(accept_key(*slot) == bytes, "a proposal's key has one form");
  if (const auto number = decode_number(bytes))
    demand(encode(*number) == bytes, "a number has one form");
  if (const auto what = parse_proposal(bytes))
    demand(encode(what->number).append(what->value.bytes()) == bytes, "a proposal has one form");
}

std::string proposal_of(std::uint64_t number, std::string_view command) {
  return encode(simple::proposal_number{number}).append(command);
}

std::vector<std::string> codec_seeds() {
  return {promise_key(77), accept_key(1), proposal_of(3, ""), proposal_of(4, "some bytes")};
}

/// A segment of a new server, and behind its head one write with these entries.
std::string segment_with(std::string_view entries) {
  simple_digest digest;
  digest.set_min(1);
  record_builder head;
  head.put(min_key, encode_slot(1));
  return segment_of(head, digest.value(), entries);
}

/// A segment as it is; then the entries of a write whose checksum is right.
void try_simple_log(std::string_view bytes) {
  try_log(bytes, segment_with(bytes), load_simple_acceptor);
}

/// The last one takes in nothing that is new, so that it adds up.
std::vector<std::string> log_seeds() {
  record_builder all;
  all.put(promise_key(1), proposal_of(3, ""));
  all.put(accept_key(1), proposal_of(3, "some bytes"));
  all.put(promise_key(2), proposal_of(9, ""));
  all.put(accept_key(2), proposal_of(4, ""));
  all.put(min_key, encode_slot(2));
  record_builder nothing;
  nothing.put(min_key, encode_slot(1));
  return {entries_of(all), segment_with(entries_of(all)), segment_with(""), entries_of(nothing)};
}

const target codec{"simple_codec", try_simple_codec, codec_seeds};
const target logs{"simple_log", try_simple_log, log_seeds};

} // namespace

} // namespace pmmc::fuzz
