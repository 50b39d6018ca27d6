#include "consensus/messages.hpp"

namespace pmmc {

namespace {

struct slot_end {
  slot_num operator()(const acceptor_vitals& v) const { return v.accepted_end; }
  slot_num operator()(const leader_vitals& v) const { return v.decided_end; }
  slot_num operator()(const replica_vitals& v) const { return v.slot_out; }
  slot_num operator()(const server_vitals& v) const { return v.slot_in; }
};

template <class Kind>
concept has_records = requires(Kind& v) {
  v.records;
};

template <class Kind>
concept has_state = requires(Kind& v) {
  v.snapshot_slot;
};

} // namespace

slot_num slot_end_of(const vitals& told) { return std::visit(slot_end{}, told); }

std::optional<state_vitals> state_of(const vitals& told) {
  return std::visit(
      []<class Kind>(const Kind& v) -> std::optional<state_vitals> {
        if constexpr (has_state<Kind>)
          return state_vitals{v.slot_in, v.slot_out, v.snapshot_slot, v.watermark, v.digest};
        return std::nullopt;
      },
      told);
}

std::uint64_t records_of(const vitals& told) {
  return std::visit(
      []<class Kind>(const Kind& v) -> std::uint64_t {
        if constexpr (has_records<Kind>)
          return v.records;
        return 0;
      },
      told);
}

void set_records(vitals& told, std::uint64_t records) {
  std::visit(
      [records]<class Kind>(Kind& v) {
        if constexpr (has_records<Kind>)
          v.records = records;
      },
      told);
}

} // namespace pmmc
