// `pmmc check --history FILE`: whether a recorded history is linearizable.
#include "check.hpp"
#include "check/history_file.hpp"
#include "check/linearizability.hpp"
#include "node/json_text.hpp"
#include "text/escape.hpp"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace pmmc::cli {

namespace {

using nlohmann::ordered_json;

check::history read_files(const std::vector<std::string>& names) {
  check::history_reader reader;
  for (const auto& name : names) {
    std::ifstream file{name, std::ios::binary};
    if (!file)
      throw command_error{bad_usage, "cannot read " + name + ": does it exist?"};
    reader.read(file, name);
  }
  for (const auto& warning : reader.warnings())
    std::fprintf(stderr, "pmmc: warning: %s\n", warning.c_str());
  if (reader.error_count() == 0)
    return reader.operations();
  std::string text;
  for (const auto& error : reader.errors())
    text += (text.empty() ? "" : "\n") + error;
  if (reader.error_count() > reader.errors().size())
    text += "\nand " + std::to_string(reader.error_count() - reader.errors().size()) + " more";
  throw command_error{bad_usage, text};
}

ordered_json escaped(const std::vector<std::string>& keys) {
  auto all = ordered_json::array();
  for (const auto& key : keys)
    all.push_back(text::escape(key));
  return all;
}

void print_json(const check::check_result& result) {
  auto violations = ordered_json::array();
  for (const auto& v : result.violations) {
    auto operations = ordered_json::array();
    for (const auto& op : v.operations)
      operations.push_back(ordered_json::parse(check::to_line(op)));
    violations.push_back({{"key", text::escape(v.key)},
                          {"operations", std::move(operations)},
                          {"explanation", v.text}});
  }
  const ordered_json j{{"verdict", check::to_string(result.outcome)},
                       {"operations", std::to_string(result.operations)},
                       {"unknown", std::to_string(result.unknown)},
                       {"keys", std::to_string(result.keys)},
                       {"states", std::to_string(result.states)},
                       {"not_linearizable", escaped(result.keys_not_linearizable)},
                       {"gave_up", escaped(result.keys_given_up)},
                       {"violations", std::move(violations)}};
  std::printf("%s\n", json_text(j).c_str());
}

void print_keys(const char* what, const std::vector<std::string>& keys) {
  constexpr std::size_t max_named = 10;
  std::string text;
  for (std::size_t i = 0; i < keys.size() && i < max_named; ++i)
    text += (i > 0 ? ", " : "") + check::shown(keys[i]);
  if (keys.size() > max_named)
    text += " and " + std::to_string(keys.size() - max_named) + " more";
  std::printf("%s: %s\n", what, text.c_str());
}

void print(const check::check_result& result) {
  std::printf("%s: %llu operations, %llu of them with an unknown outcome, on %llu key%s\n",
              std::string{check::to_string(result.outcome)}.c_str(),
              static_cast<unsigned long long>(result.operations),
              static_cast<unsigned long long>(result.unknown),
              static_cast<unsigned long long>(result.keys), result.keys == 1 ? "" : "s");
  if (!result.keys_not_linearizable.empty())
    print_keys("not linearizable", result.keys_not_linearizable);
  if (!result.keys_not_linearizable.empty())
    std::printf(
        "Every key is taken as absent at the beginning. If one was there before, that may be "
        "the whole reason:\nlet the history begin with a put of it (docs/HISTORY.md)\n");
  if (!result.keys_given_up.empty())
    print_keys("too many orders to try them all", result.keys_given_up);
  for (const auto& v : result.violations)
    std::printf("\n%s", v.text.c_str());
}

} // namespace

int check_history_files(const arguments& a) {
  const auto operations = read_files(a.options["history"].as<std::vector<std::string>>());
  const auto result = check::check_history(operations);
  a.json ? print_json(result) : print(result);
  switch (result.outcome) {
  case check::verdict::linearizable:
    return done;
  case check::verdict::not_linearizable:
    return precondition_failed;
  case check::verdict::gave_up:
    break;
  }
  return outcome_unknown;
}

} // namespace pmmc::cli
