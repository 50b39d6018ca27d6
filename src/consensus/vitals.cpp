#include "consensus/messages.hpp"

namespace pmmc {

namespace {

struct slot_end {
  slot_num operator()(const acceptor_vitals& v) const { return v.accepted_end; }
  slot_num operator()(const leader_vitals& v) const { return v.decided_end; }
  slot_num operator()(const replica_vitals& v) const { return v.slot_out; }
};

template <class Kind>
concept has_records = requires(Kind& v) {
  v.records;
};

} // namespace

slot_num slot_end_of(const vitals& told) { return std::visit(slot_end{}, told); }

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
