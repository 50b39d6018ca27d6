// V1: nothing is decided but what somebody asked for.
#pragma once

#include "consensus/messages.hpp"
#include "service/batch.hpp"
#include "sim/checkers/violation.hpp"

#include <set>
#include <string>
#include <tuple>

namespace pmmc::sim {

/// What clients ask for, and whether a command holds nothing else. What processes add of their own
/// (their disks, the identity of the cluster) is not looked at.
class asked_requests {
public:
  void asked(const request& m) {
    all_.insert({m.kind, m.session, m.sequence, std::string{std::string_view{m.op}}});
  }

  /// `slot` is decided. Throws violation.
  void check(slot_num slot, const command& chosen) const {
    const auto entries = decode_batch(chosen);
    demand(entries.has_value() || chosen.is_noop(), [&] {
      return "V1: what is decided in slot " + std::to_string(slot) + " is no command";
    });
    if (!entries)
      return;
    for (const auto& e : *entries)
      demand(!is_clients(e.kind) || all_.contains(key_of(e)), [&] {
        return "V1: request " + std::to_string(e.sequence) + " of session " +
               std::to_string(e.session) + " is decided in slot " + std::to_string(slot) +
               ", and nobody asked for it";
      });
  }

private:
  using key = std::tuple<request_kind, session_id, std::uint64_t, std::string>;

  static key key_of(const batch_entry& e) {
    return {e.kind, e.session, e.sequence, std::string{e.op}};
  }
  static bool is_clients(request_kind kind) {
    return kind == request_kind::operation || kind == request_kind::open_session ||
           kind == request_kind::end_session || kind == request_kind::reconfigure;
  }

  std::set<key> all_;
};

} // namespace pmmc::sim
