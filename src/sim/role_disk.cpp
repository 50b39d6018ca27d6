#include "sim/role_disk.hpp"

#include "base/engine_kind.hpp"
#include "base/invariant.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/world.hpp"
#include "storage/members_file.hpp"

#include <utility>

namespace pmmc::sim {

namespace {

constexpr std::string_view cluster = "simulated";

std::uint64_t seed_of(const scenario& s, const role_id& id) {
  auto seed = s.seed ^ 0xD6E8FEB86659FD93ULL;
  for (const char c : id.view())
    seed = seed * 0x100000001B3ULL + static_cast<std::uint8_t>(c);
  return seed;
}

} // namespace

cluster_facts facts_of(const scenario& s) {
  auto first = first_configuration(s);
  for (const auto kind : all_member_kinds)
    for (auto& m : first.members(kind))
      m.disk.clear();
  return {std::move(first), s.window, std::string{to_string(s.engine)}, "pmmc/sim", "kv/sim"};
}

role_disk::role_disk(const scenario& s, role_kind kind, const role_id& id)
    : options_(s), files_(seed_of(s, id)), path_("/data/" + id.str()), kind_(kind), id_(id) {
  format(files_, "disk-" + id.str(), facts_of(s));
}

void role_disk::format(storage::simulated_disk& on, std::string format_id,
                       cluster_facts facts) const {
  storage::data_directory::format(on, path_,
                                  {.cluster = std::string{cluster},
                                   .kind = kind_,
                                   .id = id_,
                                   .format_id = std::move(format_id),
                                   .facts = std::move(facts)},
                                  small_segments);
}

void role_disk::open() {
  directory_.emplace(storage::data_directory::open(files_, path_, cluster, kind_, id_));
}

void role_disk::begin_life() {
  directory_->demand_room();
  state_.emplace(*directory_);
  state_->begin_life();
  holds_.lives = state_->lives().current().number;
}

// --- The file `members` -------------------------------------------------------------------------

std::optional<membership> role_disk::checked_members() {
  const auto missing = [this](const std::string& what) {
    return "D2: the file members of " + id_.str() + " " + what + ", and version " +
           std::to_string(holds_.members.version()) + " was durable";
  };
  try {
    const auto found = storage::read_members(files_, path_);
    // What was there was lost when a bit of it was flipped. It was written again by a process that
    // died before it could say so.
    if (found && holds_.members_are_damaged)
      note_members(*found);
    auto has = found.value_or(membership{});
    demand(has.identity == holds_.members.identity || holds_.members.identity == 0,
           [&] { return missing("has lost the identity of the cluster"); });
    demand(!has.learn(holds_.members),
           [&] { return missing("has version " + std::to_string(has.version())); });
    holds_.members_are_damaged = false;
    return found;
  } catch (const storage::disk_stopped&) {
    throw;
  } catch (const storage::storage_error& e) {
    demand(files_.has_flips() || holds_.members_are_damaged, [&] { return missing(e.what()); });
    holds_.members_are_damaged = true;
    return std::nullopt;
  }
}

std::optional<membership> role_disk::members() {
  try {
    return storage::read_members(files_, path_);
  } catch (const storage::storage_error&) {
    return std::nullopt; // whoever starts it is told
  }
}

void role_disk::note_members(const membership& durable) {
  holds_.members = durable;
  holds_.members_are_damaged = false;
}

void role_disk::close() {
  state_.reset();
  directory_.reset();
}

// --- What operators do to it --------------------------------------------------------------------

void role_disk::set_aside(contents others) {
  aside_ = {files_.exchange(std::move(others.files)), std::exchange(holds_, others.what)};
}

void role_disk::mount(mounting what) {
  PMMC_INVARIANT(what == mounting::none || what == mounting::right || !files_.has_flips(),
                 "it is the operators' mistake, not damage, that is to be found");
  switch (what) {
  case mounting::none:
    return;
  case mounting::copied:
    copy_ = {files_.copy(), holds_};
    return;
  case mounting::emptied:
  case mounting::misformatted: {
    storage::simulated_disk other{files_.fresh_number()};
    format(other, "", what == mounting::emptied ? facts_of(options_) : wrong_facts_);
    return set_aside({other.copy(), {}});
  }
  case mounting::old_copy:
    return set_aside({storage::simulated_disk::copy(copy_.files), copy_.what});
  case mounting::right:
    files_.exchange(std::move(aside_.files));
    holds_ = aside_.what;
    return;
  }
}

void role_disk::remove_members() {
  files_.remove(path_ / "members");
  files_.sync_directory(path_);
  holds_.members = {};
  holds_.members_are_damaged = false;
}

} // namespace pmmc::sim
