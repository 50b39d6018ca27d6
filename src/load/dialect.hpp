// How a client speaks with a server over a socket.
#pragma once

#include "load/recorder.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pmmc::load {

struct answer {
  ending how = ending::done;
  std::string why;       ///< for people, if it went wrong
  std::size_t bytes = 0; ///< that it took of what was received
};

/// One object serves all sockets of a load.
class dialect {
public:
  virtual ~dialect() = default;
  virtual void append_request(const operation& op, std::string& out) = 0;
  /// The answer to the oldest request, if `received` begins with all of it.
  virtual std::optional<answer> take_answer(operation_kind kind, std::string_view received) = 0;
};

/// SET and GET of Redis. Behind each SET there is a "WAIT wait_for 0" unless that is 0: the two are
/// one operation, which is done when so many copies have it.
class redis_dialect : public dialect {
public:
  explicit redis_dialect(unsigned wait_for) : wait_for_(wait_for) {}

  void append_request(const operation& op, std::string& out) override;
  std::optional<answer> take_answer(operation_kind kind, std::string_view received) override;

private:
  unsigned wait_for_;
};

} // namespace pmmc::load
