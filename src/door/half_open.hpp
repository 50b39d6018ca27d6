// The connections whose hello was not answered yet, and which of them gives way when there are too
// many: one from where most of them come, so that nobody takes the places of all others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace pmmc::door {

/// Connections are numbered as they come.
class half_open_places {
public:
  void take(std::uint64_t number, const std::string& host);
  /// Whether it had a place or not.
  void leave(std::uint64_t number);

  std::size_t size() const { return host_of_.size(); }
  /// Nothing if there is none.
  std::optional<std::uint64_t> oldest() const;
  /// The oldest one of the host that has most. Precondition: there is one.
  std::uint64_t first_to_go() const;

private:
  std::map<std::uint64_t, std::string> host_of_; ///< by number
  std::map<std::string, std::size_t> places_;    ///< that a host has
};

} // namespace pmmc::door
