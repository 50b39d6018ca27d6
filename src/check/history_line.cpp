#include "check/history_line.hpp"

#include "check/history_file.hpp"
#include "text/escape.hpp"
#include "text/number.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace pmmc::check {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::array<std::string_view, 9> fields = {
    "client", "id", "operation", "key", "arguments", "result", "value", "call", "return"};

[[noreturn]] void refuse(const std::string& wrong, const std::string& right) {
  throw bad_line{wrong + "; " + right};
}

std::string quoted(std::string_view field) { return '"' + std::string{field} + '"'; }

const json& required(const json& line, const char* field, const char* right) {
  const auto at = line.find(field);
  if (at == line.end())
    refuse("there is no " + quoted(field), right);
  return *at;
}

std::string bytes_of(const json& value, const std::string& field) {
  if (!value.is_string())
    refuse(field + " is " + value.type_name(), "it would be a string");
  std::string error;
  auto bytes = text::unescape(value.get_ref<const std::string&>(), error);
  if (!bytes)
    refuse(
        field + ": " + error,
        R"(escapes are \\t, \\n, \\\\ and \\xHH in JSON, that is \t, \n, \\ and \xHH behind it)");
  return std::move(*bytes);
}

/// 64-bit numbers are strings; JSON's integers will do as well.
template <class Number>
Number number_of(const json& value, const std::string& field) {
  std::optional<Number> number;
  if (value.is_string())
    number = text::parse_number<Number>(value.get_ref<const std::string&>());
  else if (value.is_number_integer())
    number = text::parse_number<Number>(value.dump());
  if (!number)
    refuse(field + " is " + shown(value.dump(-1, ' ', true, json::error_handler_t::replace)),
           std::is_signed_v<Number> ? "it would be a whole number of 64 bits, as a string"
                                    : "it would be a whole number of 64 bits, not negative, as a "
                                      "string");
  return *number;
}

template <class Kind>
Kind word_of(const json& value, const char* field, Kind last) {
  std::string all;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto word = to_string(static_cast<Kind>(i));
    if (value.is_string() && value.get_ref<const std::string&>() == word)
      return static_cast<Kind>(i);
    all += (i == 0 ? "" : ", ") + std::string{word};
  }
  refuse(quoted(field) + " is " + shown(value.dump(-1, ' ', true, json::error_handler_t::replace)),
         "it would be one of " + all);
}

void parse_arguments(const json& line, operation& op) {
  static constexpr std::array<std::string_view, 6> usages = {R"(["VALUE"])",
                                                             "[] or none",
                                                             R"(["VALUE"])",
                                                             "[] or none",
                                                             R"(["EXPECTED" or null, "NEW"])",
                                                             R"(["BY"] or none)"};
  static constexpr std::array<std::size_t, 6> counts = {1, 0, 1, 0, 2, 1};
  const auto kind = static_cast<std::size_t>(op.kind);
  const auto at = line.find("arguments");
  const json given = at == line.end() ? json::array() : *at;
  const bool is_default = op.kind == operation_kind::incr && given.is_array() && given.empty();
  if (!given.is_array() || (given.size() != counts[kind] && !is_default))
    refuse("a " + std::string{to_string(op.kind)} + " with " +
               (given.is_array() ? std::to_string(given.size()) + " arguments"
                                 : R"("arguments" that are no array)"),
           "its \"arguments\" would be " + std::string{usages[kind]});
  if (given.empty())
    return;
  if (op.kind == operation_kind::incr)
    op.by = number_of<std::int64_t>(given[0], "the first argument");
  else
    op.value = bytes_of(given.back(), "the last argument");
  if (op.kind == operation_kind::cas && !given[0].is_null())
    op.expected = bytes_of(given[0], "the first argument");
}

void parse_told(const json& line, operation& op) {
  const auto at = line.find("value");
  if (at == line.end())
    return;
  const bool ok = op.result == result_kind::ok;
  if (ok && op.kind == operation_kind::append)
    op.told = number_of<std::uint64_t>(*at, R"("value")");
  else if (ok && op.kind == operation_kind::incr)
    op.told = number_of<std::int64_t>(*at, R"("value")");
  else if (op.result == result_kind::mismatch && at->is_null())
    op.told = told_absent{};
  else
    op.told = bytes_of(*at, R"("value")");
}

