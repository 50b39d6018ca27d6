#include "storage/raft_recovery.hpp"

#include "storage/raft_codec.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

/// What the records add up to, before it is known to be whole: the oldest segments are gone with
/// what they held, so the first entries that are found may lie far behind the beginning that is
/// found with them, until a later record moves it.
class server_replay {
public:
  explicit server_replay(loaded_server& into) : into_(into) {}

  /// Takes one entry of a record; false if it makes no sense.
  bool take(std::string_view key, std::string_view value);
  /// Moves what was found into `into.state`; false if that is no log.
  bool finish();

private:
  bool take_term(std::string_view value);
  bool take_base(std::string_view value);
  bool take_cut(std::string_view value);
  bool take_entry(slot_num index, std::string_view value);

  loaded_server& into_;
  raft::term_record held_;
  raft::base_record base_;
  std::map<slot_num, raft::entry> entries_;
};

bool server_replay::take(std::string_view key, std::string_view value) {
  if (key == term_key)
    return take_term(value);
  if (key == base_key)
    return take_base(value);
  if (key == cut_key)
    return take_cut(value);
  const auto index = parse_entry_key(key);
  return index && take_entry(*index, value);
}

bool server_replay::take_term(std::string_view value) {
  const auto told = parse_term(value);
  const bool follows = told && (told->term > held_.term ||
                                (told->term == held_.term &&
                                 (held_.voted_for.empty() || held_.voted_for == told->voted_for)));
  if (!follows)
    return false;
  held_ = *told;
  into_.digest.set_term(value);
  return true;
}

bool server_replay::take_base(std::string_view value) {
  auto told = parse_base(value);
  if (!told || told->base.index < base_.base.index ||
      told->base.index == std::numeric_limits<slot_num>::max())
    return false;
  base_ = std::move(*told);
  entries_.erase(entries_.begin(), entries_.upper_bound(base_.base.index));
  into_.digest.set_base(base_.base.index, value);
  return true;
}

bool server_replay::take_cut(std::string_view value) {
  const auto from = parse_slot(value);
  if (!from || *from <= base_.base.index)
    return false;
  entries_.erase(entries_.lower_bound(*from), entries_.end());
  into_.digest.cut(*from);
  for (auto& segment : into_.segments)
    segment.highest = std::min(segment.highest, *from - 1);
  return true;
}

bool server_replay::take_entry(slot_num index, std::string_view value) {
  auto e = parse_entry(value);
  if (!e || index <= base_.base.index)
    return false;
  entries_[index] = std::move(*e);
  into_.digest.set_entry(index, value);
  auto& highest = into_.segments.back().highest;
  highest = std::max(highest, index);
  return true;
}

bool server_replay::finish() {
  auto& state = into_.state;
  state.term = held_.term;
  state.voted_for = held_.voted_for;
  state.log = raft::log{base_.base, base_.members};
  for (auto& [index, e] : entries_) {
    const auto last = state.log.last();
    if (index != last.index + 1 || e.term < last.term)
      return false;
    state.log.append(std::move(e));
  }
  return true;
}

} // namespace

loaded_server load_server(disk& on, const fs::path& folder, const write_mark& acknowledged) {
  loaded_server loaded;
  server_replay records{loaded};
  load_log(on, folder, voter::server, loaded,
           [&](std::string_view key, std::string_view value) { return records.take(key, value); });
  check_log(loaded, folder, voter::server, loaded.digest.value(), acknowledged);
  if (!records.finish())
    refuse_memory(voter::server, folder, "the entries in it do not follow each other");
  return loaded;
}

} // namespace pmmc::storage
