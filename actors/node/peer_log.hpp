// What the log of a process says of the peers that it cannot talk to.
#pragma once

#include "membership/configuration.hpp"
#include "node/log.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace pmmc {

/// How long something must last until it is a warning, in beats of a node: 2 s. When a cluster
/// starts, every process is missed by the others for a moment.
inline constexpr unsigned beats_until_warned = 20;

/// Why one peer is not connected. `address` is that of the peer; if it is empty, nothing is logged.
class peer_trouble {
public:
  /// It cannot be reached: at level debug, and a warning when that has lasted. Returns whether this
  /// is news.
  bool unreachable(const std::string& address, const std::string& why);
  /// The two do not belong together: a warning at once. Returns whether this is news.
  bool refused(const std::string& address, const std::string& why);
  /// It was connected, and is not any more: a warning at once.
  void lost(const std::string& address, const std::string& why);
  /// A new connection takes the place of the old one.
  void replaced(const std::string& address, const std::string& why);
  void over(const std::string& address);
  /// Call it with each beat.
  void beat(const std::string& address);

  const std::string& why() const { return why_; }

private:
  bool is_news(const std::string& why);

  std::string why_;
  unsigned beats_ = 0;
  bool warned_ = false;
};

/// Who dials and is refused, and dials again and again.
class refusal_log {
public:
  /// Strangers name themselves.
  static constexpr std::size_t most_remembered = 1'024;

  /// Whether `who` was refused for something else before, or never.
  bool is_news(const std::string& who, const std::string& why);
  /// If that is so, a line; if others have just taken it, the next time.
  void log(const std::string& who, const std::string& why, std::string_view text);
  /// It is welcome now.
  void over(const std::string& who);

private:
  std::map<std::string, std::string> refused_; ///< by who: why, both as shown
  rare_warning lines_;
};

/// Whether a majority of those who decide can be talked to.
class quorum_log {
public:
  /// Call it with each beat.
  void beat(const configuration& config, const std::function<bool(const role_id&)>& is_up);

private:
  unsigned beats_ = 0;
};

} // namespace pmmc
