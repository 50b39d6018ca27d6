// `pmmc apply` and `pmmc query`: operations as bytes, for any state machine.
#include "json_bytes.hpp"
#include "key_value.hpp"
#include "node/blocking_client.hpp"
#include "node/json_text.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <unistd.h>

namespace pmmc::cli {

namespace {

/// Up to one byte more than an operation may have: enough to be refused.
std::string read_all(std::istream& in) {
  std::string bytes(max_op_bytes + 1, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

/// From the argument, from stdin if that is "-", or from the file.
std::string operation_bytes(const arguments& a) {
  if (a.options.count("file") > 0) {
    a.expect_words(0, 0);
    const auto name = a.options["file"].as<std::string>();
    std::ifstream file{name, std::ios::binary};
    auto bytes = read_all(file);
    if (!file.is_open() || file.bad() || (bytes.empty() && !file.eof()))
      throw command_error{bad_usage, "cannot read " + name + ": is it there, and a file?"};
    return bytes;
  }
  a.expect_words(1, 1);
  return a.words[0] == "-" ? read_all(std::cin) : a.words[0];
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.append({digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

void print_json(const std::string& result, const std::string& answer, const std::string& error,
                bool hex) {
  nlohmann::ordered_json j{{"result", result}};
  if (!error.empty())
    j["error"] = error;
  else if (hex)
    j["value_hex"] = hexadecimal(answer);
  else
    put_bytes(j, "value", answer);
  std::printf("%s\n", json_text(j).c_str());
}

/// As `get` prints a value; but a terminal gets escapes, as `exec` prints them: these bytes are
/// some program's.
void print_answer(const std::string& answer, bool hex) {
  const auto line = hex                          ? hexadecimal(answer)
                    : isatty(STDOUT_FILENO) == 1 ? text::escape(answer)
                                                 : answer;
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

} // namespace

int apply_raw(const arguments& a) {
  const auto op = operation_bytes(a);
  const bool hex = a.options["hex"].as<bool>();
  const auto cluster = a.load_cluster();
  blocking_client to_cluster{cluster, a.timeout, still_trying(a)};
  const auto outcome = a.command == "query" ? to_cluster.call_query(op) : to_cluster.call(op);
  if (outcome.kind != outcome_kind::done) {
    const auto d = describe_failure(outcome);
    if (a.json)
      print_json(d.name, {}, d.error, hex);
    throw command_error{d.code, d.error};
  }
  if (a.json)
    print_json("ok", outcome.body, {}, hex);
  else
    print_answer(outcome.body, hex);
  return done;
}

} // namespace pmmc::cli
