// `pmmc exec`: many operations in flight, results in input order.
#include "history_recorder.hpp"
#include "json_bytes.hpp"
#include "key_value.hpp"
#include "node/blocking_client.hpp"
#include "node/json_text.hpp"
#include "progress.hpp"
#include "text/command_line.hpp"
#include "text/escape.hpp"
#include "text/plain_text.hpp"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <unistd.h>
#include <unordered_map>

namespace pmmc::cli {

namespace {

constexpr std::size_t max_under_way = 2'048;
constexpr std::size_t max_bytes_under_way = 16 << 20;

/// One line of the input, until its result has been printed.
struct line_result {
  std::uint64_t line = 0;
  std::string key;
  kv::verb what = kv::verb::get;
  std::size_t bytes = 0;
  bool finished = false;
  described_outcome outcome;
  std::uint64_t recorded = 0; ///< its number in the history, if there is one
};

/// Runs operations such that the results are those of running them one after another: writes take
/// effect in their order anyway; a get waits for earlier writes of its key, a write for earlier
/// gets.
class executor {
public:
  executor(const config::cluster_file& cluster, const arguments& a, bool shows_progress)
      : client_(cluster, a.timeout, still_trying(a)), json_(a.json),
        meter_("operations", 0, shows_progress) {
    if (a.options.count("history") == 0)
      return;
    const auto& files = a.options["history"].as<std::vector<std::string>>();
    if (files.size() > 1)
      throw command_error{bad_usage, "exec records one history; name one --history FILE"};
    history_.emplace(files[0]);
  }

  void run(std::istream& in) {
    std::string line;
    for (std::uint64_t number = 1; !stopped_ && std::getline(in, line); ++number) {
      run_line(number, line);
      print_finished();
      answer_until_input(in);
    }
    while (!lines_.empty())
      wait_for_one();
    meter_.finish();
  }

  exit_code code() const { return code_; }
  void print_summary() const;

private:
  struct users {
    unsigned queries = 0;
    unsigned writes = 0;
  };

  void run_line(std::uint64_t number, const std::string& line);
  void answer_until_input(std::istream& in);
  void fail_line(std::uint64_t number, const std::string& line, std::string why);
  void wait_for_one();
  void take(const finished_operation& m);
  void print_finished();
  void print(const line_result& r);

