// Scouts and commanders (paper, section 2.3) as the leader's children: how they are named, started
// and answered for by a driver, and what they report.
#pragma once

#include "consensus/part.hpp"
#include "consensus/pmmc/commander.hpp"
#include "consensus/pmmc/scout.hpp"

#include <compare>
#include <optional>
#include <string>
#include <variant>

namespace pmmc {

enum class sub_role_kind : std::uint8_t { scout, commander };

/// Which child of a leader. It has at most one of the same id at a time.
struct sub_role_id {
  sub_role_kind kind = sub_role_kind::scout;
  std::uint64_t number = 0; ///< of a scout the configuration's version, of a commander the slot

  friend auto operator<=>(const sub_role_id&, const sub_role_id&) = default;
};

using sub_role_task = std::variant<scout_task, commander_task>;

/// Child → leader, as its last act.
struct sub_role_report {
  sub_role_id from;
  ballot_num ballot; ///< the one that it worked for
  std::variant<scout_outcome, commander_outcome> outcome;
};

/// A scout or a commander: a part.
class sub_role {
public:
  sub_role(const role_id& leader, sub_role_task task,
           unsigned resend_ticks = scout::default_resend_ticks);

  /// Of the other kind: nothing.
  void on(const p1b& m);
  void on(const p2b& m);
  void on_tick();
  void on_peer_down(const role_id&) {}

  outputs<> take();
  /// When there is one, what it has sent is to be taken, and it is done.
  std::optional<sub_role_report> report() const;

  sub_role_id id() const;
  const std::variant<scout, commander>& role() const { return role_; }

private:
  std::variant<scout, commander> role_;
};

/// What a leader has beside itself, for `outputs`.
struct sub_roles {
  using id = sub_role_id;
  using task = sub_role_task;

  /// The child that an acceptor's answer to a leader is for.
  static id addressee(const p1b& m) { return {sub_role_kind::scout, m.version}; }
  static id addressee(const p2b& m) { return {sub_role_kind::commander, m.slot}; }
};

sub_role_id id_of(const sub_role_task& task);

/// "the scout of version 3", "the commander of slot 17".
std::string to_string(const sub_role_id& id);

} // namespace pmmc
