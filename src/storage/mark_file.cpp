#include "storage/mark_file.hpp"

#include "storage/bytes.hpp"
#include "storage/checksum.hpp"

#include <optional>

namespace pmmc::storage {

namespace {

constexpr std::size_t slot_bytes = 4096; // each in a page of its own
constexpr std::size_t file_bytes = 2 * slot_bytes;
constexpr std::string_view mark_magic = "pmmcmark";

/// The magic, writes, digest, checksum of these 24 bytes.
std::string slot_text(const write_mark& mark) {
  auto text = std::string{mark_magic} + encode(mark);
  put_u64(text, checksum(text));
  return text;
}

std::optional<write_mark> parse_mark_slot(std::string_view slot) {
  const auto mark = parse_mark(slot.substr(mark_magic.size(), 16));
  return mark && slot.starts_with(slot_text(*mark)) ? mark : std::nullopt;
}

struct newest_mark {
  write_mark mark;
  std::size_t slot = 0; ///< where it stands
};

newest_mark newest_in(disk& on, const std::filesystem::path& file, voter whose) {
  const auto refuse = [&](std::string_view how) { refuse_mark(whose, file, how); };
  if (!on.exists(file))
    refuse("the file is missing");
  const auto bytes = read_file(on, file, file_bytes);
  if (bytes.size() != file_bytes)
    refuse("it is " + std::to_string(bytes.size()) + " bytes long and should be 8192");
  const auto view = std::string_view{bytes};
  const auto first = parse_mark_slot(view.substr(0, slot_bytes));
  const auto second = parse_mark_slot(view.substr(slot_bytes));
  if (!first && !second)
    refuse("both of its checksums are wrong");
  if (!first || (second && second->writes > first->writes))
    return {*second, 1};
  return {*first, 0};
}

} // namespace

void mark_file::create(disk& on, const std::filesystem::path& file, const write_mark& first) {
  auto slot = slot_text(first);
  slot.resize(slot_bytes);
  replace_file(on, file, slot + slot);
}

write_mark mark_file::read(disk& on, const std::filesystem::path& file, voter whose) {
  return newest_in(on, file, whose).mark;
}

mark_file::mark_file(disk& on, const std::filesystem::path& file, voter whose)
    : next_slot_(1 - newest_in(on, file, whose).slot), file_(on.open(file, open_for::writing)) {}

void mark_file::put(const write_mark& mark) {
  file_->write_at(next_slot_ * slot_bytes, slot_text(mark));
  next_slot_ = 1 - next_slot_;
}

void mark_file::sync() { file_->sync(); }

} // namespace pmmc::storage
