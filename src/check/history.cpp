#include "check/history.hpp"

#include "text/escape.hpp"

#include <array>

namespace pmmc::check {

namespace {

constexpr std::array<std::string_view, 6> kind_names = {"put", "get", "append",
                                                        "del", "cas", "incr"};
constexpr std::array<std::string_view, 7> result_names = {
    "ok", "absent", "mismatch", "not a number", "overflow", "not executed", "unknown"};

struct told_text {
  std::string operator()(untold) const { return {}; }
  std::string operator()(told_absent) const { return ", it is absent"; }
  std::string operator()(const std::string& value) const { return " " + shown(value); }
  std::string operator()(std::uint64_t length) const {
    return ", length " + std::to_string(length);
  }
  std::string operator()(std::int64_t number) const { return " " + std::to_string(number); }
};

std::string arguments_of(const operation& op) {
  switch (op.kind) {
  case operation_kind::put:
  case operation_kind::append:
    return " " + shown(op.value);
  case operation_kind::cas:
    return " " + (op.expected ? shown(*op.expected) : "(absent)") + " " + shown(op.value);
  case operation_kind::incr:
    return " " + std::to_string(op.by);
  case operation_kind::get:
  case operation_kind::del:
    break;
  }
  return {};
}

} // namespace

std::string_view to_string(operation_kind kind) {
  return kind_names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(result_kind kind) {
  return result_names[static_cast<std::size_t>(kind)];
}

bool is_possible(const operation& op) {
  const bool tells_nothing = std::holds_alternative<untold>(op.told);
  switch (op.result) {
  case result_kind::ok:
    if (op.kind == operation_kind::get)
      return std::holds_alternative<std::string>(op.told);
    return tells_nothing ||
           (op.kind == operation_kind::append && std::holds_alternative<std::uint64_t>(op.told)) ||
           (op.kind == operation_kind::incr && std::holds_alternative<std::int64_t>(op.told));
  case result_kind::absent:
    return tells_nothing && (op.kind == operation_kind::get || op.kind == operation_kind::del);
  case result_kind::mismatch:
    return op.kind == operation_kind::cas &&
           (tells_nothing || std::holds_alternative<std::string>(op.told) ||
            std::holds_alternative<told_absent>(op.told));
  case result_kind::not_a_number:
  case result_kind::overflow:
    return tells_nothing && op.kind == operation_kind::incr;
  case result_kind::not_executed:
  case result_kind::unknown:
    return tells_nothing;
  }
  return false;
}

std::string shown(std::string_view bytes) {
  constexpr std::size_t edge = 24;
  if (bytes.size() > 2 * edge + 8)
    return shown(bytes.substr(0, edge)) + "…" + shown(bytes.substr(bytes.size() - edge)) + " (" +
           std::to_string(bytes.size()) + " bytes)";
  auto text = text::escape(bytes);
  if (text.empty() || text.find_first_of(" \"'()") != std::string::npos)
    return '"' + text + '"';
  return text;
}

std::string describe(const operation& op) {
  return std::string{to_string(op.kind)} + " " + shown(op.key) + arguments_of(op) + " → " +
         std::string{to_string(op.result)} + std::visit(told_text{}, op.told);
}

} // namespace pmmc::check
