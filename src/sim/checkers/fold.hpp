// R3, S1, X1, X2: what the chosen commands add up to, slot by slot.
#pragma once

#include "service/replicated_state.hpp"
#include "sim/checkers/chosen_slots.hpp"
#include "sim/checkers/configuration_book.hpp"
#include "sim/checkers/kv_model.hpp"

#include <memory>
#include <vector>

namespace pmmc::sim {

/// Performs each chosen command once, as soon as there is no gap before it, and remembers the
/// fingerprint after each.
class fold {
public:
  /// `empty`: the store before slot 1, with the limits that the state has.
  fold(std::unique_ptr<replicated_state> before_slot_1, configuration_book& book,
       kv_model empty = kv_model{});

  /// Goes on as far as `log` has no gap.
  void advance(const chosen_slots& log);

  slot_num slot_out() const { return state_->slot_out(); }
  /// Precondition: slot <= slot_out().
  std::uint64_t fingerprint_before(slot_num slot) const { return fingerprints_[slot]; }
  const replicated_state& state() const { return *state_; }
  const kv_model& model() const { return model_; }
  std::uint64_t requests_decided_again() const { return again_; }
  std::uint64_t noops() const { return noops_; }
  std::uint64_t reconfigurations() const { return reconfigurations_; }
  std::uint64_t reconfigurations_in_flight() const { return in_flight_; }
  std::uint64_t boundaries_crossed() const { return boundaries_; }

private:
  void write_down();
  void reconfigured(const configuration& before, slot_num slot, const command& chosen);

  std::unique_ptr<replicated_state> state_;
  configuration_book& book_;
  kv_model model_;
  std::vector<std::uint64_t> fingerprints_; ///< by slot
  std::uint64_t again_ = 0;
  std::uint64_t noops_ = 0;
  std::uint64_t reconfigurations_ = 0;
  std::uint64_t in_flight_ = 0; ///< decided while another one was
  std::uint64_t boundaries_ = 0;
};

} // namespace pmmc::sim
