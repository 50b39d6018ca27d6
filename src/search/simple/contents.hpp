// What the search does to the core of engine `simple` beside its inputs, and what it reads there:
// canonical bytes, so that two servers that behave alike from now on have equal bytes, and no
// others. Time is left out: when a proposer goes on, when a slot is filled and when a server tells
// of its progress are events that the search chooses.
#pragma once

#include "consensus/simple/consensus.hpp"
#include "search/simple/names.hpp"

namespace pmmc::simple {

/// The classes' friend. The structured bindings in contents.cpp name every member, so that one that
/// is added does not compile until somebody has decided there whether it tells states apart.
struct role_contents {
  enum class phase { waiting, preparing, accepting };

  /// What a server does in a slot.
  struct attempt {
    slot_num slot = 0;
    role_contents::phase phase = phase::waiting;
    proposal_number number;
    search::server_bits answered = 0;
  };
  /// The round of probes that is under way.
  struct probe_round {
    std::uint64_t number = 0;
    search::server_bits answered = 0;
  };

  static void put(search::byte_writer& out, const server_core& core);
  static std::vector<attempt> attempts_of(const server_core& core);
  static std::optional<probe_round> probe_round_of(const server_core& core);
  static std::size_t servers_of(const server_core& core) { return core.servers_->members().size(); }
  static const learner& learner_of(const server_core& core) { return core.learner_; }

  /// Whether commands and no-ops are proposed in slots where the server proposes nothing yet.
  static void let_start(server_core& core, bool may_start);
  /// The proposer in a slot, whose number was refused, takes the next one. False: there is none.
  static bool try_next_number(server_core& core, slot_num slot);
  /// What is in use and not known is filled.
  static void fill(server_core& core);
  static void tell_progress(server_core& core);
  /// Rounds of probes get later numbers than this.
  static void begin_rounds_after(server_core& core, std::uint64_t number) {
    core.barriers_.round_ = number;
  }

private:
  static void put(search::byte_writer& out, const acceptor& part);
  static void put(search::byte_writer& out, const learner& part);
  static void put(search::byte_writer& out, const proposals& part, const acceptor& own);
  static void put(search::byte_writer& out, const proposer& part, const number_or_none& promised);
  static void put(search::byte_writer& out, const peers& part);
  static void put(search::byte_writer& out, const barriers& part);
};

} // namespace pmmc::simple
