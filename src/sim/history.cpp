#include "sim/history.hpp"

#include "check/kv_record.hpp"
#include "kv/single_call.hpp"
#include "sim/checkers/violation.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace pmmc::sim {

namespace {

bool has_changed(const kv_model::effect& e) {
  const auto t = kv::decode_transaction(e.op);
  if (!t || t->calls.size() != 1)
    return false;
  const auto answer = kv::read_answer(t->calls[0].what, e.answer);
  return answer && answer->status == kv::answer_status::ok;
}

} // namespace

check::history to_check(const history& seen) {
  check::history made;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const auto& h = seen[i];
    auto op = check::recorded_call(h.op);
    demand(op.has_value(), [] { return std::string{"a client's operation cannot be recorded"}; });
    op->client = h.client.str();
    op->id = i + 1;
    op->call_ns = h.called * 1'000;
    op->return_ns = h.returned * 1'000;
    if (h.end == operation_end::answered)
      check::record_answer(*op, h.answer);
    else
      op->result = h.end == operation_end::not_executed ? check::result_kind::not_executed
                                                        : check::result_kind::unknown;
    made.push_back(std::move(*op));
  }
  return made;
}

std::vector<check::guess> guess_order(const history& seen,
                                      std::span<const kv_model::effect> effects,
                                      std::span<const sim_time> times) {
  std::map<std::string_view, std::vector<std::size_t>> places; // of the same operation
  for (std::size_t i = 0; i < effects.size(); ++i)
    places[effects[i].op].push_back(i);
  std::vector<bool> used(effects.size());
  const auto first_unused = [&](const recorded_operation& h, const auto& suits) {
    const auto found = places.find(h.op);
    if (found != places.end())
      for (const auto i : found->second)
        if (!used[i] && times[i] >= h.called && suits(i)) {
          used[i] = true;
          return check::guess{i};
        }
    return check::no_guess;
  };
  std::vector<std::size_t> answered; // the one that must have happened soonest first
  std::vector<check::guess> guesses(seen.size(), check::no_guess);
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (seen[i].end == operation_end::answered)
      answered.push_back(i);
  std::sort(answered.begin(), answered.end(), [&](std::size_t a, std::size_t b) {
    return std::pair{seen[a].returned, a} < std::pair{seen[b].returned, b};
  });
  for (const auto i : answered)
    guesses[i] = first_unused(seen[i], [&](std::size_t effect) {
      return times[effect] <= seen[i].returned && effects[effect].answer == seen[i].answer;
    });
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (seen[i].end == operation_end::unknown) {
      const auto place = first_unused(seen[i], [](std::size_t) { return true; });
      // One that changed nothing may be left out, and must not be tried where it would.
      if (place != check::no_guess && has_changed(effects[place]))
        guesses[i] = place;
    }
  return guesses;
}

} // namespace pmmc::sim
