// src/check: history files, and what is recorded of the store's own operations.
#include "target.hpp"

#include "check/history_file.hpp"
#include "check/history_line.hpp"
#include "check/kv_record.hpp"
#include "check/linearizability.hpp"
#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"

#include <sstream>

namespace pmmc::fuzz {

namespace {

using namespace check;

void try_history_line(std::string_view bytes) {
  try {
    const auto op = parse_line(std::string{bytes});
    demand(is_possible(op), "a line that was taken is a possible operation");
    demand(parse_line(to_line(op)) == op, "a line can be written and read again");
    static_cast<void>(describe(op));
  } catch (const bad_line& e) {
    demand(std::string_view{e.what()}.find("; ") != std::string_view::npos,
           "a refusal says what would be right");
  }
}

void try_history_file(std::string_view bytes) {
  history_reader reader;
  std::istringstream file{std::string{bytes}};
  reader.read(file, "f");
  demand(reader.errors().size() <= history_reader::max_errors, "messages are bounded");
  for (const auto& error : reader.errors())
    demand(error.starts_with("f:"), "each message names the file and the line");
  const auto& operations = reader.operations();
  if (reader.error_count() == 0 && operations.size() < 12)
    static_cast<void>(check_history(operations));
}

constexpr const char* lines[] = {
    R"({"client":"c1","id":"1","operation":"put","key":"k","arguments":["v"],"result":"ok","call":"1000","return":"2500"})",
    R"({"client":"c2","operation":"get","key":"k","arguments":[],"result":"ok","value":"v","call":"1700","return":"2100"})",
    R"({"client":"c1","id":"2","operation":"cas","key":"k\\xFF","arguments":[null,"NEW"],"result":"mismatch","value":"x","call":1,"return":2})",
    R"({"client":"c1","id":"3","operation":"incr","key":"n","arguments":["-5"],"result":"not a number","call":"5","return":"6"})",
    R"({"client":"c3","operation":"append","key":"k","arguments":["é\\n"],"result":"ok","value":"7","call":"5","return":"6"})",
    R"({"client":"c4","operation":"del","key":"k","result":"unknown","call":"9"})"};

std::vector<std::string> file_seeds() {
  std::string all;
  for (const auto* line : lines)
    all += std::string{line} + "\n";
  return {all, all.substr(0, all.size() / 2), std::string{lines[0]} + "\n" + lines[0] + "\n"};
}

/// The two halves of the input are an operation and an answer of the store.
void try_kv_record(std::string_view bytes) {
  choices in{bytes};
  const auto encoded = in.piece(in.below(200));
  auto op = recorded_call(encoded);
  if (!op)
    return;
  const auto before = *op;
  record_answer(*op, in.rest());
  demand(is_possible(*op), "what is recorded is possible");
  demand(op->kind == before.kind && op->key == before.key, "an answer changes no question");
}

std::vector<std::string> record_seeds() {
  std::vector<std::string> seeds;
  const std::vector<kv::transaction> operations = {kv::put("k", "v"),
                                                   kv::get("k"),
                                                   kv::append("k", "v"),
                                                   kv::del("k"),
                                                   kv::cas("k", "old", "new"),
                                                   kv::cas("k", std::nullopt, "new"),
                                                   kv::incr("k", 3)};
  std::vector<std::string> answers;
  kv::kv_store store;
  for (const auto& op : operations)
    answers.push_back(store.apply(encode(op)));
  for (const auto& op : operations)
    for (const auto& a : answers) {
      const auto encoded = encode(op);
      seeds.push_back(static_cast<char>(encoded.size()) + encoded + a);
    }
  return seeds;
}

const target history_lines{"history_line", try_history_line, [] {
                             return std::vector<std::string>(std::begin(lines), std::end(lines));
                           }};
const target history_files{"history_file", try_history_file, file_seeds};
const target kv_records{"kv_record", try_kv_record, record_seeds};

} // namespace

} // namespace pmmc::fuzz
