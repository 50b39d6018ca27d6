#include "kv/single_call.hpp"

#include "kv/execution.hpp"
#include "kv/reply.hpp"

#include <array>
#include <utility>
#include <vector>

namespace pmmc::kv {

namespace {

transaction single(verb what, std::vector<std::string_view> words, std::int64_t number = 0) {
  transaction t;
  t.calls.push_back({what, 0, number, std::move(words)});
  return t;
}

answer refusal(std::string_view error) {
  if (error == call_errors::not_a_number)
    return {answer_status::not_a_number, {}};
  if (error == call_errors::overflow)
    return {answer_status::overflow, {}};
  if (error == call_errors::large_value || error == call_errors::bad_key)
    return {answer_status::too_large, {}};
  return {answer_status::malformed, {}};
}

std::optional<answer> of_integer(verb what, std::int64_t number) {
  switch (what) {
  case verb::append:
    return answer{answer_status::ok, static_cast<std::uint64_t>(number)};
  case verb::incrby:
    return answer{answer_status::ok, number};
  case verb::del:
    return answer{number == 1 ? answer_status::ok : answer_status::absent, {}};
  default:
    return std::nullopt;
  }
}

std::optional<answer> of_reply(verb what, const reply_item& reply) {
  switch (reply.kind) {
  case reply_kind::error:
    return refusal(reply.bytes);
  case reply_kind::integer:
    return of_integer(what, reply.integer);
  case reply_kind::status:
    return what == verb::set || what == verb::cas ? std::optional{answer{}} : std::nullopt;
  case reply_kind::bulk:
    if (what == verb::get)
      return answer{answer_status::ok, std::string{reply.bytes}};
    return what == verb::cas
               ? std::optional{answer{answer_status::mismatch, std::string{reply.bytes}}}
               : std::nullopt;
  case reply_kind::nil:
    if (what == verb::get)
      return answer{answer_status::absent, {}};
    return what == verb::cas ? std::optional{answer{answer_status::mismatch, {}}} : std::nullopt;
  default:
    return std::nullopt;
  }
}

constexpr std::array<std::string_view, 7> status_names = {
    "ok", "absent", "mismatch", "not a number", "overflow", "malformed", "too large"};

} // namespace

transaction put(std::string_view key, std::string_view value) {
  return single(verb::set, {key, value});
}

transaction get(std::string_view key) { return single(verb::get, {key}); }

transaction append(std::string_view key, std::string_view value) {
  return single(verb::append, {key, value});
}

transaction del(std::string_view key) { return single(verb::del, {key}); }

transaction cas(std::string_view key, std::optional<std::string_view> expected,
                std::string_view value) {
  return expected ? single(verb::cas, {key, *expected, value}) : single(verb::cas, {key, value});
}

transaction incr(std::string_view key, std::int64_t by) { return single(verb::incrby, {key}, by); }

std::string_view to_string(answer_status status) {
  return status_names[static_cast<std::size_t>(status)];
}

std::optional<answer> read_answer(verb what, std::string_view encoded) {
  pmmc::byte_reader in{encoded};
  const auto status = in.varint();
  const auto executed = in.varint();
  if (!in.ok())
    return std::nullopt;
  if (status == static_cast<std::uint64_t>(transaction_status::malformed) && executed == 0 &&
      in.at_end())
    return answer{answer_status::malformed, {}};
  if (status != static_cast<std::uint64_t>(transaction_status::done) || executed != 1)
    return std::nullopt;
  const auto reply = next_reply(in);
  return reply && in.at_end() ? of_reply(what, *reply) : std::nullopt;
}

} // namespace pmmc::kv
