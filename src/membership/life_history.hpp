// Which lives a directory has had. A copy of it that is put back lacks the later ones, whatever it
// does afterwards, and so is told from the directory itself by anybody who remembers one of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pmmc {

/// One start of a role with its directory: the how-manieth, and a random number.
struct life {
  std::uint64_t number = 0; ///< 0: none
  std::uint64_t nonce = 0;

  friend bool operator==(const life&, const life&) = default;
};

/// The latest lives of a directory, oldest first.
struct life_history {
  static constexpr std::size_t max_kept = 256;

  std::uint64_t first = 1; ///< number of the oldest life kept
  std::vector<std::uint64_t> nonces;

  life current() const;
  void begin(std::uint64_t nonce);
  /// Whether `known` was one of these lives, or may have been: it is older than all that are kept.
  bool continues(const life& known) const;

  friend bool operator==(const life_history&, const life_history&) = default;
};

/// What an acceptor, leader or server tells of its directory when it is met.
struct directory_facts {
  std::string format_id;
  life_history lives;        ///< none: it says nothing of them, and is known by its disk only
  std::uint64_t records = 0; ///< held durably when the present life began; never fewer later
};

/// What others remember of it.
struct known_peer {
  std::string format_id;     ///< of its disk when it was met first
  life last;                 ///< the latest of its lives that was met
  std::uint64_t records = 0; ///< at least so many are on its disk
  /// An old copy came instead of it. One that is started again and again begins lives until it does
  /// not tell any more that it lacks the one that was met.
  bool was_refused = false;

  friend bool operator==(const known_peer&, const known_peer&) = default;
};

/// Whether it may be of a role that was met: what is told of it has bounds.
bool is_well_formed(const known_peer& known);

enum class acquaintance : std::uint8_t {
  good = 0,        ///< it is who was met
  other_disk = 1,  ///< it was formatted again
  old_copy = 2,    ///< its directory is a copy from before a life that was met
  records_gone = 3 ///< its directory has fewer records than it had
};

acquaintance judge(const known_peer& known, const directory_facts& told);

} // namespace pmmc
