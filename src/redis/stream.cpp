#include "redis/stream.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pmmc::redis {

namespace {

constexpr std::string_view busy =
    "BUSY pmmc holds too many unfinished or unanswered requests; this one was not executed";

} // namespace

stream::~stream() {
  totals_.input -= held_;
  totals_.output -= output_bytes_;
}

/// What the connection holds of the total.
void stream::account() {
  const auto now = parser_.held_bytes() + unanswered_;
  totals_.input += now - held_;
  held_ = now;
}

std::vector<request> stream::feed(std::string_view bytes) {
  std::vector<request> requests;
  if (closing_)
    return requests;
  parser_.feed(bytes, requests);
  cut_off(requests);
  closing_ |= parser_.is_broken();
  full_ |= unanswered_ > limits_.max_unanswered_bytes;
  return requests;
}

/// Takes the new requests into account, one by one, and refuses what goes past the limits: the
/// first request that does, or else the unfinished one, if there is one: a refusal of no request
/// would be taken for the reply to the next. Nothing behind it is looked at any more.
void stream::cut_off(std::vector<request>& requests) {
  const auto others = totals_.input - held_;
  const auto too_much = [&](std::size_t held) {
    return others + held > limits_.max_input_bytes && held > limits_.fair_bytes;
  };
  auto kept = requests.begin();
  for (; kept != requests.end() && !too_much(unanswered_ + kept->cost()); ++kept)
    unanswered_ += kept->cost();
  if (kept != requests.end() ||
      (parser_.has_unfinished() && too_much(unanswered_ + parser_.held_bytes()))) {
    requests.erase(kept, requests.end());
    requests.push_back({request_kind::broken, std::string{busy}, {}});
    unanswered_ += requests.back().cost();
    static_cast<void>(std::exchange(parser_, {})); // an assignment would keep its strings' room
    closing_ = true;
  }
  account();
}

void stream::reply(std::string bytes, std::size_t settled_cost, bool close) {
  unanswered_ -= std::min(unanswered_, settled_cost);
  account();
  if (unanswered_ < limits_.max_unanswered_bytes / 2)
    full_ = false;
  close_when_written_ |= close;
  since_drained_ += bytes.size();
  output_bytes_ += bytes.size();
  totals_.output += bytes.size();
  if (!bytes.empty())
    output_.push_back(std::move(bytes));
}

void stream::refuse(std::string_view why) {
  closing_ = true;
  reply("-" + std::string{why} + "\r\n", 0, true);
}

std::vector<std::string_view> stream::pieces(std::size_t most) const {
  std::vector<std::string_view> some;
  some.reserve(std::min(most, output_.size()));
  for (const auto& text : output_) {
    if (some.size() == most)
      break;
    some.emplace_back(text);
  }
  if (!some.empty())
    some.front().remove_prefix(output_sent_);
  return some;
}

void stream::sent(std::size_t bytes) {
  output_bytes_ -= bytes;
  totals_.output -= bytes;
  taken_ += bytes;
  output_sent_ += bytes;
  while (!output_.empty() && output_sent_ >= output_.front().size()) {
    output_sent_ -= output_.front().size();
    output_.pop_front();
  }
}

std::size_t stream::take_drained() { return is_undrained() ? std::exchange(since_drained_, 0) : 0; }

void stream::drop_output() {
  totals_.output -= std::exchange(output_bytes_, 0);
  output_.clear();
  output_sent_ = 0;
}

void stream::look(bool first) {
  const bool has_unread = is_undrained() || output_bytes_ > 0;
  if (!first && has_unread && taken_ - taken_before_ < limits_.least_taken_bytes) {
    ++stalled_;
    return;
  }
  stalled_ = 0;
  taken_before_ = taken_;
}

} // namespace pmmc::redis
