// An acceptor or server that comes back with another disk has lost its promises, a leader its
// ballots; so it is with an old copy of its directory. None of them must be counted again: whom a
// role has met, it remembers. storage::role_state makes that durable.
#pragma once

#include "consensus/messages.hpp"
#include "membership/introduction.hpp"
#include "membership/life_history.hpp"
#include "membership/membership.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pmmc {

/// Every acceptor, leader and server that a role ever met.
class known_disks {
public:
  const std::map<role_id, known_peer>& all() const { return known_; }
  std::map<role_id, std::string> format_ids() const;
  /// As it was saved.
  void restore(const role_id& peer, known_peer remembered);

  /// Remembers a first meeting, a new life, or that an old copy came. Don't count its votes if the
  /// answer is not `good`.
  acquaintance meet(const role_id& peer, const directory_facts& told);
  /// The same of a role of the own process, which is judged by what was met elsewhere. Of what it
  /// tells nothing but its disk is remembered: if this process began with copies of directories
  /// that are in use elsewhere, the right ones would be taken for wrong.
  acquaintance meet_own(const role_id& peer, const directory_facts& told);
  /// The log names this disk as that of `peer`: it holds whatever was met before.
  void take_named(const role_id& peer, const directory_facts& named);
  /// `peer` said that it holds so many records.
  void note_records(const role_id& peer, std::uint64_t records);

  /// What a crash would lose.
  enum class change : std::uint8_t {
    none,
    notes,   ///< of records: those on the disk are lower bounds, which are right, too
    meetings ///< must be durable before anything is sent to whom was met
  };
  change unsaved() const { return unsaved_; }
  void saved() { unsaved_ = change::none; }

private:
  std::map<role_id, known_peer> known_;
  change unsaved_ = change::none;
};

/// A peer that must not be talked to, and why.
struct refused_peer {
  known_peer known; ///< what is remembered of it
  std::string why;  ///< a part of a sentence
  acquaintance verdict = acquaintance::other_disk;
  /// Whether it is told, and ends its process. Not so a directory of the own process that is an old
  /// copy: its role may be elsewhere by now, or nowhere, and then those beside it must go on. That
  /// it is the member, only others can say.
  bool is_told(bool is_own) const { return !is_own || verdict == acquaintance::other_disk; }
};

/// Whether `peer` must not be talked to: it keeps promises, and is not on the disk that its
/// configuration names, or that it had when it was met before, or that disk has lost something.
/// `is_own`: of the own process.
std::optional<refused_peer> refuse_peer(known_disks& met, const membership& members,
                                        const introduced_role& peer, bool is_own = false);

/// To an acceptor, leader or server that has lost what it promised, or which ballots it used: "this
/// is what I know of your disk". It stops its process before it harms those who do not know.
struct disk_refused {
  role_id by;
  known_peer known;
};

/// What is wrong with a directory of which others remember `known`; "" if nothing. A role that
/// hears this of its own ends its process before it does harm among those who do not know.
std::string why_disk_is_wrong(const known_peer& known, const directory_facts& told);

/// Writes into all pings and pongs how much is durable.
void stamp_records(std::vector<envelope>& envelopes, std::uint64_t records);

} // namespace pmmc
