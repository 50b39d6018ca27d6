// A client that checks its answers: exactly once, in order, and reads that are never stale.
#pragma once

#include "scenarios/script.hpp"

#include <map>
#include <set>
#include <string>

namespace pmmc::test {

/// What all clients of a run know together, to judge reads by.
struct history {
  std::size_t acknowledged = 0; ///< appends to the shared value that some client knows of
  std::size_t sent = 0;         ///< appends to it that may have happened
};

/// Appends one letter at a time to a value of its own and to one shared by all, several requests in
/// flight, and reads the shared value in between. Every answer shows whether an effect was lost,
/// doubled or reordered.
class checking_client {
public:
  checking_client(script& c, history& h, role_id id, std::size_t operations);

  void on(const message& m);
  void on_tick();
  bool is_done() const { return answered_ == operations_ && reads_.empty() && session_ != 0; }
  const role_id& id() const { return id_; }
  std::size_t reads_answered() const { return reads_answered_; }
  std::string describe() const;

private:
  struct open_request {
    request what;
    std::uint64_t next_send_tick = 0;
  };
  struct open_read {
    std::size_t least = 0; ///< letters that must be seen
    std::uint64_t next_send_tick = 0;
  };

  void on(const response& r);
  void on(const query_reply& r);
  void send_more();
  void start_read();
  role_id any_replica();

  script& cluster_;
  history& history_;
  role_id id_;
  std::size_t operations_;
  session_id session_ = 0;
  std::uint64_t open_number_;
  std::uint64_t next_open_tick_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::size_t answered_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::set<std::uint64_t> answered_early_;
  std::map<std::uint64_t, open_request> requests_;
  std::map<std::uint64_t, open_read> reads_;
  std::uint64_t read_number_ = 0;
  std::size_t reads_answered_ = 0;
};

} // namespace pmmc::test
