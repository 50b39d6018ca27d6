#include "sim/history.hpp"

#include "check/kv_record.hpp"
#include "kv/operation.hpp"
#include "sim/checkers/violation.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace pmmc::sim {

namespace {

bool has_changed(const kv_model::effect& e) {
  const auto answer = kv::decode_answer(e.answer);
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
                                      std::span<const kv_model::effect> effects) {
  using places = std::vector<std::size_t>; // the first one last
  std::map<std::string_view, places> by_op;
  std::map<std::pair<std::string_view, std::string_view>, places> by_answer;
  for (auto i = effects.size(); i-- > 0;) {
    by_op[effects[i].op].push_back(i);
    by_answer[{effects[i].op, effects[i].answer}].push_back(i);
  }
  std::vector<bool> used(effects.size());
  const auto first_unused = [&](places* found) -> check::guess {
    while (found != nullptr && !found->empty()) {
      const auto i = found->back();
      found->pop_back();
      if (!used[i]) {
        used[i] = true;
        return i;
      }
    }
    return check::no_guess;
  };
  const auto find = [](auto& map, const auto& key) -> places* {
    const auto it = map.find(key);
    return it == map.end() ? nullptr : &it->second;
  };
  std::vector<check::guess> guesses(seen.size(), check::no_guess);
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (seen[i].end == operation_end::answered)
      guesses[i] = first_unused(find(
          by_answer, std::pair<std::string_view, std::string_view>{seen[i].op, seen[i].answer}));
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (seen[i].end == operation_end::unknown) {
      const auto place = first_unused(find(by_op, std::string_view{seen[i].op}));
      // One that changed nothing may be left out, and must not be tried where it would.
      if (place != check::no_guess && has_changed(effects[place]))
        guesses[i] = place;
    }
  return guesses;
}

} // namespace pmmc::sim
