// The log time as a Redis port sees and moves it.
#pragma once

#include "kv/transaction.hpp"
#include "service/client.hpp"

#include <optional>
#include <string>

namespace pmmc::redis {

/// Whether a query was not answered because a key that it looks at is due. As an operation it moves
/// the log time, and then it is answered.
bool says_due(const client_outcome& outcome);

/// Which time operations carry, and how keys expire that nobody asks for: by a query that says
/// whether any is due, and then an operation that does nothing but bring the time.
class key_expiry {
public:
  /// As kv::log_clock reads it: nothing while it is not known, and then operations carry none.
  void set_clock(std::optional<kv::log_time> now) { clock_ = now; }
  std::optional<kv::log_time> clock() const { return clock_; }
  /// What an operation carries.
  kv::log_time now_for(const kv::transaction& t) const;
  /// The log time, as the last query has seen it.
  std::optional<kv::log_time> log_time() const { return log_time_; }

  /// A query, encoded; nothing while the last one or its operation is under way.
  std::optional<std::string> begin();
  /// Takes what came of either. The operation, encoded, if it is needed.
  std::optional<std::string> settle(const client_outcome& outcome);

private:
  std::optional<kv::log_time> clock_;
  std::optional<kv::log_time> log_time_;
  bool under_way_ = false;
};

} // namespace pmmc::redis
