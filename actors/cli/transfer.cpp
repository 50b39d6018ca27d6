// `pmmc import` and `pmmc export`.
#include "connection.hpp"
#include "key_value.hpp"
#include "progress.hpp"
#include "text/escape.hpp"
#include "text/plain_text.hpp"
#include "text/records.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

namespace pmmc::cli {

namespace {

constexpr std::size_t max_under_way = 2'048;
constexpr std::size_t max_bytes_under_way = 16 << 20;
constexpr int most_mistakes_shown = 20;

/// Puts records in the order of the file, so that of equal keys the last one stays.
class importer {
public:
  importer(const config::cluster_file& cluster, const arguments& a, std::string file,
           std::uint64_t file_bytes)
      : connection_(cluster, a.timeout), file_(std::move(file)), meter_("records", file_bytes) {}

  void run(text::record_reader& records) {
    while (auto record = records.next()) {
      if (record->ok())
        put(*record);
      else
        mistake(record->line, record->error);
      while (under_way_.size() >= max_under_way || bytes_ >= max_bytes_under_way)
        take(connection_.next());
      while (auto ready = connection_.next_if_ready())
        take(*ready);
      meter_.show_at(imported_, records.bytes_read());
    }
    while (!under_way_.empty())
      take(connection_.next());
    meter_.show_at(imported_, records.bytes_read());
    meter_.finish();
  }

  std::uint64_t imported() const { return imported_; }
  std::uint64_t mistakes() const { return mistakes_; }
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
    const auto bytes = op.encoded.size();
    bytes_ += bytes;
    under_way_.emplace(connection_.submit(std::move(op.encoded)), sent{r.line, bytes});
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
    const auto d = describe(m.outcome, {});
    if (d.code != done)
      throw command_error{d.code, file_ + ":" + std::to_string(line) + ": " + d.error +
                                      ". Records before it are in; import the file again, which "
                                      "does no harm, when the cluster is well"};
    ++imported_;
  }

  connection connection_;
  std::string file_;
  progress_meter meter_;
  std::map<std::uint64_t, sent> under_way_;
  std::size_t bytes_ = 0;
  std::uint64_t imported_ = 0;
  std::uint64_t mistakes_ = 0;
};

kv::scan_page read_page(connection& c, const std::string& after) {
  std::string error;
  const auto answer = c.read_frozen(kv::encode(kv::scan{after, 0, 0}), error);
  if (!answer)
    throw command_error{not_executed, "export failed: " + error + "; run it again"};
  auto decoded = kv::decode_answer(*answer);
  if (!decoded || !std::holds_alternative<kv::scan_page>(decoded->payload))
    throw command_error{internal_error, "the answer is none of the key-value store's"};
  return std::get<kv::scan_page>(std::move(decoded->payload));
}

} // namespace

namespace {

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

} // namespace

int import_file(const arguments& a) {
  a.expect_words(1, 1, "import FILE [--key-column N] [--format tsv|csv|lines]");
  const auto cluster = a.load_cluster();
  const auto options = record_options_of(a);
  import_source source{a.words[0]};
  text::record_reader records{source.stream(), source.name(), options};
  say_what_it_is(records, source.name(), options.format.has_value());
  importer i{cluster, a, source.name(), source.bytes()};
  i.run(records);
  if (a.json)
    std::printf("{\"imported\": \"%llu\", \"malformed\": \"%llu\"}\n",
                static_cast<unsigned long long>(i.imported()),
                static_cast<unsigned long long>(i.mistakes()));
  else
    std::printf("imported %llu records\n", static_cast<unsigned long long>(i.imported()));
  std::fprintf(stderr, "%s\n", i.rate().c_str());
  if (i.mistakes() > 0)
    throw command_error{bad_usage, std::to_string(i.mistakes()) +
                                       " records were malformed and are not in (see above)"};
  return done;
}

/// The read before the export makes it linearizable: the replica that answered it has performed
/// everything that was acknowledged before, and is the one whose state is frozen then.
int export_all(const arguments& a) {
  a.expect_words(0, 0, "export");
  const auto cluster = a.load_cluster();
  connection c{cluster, a.timeout};
  const auto barrier = c.call_query(kv::encode(kv::scan{{}, 1, 1}));
  if (const auto d = describe(barrier, {}); barrier.kind != outcome_kind::done)
    throw command_error{d.code, d.error};
  std::string error;
  if (!c.freeze(barrier.replica, error))
    throw command_error{not_executed, error + "; run it again"};
  std::string after;
  for (bool more = true; more;) {
    const auto page = read_page(c, after);
    for (const auto& entry : page.entries) {
      const auto line = text::escape(entry.key) + "\t" + text::escape(entry.value) + "\n";
      if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size())
        throw command_error{internal_error, "cannot write to stdout"};
    }
    more = page.more;
    if (!page.entries.empty())
      after = page.entries.back().key;
  }
  return done;
}

} // namespace pmmc::cli
