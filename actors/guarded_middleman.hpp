// CAF's middleman, with a limit on the length of what it reads. CAF 0.17.6 believes any length that
// a connection announces, up to 4 GiB, and fills a buffer of that size before the first byte has
// come: a few bytes of garbage would stop the process for seconds and take its memory.
#pragma once

#include "network_thread.hpp"

#include <caf/io/all.hpp>
#include <cstdint>

namespace pmmc {

/// Longer payloads close their connection. The longest honest one holds about 1 MiB and one more
/// operation, answer or command, far less.
inline constexpr std::uint32_t max_payload_bytes = 32 << 20;

/// Load it in the place of caf::io::middleman.
class guarded_middleman : public caf::io::middleman {
public:
  explicit guarded_middleman(caf::actor_system& system);

  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>);

  void start() override;
  void stop() override;
  caf::io::network::multiplexer& backend() override { return backend_; }

private:
  network_loop backend_;
};

} // namespace pmmc