  blocking_client client_;
  std::optional<history_recorder> history_;
  bool json_;
  bool stopped_ = false;
  exit_code code_ = done;
  std::deque<line_result> lines_;
  std::map<std::uint64_t, std::size_t> place_of_tag_; ///< index since the start
  std::size_t printed_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, users> keys_;
  std::map<std::string, std::uint64_t> counts_;
  progress_meter meter_;
};

void executor::run_line(std::uint64_t number, const std::string& line) {
  const auto split = text::split_words(line);
  if (!split.ok())
    return fail_line(number, line, split.error);
  if (split.words.empty())
    return;
  typed_operation op;
  try {
    op = parse_operation(split.words);
  } catch (const command_error& e) {
    const bool has_comment =
        std::any_of(split.words.begin(), split.words.end(),
                    [](const std::string& word) { return word.starts_with('#'); });
    return fail_line(number, line,
                     e.what() +
                         std::string{has_comment ? "; a comment stands on a line of its own" : ""});
  }
  while ((op.is_query() ? keys_[op.key].writes > 0 : keys_[op.key].queries > 0) ||
         place_of_tag_.size() >= max_under_way || bytes_ >= max_bytes_under_way)
    wait_for_one();
  if (stopped_)
    return;
  ++(op.is_query() ? keys_[op.key].queries : keys_[op.key].writes);
  const auto bytes = op.encoded.size();
  bytes_ += bytes;
  const auto recorded = history_ ? history_->call(op.encoded) : 0;
  const auto tag = op.is_query() ? client_.submit_query(std::move(op.encoded))
                                 : client_.submit(std::move(op.encoded));
  place_of_tag_.emplace(tag, printed_ + lines_.size());
  lines_.push_back({number, std::move(op.key), op.what, bytes, false, {}, recorded});
  while (auto ready = client_.next_if_ready())
    take(*ready);
}

/// Nobody should have to send a line to get the result of the one before.
void executor::answer_until_input(std::istream& in) {
  while (!stopped_ && !lines_.empty() && in.rdbuf()->in_avail() <= 0)
    wait_for_one();
}

/// A first line that is no operation and no text is no list of operations: nothing is executed.
void executor::fail_line(std::uint64_t number, const std::string& line, std::string why) {
  if (const auto no_text = text::why_no_text(line); number == 1 && !no_text.empty())
    throw command_error{bad_usage, "the input " + no_text + ". Nothing was executed"};
  lines_.push_back(
      {number, {}, kv::verb::get, 0, true, {bad_usage, "malformed", {}, false, std::move(why)}, 0});
}

void executor::wait_for_one() {
  if (!place_of_tag_.empty())
    take(client_.next());
  print_finished();
}

void executor::take(const finished_operation& m) {
  const auto place = place_of_tag_.extract(m.tag);
  auto& line = lines_.at(place.mapped() - printed_);
  if (history_)
    history_->finish(line.recorded, m.outcome);
  line.outcome = describe(m.outcome, line.key, line.what);
  line.finished = true;
  bytes_ -= line.bytes;
  const auto users_of_key = keys_.find(line.key);
  --(kv::is_read(line.what) ? users_of_key->second.queries : users_of_key->second.writes);
  if (users_of_key->second.queries == 0 && users_of_key->second.writes == 0)
    keys_.erase(users_of_key);
  // What follows would run on a state that nobody knows.
  stopped_ |= line.outcome.code == not_executed || line.outcome.code == outcome_unknown;
}

void executor::print_finished() {
  while (!lines_.empty() && lines_.front().finished) {
    print(lines_.front());
    lines_.pop_front();
    ++printed_;
    meter_.advance(1);
  }
  std::fflush(stdout);
}

void executor::print(const line_result& r) {
  const auto& o = r.outcome;
  ++counts_[o.name];
  if (o.code != done && o.code != key_absent && o.code != precondition_failed && code_ == done)
    code_ = o.code;
  if (json_) {
    nlohmann::ordered_json j{{"line", std::to_string(r.line)}, {"result", o.name}};
    if (o.has_value)
      put_bytes(j, "value", o.value);
    if (!o.error.empty())
      j["error"] = o.error;
    std::printf("%s\n", json_text(j).c_str());
    return;
  }
  std::string text = o.name;
  if (o.code == done && o.has_value)
    text = text::escape(o.value);
  else if (o.name == "malformed" || o.name == "refused" || o.code == not_executed ||
           o.code == outcome_unknown)
    text += ": line " + std::to_string(r.line) + ": " + o.error;
  else if (o.has_value)
    text += " " + text::escape(o.value);
  std::printf("%s\n", text.c_str());
}

void executor::print_summary() const {
  std::string text;
  std::uint64_t all = 0;
  for (const auto& [name, count] : counts_) {
    all += count;
    text += ", " + std::to_string(count) + " " + name;
  }
  std::fprintf(stderr, "%llu operation%s%s; %s\n", static_cast<unsigned long long>(all),
               all == 1 ? "" : "s", text.c_str(), meter_.rate().c_str());
  if (stopped_)
    std::fprintf(stderr, "pmmc: stopped there: operations behind the first one without a result "
                         "were not started\n");
}

} // namespace

int exec(const arguments& a) {
  a.expect_words(0, 1);
  const auto cluster = a.load_cluster();
  std::ifstream file;
  if (!a.words.empty() && a.words[0] != "-") {
    file.open(a.words[0], std::ios::binary);
    if (!file || std::filesystem::is_directory(a.words[0]))
      throw command_error{bad_usage, "cannot read " + a.words[0] + ": is it there, and a file?"};
  }
  std::ios::sync_with_stdio(false); // or std::cin could not say whether there is input at hand
  // Who types the operations needs no progress between them.
  const bool is_typed = !file.is_open() && isatty(STDIN_FILENO) == 1;
  executor e{cluster, a, !is_typed};
  e.run(file.is_open() ? file : std::cin);
  e.print_summary();
  if ((file.is_open() ? file : std::cin).bad())
    throw command_error{bad_usage, "reading the operations broke off: what is behind the last "
                                   "result was not executed"};
  return e.code();
}

} // namespace pmmc::cli
