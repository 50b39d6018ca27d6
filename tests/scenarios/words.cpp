#include "scenarios/words.hpp"

#include "kv/reply.hpp"
#include "kv/transaction.hpp"
#include "sim/checkers/violation.hpp"

#include <utility>
#include <vector>

namespace pmmc::test {

namespace {

std::string encoded(std::vector<kv::call> calls) {
  kv::transaction t;
  t.calls = std::move(calls);
  return kv::encode(t);
}

std::string_view next_word(std::string_view& rest) {
  const auto end = std::min(rest.find(' '), rest.size());
  const auto word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

} // namespace

std::string operation_of(std::string_view words) {
  const auto verb = next_word(words);
  const auto key = next_word(words);
  const kv::call get{kv::verb::get, 0, 0, {key}};
  if (verb == "add")
    return encoded({{kv::verb::incrby, 0, 1, {key}}});
  return encoded({{verb == "put" ? kv::verb::set : kv::verb::append, 0, 0, {key, words}}, get});
}

std::string query_of(std::string_view key) { return encoded({{kv::verb::get, 0, 0, {key}}}); }

std::string value_in(std::string_view answer) {
  byte_reader in{answer};
  sim::demand(in.varint() == static_cast<std::uint64_t>(kv::transaction_status::done),
              [] { return std::string{"X1: the store does not understand what a story asks"}; });
  std::string value;
  for (auto left = in.varint(); left > 0; --left)
    if (const auto reply = kv::next_reply(in))
      value = reply->bytes;
  return value;
}

} // namespace pmmc::test
