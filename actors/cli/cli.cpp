#include "cli.hpp"

#include "log.hpp"
#include "storage/storage_error.hpp"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <unistd.h>

namespace pmmc::cli {

namespace po = boost::program_options;

namespace {

struct command {
  int (*run)(const arguments&);
  const char* usage;
  const char* does;
};

/// It has options of its own, so it is found before the others are parsed.
int sim_comes_first(const arguments&) {
  throw command_error{bad_usage, "\"sim\" comes first: pmmc sim --help"};
}

const std::vector<std::pair<std::string, command>>& commands() {
  static const std::vector<std::pair<std::string, command>> all = {
      {"init",
       {init, "init [--id ID]...", "format the data directories of all (or the named) roles"}},
      {"start",
       {start, "start --id ID [--id ID]... [--rejoin]", "run the process that hosts these roles"}},
      {"up", {up, "up", "format what is new, run all processes, stop them on Ctrl-C"}},
      {"put", {key_value, "put KEY VALUE", "set a key"}},
      {"get", {key_value, "get KEY", "print a key's value"}},
      {"append", {key_value, "append KEY VALUE", "append to a key's value; prints its length"}},
      {"del", {key_value, "del KEY", "remove a key"}},
      {"cas", {key_value, "cas KEY EXPECTED NEW", "set a key if it has the expected value"}},
      {"incr", {key_value, "incr KEY [BY]", "add to a number; prints the new one"}},
      {"exec",
       {exec, "exec [FILE] [--history FILE]", "operations, one a line, from a file or stdin"}},
      {"import",
       {import_file, "import FILE|- [--format tsv|csv|lines] [--key-column N]",
        "load a file, or stdin: docs/DATA_FILES.md"}},
      {"export", {export_all, "export", "print every key, value and deadline at one slot, as TSV"}},
      {"status", {status, "status", "a row per role, and the configuration"}},
      {"fingerprint",
       {fingerprint, "fingerprint", "a row per replica: slot_out, hash of its state"}},
      {"config", {show_config, "config", "the configurations in force and pending"}},
      {"reconfig",
       {reconfig, "reconfig --add ROLE:ID=HOST:PORT... --remove ROLE:ID... [--dry-run]",
        "change the members; waits until the old ones can go"}},
      {"clock",
       {clock, "clock [--set NOW|MS]", "the log time beside the replicas' clocks; or sets it"}},
      {"inspect", {inspect, "inspect DIR", "what a data directory holds, verified; read only"}},
      {"check",
       {check, "check --history FILE... | --exhaustive SCOPE",
        "whether a history is linearizable; all that can happen in a scope"}},
      {"bench",
       {bench, "bench [--redis] [OPTION]...", "a load, and what it got; see bench --help"}},
      {"sim", {sim_comes_first, "sim --seed N | --runs N", "a simulated cluster under faults"}},
      {"version", {version, "version", "version, commit, protocol version"}},
      {"apply",
       {apply_raw, "apply OP|-|--file FILE [--hex]",
        "one operation, as bytes, for a state machine of your own"}},
      {"query", {apply_raw, "query OP|-|--file FILE [--hex]", "one read-only operation, as bytes"}},
  };
  return all;
}

/// They print no data, or (export) have a form of their own.
const std::set<std::string> commands_without_json = {"init", "start", "up", "export"};

const command* find_command(const std::string& name) {
  for (const auto& [known, c] : commands())
    if (known == name)
      return &c;
  return nullptr;
}

po::options_description common_options() {
  po::options_description options{"Options"};
  options.add_options()("config,c", po::value<std::string>(),
                        "the cluster's config file (or PMMC_CONFIG)")(
      "id", po::value<std::vector<std::string>>()->composing(),
      "a role id (init, start)")("json", po::bool_switch(), "print data as JSON")(
      "timeout", po::value<double>()->default_value(10),
      "seconds that an operation may take (or PMMC_TIMEOUT)")(
      "key-column", po::value<std::size_t>()->default_value(1), "import: the key's column, from 1")(
      "format", po::value<std::string>(),
      "import: tsv, csv or lines; else as the file's name or first line have it")(
      "no-deadlines", po::bool_switch(),
      "import: a third column of digits is a part of the value, and no deadline in ms since 1970")(
      "add", po::value<std::vector<std::string>>()->composing()->multitoken(),
      "reconfig: a new member, e.g. acceptor:a4=10.0.0.4:7101")(
      "remove", po::value<std::vector<std::string>>()->composing()->multitoken(),
      "reconfig: a member that goes, e.g. acceptor:a1")(
      "dry-run", po::bool_switch(), "reconfig: only tell what would be proposed")(
      "rejoin", po::bool_switch(), "start: a removed role that is to be added again")(
      "log-level", po::value<std::string>()->default_value("info"),
      "start, up: the least that is logged: debug, info, warning, error (or PMMC_LOG_LEVEL)")(
      "log-format", po::value<std::string>()->default_value("text"),
      "start, up: text, or json: an object a line (or PMMC_LOG_FORMAT)")(
      "file", po::value<std::string>(), "apply, query: a file with the operation's bytes")(
      "hex", po::bool_switch(), "apply, query: print the answer as hexadecimal")(
      "history", po::value<std::vector<std::string>>()->composing(),
      "check: a history to check; exec: a file to record one (docs/HISTORY.md)")(
      "exhaustive", po::value<std::string>(),
      "check: a scope to search, or \"list\" (docs/TESTING.md)")(
      "jobs", po::value<unsigned>()->default_value(2), "check: threads")(
      "states", po::value<std::uint64_t>()->default_value(0),
      "check: stop after so many states; 0: at the end")("help,h", po::bool_switch(),
                                                         "print this help");
  return options;
}

/// Some commands have options that the others do without.
po::options_description options_of(const std::string& command) {
  auto options = common_options();
  if (command == "bench")
    options.add(bench_options());
  if (command == "clock")
    options.add_options()("set", po::value<std::string>(),
                          "the log time from now on, also an earlier one: \"now\", as most of the "
                          "replicas' clocks have it, or ms since 1970");
  return options;
}

void print_help(std::FILE* out) {
  std::fprintf(out, "pmmc: a replicated, linearizable key-value store (Paxos Made Moderately "
                    "Complex)\n\nUsage: pmmc COMMAND [ARGUMENT]... [OPTION]...\n\nCommands:\n");
  for (const auto& [name, c] : commands())
    std::fprintf(out, "  %-30s %s\n", c.usage, c.does);
  std::ostringstream options;
  options << common_options();
  std::fprintf(
      out,
      "\n%s\nA value that begins with '-' goes behind '--'.\n\nExit codes: 0 done, 1 internal "
      "error, 2 bad usage or config, 3 key absent, 4 unavailable and not\nexecuted, 5 timed "
      "out with unknown outcome, 6 precondition failed, 7 unhealthy.\n",
      options.str().c_str());
}

/// Numbers such as -5 are words, not options.
std::vector<po::option> negative_numbers(std::vector<std::string>& words) {
  std::vector<po::option> options;
  const auto& word = words.front();
  if (word.size() < 2 || word[0] != '-' || std::isdigit(static_cast<unsigned char>(word[1])) == 0)
    return options;
  po::option positional;
  positional.position_key = 0;
  positional.value.push_back(word);
  positional.original_tokens.push_back(word);
  options.push_back(positional);
  words.erase(words.begin());
  return options;
}

std::string from_environment(const std::string& variable) {
  if (variable == "PMMC_CONFIG")
    return "config";
  if (variable == "PMMC_TIMEOUT")
    return "timeout";
  if (variable == "PMMC_LOG_LEVEL")
    return "log-level";
  if (variable == "PMMC_LOG_FORMAT")
    return "log-format";
  return {};
}

template <class Number>
bool takes(const po::value_semantic* semantic) {
  return dynamic_cast<const po::typed_value<Number>*>(semantic) != nullptr;
}

arguments parse(int argc, char** argv) {
  auto visible = options_of(argc > 1 ? argv[1] : "");
  po::options_description all;
  all.add(visible).add_options()("words", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("words", -1);
  arguments a;
  a.program = argv[0];
  // Precedence: what is stored first wins.
  const auto parsed = po::command_line_parser(argc, argv)
                          .options(all)
                          .positional(positional)
                          .extra_style_parser(negative_numbers)
                          .run();
  refuse_negative(parsed, all);
  po::store(parsed, a.options);
  po::store(po::parse_environment(visible, from_environment), a.options);
  po::notify(a.options);
  if (a.options.count("words") > 0)
    a.words = a.options["words"].as<std::vector<std::string>>();
  if (!a.words.empty()) {
    a.command = a.words.front();
    a.words.erase(a.words.begin());
  }
  a.json = a.options["json"].as<bool>();
  const auto seconds = a.options["timeout"].as<double>();
  if (!(seconds > 0) || seconds > 86'400)
    throw command_error{bad_usage, "--timeout takes seconds, more than 0 and at most 86400"};
  a.timeout = std::chrono::milliseconds{static_cast<long>(seconds * 1000)};
  return a;
}

int run_command(int argc, char** argv, state_machine_factory make_machine) {
  if (argc > 1 && std::string_view{argv[1]} == "sim")
    return simulate(argc - 1, argv + 1);
  auto a = parse(argc, argv);
  a.make_machine = std::move(make_machine);
  const auto* c = find_command(a.command);
  if (a.options["help"].as<bool>() && c != nullptr) {
    std::ostringstream options;
    options << options_of(a.command);
    std::printf("Usage: pmmc %s\n  %s\n\n%s", c->usage, c->does, options.str().c_str());
    return done;
  }
  if (a.options["help"].as<bool>() || a.command == "help") {
    print_help(stdout);
    return done;
  }
  if (c == nullptr) {
    print_help(stderr);
    throw command_error{bad_usage, a.command.empty()
                                       ? "which command? See above."
                                       : "unknown command \"" + a.command + "\"; see above"};
  }
  if (a.json && commands_without_json.contains(a.command))
    throw command_error{bad_usage, "--json has no meaning for " + a.command};
  return c->run(a);
}

} // namespace

config::cluster_file arguments::load_cluster() const {
  if (options.count("config") == 0)
    throw command_error{bad_usage, "which cluster? Name its config file with --config FILE or "
                                   "PMMC_CONFIG=FILE, e.g. --config config/separate3.conf"};
  auto loaded = config::load_cluster_file(options["config"].as<std::string>());
  if (loaded.file)
    return std::move(*loaded.file);
  std::string text;
  for (const auto& error : loaded.errors)
    text += (text.empty() ? "" : "\n") + error;
  throw command_error{bad_usage, text};
}

void arguments::expect_words(std::size_t least, std::size_t most, const std::string& usage) const {
  if (words.size() < least || words.size() > most)
    throw command_error{bad_usage, "usage: pmmc " + usage};
}

void refuse_negative(const po::parsed_options& parsed, const po::options_description& known) {
  for (const auto& given : parsed.options) {
    if (given.string_key.empty())
      continue;
    const auto* semantic = known.find(given.string_key, false).semantic().get();
    if (!takes<std::uint64_t>(semantic) && !takes<unsigned>(semantic))
      continue;
    for (const auto& value : given.value)
      if (value.starts_with('-'))
        throw command_error{bad_usage, "--" + given.string_key + " " + value +
                                           ": it takes a whole number, not negative"};
  }
}

} // namespace pmmc::cli

namespace pmmc {

namespace {

int run_guarded(int argc, char** argv, state_machine_factory make_machine) {
  try {
    start_client_log();
    const int code = cli::run_command(argc, argv, std::move(make_machine));
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw cli::command_error{cli::internal_error, "cannot write to stdout"};
    return code;
  } catch (const cli::command_error& e) {
    std::fprintf(stderr, "pmmc: %s\n", e.what());
    return e.code;
  } catch (const boost::program_options::error& e) {
    std::fprintf(stderr, "pmmc: %s; see pmmc --help\n", e.what());
    return cli::bad_usage;
  } catch (const start_error& e) {
    std::fprintf(stderr, "pmmc: %s\n", e.what());
    return cli::bad_usage;
  } catch (const storage::storage_error& e) {
    std::fprintf(stderr, "pmmc: %s\n", e.what());
    return cli::bad_usage;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "pmmc: internal error: %s\n", e.what());
    return cli::internal_error;
  }
}

/// Or a data file would get a number of theirs, and the log's text. What was closed stays useless:
/// output that goes nowhere is an error, as it was.
void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0 &&
        ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
      std::_Exit(cli::internal_error);
}

} // namespace

void run(int argc, char** argv, state_machine_factory make_machine) {
  occupy_standard_descriptors();
  const int code = run_guarded(argc, argv, std::move(make_machine));
  std::fflush(nullptr);
  std::_Exit(code); // whatever connections are still being made (connection.cpp)
}

} // namespace pmmc
