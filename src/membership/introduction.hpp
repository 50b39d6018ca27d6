// What two processes say of themselves when they meet, before anything else.
#pragma once

#include "membership/cluster_facts.hpp"
#include "membership/life_history.hpp"
#include "membership/membership.hpp"

#include <string>
#include <vector>

namespace pmmc {

inline constexpr std::size_t max_hosted_roles = 64; ///< of one process
/// Of a text: a name, or the reason of a refusal, which may name both lists of members.
inline constexpr std::size_t max_said_bytes = 4'096;

/// A role as its process introduces it.
struct introduced_role {
  role_id id;
  role_kind kind = role_kind::client;
  std::string format_id;     ///< of its data directory; empty for clients
  life_history lives = {};   ///< of who keeps promises
  std::uint64_t records = 0; ///< that it held durably when this life of it began

  directory_facts facts() const { return {format_id, lives, records}; }
};

/// From the process that dialled. It says no more than the other one has to know to judge it: it is
/// a stranger's word, whose length is bounded. What it knows of the members follows when they have
/// met.
struct introduction {
  std::string cluster;
  std::string address; ///< where it listens; empty for clients
  std::vector<introduced_role> roles;
  cluster_identity identity = 0;
  config_version version = 0; ///< the latest configuration that it knows; 0 of clients
  /// It stays although it was removed: it knows, and wants to become a member again; or it does not
  /// name all of its roles.
  bool rejoins = false;
  cluster_facts facts;           ///< none of clients
  std::uint64_t incarnation = 0; ///< random, new at each start
};

/// From the process that was dialled.
struct introduction_reply {
  std::string refusal;      ///< empty: welcome; else why not
  bool was_removed = false; ///< why not: the other one was a member, and is none any more
  std::string cluster;
  std::vector<introduced_role> roles; ///< none if it refuses
  membership known;
  cluster_facts facts;
  std::string address = {};      ///< where it listens
  std::uint64_t incarnation = 0; ///< likewise
};

/// Whether a process says such a thing of itself: ids, texts and what is made durable by those who
/// meet it have bounds. The codec (wire/message_codec.hpp) lets nothing else in, nor more roles and
/// lives than there may be.
bool is_well_formed(const introduced_role& role);
bool is_well_formed(const introduction& m);
bool is_well_formed(const introduction_reply& m);

} // namespace pmmc
