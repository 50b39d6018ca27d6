#include "storage/acceptor_recovery.hpp"

#include "storage/acceptor_codec.hpp"

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

} // namespace

loaded_acceptor load_acceptor(disk& on, const fs::path& folder, const write_mark& acknowledged) {
  loaded_acceptor loaded;
  load_log(on, folder, voter::acceptor, loaded, [&](std::string_view key, std::string_view value) {
    return take_entry(loaded, loaded.segments.back().highest, key, value);
  });
  check_log(loaded, folder, voter::acceptor, loaded.digest.value(), acknowledged);
  return loaded;
}

} // namespace pmmc::storage