void parse_result(const json& line, operation& op) {
  op.result = word_of(required(line, "result", R"(it would be "ok", or "unknown" if nobody knows)"),
                      "result", result_kind::unknown);
  parse_told(line, op);
  if (is_possible(op))
    return;
  const auto what =
      "a " + std::string{to_string(op.kind)} + " with the result " + quoted(to_string(op.result));
  const bool told = !std::holds_alternative<untold>(op.told);
  const bool told_too_much = [&] {
    auto silent = op;
    silent.told = untold{};
    return told && is_possible(silent);
  }();
  if (told_too_much)
    refuse(what + R"( and a "value")", R"(there would be no "value")");
  if (op.kind == operation_kind::get && op.result == result_kind::ok)
    refuse(what + R"( and no "value")", R"("value" would be what it read)");
  refuse(what, "get and del can be absent, cas can be a mismatch, incr can be not a number or an "
               "overflow; each can be ok, not executed or unknown");
}

/// The arguments are the only values that hold others. Libraries for JSON call themselves for each
/// level, so that a deep one would end the program.
bool is_flat(int depth, json::parse_event_t, const json&) {
  if (depth > 2)
    refuse("there are values in values in values", "arguments would be strings");
  return true;
}

void parse_times(const json& line, operation& op) {
  op.call_ns =
      number_of<std::uint64_t>(required(line, "call", "it would be the time in ns"), R"("call")");
  const auto at = line.find("return");
  const bool has_return = at != line.end() && !at->is_null();
  if (op.result != result_kind::unknown && !has_return)
    refuse(R"(there is no "return")",
           R"(it would be the time in ns; only what has the result "unknown" has none)");
  if (!has_return)
    return;
  op.return_ns = number_of<std::uint64_t>(*at, R"("return")");
  if (op.return_ns < op.call_ns)
    refuse(R"("return" is before "call")", "both would be times of the same clock");
}

} // namespace

operation parse_line(const std::string& text) {
  if (text.find('\0') != std::string::npos) // the parser would stop there
    refuse("there is a byte that is zero", "each line would be one JSON object");
  json line;
  try {
    line = json::parse(text, is_flat);
  } catch (const json::parse_error& e) {
    const auto what = "this is no JSON from byte " + std::to_string(e.byte) +
                      " on; each line would be one JSON object";
    if (e.byte > text.size())
      throw cut_off{what};
    throw bad_line{what};
  } catch (const json::out_of_range&) {
    refuse("a number is too large", "numbers would be whole and of 64 bits, as strings");
  }
  if (!line.is_object())
    refuse(std::string{"this is "} + line.type_name(), "each line would be one JSON object");
  for (const auto& [field, value] : line.items())
    if (std::find(fields.begin(), fields.end(), field) == fields.end())
      refuse(
          "there is no field " + shown(field),
          "the fields are client, id, operation, key, arguments, result, value, call and return");
  operation op;
  op.client = bytes_of(required(line, "client", "it would say who asked"), R"("client")");
  if (line.contains("id"))
    op.id = number_of<std::uint64_t>(line["id"], R"("id")");
  if (line.contains("id") && op.id == 0)
    refuse(R"("id" is 0)", "clients count from 1");
  op.kind = word_of(required(line, "operation", R"(it would be "put", say)"), "operation",
                    operation_kind::incr);
  op.key = bytes_of(required(line, "key", "an operation is about one key"), R"("key")");
  parse_arguments(line, op);
  parse_result(line, op);
  parse_times(line, op);
  return op;
}

std::string to_line(const operation& op) {
  ordered_json line{{"client", text::escape(op.client)}};
  if (op.id != 0)
    line["id"] = std::to_string(op.id);
  line["operation"] = to_string(op.kind);
  line["key"] = text::escape(op.key);
  auto arguments = ordered_json::array();
  if (op.kind == operation_kind::incr)
    arguments.push_back(std::to_string(op.by));
  if (op.kind == operation_kind::cas)
    arguments.push_back(op.expected ? ordered_json(text::escape(*op.expected)) : ordered_json());
  if (op.kind == operation_kind::put || op.kind == operation_kind::append ||
      op.kind == operation_kind::cas)
    arguments.push_back(text::escape(op.value));
  line["arguments"] = std::move(arguments);
  line["result"] = to_string(op.result);
  if (const auto* value = std::get_if<std::string>(&op.told))
    line["value"] = text::escape(*value);
  else if (const auto* length = std::get_if<std::uint64_t>(&op.told))
    line["value"] = std::to_string(*length);
  else if (const auto* number = std::get_if<std::int64_t>(&op.told))
    line["value"] = std::to_string(*number);
  else if (std::holds_alternative<told_absent>(op.told))
    line["value"] = nullptr;
  line["call"] = std::to_string(op.call_ns);
  if (op.result != result_kind::unknown || op.return_ns != 0)
    line["return"] = std::to_string(op.return_ns);
  return line.dump();
}

} // namespace pmmc::check
