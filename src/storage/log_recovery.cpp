#include "storage/log_recovery.hpp"

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

class loader {
public:
  loader(voter whose, loaded_log& into, const entry_taker& take)
      : whose_(whose), into_(into), take_(take) {}

  void take_segment(disk& on, const segment_place& place, bool is_newest);

private:
  void check_beginning(const segment_reader& reader, const fs::path& path) const;
  void take_record(const log_record& record);

  voter whose_;
  loaded_log& into_;
  const entry_taker& take_;
};

void loader::check_beginning(const segment_reader& reader, const fs::path& path) const {
  if (!into_.segments.empty() && reader.head().mark != into_.mark)
    refuse_memory(whose_, path,
                  "records before it are missing or damaged: it goes on after write " +
                      std::to_string(reader.head().mark.writes) + ", and write " +
                      std::to_string(into_.mark.writes) + " is the last that is good");
}

void loader::take_record(const log_record& record) {
  if (!for_each_entry(record.entries, take_))
    refuse_memory(whose_, into_.segments.back().place.path,
                  "it holds a record that makes no sense");
  into_.mark = record.mark;
}

void loader::take_segment(disk& on, const segment_place& place, bool is_newest) {
  segment_reader reader{on, place, whose_};
  check_beginning(reader, place.path);
  into_.segments.push_back({.place = place, .file_bytes = reader.file_bytes()});
  take_record(reader.head());
  auto last = reader.head().bytes;
  for (log_record record; reader.next(record);) {
    take_record(record);
    last = record.bytes;
  }
  into_.segments.back().end = reader.offset();
  if (!is_newest)
    return; // that nothing is missing at its end, the next one tells
  if (reader.has_later_record())
    refuse_memory(whose_, place.path,
                  "a record in the middle is damaged: write " +
                      std::to_string(into_.mark.writes + 1));
  into_.seed = reader.seed();
  into_.last_record_at = reader.offset() - last;
  into_.last_record = reader.bytes(into_.last_record_at, last);
}

} // namespace

void load_log(disk& on, const fs::path& folder, voter whose, loaded_log& into,
              const entry_taker& take) {
  const auto places = segments_in(on, folder, whose);
  if (places.empty())
    refuse_memory(whose, folder, "there is no segment of a log in it");
  loader load{whose, into, take};
  for (const auto& place : places)
    load.take_segment(on, place, place.number == places.back().number);
}

void check_log(const loaded_log& loaded, const fs::path& folder, voter whose, std::uint64_t digest,
               const write_mark& acknowledged) {
  if (digest != loaded.mark.digest)
    refuse_memory(whose, folder, "its records do not add up: some are lost, or from another time");
  if (loaded.mark.writes < acknowledged.writes)
    refuse_memory(whose, folder,
                  "records that were acknowledged are missing: it was told of write " +
                      std::to_string(acknowledged.writes) + " and holds writes up to " +
                      std::to_string(loaded.mark.writes));
  if (loaded.mark.writes == acknowledged.writes && loaded.mark != acknowledged)
    refuse_memory(whose, folder, "it is not the log that the file `acknowledged` belongs to");
}

} // namespace pmmc::storage
