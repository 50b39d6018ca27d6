#include "service/request_queue.hpp"

#include "service/batch.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

request_queue::request_queue(settings options) : options_(options) {
  options_.batch_requests = std::min(options_.batch_requests, max_batch_entries);
}

bool request_queue::is_full_for(std::size_t bytes) const {
  return waiting_.size() >= options_.max_requests || bytes_ + bytes > options_.max_bytes;
}

bool request_queue::add(request m, const role_id& client, bool is_decided, std::uint64_t tick) {
  if (is_full_for(m.op.size()))
    forget_held_back(tick, 0);
  if (is_full_for(m.op.size()))
    return false;
  const auto key = key_of(m);
  bytes_ += m.op.size();
  const auto it = waiting_.emplace(key, entry{std::move(m), client, stage::queued, 0, tick}).first;
  if (is_decided) { // its answer comes when its predecessors have been executed
    enter(it, stage::held_back);
  } else {
    enter(it, stage::queued);
    queue_.push_back(key);
  }
  return true;
}

bool request_queue::ask_again(const request_key& key, const role_id& client, std::uint64_t tick) {
  const auto it = waiting_.find(key);
  if (it == waiting_.end())
    return false;
  it->second.client = client;
  it->second.asked_tick = tick;
  return true;
}

std::vector<const request*> request_queue::next_batch() {
  std::vector<const request*> batch;
  std::size_t bytes = 0;
  while (!queue_.empty() && batch.size() < options_.batch_requests) {
    const auto key = queue_.front();
    const auto it = waiting_.find(key);
    if (it == waiting_.end() || it->second.at != stage::queued) {
      queue_.pop_front(); // answered meanwhile
      continue;
    }
    const auto size = pmmc::batch_bytes(it->second.what);
    if (!batch.empty() && bytes + size > options_.batch_bytes)
      break;
    bytes += size;
    move_to(it, stage::proposed);
    batch.push_back(&it->second.what);
    queue_.pop_front();
  }
  return batch;
}

request_queue::handed_on request_queue::next_handoff(std::uint64_t tick) {
  handed_on result;
  for (const auto* r : next_batch()) {
    const auto it = waiting_.find(key_of(*r));
    auto& e = it->second;
    if (e.client.empty()) {
      bytes_ -= e.what.op.size();
      result.requests.push_back(std::move(e.what));
      waiting_.erase(it);
      continue;
    }
    move_to(it, stage::handed_on);
    e.handed_on_tick = tick;
    result.requests.push_back(e.what);
    result.clients.insert(e.client);
  }
  return result;
}

const request* request_queue::find(const request_key& key) const {
  const auto it = waiting_.find(key);
  return it == waiting_.end() ? nullptr : &it->second.what;
}

void request_queue::refuse(const request_key& key, const std::string& why) {
  const auto it = waiting_.find(key);
  if (it == waiting_.end())
    return;
  auto& what = it->second.what;
  bytes_ -= what.op.size();
  what.kind = request_kind::refusal;
  what.op = why;
  bytes_ += what.op.size();
  queue_again({key});
}

void request_queue::settle_proposal(const std::vector<request_key>& keys, bool is_chosen) {
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    const auto it = waiting_.find(*key);
    if (it == waiting_.end())
      continue;
    move_to(it, is_chosen ? stage::held_back : stage::queued);
    if (!is_chosen)
      queue_.push_front(*key);
  }
}

std::vector<response> request_queue::take_back(const session_table& sessions, slot_num slot_out,
                                               std::uint64_t tick, std::uint64_t least_ticks) {
  std::vector<response> answers;
  std::set<request_key> undecided;
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    const auto& [key, e] = *it;
    if (e.at != stage::handed_on || tick < e.handed_on_tick + least_ticks)
      continue;
    if (auto known = sessions.known_answer(e.what, slot_out))
      answers.push_back(std::move(*known));
    else if (sessions.holds_back(key.session, key.sequence))
      move_to(it, stage::held_back); // decided: its predecessor is what is missing
    else
      undecided.insert(key);
  }
  queue_again(undecided);
  return answers;
}

void request_queue::queue_again(const std::set<request_key>& keys) {
  for (const auto& key : keys)
    if (const auto it = waiting_.find(key); it != waiting_.end()) {
      move_to(it, stage::queued);
      queue_.push_back(key);
    }
}

std::vector<response> request_queue::known_answers(const session_table& sessions, slot_num slot_out,
                                                   std::set<request_key>& unknown) const {
  std::vector<response> answers;
  for (const auto& [key, e] : waiting_)
    if (auto known = sessions.known_answer(e.what, slot_out))
      answers.push_back(std::move(*known));
    else if (e.at == stage::held_back)
      unknown.insert(key);
  return answers;
}

std::optional<request_queue::asker> request_queue::remove(const request_key& key) {
  const auto it = waiting_.find(key);
  if (it == waiting_.end())
    return std::nullopt;
  asker found{it->second.client, it->second.what.arrived};
  erase(it);
  return found;
}

void request_queue::forget_held_back(std::uint64_t tick, std::uint64_t least_ticks) {
  for (auto key = held_back_.begin(); key != held_back_.end();) {
    const auto it = waiting_.find(*key++);
    if (tick >= it->second.asked_tick + least_ticks)
      erase(it);
  }
}

void request_queue::move_to(entries::iterator it, stage next) {
  leave(it);
  enter(it, next);
}

void request_queue::enter(entries::iterator it, stage next) {
  auto& [key, e] = *it;
  e.at = next;
  if (next == stage::held_back) {
    held_back_.insert(key);
  } else if (next == stage::queued) {
    ++queued_requests_;
    queued_bytes_ += pmmc::batch_bytes(e.what);
  }
}

void request_queue::leave(entries::iterator it) {
  const auto& [key, e] = *it;
  if (e.at == stage::held_back) {
    held_back_.erase(key);
  } else if (e.at == stage::queued) {
    --queued_requests_;
    queued_bytes_ -= pmmc::batch_bytes(e.what);
  }
}

void request_queue::erase(entries::iterator it) {
  leave(it);
  bytes_ -= it->second.what.op.size();
  waiting_.erase(it);
}

std::vector<std::pair<role_id, request_key>> request_queue::clients() const {
  std::set<role_id> seen;
  std::vector<std::pair<role_id, request_key>> found;
  for (const auto& [key, e] : waiting_)
    if (!e.client.empty() && seen.insert(e.client).second)
      found.emplace_back(e.client, key);
  return found;
}

} // namespace pmmc
