#include "sim/checkers/kv_model.hpp"

#include "batch.hpp"
#include "kv/operation.hpp"
#include "sim/checkers/violation.hpp"

#include <charconv>

namespace pmmc::sim {

std::size_t kv_model::perform(slot_num slot, const command& chosen) {
  const auto entries = decode_batch(chosen);
  if (!entries)
    return 0;
  std::size_t again = 0;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const auto& e = (*entries)[i];
    if (e.kind == request_kind::open_session) {
      const auto id = slot << 16 | i;
      sessions_[id];
      opened_by_[id] = e.sequence;
      continue;
    }
    const auto it = sessions_.find(e.session);
    if (it == sessions_.end() || it->second.ended)
      continue;
    auto& s = it->second;
    if (e.kind == request_kind::end_session) {
      s.ended = true;
      ++sessions_ended_;
    } else {
      if (e.sequence < s.next || !s.early.try_emplace(e.sequence, e.kind, e.op).second)
        ++again;
      while (!s.early.empty() && s.early.begin()->first == s.next) {
        const auto& [kind, op] = s.early.begin()->second;
        auto& answer = answers_[{e.session, s.next}];
        answer.is_known = kind == request_kind::operation;
        if (answer.is_known) {
          answer.encoded = execute(op, slot);
          effects_.push_back({op, answer.encoded});
        }
        s.early.erase(s.early.begin());
        ++s.next;
      }
    }
  }
  return again;
}

const kv_model::expected_answer* kv_model::answer_to(session_id session,
                                                     std::uint64_t sequence) const {
  const auto it = answers_.find({session, sequence});
  return it == answers_.end() ? nullptr : &it->second;
}

bool kv_model::opened(session_id session, std::uint64_t number) const {
  const auto it = opened_by_.find(session);
  return it != opened_by_.end() && it->second == number;
}

bool kv_model::is_over(session_id session) const {
  const auto it = sessions_.find(session);
  return it == sessions_.end() || it->second.ended;
}

std::optional<std::string_view> kv_model::value_of(std::string_view key) const {
  const auto it = values_.find(key);
  if (it == values_.end() || !it->second.back().second)
    return std::nullopt;
  return *it->second.back().second;
}

std::optional<std::string_view> kv_model::value_at(const std::string& key, slot_num slot) const {
  const auto it = values_.find(key);
  if (it == values_.end())
    return std::nullopt;
  std::optional<std::string_view> value;
  for (auto change = it->second.rbegin(); change != it->second.rend(); ++change)
    if (change->first < slot) {
      if (change->second)
        value = *change->second;
      break;
    }
  return value;
}

void kv_model::set(std::string_view key, slot_num slot, std::optional<std::string> value) {
  auto it = values_.find(key);
  if (it == values_.end())
    it = values_.emplace(std::string{key}, 0).first;
  if (!it->second.empty() && it->second.back().first == slot)
    it->second.back().second = std::move(value);
  else
    it->second.emplace_back(slot, std::move(value));
}

std::string kv_model::execute(std::string_view bytes, slot_num slot) {
  using kv::answer;
  using kv::answer_status;
  const auto op = kv::decode_operation(bytes);
  demand(op.has_value(), [] { return std::string{"R3: a request has changed on its way"}; });
  if (const auto* p = std::get_if<kv::put>(&*op)) {
    set(p->key, slot, std::string{p->value});
    return encode(answer{});
  }
  if (const auto* a = std::get_if<kv::append>(&*op)) {
    auto value = std::string{value_of(a->key).value_or("")} + std::string{a->value};
    const auto size = value.size();
    set(a->key, slot, std::move(value));
    return encode(answer{answer_status::ok, std::uint64_t{size}});
  }
  if (const auto* d = std::get_if<kv::del>(&*op)) {
    if (!value_of(d->key))
      return encode(answer{answer_status::absent, {}});
    set(d->key, slot, std::nullopt);
    return encode(answer{});
  }
  if (const auto* c = std::get_if<kv::cas>(&*op)) {
    const auto held = value_of(c->key);
    if (held == c->expected) {
      set(c->key, slot, std::string{c->value});
      return encode(answer{});
    }
    answer refusal{answer_status::mismatch, {}};
    if (held)
      refusal.payload = std::string{*held};
    return encode(refusal);
  }
  const auto* i = std::get_if<kv::incr>(&*op);
  demand(i != nullptr, [] { return std::string{"R3: a query has come into the log"}; });
  const auto text = std::string{value_of(i->key).value_or("0")};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return encode(answer{answer_status::not_a_number, {}});
  number += i->by;
  set(i->key, slot, std::to_string(number));
  return encode(answer{answer_status::ok, number});
}

} // namespace pmmc::sim
