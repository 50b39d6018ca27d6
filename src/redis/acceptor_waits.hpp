// Who waits for acceptors to hold what was decided before: the WAITs of a Redis port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace pmmc::redis {

/// They share one round at a time, a read and a count of the acceptors behind it. A round is for
/// those who came before it began: what they wrote is below the slot that it reads.
class acceptor_waits {
public:
  static constexpr std::int64_t first_count_ms = 500;

  struct entry {
    std::uint64_t ticket = 0;
    std::int64_t wanted = 0;      ///< enough acceptors
    std::int64_t deadline_ms = 0; ///< by the steady clock; 0: none
    std::uint64_t from_round = 0; ///< the first that is for it
    std::size_t count = 0;        ///< by the latest of these
    bool is_counted = false;      ///< there was one

    bool has_enough() const { return is_counted && static_cast<std::int64_t>(count) >= wanted; }
    /// Who was not counted yet is given a little more time: a round takes some, and nobody is to
    /// hear of too few acceptors for want of a count.
    bool is_late(std::int64_t now_ms) const {
      return deadline_ms != 0 && now_ms >= deadline_ms + (is_counted ? 0 : first_count_ms);
    }
  };

  void add(std::uint64_t ticket, std::int64_t wanted, std::int64_t deadline_ms);
  bool is_empty() const { return all_.empty(); }

  /// Those who are left want to be counted once more.
  void want_round() { is_wanted_ = !all_.empty(); }
  /// Whether a round is to begin now: one is wanted, and none is under way.
  bool is_due() const { return is_wanted_ && round_.at == stage::none; }
  /// It does, with this read.
  void begin_round(std::uint64_t query);
  /// True: this was its read, and now acceptors are to be counted.
  bool has_read(std::uint64_t query);
  /// Which one is the latest.
  std::uint64_t round() const { return round_.number; }
  void counted(std::uint64_t round, std::size_t acceptors);
  /// Nobody could count.
  void not_counted(std::uint64_t round);

  /// Those for whom `ends` is true, in their order: they wait no longer.
  template <class Predicate>
  std::vector<entry> take_if(Predicate ends) {
    std::vector<entry> ended, left;
    for (auto& one : all_)
      (ends(std::as_const(one)) ? ended : left).push_back(one);
    all_ = std::move(left);
    return ended;
  }

private:
  enum class stage : std::uint8_t { none, reading, counting };
  struct round_under_way {
    std::uint64_t number = 0; ///< or of the one before
    std::uint64_t query = 0;  ///< its read
    stage at = stage::none;
  };

  bool end_round(std::uint64_t number);

  std::vector<entry> all_; ///< in the order in which they came
  round_under_way round_;
  bool is_wanted_ = false;
};

} // namespace pmmc::redis
