#include "commands.hpp"
#include "node/log.hpp"
#include "storage/storage_error.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <unistd.h>

namespace pmmc::cli {

namespace po = boost::program_options;

namespace {

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

/// What may stand in the environment instead. Empty is as good as not set.
const std::vector<std::pair<const char*, const char*>> variables = {
    {"PMMC_CONFIG", "config"},
    {"PMMC_TIMEOUT", "timeout"},
    {"PMMC_LOG_LEVEL", "log-level"},
    {"PMMC_LOG_FORMAT", "log-format"},
};

template <class Number>
bool takes(const po::value_semantic* semantic) {
  return dynamic_cast<const po::typed_value<Number>*>(semantic) != nullptr;
}

/// Boost would take "-1" for 2^64 - 1.
void refuse_negative(const po::parsed_options& parsed, const po::options_description& known) {
  for (const auto& given : parsed.options) {
    const auto* semantic = known.find(given.string_key, false).semantic().get();
    if (!takes<std::uint64_t>(semantic) && !takes<unsigned>(semantic))
      continue;
    for (const auto& value : given.value)
      if (value.starts_with('-'))
        throw command_error{bad_usage, "--" + given.string_key + " " + value +
                                           ": it takes a whole number, not negative"};
  }
}

/// Options are not abbreviated: what they mean would depend on the command.
constexpr int style =
    po::command_line_style::default_style & ~po::command_line_style::allow_guessing;

/// `known` must outlive what is returned.
po::parsed_options parse_with(const po::options_description& known, int argc, char** argv) {
  po::positional_options_description positional;
  positional.add("words", -1);
  return po::command_line_parser(argc, argv)
      .options(known)
      .positional(positional)
      .style(style)
      .extra_style_parser(negative_numbers)
      .run();
}

po::options_description with_words(po::options_description options) {
  options.add_options()("words", po::value<std::vector<std::string>>());
  return options;
}

/// All words and options, whatever the command is.
struct first_look {
  po::options_description all = with_words(options_of_all());
  std::vector<std::string> words;
  std::set<std::string> options;

  first_look(int argc, char** argv) {
    for (const auto& given : parse_with(all, argc, argv).options)
      if (given.string_key != "words")
        options.insert(given.string_key);
      else if (given.position_key < 0)
        throw po::unknown_option{"--words"};
      else
        words.insert(words.end(), given.value.begin(), given.value.end());
  }

  void refuse_others_than(const std::vector<option>& known, const std::string& where) const {
    for (const auto& given : options)
      if (std::none_of(known.begin(), known.end(),
                       [&](const auto& o) { return o->long_name() == given; }))
        throw command_error{bad_usage, "--" + given + " has no meaning " + where};
  }
};

/// An option that was given on the command line stays as it is.
void store_environment(arguments& a, const po::options_description& known) {
  for (const auto& [variable, option] : variables) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0' || known.find_nothrow(option, false) == nullptr ||
        (a.options.count(option) > 0 && !a.options[option].defaulted()))
      continue;
    po::parsed_options one{&known};
    one.options.emplace_back(option, std::vector<std::string>{value});
    try {
      po::store(one, a.options);
    } catch (const po::error&) {
      throw command_error{bad_usage,
                          std::string{variable} + "=" + value + " is no value for --" + option};
    }
  }
}

std::chrono::milliseconds timeout_of(const po::variables_map& options) {
  const auto seconds = options["timeout"].as<double>();
  if (!(seconds > 0) || seconds > 86'400)
    throw command_error{bad_usage, "--timeout (or PMMC_TIMEOUT) takes seconds, more than 0 and at "
                                   "most 86400"};
  return std::chrono::milliseconds{static_cast<long>(seconds * 1000)};
}

arguments parse(const command& c, int argc, char** argv) {
  const auto known = with_words(c.described());
  arguments a;
  a.program = argv[0];
  a.command = c.name;
  a.usage = called(c);
  const auto parsed = parse_with(known, argc, argv);
  refuse_negative(parsed, known);
  po::store(parsed, a.options);
  store_environment(a, known);
  po::notify(a.options);
  a.words = a.options["words"].as<std::vector<std::string>>();
  a.words.erase(a.words.begin());
  a.json = a.options.count("json") > 0 && a.options["json"].as<bool>();
  if (a.options.count("timeout") > 0)
    a.timeout = timeout_of(a.options);
  return a;
}

const command& demand_command(const std::string& name) {
  if (const auto* c = find_command(name))
    return *c;
  throw command_error{bad_usage, "unknown command \"" + name + "\"" + did_you_mean(name) +
                                     " `pmmc --help` lists all"};
}

/// `pmmc` alone, --help, --version.
int run_without_command(const first_look& seen) {
  seen.refuse_others_than(options_without_command(), "without a command");
  arguments a;
  a.json = seen.options.contains("json");
  if (seen.options.contains("version"))
    return version(a);
  print_help(seen.options.contains("help") ? stdout : stderr);
  if (!seen.options.contains("help"))
    throw command_error{bad_usage, "which command? See above."};
  return done;
}

int run_command(int argc, char** argv, state_machine_factory make_machine) {
  const first_look seen{argc, argv};
  if (seen.words.empty())
    return run_without_command(seen);
  if (seen.words[0] == "help" && seen.words.size() == 1) {
    print_help(stdout);
    return done;
  }
  if (seen.words[0] == "help") {
    print_help(demand_command(seen.words[1]));
    return done;
  }
  const auto& c = demand_command(seen.words[0]);
  seen.refuse_others_than(c.options, std::string{"for "} + c.name);
  if (seen.options.contains("help")) {
    print_help(c);
    return done;
  }
  auto a = parse(c, argc, argv);
  a.make_machine = std::move(make_machine);
  return c.run(a);
}

} // namespace

config::cluster_file arguments::load_cluster() const {
  if (options.count("config") == 0)
    throw command_error{
        bad_usage,
        "which cluster? Name its config file with --config FILE or "
        "PMMC_CONFIG=FILE, e.g. --config config/separate3.conf" +
            std::string{std::getenv("PMMC_CONFIG") != nullptr ? "; PMMC_CONFIG is empty" : ""}};
  auto loaded = config::load_cluster_file(options["config"].as<std::string>());
  if (loaded.file)
    return std::move(*loaded.file);
  std::string text;
  for (const auto& error : loaded.errors)
    text += (text.empty() ? "" : "\n") + error;
  throw command_error{bad_usage, text};
}

std::function<void()> still_trying(const arguments& a) {
  if (isatty(STDERR_FILENO) != 1)
    return {};
  return [&a] {
    std::fprintf(stderr,
                 "pmmc: still trying: no answer for a second; an operation is given up after %g s "
                 "(--timeout). `pmmc status` tells which processes of %s answer\n",
                 std::chrono::duration<double>{a.timeout}.count(),
                 a.options["config"].as<std::string>().c_str());
  };
}

void arguments::expect_words(std::size_t least, std::size_t most) const {
  if (words.size() < least || words.size() > most)
    throw command_error{bad_usage, "usage: pmmc " + usage};
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
    std::fflush(stdout); // what is said to be above is, where both go to one file
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
  std::_Exit(code); // whatever connections are still being made (blocking_client.cpp)
}

} // namespace pmmc
