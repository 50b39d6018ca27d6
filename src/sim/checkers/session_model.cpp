#include "sim/checkers/session_model.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

std::optional<std::uint64_t> session_model::highest(std::string_view name) const {
  const auto it = sessions_.find(name);
  return it == sessions_.end() ? std::nullopt : std::optional{it->second.highest};
}

std::optional<std::uint64_t> session_model::open(std::string_view name) {
  if (const auto known = highest(name))
    return known;
  if (sessions_.size() >= limits_.sessions) {
    sessions_.erase(
        std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
          return a.second.used < b.second.used;
        }));
    ++ended_;
  }
  auto& s = sessions_[std::string{name}];
  s.opened = s.used = ++uses_;
  return std::nullopt;
}

const std::string* session_model::answer(std::string_view name, std::uint64_t number) const {
  const auto& answers = sessions_.find(name)->second.answers;
  const auto it = answers.find(number);
  return it == answers.end() ? nullptr : &it->second;
}

void session_model::record(std::string_view name, std::uint64_t number, std::string answer) {
  auto& s = sessions_.find(name)->second;
  s.highest = number;
  s.used = ++uses_;
  s.bytes += answer.size();
  s.answers[number] = std::move(answer);
  while (s.answers.size() > 1 &&
         (s.answers.size() > limits_.kept_answers || s.bytes > limits_.kept_answer_bytes)) {
    ++answers_dropped_;
    s.bytes -= s.answers.begin()->second.size();
    s.answers.erase(s.answers.begin());
  }
}

} // namespace pmmc::sim
