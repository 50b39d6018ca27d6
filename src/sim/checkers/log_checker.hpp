// A4, A5, C1, C2, R1, F2, L4: one value per slot, from the votes that are durable anywhere.
#pragma once

#include "consensus/messages.hpp"
#include "sim/checkers/chosen_slots.hpp"
#include "sim/checkers/configuration_book.hpp"

#include <map>
#include <utility>
#include <vector>

namespace pmmc::sim {

class log_checker final : public chosen_slots {
public:
  explicit log_checker(const configuration_book& book) : book_(book) {}

  /// An acceptor has made a vote durable. Returns whether this has chosen the slot's value.
  bool accepted(std::size_t acceptor, config_version version, const pvalue& p);
  /// An acceptor answers a scout.
  void promised(std::size_t acceptor, const p1b& m);
  /// A commander asks for a vote.
  void asked(const p2a& m);
  /// C1: of that, what needs no promise. `p` is asked for.
  void proposed(config_version version, const pvalue& p);
  /// Somebody says that `value` was decided in `slot`.
  void decided(slot_num slot, const command& value) const;

  bool is_chosen(slot_num slot) const override {
    return slot < slots_.size() && slots_[slot].chosen;
  }
  const command& chosen(slot_num slot) const override { return slots_[slot].value; }
  std::uint64_t count() const override { return chosen_slots_; }
  /// Whether `value` was asked for in `slot` at a ballot below `ballot`.
  bool asked_below(slot_num slot, const ballot_num& ballot) const;

private:
  struct attempt {
    config_version version = 0;
    ballot_num ballot;
    command value;
    std::vector<std::size_t> voters;
  };
  struct slot_record {
    std::vector<attempt> attempts;
    bool chosen = false;
    ballot_num chosen_at;
    command value;
  };

  void governed(config_version version, slot_num slot) const;
  attempt& attempt_at(config_version version, const pvalue& p, const char* invariant);
  slot_record& at(slot_num slot);

  const configuration_book& book_;
  std::vector<slot_record> slots_;
  std::uint64_t chosen_slots_ = 0;
  std::map<std::pair<config_version, ballot_num>, std::vector<std::size_t>> promises_;
};

} // namespace pmmc::sim
