#include "kv/operation.hpp"

#include "kv/bytes.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace pmmc::kv {

namespace {

enum class code : std::uint8_t { put = 1, get, append, del, cas, incr, scan };

using key_size = std::uint16_t;
using value_size = std::uint32_t;

void append_code(std::string& out, code c) { out.push_back(static_cast<char>(c)); }

void append_key(std::string& out, std::string_view key) {
  key = key.substr(0, std::numeric_limits<key_size>::max());
  append_number(out, static_cast<key_size>(key.size()));
  out.append(key);
}

void append_value(std::string& out, std::string_view value) {
  append_number(out, static_cast<value_size>(value.size()));
  out.append(value);
}

struct operation_encoder {
  std::string& out;

  void key_and_value(code c, std::string_view key, std::string_view value) {
    append_code(out, c);
    append_key(out, key);
    out.append(value);
  }
  void operator()(const put& op) { key_and_value(code::put, op.key, op.value); }
  void operator()(const append& op) { key_and_value(code::append, op.key, op.value); }
  void operator()(const get& op) {
    append_code(out, code::get);
    out.append(op.key);
  }
  void operator()(const del& op) {
    append_code(out, code::del);
    out.append(op.key);
  }
  void operator()(const cas& op) {
    append_code(out, code::cas);
    append_key(out, op.key);
    append_number(out, static_cast<std::uint8_t>(op.expected.has_value()));
    if (op.expected)
      append_value(out, *op.expected);
    out.append(op.value);
  }
  void operator()(const incr& op) {
    append_code(out, code::incr);
    append_number(out, static_cast<std::uint64_t>(op.by));
    out.append(op.key);
  }
  void operator()(const scan& op) {
    append_code(out, code::scan);
    append_number(out, op.max_entries);
    append_number(out, op.max_bytes);
    out.append(op.after);
  }
};

template <class Operation>
std::optional<operation> decode_key_and_value(byte_reader& in) {
  auto key = in.sized<key_size>();
  if (!key)
    return std::nullopt;
  return Operation{*key, in.rest()};
}

std::optional<operation> decode_cas(byte_reader& in) {
  auto key = in.sized<key_size>();
  auto has_expected = in.number<std::uint8_t>();
  if (!key || !has_expected || *has_expected > 1)
    return std::nullopt;
  cas op{*key, std::nullopt, {}};
  if (*has_expected == 1 && !(op.expected = in.sized<value_size>()))
    return std::nullopt;
  op.value = in.rest();
  return op;
}

std::optional<operation> decode_incr(byte_reader& in) {
  auto by = in.number<std::uint64_t>();
  if (!by)
    return std::nullopt;
  return incr{in.rest(), static_cast<std::int64_t>(*by)};
}

std::optional<operation> decode_scan(byte_reader& in) {
  auto max_entries = in.number<std::uint32_t>();
  auto max_bytes = in.number<std::uint32_t>();
  if (!max_entries || !max_bytes)
    return std::nullopt;
  return scan{in.rest(), *max_entries, *max_bytes};
}

struct payload_encoder {
  std::string& out;

  void operator()(std::monostate) {}
  void operator()(const std::string& value) { out.append(value); }
  void operator()(std::uint64_t number) { append_number(out, number); }
  void operator()(std::int64_t number) { append_number(out, static_cast<std::uint64_t>(number)); }
  void operator()(const scan_page& page) {
    append_number(out, static_cast<std::uint8_t>(page.more));
    for (const auto& entry : page.entries) {
      append_number(out, static_cast<key_size>(entry.key.size()));
      append_number(out, static_cast<value_size>(entry.value.size()));
      out.append(entry.key).append(entry.value);
    }
  }
};

std::optional<scan_page> decode_page(byte_reader& in) {
  auto more = in.number<std::uint8_t>();
  if (!more || *more > 1)
    return std::nullopt;
  scan_page page{{}, *more == 1};
  while (!in.at_end()) {
    auto key_bytes = in.number<key_size>();
    auto value_bytes = in.number<value_size>();
    if (!key_bytes || !value_bytes)
      return std::nullopt;
    auto key = in.take(*key_bytes);
    auto value = in.take(*value_bytes);
    if (!key || !value)
      return std::nullopt;
    page.entries.push_back({std::string{*key}, std::string{*value}});
  }
  return page;
}

constexpr std::array<std::string_view, 7> status_names = {
    "ok", "absent", "mismatch", "not a number", "overflow", "malformed", "too large"};

} // namespace

bool is_query(const operation& op) {
  return std::holds_alternative<get>(op) || std::holds_alternative<scan>(op);
}

std::string_view to_string(answer_status status) {
  return status_names[static_cast<std::size_t>(status)];
}

std::string encode(const operation& op) {
  std::string out;
  std::visit(operation_encoder{out}, op);
  return out;
}

std::optional<operation> decode_operation(std::string_view bytes) {
  byte_reader in{bytes};
  switch (static_cast<code>(in.number<std::uint8_t>().value_or(0))) {
  case code::put:
    return decode_key_and_value<put>(in);
  case code::get:
    return get{in.rest()};
  case code::append:
    return decode_key_and_value<append>(in);
  case code::del:
    return del{in.rest()};
  case code::cas:
    return decode_cas(in);
  case code::incr:
    return decode_incr(in);
  case code::scan:
    return decode_scan(in);
  }
  return std::nullopt;
}

std::string encode(const answer& a) {
  std::string out;
  append_number(out, static_cast<std::uint8_t>(a.status));
  append_number(out, static_cast<std::uint8_t>(a.payload.index()));
  std::visit(payload_encoder{out}, a.payload);
  return out;
}

std::optional<answer> decode_answer(std::string_view bytes) {
  byte_reader in{bytes};
  auto status = in.number<std::uint8_t>();
  auto index = in.number<std::uint8_t>();
  if (!status || *status >= status_names.size() || !index)
    return std::nullopt;
  answer result{static_cast<answer_status>(*status), {}};
  std::optional<std::uint64_t> number;
  std::optional<scan_page> page;
  if (*index == 1)
    result.payload = std::string{in.rest()};
  else if (*index == 2 && (number = in.number<std::uint64_t>()))
    result.payload = *number;
  else if (*index == 3 && (number = in.number<std::uint64_t>()))
    result.payload = static_cast<std::int64_t>(*number);
  else if (*index == 4 && (page = decode_page(in)))
    result.payload = std::move(*page);
  else if (*index != 0)
    return std::nullopt;
  if (!in.at_end())
    return std::nullopt;
  return result;
}

} // namespace pmmc::kv
