// src/storage: snapshot files, from the disk and from other replicas.
#include "target.hpp"

#include "storage/checksum.hpp"
#include "storage/posix_disk.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/snapshot_store.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace pmmc::fuzz {

namespace {

using namespace storage;

constexpr slot_num slot = 5;

const data_directory& replica_directory() {
  static const auto directory = [] {
    const auto path = scratch_directory() + "/r1";
    format_info info{.cluster = "c",
                     .kind = role_kind::replica,
                     .id = "r1",
                     .format_id = "",
                     .facts = {{}, 8, "pmmc", "pmmc/10", "kv/1"}};
    info.facts.first.acceptors = {{"a1", "h:1"}};
    info.facts.first.leaders = {{"l1", "h:2"}};
    info.facts.first.replicas = {{"r1", "h:3"}};
    data_directory::format(real_disk(), path, info);
    return data_directory::open(real_disk(), path, "c", role_kind::replica, "r1");
  }();
  return directory;
}

const std::string& payload() {
  static const auto bytes = [] {
    std::string b;
    while (b.size() < 150'000)
      b += "line " + std::to_string(b.size()) + "\n";
    return b;
  }();
  return bytes;
}

/// A good file with few bytes; `payload()` makes one of three chunks.
std::string file_with(std::string_view bytes) {
  auto file = snapshot_header("c", slot);
  std::uint64_t index = 0;
  for (std::size_t at = 0; at < bytes.size(); at += max_chunk_bytes) {
    const auto chunk = bytes.substr(at, max_chunk_bytes);
    file += chunk_head(++index, chunk) + std::string{chunk};
  }
  return file + snapshot_footer(bytes.size(), checksum(bytes));
}

/// The payload, or nothing if the file is refused.
std::optional<std::string> read_snapshot(const std::string& file) {
  try {
    snapshot_reader reader{real_disk(), file, "c", slot, role_kind::replica};
    std::string bytes; // not from iterators: libstdc++ leaks the text when one of them throws
    std::array<char, 4096> piece;
    for (std::streamsize size;
         (size = reader.stream().rdbuf()->sgetn(piece.data(), piece.size())) > 0;)
      bytes.append(piece.data(), static_cast<std::size_t>(size));
    demand(reader.finish() == bytes.size(), "finish() tells how many bytes there were");
    return bytes;
  } catch (const storage_error& e) {
    demand(std::string_view{e.what()}.find(file) != std::string_view::npos,
           "a refusal names the file");
    return std::nullopt;
  }
}

/// Everything in the file is under some checksum, so any change must show.
void try_snapshot_file(std::string_view bytes) {
  const auto read = read_snapshot(scratch_file("snapshot", bytes));
  if (read && read->size() <= max_chunk_bytes)
    demand(file_with(*read) == bytes, "a file that was changed is refused");
}

/// Pieces of a good snapshot in any order, sometimes of a damaged one.
void try_receiver(std::string_view bytes) {
  static const snapshot_store store{replica_directory()};
  static const auto good = file_with(payload());
  choices in{bytes};
  auto receiver = store.receive(slot, good.size());
  bool damaged = false;
  while (!in.at_end() && !receiver.complete()) {
    const auto from = in.below(4) == 0 ? in.below(good.size()) : receiver.offset();
    auto piece = good.substr(from, in.below(1 << 16) + 1);
    const auto before = receiver.offset();
    if (in.below(8) == 2) {
      receiver = store.receive(slot, good.size());
      demand(receiver.offset() == before, "it goes on where an earlier one ended");
    }
    if (in.below(8) == 1) {
      const auto at = in.below(piece.size());
      piece[at] = static_cast<char>(piece[at] ^ 1);
      damaged = damaged || (from <= before && from + at >= before);
    }
    const bool is_new = receiver.append(from, piece);
    demand(is_new == (from <= before && from + piece.size() > before), "what is new is taken");
    demand(receiver.offset() <= good.size(), "no more than the agreed bytes are taken");
  }
  while (!receiver.complete())
    receiver.append(receiver.offset(), std::string_view{good}.substr(receiver.offset(), 40'000));
  demand(receiver.commit([](snapshot_reader&) {}) == !damaged,
         "all of a good snapshot is taken over, and no other");
  if (!damaged)
    demand(read_snapshot(scratch_directory() + "/r1/snapshots/snapshot-5") == payload(),
           "what was taken over is what was sent");
}

const target snapshot_files{"snapshot_file", try_snapshot_file, [] {
                              return std::vector<std::string>{
                                  file_with(""), file_with("some bytes of a state"),
                                  file_with(std::string(3'000, 'x')), file_with(payload())};
                            }};
const target receivers{"snapshot_receiver", try_receiver, [] {
                         return std::vector<std::string>{
                             std::string(40, '\7'), std::string("\1\xff\xff\2\1\1\1\1\1\1", 10),
                             std::string("\0\1\2\3\4\5\6\7\0\0\0\0\0\1\1\1\1", 17)};
                       }};

} // namespace

} // namespace pmmc::fuzz
