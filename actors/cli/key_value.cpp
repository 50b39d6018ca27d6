#include "key_value.hpp"

#include "base/invariant.hpp"
#include "json_bytes.hpp"
#include "node/blocking_client.hpp"
#include "node/json_text.hpp"
#include "text/escape.hpp"
#include "text/number.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

namespace pmmc::cli {

namespace {

/// How many words an operation has, its name among them.
struct form {
  std::string_view name;
  std::size_t least;
  std::size_t most;
  const char* usage;
};

constexpr form forms[] = {
    {"put", 3, 3, "put KEY VALUE"},        {"get", 2, 2, "get KEY"},
    {"append", 3, 3, "append KEY VALUE"},  {"del", 2, 2, "del KEY"},
    {"cas", 4, 4, "cas KEY EXPECTED NEW"}, {"incr", 2, 3, "incr KEY [BY]"},
};

/// Throws command_error if there is no such operation, or the words are too few or too many.
void check_form(const std::vector<std::string>& words) {
  std::string usages;
  for (const auto& f : forms) {
    usages += (usages.empty() ? "" : " | ") + std::string{f.usage};
    if (words.empty() || words[0] != f.name)
      continue;
    if (words.size() < f.least)
      throw command_error{bad_usage, std::string{"usage: "} + f.usage};
    if (words.size() > f.most)
      throw command_error{bad_usage, std::string{"usage: "} + f.usage +
                                         "; a word with blanks in it stands in quotes"};
    return;
  }
  throw command_error{bad_usage, "usage: " + usages};
}

void check_key(const std::string& key) {
  if (key.empty() || key.size() > kv::max_key_bytes)
    throw command_error{bad_usage, "a key has 1 to " + std::to_string(kv::max_key_bytes) +
                                       " bytes, this one " + std::to_string(key.size())};
}

void check_value(const std::string& value) {
  if (value.size() > kv::max_value_bytes)
    throw command_error{bad_usage, "a value has at most " + std::to_string(kv::max_value_bytes) +
                                       " bytes, this one " + std::to_string(value.size())};
}

std::int64_t parse_by(const std::string& word) {
  if (const auto by = text::parse_int64(word))
    return *by;
  throw command_error{bad_usage, "incr adds a whole number of 64 bits, not \"" + word + "\""};
}

typed_operation typed(const kv::transaction& t) {
  const auto& only = t.calls.front();
  return {std::string{only.words.front()}, kv::encode(t), only.what};
}

std::string payload_text(const kv::answer& a) {
  if (const auto* text = std::get_if<std::string>(&a.payload))
    return *text;
  if (const auto* number = std::get_if<std::int64_t>(&a.payload))
    return std::to_string(*number);
  if (const auto* length = std::get_if<std::uint64_t>(&a.payload))
    return std::to_string(*length);
  return {};
}

exit_code code_of(kv::answer_status status) {
  switch (status) {
  case kv::answer_status::ok:
    return done;
  case kv::answer_status::absent:
    return key_absent;
  case kv::answer_status::mismatch:
  case kv::answer_status::not_a_number:
  case kv::answer_status::overflow:
    return precondition_failed;
  case kv::answer_status::malformed:
    return internal_error;
  case kv::answer_status::too_large:
    return bad_usage;
  }
  return internal_error;
}

std::string explain(const kv::answer& a, const std::string& key) {
  const auto shown = "key \"" + text::escape(key) + "\"";
  switch (a.status) {
  case kv::answer_status::ok:
    return {};
  case kv::answer_status::absent:
    return shown + " is absent";
  case kv::answer_status::mismatch:
    return std::holds_alternative<std::monostate>(a.payload)
               ? shown + " is absent, so it does not have the expected value; nothing was changed"
               : shown + " has the value \"" + text::escape(payload_text(a)) +
                     "\", not the expected one; nothing was changed";
  case kv::answer_status::not_a_number:
    return shown + " does not hold a decimal number of 64 bits; nothing was changed";
  case kv::answer_status::overflow:
    return "the sum would not fit into 64 bits; nothing was changed";
  case kv::answer_status::malformed:
    return "the replicas did not understand the operation: do they run the same version?";
  case kv::answer_status::too_large:
    return "the key or the resulting value is above its limit (" +
           std::to_string(kv::max_key_bytes) + " and " + std::to_string(kv::max_value_bytes) +
           " bytes); nothing was changed";
  }
  return {};
}

void print_json(const described_outcome& d) {
  nlohmann::ordered_json j{{"result", d.name}};
  if (d.has_value)
    put_bytes(j, "value", d.value);
  if (!d.error.empty())
    j["error"] = d.error;
  std::printf("%s\n", json_text(j).c_str());
}

} // namespace

typed_operation parse_operation(const std::vector<std::string>& words) {
  check_form(words);
  const auto& name = words[0];
  const auto& key = words[1];
  check_key(key);
  for (std::size_t i = 2; i < words.size(); ++i)
    check_value(words[i]);
  if (name == "put")
    return typed(kv::put(key, words[2]));
  if (name == "get")
    return typed(kv::get(key));
  if (name == "append")
    return typed(kv::append(key, words[2]));
  if (name == "del")
    return typed(kv::del(key));
  if (name == "cas")
    return typed(kv::cas(key, words[2], words[3]));
  return typed(kv::incr(key, words.size() == 3 ? parse_by(words[2]) : 1));
}

described_outcome describe_failure(const client_outcome& outcome) {
  PMMC_INVARIANT(outcome.kind != outcome_kind::done, "what was done is no failure");
  switch (outcome.kind) {
  case outcome_kind::refused:
    return {bad_usage, "refused", {}, false, "refused, not executed: " + outcome.body};
  case outcome_kind::not_executed:
    return {not_executed,
            "not executed",
            {},
            false,
            "unavailable, not executed: " + outcome.body + ". Check `pmmc status`, then try again"};
  default:
    return {outcome_unknown,
            "unknown",
            {},
            false,
            "timed out, outcome unknown: it may have been executed, or may still be. " +
                outcome.body + ". Check `pmmc status`, and read the key before you try again"};
  }
}

described_outcome describe(const client_outcome& outcome, const std::string& key, kv::verb what) {
  if (outcome.kind != outcome_kind::done)
    return describe_failure(outcome);
  const auto a = kv::read_answer(what, outcome.body);
  if (!a)
    return {internal_error, "garbled", {}, false, not_the_stores_answer};
  described_outcome d;
  d.code = code_of(a->status);
  d.name = kv::to_string(a->status);
  d.value = payload_text(*a);
  d.has_value = !std::holds_alternative<std::monostate>(a->payload);
  d.error = explain(*a, key);
  return d;
}

int key_value(const arguments& a) {
  auto words = a.words;
  words.insert(words.begin(), a.command);
  const auto operation = parse_operation(words);
  const auto cluster = a.load_cluster();
  blocking_client to_cluster{cluster, a.timeout, still_trying(a)};
  const auto outcome = operation.is_query() ? to_cluster.call_query(operation.encoded)
                                            : to_cluster.call(operation.encoded);
  const auto d = describe(outcome, operation.key, operation.what);
  if (a.json) {
    print_json(d);
  } else if (d.code == done) {
    const auto& line = d.has_value ? d.value : d.name;
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
  }
  if (!d.error.empty())
    std::fprintf(stderr, "pmmc: %s %s: %s\n", a.command.c_str(), operation.key.c_str(),
                 d.error.c_str());
  return d.code;
}

} // namespace pmmc::cli
