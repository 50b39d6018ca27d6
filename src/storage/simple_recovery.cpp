#include "storage/simple_recovery.hpp"

#include "storage/simple_codec.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

/// Takes the entries of the records, one by one; false if one makes no sense. Not every log can be
/// replayed record by record as it was written: what counts in the oldest segment may have been
/// written again at the end, so a proposal may come behind a promise that was given after it.
class acceptor_replay {
public:
  explicit acceptor_replay(loaded_simple_acceptor& into) : into_(into) {}

  bool take(std::string_view key, std::string_view value);

private:
  bool take_min(std::string_view value);
  bool take_promise(slot_num slot, std::string_view value);
  bool take_accepted(slot_num slot, std::string_view value);
  simple::acceptor_state::vote& vote_in(slot_num slot);

  loaded_simple_acceptor& into_;
};

bool acceptor_replay::take(std::string_view key, std::string_view value) {
  if (key == min_key)
    return take_min(value);
  if (const auto slot = parse_promise_key(key))
    return *slot >= into_.state.min && take_promise(*slot, value);
  const auto slot = parse_accept_key(key);
  return slot && *slot >= into_.state.min && take_accepted(*slot, value);
}

bool acceptor_replay::take_min(std::string_view value) {
  const auto min = parse_slot(value);
  if (!min || *min < into_.state.min)
    return false;
  into_.state.apply(simple::collect_record{*min});
  into_.digest.set_min(*min);
  return true;
}

simple::acceptor_state::vote& acceptor_replay::vote_in(slot_num slot) {
  auto& highest = into_.segments.back().highest;
  highest = std::max(highest, slot);
  return into_.state.votes[slot];
}

bool acceptor_replay::take_promise(slot_num slot, std::string_view value) {
  const auto number = decode_number(value);
  if (!number)
    return false;
  auto& vote = vote_in(slot);
  if (*number < vote.promised)
    return false;
  vote.promised = *number;
  into_.digest.set_promise(slot, *number);
  return true;
}

bool acceptor_replay::take_accepted(slot_num slot, std::string_view value) {
  auto what = parse_proposal(value);
  if (!what)
    return false;
  auto& vote = vote_in(slot);
  if (vote.highest && (what->number < vote.highest->number ||
                       (what->number == vote.highest->number && what != vote.highest)))
    return false;
  vote.promised = std::max(vote.promised, what->number);
  into_.digest.set_accepted(slot, what->number, byte_pieces{&value, 1});
  vote.highest = std::move(*what);
  return true;
}

} // namespace

loaded_simple_acceptor load_simple_acceptor(disk& on, const fs::path& folder,
                                            const write_mark& acknowledged) {
  loaded_simple_acceptor loaded;
  acceptor_replay records{loaded};
  load_log(on, folder, voter::simple_server, loaded,
           [&](std::string_view key, std::string_view value) { return records.take(key, value); });
  check_log(loaded, folder, voter::simple_server, loaded.digest.value(), acknowledged);
  return loaded;
}

} // namespace pmmc::storage
