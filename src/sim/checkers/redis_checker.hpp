// H2, W2, X3: what Redis clients saw, next to what the log did.
#pragma once

#include "sim/checkers/kv_model.hpp"
#include "sim/redis_history.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pmmc::sim {

/// Whether all that clients were told is what the store did in the order of the log, each request
/// at one moment between its call and its return (so the history is linearizable, and a
/// connection's requests take effect in their order); whether nothing is executed twice, or that
/// was said not to be; and whether EXEC is refused for a change of a watched key, and only then.
class redis_checker {
public:
  /// `times`: when the model's effects were performed.
  redis_checker(const redis_history& seen, const kv_model& model, std::span<const sim_time> times,
                std::int64_t most_ahead_ms);

  /// Throws violation.
  void check();
  /// Records without an answer that were executed.
  std::size_t executed_unheard() const { return executed_unheard_; }

private:
  struct place {
    std::size_t effect = 0;
    std::size_t call = 0;
    moment at = 0;
  };
  void find_places();
  void note_calls(std::size_t effect);
  std::optional<place> place_of(const redis_record& r) const;
  void check_answered(const redis_record& r, std::size_t number);
  void check_done(const redis_record& r, const place& p) const;
  void check_in_time(const redis_record& r, const place& p) const;
  void check_watch(const redis_record& r, moment before) const;
  void check_refused(const redis_record& r) const;
  void look_for_reads(const redis_record& r, std::size_t number);
  bool shows(const redis_record& r, moment at) const;
  bool shows(const redis_command& c, const resp_value& reply, moment at, sim_time returned) const;
  moment floor_for(const redis_record& r);
  void settle(const redis_record& r, std::size_t number, moment first, moment last);
  sim_time time_of(moment m) const { return m == 0 ? 0 : times_of_[m - 1]; }
  moment latest_at(sim_time t) const;

  const redis_history& seen_;
  const kv_model& model_;
  std::span<const sim_time> times_;
  std::int64_t most_ahead_ms_;
  std::vector<sim_time> times_of_;      ///< moments, from 1 on
  std::map<std::string, place> marked_; ///< marker → where it was executed
  /// → effects; in sessions of the same name, each opened when the one before had ended.
  std::map<std::pair<std::string, std::uint64_t>, std::vector<std::size_t>> requests_;
  std::vector<std::pair<sim_time, moment>> returned_; ///< a heap: what has taken effect by when
  moment floor_ = 0;
  std::map<std::uint32_t, moment> by_connection_;
  std::size_t executed_unheard_ = 0;
};

/// See redis_command::marker.
std::string marker_of(const kv::call& c);

} // namespace pmmc::sim
