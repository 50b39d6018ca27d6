#include "storage/log_segment.hpp"

#include "storage/bytes.hpp"

#include <algorithm>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view segment_magic = "pmmclog2";
constexpr std::size_t beginning_bytes = 16;
constexpr std::string_view segment_suffix = ".log";
constexpr std::string_view spare_suffix = ".spare";
constexpr std::size_t digits = 10; // so that names sort as their numbers do
constexpr std::uint64_t largest_file = std::uint64_t{5} << 30;

std::string name_of(std::uint64_t number, std::string_view suffix) {
  auto text = std::to_string(number);
  text.insert(0, digits - std::min(digits, text.size()), '0');
  return text.append(suffix);
}

std::optional<std::uint64_t> parse_name(const std::string& name, std::string_view suffix) {
  if (!name.ends_with(suffix))
    return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : name.substr(0, name.size() - suffix.size())) {
    if (c < '0' || c > '9')
      return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return name == name_of(number, suffix) ? std::optional{number} : std::nullopt;
}

std::vector<segment_place> files_in(const disk& on, const fs::path& folder, std::string_view suffix,
                                    voter whose) {
  std::vector<segment_place> found;
  std::error_code error;
  for (const auto& name : on.list(folder, error))
    if (const auto number = parse_name(name, suffix))
      found.push_back({*number, folder / name});
  if (error)
    refuse_memory(whose, folder, error.message());
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return found;
}

} // namespace

fs::path segment_path(const fs::path& folder, std::uint64_t number) {
  return folder / name_of(number, segment_suffix);
}

fs::path spare_path(const fs::path& folder, std::uint64_t number) {
  return folder / name_of(number, spare_suffix);
}

std::vector<segment_place> segments_in(const disk& on, const fs::path& folder, voter whose) {
  return files_in(on, folder, segment_suffix, whose);
}

std::vector<segment_place> spares_in(const disk& on, const fs::path& folder, voter whose) {
  return files_in(on, folder, spare_suffix, whose);
}

std::string segment_beginning(std::uint64_t seed) {
  auto bytes = std::string{segment_magic};
  put_u64(bytes, seed);
  return bytes;
}

segment_reader::segment_reader(disk& on, const segment_place& place, voter whose)
    : path_(place.path) {
  const auto file = on.open(path_, open_for::reading);
  const auto size = file->size();
  if (size > largest_file)
    refuse_memory(whose, path_, "the file is larger than any that is written here");
  content_ = file->read_at(0, size);
  fixed_reader in{content_};
  const bool ours = in.take(segment_magic.size()) == segment_magic;
  seed_ = in.u64();
  const auto head = parse_record(in.rest(), seed_);
  if (!ours || !head || head->kind != record_kind::head)
    refuse_memory(whose, path_, "its beginning is damaged");
  head_ = *head;
  writes_ = head_.mark.writes;
  offset_ = beginning_bytes + head_.bytes;
}

bool segment_reader::next(log_record& record) {
  const auto found = parse_record(bytes(offset_, content_.size()), seed_);
  if (!found || found->kind != record_kind::write || found->mark.writes != writes_ + 1)
    return false;
  record = *found;
  ++writes_;
  offset_ += record.bytes;
  return true;
}

/// What lies behind the end may be of a segment that was there before, and hold any bytes that
/// clients wrote. A checksum may take a whole segment, so it is computed only where a record of
/// this segment, and one of the next writes, may begin.
bool segment_reader::has_later_record() const {
  for (auto at = offset_; at < content_.size(); at += record_alignment) {
    const auto rest = bytes(at, content_.size());
    const auto writes = writes_told_by(rest, seed_);
    if (writes > writes_ && writes - writes_ <= content_.size() / record_alignment &&
        parse_record(rest, seed_))
      return true;
  }
  return false;
}

std::string_view segment_reader::bytes(std::uint64_t offset, std::uint64_t count) const {
  return std::string_view{content_}.substr(std::min<std::size_t>(offset, content_.size()), count);
}

} // namespace pmmc::storage
