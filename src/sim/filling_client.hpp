// A client of the protocol itself that fills its session to the byte.
#pragma once

#include "sim/host.hpp"

#include <array>
#include <string>

namespace pmmc::sim {

/// Fills the 16 MiB twice: with writes that wait for the first one, which it keeps back, and with
/// answers to reads, which it does not acknowledge. What it sends then is put off (X1), and is
/// executed when it is sent again, after the first write, or with the acknowledgement. Each write
/// expects what the one before it has written. Only in runs without faults.
class filling_client final : public host {
public:
  using host::host;

  void start() override {}
  void check(world&, const role_id&, const message&) const override {}
  bool is_done() const { return answered_ == requests; }
  bool is_quiet(std::string& why) const override;

  static constexpr std::size_t session_bytes = 16 << 20;
  static constexpr std::size_t write_bytes = 1 << 20;  ///< as sent: of all that wait
  static constexpr std::size_t answer_bytes = 1 << 19; ///< to a read
  static constexpr std::uint64_t most_waiting = session_bytes / write_bytes;
  static constexpr std::uint64_t most_kept = session_bytes / answer_bytes;
  static constexpr std::uint64_t too_many = 2;
  static constexpr std::uint64_t writes = 1 + most_waiting + too_many;
  static constexpr std::uint64_t requests = writes + most_kept + too_many;

protected:
  void on_message(const role_id&, message& m) override;
  void on_tick() override;
  void settle() override {}
  void forget(bool) override {}

private:
  /// Acknowledges all that has been answered.
  struct step {
    std::uint64_t first; ///< of the requests that are sent
    std::uint64_t last;
    std::uint64_t answered; ///< when it is over: all up to this one
    std::uint64_t put_off;  ///< so many, the last ones
  };
  static constexpr std::array<step, 5> steps{{{2, writes, 0, too_many},
                                              {1, 1, 1 + most_waiting, 0},
                                              {1 + most_waiting + 1, writes, writes, 0},
                                              {writes + 1, requests, writes + most_kept, too_many},
                                              {writes + most_kept + 1, requests, requests, 0}}};

  void send(std::uint64_t sequence, std::uint64_t acknowledged);
  void hear(const response& r);

  session_id session_ = 0;
  std::size_t begun_ = 0; ///< steps
  std::uint64_t answered_ = 0;
  std::uint64_t put_off_ = 0; ///< in this step
};

} // namespace pmmc::sim
