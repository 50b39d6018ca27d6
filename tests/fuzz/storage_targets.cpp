// src/storage: an acceptor's log and the values in it, text files, marks, and snapshots.
#include "log_samples.hpp"
#include "target.hpp"

#include "storage/acceptor_codec.hpp"
#include "storage/acceptor_recovery.hpp"
#include "storage/bytes.hpp"
#include "storage/checked_text.hpp"
#include "storage/checksum.hpp"
#include "storage/format_file.hpp"
#include "storage/mark_file.hpp"
#include "storage/members_file.hpp"
#include "storage/posix_disk.hpp"
#include "storage/role_state.hpp"

#include <filesystem>

namespace pmmc::fuzz {

namespace {

using namespace storage;

void try_acceptor_codec(std::string_view bytes) {
  if (const auto version = parse_ballot_key(bytes))
    demand(ballot_key(*version) == bytes, "a ballot's key has one form");
  if (const auto at = parse_pvalue_key(bytes))
    demand(pvalue_key(at->version, at->slot) == bytes, "a pvalue's key has one form");
  if (const auto mark = parse_mark(bytes))
    demand(encode(*mark) == bytes, "a mark has one form");
  if (const auto ballot = parse_ballot(bytes))
    demand(encode(*ballot) == bytes, "a ballot has one form");
  if (const auto value = parse_pvalue(7, bytes))
    demand(encode(*value) == bytes && value->slot == 7, "a pvalue has one form");
  if (const auto slot = parse_slot(bytes))
    demand(encode_slot(*slot) == bytes, "a slot has one form");
}

std::vector<std::string> codec_seeds() {
  const ballot_num ballot{3, "l1"};
  return {ballot_key(2),
          pvalue_key(2, 77),
          encode(write_mark{5, 6}),
          encode(ballot),
          encode(ballot_num{}),
          encode(pvalue{ballot, 7, command{"some bytes"}}),
          encode_slot(9),
          encode(ballot_num{1, std::string(role_id::max_size, 'x')})};
}

/// A segment of a new acceptor, and behind its head one write with these entries.
std::string segment_with(std::string_view entries) {
  acceptor_digest digest;
  digest.set_watermark(1);
  record_builder head;
  head.put(watermark_key, encode_slot(1));
  return segment_of(head, digest.value(), entries);
}

/// A segment as it is; then the entries of a write whose checksum is right.
void try_acceptor_log(std::string_view bytes) {
  try_log(bytes, segment_with(bytes), load_acceptor);
}

std::vector<std::string> log_seeds() {
  record_builder builder;
  builder.put(ballot_key(1), encode(ballot_num{3, "l1"}));
  builder.put(pvalue_key(1, 7), encode(pvalue{{3, "l1"}, 7, command{"some bytes"}}));
  builder.put(watermark_key, encode_slot(5));
  const auto record = entries_of(builder);
  return {record, segment_with(record), segment_with("")};
}

/// Without its last line, so that mutations get past the checksum.
std::string unsealed(const std::string& text) { return text.substr(0, text.rfind("checksum ")); }

std::string seal(std::string_view body) {
  const auto of_nothing = text_lines{}.sealed();
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(checksum(body)));
  return std::string{body} + of_nothing.substr(0, of_nothing.size() - 17) + digits + "\n";
}

void try_format(std::string_view bytes) {
  scratch_file("FORMAT", bytes);
  unless_refused([] { return read_format(real_disk(), scratch_directory()); });
  scratch_file("FORMAT", seal(bytes));
  if (const auto info =
          unless_refused([] { return read_format(real_disk(), scratch_directory()); })) {
    scratch_file("FORMAT", format_text(*info));
    demand(format_text(read_format(real_disk(), scratch_directory())) == format_text(*info),
           "what was read can be written and read");
  }
}

format_info some_format() {
  format_info info{
      .cluster = "c 1", .id = "a1", .format_id = "", .facts = {{}, 128, "pmmc", "pmmc/10", "kv/1"}};
  info.format_id = "8127d1b52884aaf85d6ad17afa7d4759";
  info.facts.first.acceptors = {{"a1", "127.0.0.1:7101"}, {"a2", "[::1]:7102"}};
  info.facts.first.leaders = {{"l1", "h:1"}};
  info.facts.first.replicas = {{"r1", "h:2"}};
  return info;
}

void try_members(std::string_view bytes) {
  scratch_file("members", bytes);
  unless_refused([] { return read_members(real_disk(), scratch_directory()); });
  scratch_file("members", seal(bytes));
  if (const auto known =
          unless_refused([] { return read_members(real_disk(), scratch_directory()); })) {
    write_members(real_disk(), scratch_directory(), **known);
    demand(read_members(real_disk(), scratch_directory()) == *known,
           "what was read can be written and read");
  }
}

std::string some_members() {
  config_history known{some_format().facts.first};
  auto next = known.latest();
  next.version = 2;
  next.first_slot = 99;
  next.acceptors.front() = {"a3", "h:9", "c348cb60368b054669a6f916c95ba2e4"};
  known.add(next);
  write_members(real_disk(), scratch_directory(), membership{known, 2});
  return unsealed(read_file(real_disk(), scratch_directory() + "/members", 1 << 20));
}

/// The file `state` in the directory of a leader.
void try_role_state(std::string_view bytes) {
  static const auto directory = [] {
    const auto path = scratch_directory() + "/l1";
    auto info = some_format();
    info.kind = role_kind::leader;
    info.id = "l1";
    data_directory::format(real_disk(), path, info);
    return data_directory::open(real_disk(), path, "c 1", role_kind::leader, "l1");
  }();
  scratch_file("l1/state", bytes);
  unless_refused([] { return read_role_state(directory); });
  scratch_file("l1/state", seal(bytes));
  if (const auto read = unless_refused([] { return read_role_state(directory); })) {
    role_state state{directory};
    demand(state.load() == read->seqnum && state.known().all() == read->known.all() &&
               state.lives() == read->lives,
           "both ways of reading it agree");
  }
}

/// Both slots of `acknowledged` as they are; then with their checksums made right.
void try_mark_file(std::string_view bytes) {
  const auto file = scratch_file("acknowledged", bytes);
  unless_refused([&] { return mark_file::read(real_disk(), file, voter::acceptor); });
  std::string both{bytes};
  both.resize(8192);
  std::uint64_t writes[2];
  for (int i = 0; i < 2; ++i) {
    const auto slot = both.substr(i * 4096, 24);
    std::string sum;
    put_u64(sum, checksum(slot));
    both.replace(i * 4096 + 24, 8, sum);
    writes[i] = fixed_reader{std::string_view{slot}.substr(8)}.u64();
  }
  scratch_file("acknowledged", both);
  if (const auto mark =
          unless_refused([&] { return mark_file::read(real_disk(), file, voter::acceptor); }))
    demand(mark->writes == writes[0] || mark->writes == writes[1], "a mark is one of the two");
}

std::vector<std::string> mark_seeds() {
  const auto file = scratch_directory() + "/acknowledged";
  mark_file::create(real_disk(), file, {7, 8});
  mark_file{real_disk(), file, voter::acceptor}.put({8, 9});
  return {read_file(real_disk(), file, 8192)};
}

const target codec{"acceptor_codec", try_acceptor_codec, codec_seeds};
const target acceptor_logs{"acceptor_log", try_acceptor_log, log_seeds};
const target format_files{"format_file", try_format, [] {
                            return std::vector<std::string>{unsealed(format_text(some_format()))};
                          }};
const target members_files{"members_file", try_members,
                           [] { return std::vector<std::string>{some_members()}; }};
const target role_states{
    "role_state", try_role_state, [] {
      return std::vector<std::string>{"seqnum 7\ndisk a1 8127d1b52884aaf8\n", "seqnum 0\n"};
    }};
const target marks{"mark_file", try_mark_file, mark_seeds};

} // namespace

} // namespace pmmc::fuzz
