// `pmmc import`.
#include "key_value.hpp"
#include "kv/transaction.hpp"
#include "node/blocking_client.hpp"
#include "node/json_text.hpp"
#include "progress.hpp"
#include "text/plain_text.hpp"
#include "text/records.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

namespace pmmc::cli {

namespace {

constexpr std::size_t max_under_way = 2'048;
constexpr std::size_t max_bytes_under_way = 16 << 20;
constexpr int most_mistakes_shown = 20;

/// By this machine's clock: only to tell, and to refuse a file of which nothing would be kept.
bool has_passed(const text::record& r) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return r.deadline_ms && *r.deadline_ms <= now.count();
}

/// Puts records in the order of the file, so that of equal keys the last one stays.
class importer {
public:
  importer(const config::cluster_file& cluster, const arguments& a, std::string file,
           std::uint64_t file_bytes)
      : client_(cluster, a.timeout, still_trying(a)), file_(std::move(file)),
        meter_("records", file_bytes) {}

  void run(text::record_reader& records) {
    while (auto record = records.next()) {
      if (record->ok())
        put(*record);
      else
        mistake(record->line, record->error);
      while (under_way_.size() >= max_under_way || bytes_ >= max_bytes_under_way)
        take(client_.next());
      while (auto ready = client_.next_if_ready())
        take(*ready);
      meter_.show_at(imported_, records.bytes_read());
    }
    while (!under_way_.empty())
      take(client_.next());
    meter_.show_at(imported_, records.bytes_read());
    meter_.finish();
  }

  std::uint64_t imported() const { return imported_; }
  std::uint64_t mistakes() const { return mistakes_; }
  /// Records that had one.
  std::uint64_t deadlines() const { return deadlines_; }
  /// Records whose deadline has passed.
  std::uint64_t passed() const { return passed_; }
  std::string rate() const { return meter_.rate(); }

private:
  struct sent {
    std::uint64_t line;
    std::size_t bytes;
  };

  void put(const text::record& r) {
    typed_operation op;
    try {
      op = parse_operation({"put", r.key, r.value});
    } catch (const command_error& e) {
      return mistake(r.line, e.what());
    }
    if (r.deadline_ms)
      op.encoded = put_with_deadline(r);
    deadlines_ += r.deadline_ms.has_value();
    passed_ += has_passed(r);
    const auto bytes = op.encoded.size();
    bytes_ += bytes;
    under_way_.emplace(client_.submit(std::move(op.encoded)), sent{r.line, bytes});
  }

  /// No time of this process's clock goes with it: the deadline is in the record.
  static std::string put_with_deadline(const text::record& r) {
    kv::transaction t;
    t.calls.push_back({kv::verb::set, kv::call_flags::absolute, *r.deadline_ms, {r.key, r.value}});
    return kv::encode(t);
  }

  void mistake(std::uint64_t line, const std::string& why) {
    if (++mistakes_ <= most_mistakes_shown)
      std::fprintf(stderr, "pmmc: %s:%llu: %s\n", file_.c_str(),
                   static_cast<unsigned long long>(line), why.c_str());
  }

  void take(const finished_operation& m) {
    const auto it = under_way_.find(m.tag);
    const auto [line, bytes] = it->second;
    bytes_ -= bytes;
    under_way_.erase(it);
    const auto d = describe(m.outcome, {}, kv::verb::set);
    if (d.code != done)
      throw command_error{d.code, file_ + ":" + std::to_string(line) + ": " + d.error +
                                      ". Records before it are in; import the file again, which "
                                      "does no harm, when the cluster is well"};
    ++imported_;
  }

  blocking_client client_;
  std::string file_;
  progress_meter meter_;
  std::map<std::uint64_t, sent> under_way_;
  std::size_t bytes_ = 0;
  std::uint64_t imported_ = 0;
  std::uint64_t mistakes_ = 0;
  std::uint64_t deadlines_ = 0;
  std::uint64_t passed_ = 0;
};

/// A file, or stdin.
class import_source {
public:
  explicit import_source(const std::string& word) : name_(word == "-" ? "stdin" : word) {
    if (word == "-")
      return;
    file_.open(word, std::ios::binary);
    if (!file_ || std::filesystem::is_directory(word))
      throw command_error{bad_usage, "cannot read " + word + ": is it there, and a file?"};
    std::error_code error; // of a pipe: it has no size
    const auto bytes = std::filesystem::file_size(word, error);
    bytes_ = error ? 0 : bytes;
  }

