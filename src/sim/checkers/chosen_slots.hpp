// What is chosen, slot by slot, as whoever counts the votes of an engine has found.
#pragma once

#include "base/types.hpp"
#include "membership/reconfiguration.hpp"

#include <cstdint>
#include <optional>

namespace pmmc::sim {

class chosen_slots {
public:
  virtual ~chosen_slots() = default;

  virtual bool is_chosen(slot_num slot) const = 0;
  /// Precondition: is_chosen(slot).
  virtual const command& chosen(slot_num slot) const = 0;
  /// Who votes from there on, where the engine itself changes its servers with that slot.
  virtual std::optional<voting_servers> change_in(slot_num) const { return std::nullopt; }
  /// How many there are, with those behind gaps.
  virtual std::uint64_t count() const = 0;
};

} // namespace pmmc::sim
