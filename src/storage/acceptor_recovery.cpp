#include "storage/acceptor_recovery.hpp"

#include "storage/unknown_promises.hpp"

#include <algorithm>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

/// Takes one entry into the state and the digest; false if it makes no sense.
bool take_entry(loaded_acceptor& into, slot_num& highest, std::string_view key,
                std::string_view value) {
  auto& state = into.state;
  if (key == watermark_key) {
    const auto watermark = parse_slot(value);
    if (!watermark || *watermark < state.watermark)
      return false;
    state.apply(collect_record{*watermark});
    into.digest.set_watermark(*watermark);
    return true;
  }
  if (const auto version = parse_ballot_key(key)) {
    const auto ballot = parse_ballot(value);
    if (!ballot || *ballot < state.by_version[*version].ballot)
      return false;
    state.by_version[*version].ballot = *ballot;
    into.digest.set_ballot(*version, value);
    return true;
  }
  const auto position = parse_pvalue_key(key);
  if (!position || position->slot < state.watermark)
    return false;
  auto held = parse_pvalue(position->slot, value);
  if (!held)
    return false;
  into.digest.set_pvalue(position->version, position->slot, value);
  state.by_version[position->version].accepted[position->slot] = std::move(*held);
  highest = std::max(highest, position->slot);
  return true;
}

void take_record(loaded_acceptor& into, segment_info& segment, const log_record& record) {
  const auto take = [&](std::string_view key, std::string_view value) {
    return take_entry(into, segment.highest, key, value);
  };
  if (!for_each_entry(record.entries, take))
    refuse_promises(segment.place.path, "it holds a record that makes no sense");
  into.mark = record.mark;
}

void check_beginning(const loaded_acceptor& loaded, const segment_reader& reader,
                     const fs::path& path) {
  if (!loaded.segments.empty() && reader.head().mark != loaded.mark)
    refuse_promises(path, "records before it are missing or damaged: it goes on after write " +
                              std::to_string(reader.head().mark.writes) + ", and write " +
                              std::to_string(loaded.mark.writes) + " is the last that is good");
}

void take_segment(disk& on, loaded_acceptor& into, const segment_place& place, bool is_newest) {
  segment_reader reader{on, place};
  check_beginning(into, reader, place.path);
  segment_info segment{.place = place, .file_bytes = reader.file_bytes()};
  take_record(into, segment, reader.head());
  auto last = reader.head().bytes;
  for (log_record record; reader.next(record);) {
    take_record(into, segment, record);
    last = record.bytes;
  }
  segment.end = reader.offset();
  into.segments.push_back(std::move(segment));
  if (!is_newest)
    return; // that nothing is missing at its end, the next one tells
  if (reader.has_later_record())
    refuse_promises(place.path, "a record in the middle is damaged: write " +
                                    std::to_string(into.mark.writes + 1));
  into.seed = reader.seed();
  into.last_record_at = reader.offset() - last;
  into.last_record = reader.bytes(into.last_record_at, last);
}

void check_mark(const loaded_acceptor& loaded, const fs::path& folder,
                const write_mark& acknowledged) {
  if (loaded.digest.value() != loaded.mark.digest)
    refuse_promises(folder, "its records do not add up: some are lost, or from another time");
  if (loaded.mark.writes < acknowledged.writes)
    refuse_promises(folder, "records that were acknowledged are missing: it was told of write " +
                                std::to_string(acknowledged.writes) + " and holds writes up to " +
                                std::to_string(loaded.mark.writes));
  if (loaded.mark.writes == acknowledged.writes && loaded.mark != acknowledged)
    refuse_promises(folder, "it is not the log that the file `acknowledged` belongs to");
}

} // namespace

loaded_acceptor load_acceptor(disk& on, const fs::path& folder, const write_mark& acknowledged) {
  const auto places = segments_in(on, folder);
  if (places.empty())
    refuse_promises(folder, "there is no segment of a log in it");
  loaded_acceptor loaded;
  for (const auto& place : places)
    take_segment(on, loaded, place, place.number == places.back().number);
  check_mark(loaded, folder, acknowledged);
  return loaded;
}

} // namespace pmmc::storage
