#include "sim/role_disk.hpp"

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

role_disk::role_disk(const scenario& s, role_kind kind, const role_id& id, config_history known)
    : files_(seed_of(s, id)), path_("/data/" + id.str()), kind_(kind), id_(id),
      told_(std::move(known)) {
  storage::data_directory::format(
      files_, path_,
      {.cluster = std::string{cluster},
       .kind = kind,
       .id = id,
       .format_id = "",
       .facts = {first_configuration(s), s.window, std::string{current_engine}, "", ""}},
      small_segments);
}

void role_disk::open() {
  directory_.emplace(storage::data_directory::open(files_, path_, cluster, kind_, id_));
  known_ = membership{told_};
  try {
    if (const auto remembered = storage::read_members(files_, path_))
      known_.learn(*remembered);
  } catch (const storage::disk_stopped&) {
    throw;
  } catch (const storage::storage_error&) {
    // It says whom to dial, and decides nothing: the others are asked again.
  }
  directory_->demand_room();
  state_.emplace(*directory_);
  state_->begin_life();
}

void role_disk::remember(const config_history& now) {
  if (now.latest().version > known_.version() && known_.learn(membership{now}))
    storage::write_members(files_, path_, known_);
}

void role_disk::close() {
  state_.reset();
  directory_.reset();
}

} // namespace pmmc::sim
