// What the directory of a simulated role says of itself and of others, and what operators do to it.
#pragma once

#include "membership/known_disks.hpp"

#include <cstdint>
#include <utility>

namespace pmmc::sim {

/// What happens to a directory while its process is down.
enum class mounting : std::uint8_t {
  none,
  copied,   ///< somebody keeps a copy of it
  emptied,  ///< it is lost, and formatted again under the same id
  old_copy, ///< the copy is put in its place
  right     ///< it is brought back as it was last
};

/// Something that lies in a directory.
template <class Contents>
class mounted {
public:
  void mount(mounting what) {
    if (what == mounting::copied)
      copy_ = now;
    else if (what == mounting::right)
      now = std::move(aside_);
    else if (what != mounting::none)
      aside_ = std::exchange(now, what == mounting::old_copy ? copy_ : Contents{});
  }
  const Contents& copy() const { return copy_; }

  Contents now{};

private:
  Contents copy_{};
  Contents aside_{}; ///< while a wrong one is in its place
};

struct role_directory {
  std::string format_id;
  life_history lives; ///< of acceptors and leaders
  known_disks met;
};

} // namespace pmmc::sim