  std::istream& stream() { return file_.is_open() ? file_ : std::cin; }
  const std::string& name() const { return name_; }
  std::uint64_t bytes() const { return bytes_; } ///< 0: not known

private:
  std::string name_;
  std::ifstream file_;
  std::uint64_t bytes_ = 0;
};

text::record_options record_options_of(const arguments& a) {
  text::record_options options;
  options.key_column = a.options["key-column"].as<std::size_t>();
  if (options.key_column == 0)
    throw command_error{bad_usage, "--key-column counts from 1"};
  options.deadlines = !a.options["no-deadlines"].as<bool>();
  if (a.options.count("format") > 0) {
    const auto word = a.options["format"].as<std::string>();
    options.format = text::parse_record_format(word);
    if (!options.format)
      throw command_error{bad_usage, "--format takes tsv, csv or lines, not \"" + word + "\""};
  }
  return options;
}

/// Nothing is imported under a wrong idea of what the file is.
void say_what_it_is(const text::record_reader& records, const std::string& name, bool was_told) {
  if (const auto why = text::why_no_text(records.head()); !why.empty())
    throw command_error{bad_usage, name + " " + why + ". Nothing was imported"};
  if (was_told)
    return;
  const char* hint = "";
  if (records.format() == text::record_format::lines)
    hint = ": each line is a key, its number the value; --format csv or tsv if that is wrong";
  std::fprintf(stderr, "pmmc: %s is taken as %s%s\n", name.c_str(),
               std::string{text::to_string(records.format())}.c_str(), hint);
}

/// A table of one's own, whose third column happens to be long numbers, would be gone without a
/// trace. (What comes through a pipe can be read only once.)
void refuse_if_all_have_passed(const std::string& path, const text::record_options& options) {
  std::error_code absent;
  if (path == "-" || !std::filesystem::is_regular_file(path, absent))
    return;
  std::ifstream file{path, std::ios::binary};
  bool any = false;
  try {
    text::record_reader records{file, path, options};
    while (const auto record = records.next()) {
      if (record->ok() && !has_passed(*record))
        return;
      any |= record->ok();
    }
  } catch (const text::unreadable&) {
    return; // the import will say so
  }
  if (any)
    throw command_error{bad_usage,
                        path + ": every record has a third column that counts as its deadline, in "
                               "ms since 1970, and all of them have passed: nothing would be kept. "
                               "Nothing was imported. If that column is a part of the value, use "
                               "--no-deadlines; if the key is in another column, --key-column N"};
}

void print_json(const importer& i) {
  nlohmann::ordered_json j{{"imported", std::to_string(i.imported())},
                           {"malformed", std::to_string(i.mistakes())}};
  if (i.deadlines() > 0) {
    j["deadlines"] = std::to_string(i.deadlines());
    j["passed"] = std::to_string(i.passed());
  }
  std::printf("%s\n", json_text(j).c_str());
}

void tell_deadlines(const importer& i) {
  if (i.deadlines() > 0)
    std::fprintf(stderr,
                 "%llu of them with a deadline, from a third column (--no-deadlines makes it a "
                 "part of the value)\n",
                 static_cast<unsigned long long>(i.deadlines()));
  if (i.passed() > 0)
    std::fprintf(stderr,
                 "pmmc: warning: %llu of these deadlines %s passed, by this machine's clock: "
                 "such records are not kept\n",
                 static_cast<unsigned long long>(i.passed()), i.passed() == 1 ? "has" : "have");
}

int import_from(import_source& source, const arguments& a) {
  const auto cluster = a.load_cluster();
  const auto options = record_options_of(a);
  text::record_reader records{source.stream(), source.name(), options};
  say_what_it_is(records, source.name(), options.format.has_value());
  refuse_if_all_have_passed(a.words[0], options);
  importer i{cluster, a, source.name(), source.bytes()};
  i.run(records);
  if (a.json)
    print_json(i);
  else
    std::printf("imported %llu records\n", static_cast<unsigned long long>(i.imported()));
  std::fprintf(stderr, "%s\n", i.rate().c_str());
  tell_deadlines(i);
  if (i.mistakes() > 0)
    throw command_error{bad_usage, std::to_string(i.mistakes()) +
                                       (i.mistakes() == 1 ? " record was malformed and is"
                                                          : " records were malformed and are") +
                                       " not in (see above)"};
  return done;
}

} // namespace

int import_file(const arguments& a) {
  a.expect_words(1, 1);
  import_source source{a.words[0]};
  try {
    return import_from(source, a);
  } catch (const text::unreadable& e) {
    throw command_error{bad_usage,
                        source.name() + ": " + e.what() +
                            "; the records before it are in, or may be: import it again"};
  }
}

} // namespace pmmc::cli
