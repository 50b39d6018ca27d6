#include "commands.hpp"

#include "text/alike.hpp"

#include <sstream>

namespace pmmc::cli {

namespace po = boost::program_options;

namespace {

using options = std::vector<option>;

// --- options ------------------------------------------------------------------------------------

option make(const char* name, const po::value_semantic* value, const char* text) {
  return option{new po::option_description{name, value, text}};
}

option flag(const char* name, const char* text) { return make(name, po::bool_switch(), text); }

template <class T>
option one(const char* name, const char* text) {
  return make(name, po::value<T>(), text);
}

template <class T>
option one(const char* name, T value, const char* text) {
  return make(name, po::value<T>()->default_value(value), text);
}

option several(const char* name, const char* text) {
  return make(name, po::value<std::vector<std::string>>()->composing(), text);
}

option several_at_once(const char* name, const char* text) {
  return make(name, po::value<std::vector<std::string>>()->composing()->multitoken(), text);
}

option help() { return flag("help,h", "print this help"); }
option as_json() { return flag("json", "print data as JSON"); }

option config() {
  return one<std::string>("config,c", "the cluster's config file (or PMMC_CONFIG)");
}

option timeout() {
  return one<double>("timeout", 10, "seconds that an operation may take (or PMMC_TIMEOUT)");
}

option log_level() {
  return one<std::string>("log-level", "info",
                          "the least that is logged: debug, info, warning, error (or "
                          "PMMC_LOG_LEVEL)");
}

option log_format() {
  return one<std::string>("log-format", "text",
                          "text, or json: an object a line (or PMMC_LOG_FORMAT)");
}

/// Every command takes --config and --help, so that a script may always give the one.
options local(options own) {
  own.push_back(one<std::string>("config,c", "every command takes it; this one needs none"));
  own.push_back(help());
  return own;
}

options on_cluster(options own) {
  own.push_back(config());
  own.push_back(help());
  return own;
}

/// Of a client, which waits for the cluster.
options of_client(options own) {
  own.push_back(timeout());
  return on_cluster(std::move(own));
}

options of_client_with_json(options own = {}) {
  own.push_back(as_json());
  return of_client(std::move(own));
}

options from(const po::options_description& described, options own) {
  own.insert(own.begin(), described.options().begin(), described.options().end());
  return own;
}

options import_options() {
  return of_client_with_json(
      {one<std::string>("format", "tsv, csv or lines; else as the file's name or first line "
                                  "have it"),
       one<std::size_t>("key-column", 1, "the key's column, from 1"),
       flag("no-deadlines",
            "a third column of 12 to 19 digits is a part of the value. Without this it is the "
            "key's deadline, in ms since 1970, as `export` writes it: when it has passed, the key "
            "goes")});
}

options reconfig_options() {
  return of_client_with_json(
      {several_at_once("add",
                       "a new member, e.g. acceptor:a4=10.0.0.4:7101 or server:s4=10.0.0.4:7604"),
       several_at_once("remove", "a member that goes, e.g. acceptor:a1 or server:s1"),
       flag("dry-run", "only tell what would be proposed")});
}

options raw_options() {
  return of_client_with_json({one<std::string>("file", "a file with the operation's bytes"),
                              flag("hex", "print the answer as hexadecimal")});
}

options check_options() {
  return local({several("history", "a history to check (docs/HISTORY.md)"),
                one<std::string>("exhaustive", "a scope to search, or \"list\" (docs/TESTING.md)"),
                one<unsigned>("jobs", 2U, "with --exhaustive: threads"),
                one<std::uint64_t>("states", std::uint64_t{0},
                                   "with --exhaustive: stop after so many states; 0: at the end"),
                as_json()});
}

/// Of apply and query.
constexpr const char* about_bytes =
    "The answer's bytes are the state machine's, and the exit code is 0 whatever they say. The "
    "key-value\nstore (kv/2) answers bytes that are none of its operations with 05 00, which "
    "means malformed. For\n\"put a 1\" and the like there is `pmmc exec`.\n\n";

// --- commands -----------------------------------------------------------------------------------

std::vector<command> of_processes() {
  return {
      {"init", init, "[--id ID]...", "format the data directories of all (or the named) roles",
       "init --config config/separate3.conf --id a1",
       on_cluster({several("id", "a role to format; several are named one by one")})},
      {"start", start, "--id ID [--id ID]... [--rejoin]", "run the process that hosts these roles",
       "start --config config/separate3.conf --id a1",
       on_cluster({several("id", "a role of the process"),
                   flag("rejoin", "a removed role that is to be added again"), log_level(),
                   log_format()})},
      {"up", up, "", "format what is new, run all processes, stop them on Ctrl-C",
       "up --config config/separate3.conf", on_cluster({log_level(), log_format()})},
  };
}

std::vector<command> of_the_store() {
  return {
      {"put", key_value, "KEY VALUE", "set a key", "put colour blue", of_client_with_json()},
      {"get", key_value, "KEY", "print a key's value", "get colour", of_client_with_json()},
      {"append", key_value, "KEY VALUE", "append to a key's value; prints its length",
       "append log 'one more'", of_client_with_json()},
      {"del", key_value, "KEY", "remove a key", "del colour", of_client_with_json()},
      {"cas", key_value, "KEY EXPECTED NEW", "set a key if it has the expected value",
       "cas lock free mine", of_client_with_json()},
      {"incr", key_value, "KEY [BY]", "add to a number; prints the new one", "incr visits 10",
       of_client_with_json()},
      {"exec", exec, "[FILE|-] [--history FILE]", "operations, one a line, from a file or stdin",
       "exec operations.txt > results.txt",
       of_client_with_json({several("history", "a file to record a history (docs/HISTORY.md)")})},
      {"import", import_file, "FILE|- [--format tsv|csv|lines] [--key-column N] [--no-deadlines]",
       "load a file, or stdin: docs/DATA_FILES.md", "import /usr/share/dict/words",
       import_options()},
      {"export", export_all, "", "print every key, value and deadline at one slot, as TSV",
       "export > backup.tsv", of_client({})},
  };
}

std::vector<command> of_the_cluster() {
  return {
      {"status", status, "", "a row per role, and the configuration", "status --json",
       of_client_with_json()},
      {"fingerprint", fingerprint, "", "a row per replica: slot_out, hash of its state",
       "fingerprint", of_client_with_json()},
      {"config", show_config, "", "the configurations in force and pending", "config",
       of_client_with_json()},
      {"reconfig", reconfig, "--add ROLE:ID=HOST:PORT... --remove ROLE:ID... [--dry-run]",
       "change the members; waits until the old ones can go",
       "reconfig --add acceptor:a4=127.0.0.1:7104 --remove acceptor:a3", reconfig_options()},
      {"clock", clock, "[--set NOW|MS]", "the log time beside the replicas' clocks; or sets it",
       "clock --set now",
       of_client_with_json({one<std::string>(
           "set", "the log time from now on, also an earlier one: \"now\", as most of the "
                  "replicas' clocks have it, or ms since 1970")})},
      {"inspect", inspect, "DIR", "what a data directory holds, verified; read only",
       "inspect config/var/separate3/a1", local({as_json()})},
  };
}

std::vector<command> of_proofs() {
  return {
      {"check", check, "--history FILE... | --exhaustive SCOPE",
       "whether a history is linearizable; all that can happen in a scope",
       "check --history history.jsonl", check_options()},
      {"bench", bench, "[--redis] [OPTION]...", "a load, and what it got; docs/PERFORMANCE.md",
       "bench --clients 64 --duration 10", from(bench_options(), of_client_with_json())},
      {"sim", simulate, "--seed N [--replay] | --runs N [--jobs J]",
       "a simulated cluster; the seed chooses its faults, and which limits are small; "
       "docs/TESTING.md",
       "sim --runs 100", from(sim_options(), local({as_json()}))},
      {"version", version, "", "version, commit, protocol version", "version", local({as_json()})},
      {"apply", apply_raw, "OP|-|--file FILE [--hex]",
       "one operation, as bytes, for a state machine of your own", "apply 'deposit alice 10'",
       raw_options(), about_bytes},
      {"query", apply_raw, "OP|-|--file FILE [--hex]", "one read-only operation, as bytes",
       "query 'balance alice'", raw_options(), about_bytes},
  };
}

po::options_description described(const options& all, const char* title) {
  po::options_description result{title};
  for (const auto& o : all)
    result.add(o);
  return result;
}

} // namespace

const std::vector<command>& commands() {
  static const auto all = [] {
    std::vector<command> every;
    for (auto&& part : {of_processes(), of_the_store(), of_the_cluster(), of_proofs()})
      every.insert(every.end(), part.begin(), part.end());
    return every;
  }();
  return all;
}

const command* find_command(std::string_view name) {
  for (const auto& c : commands())
    if (c.name == name)
      return &c;
  return nullptr;
}

std::string called(const command& c) {
  return std::string{c.name} + (*c.usage == '\0' ? "" : " ") + c.usage;
}

po::options_description command::described() const { return cli::described(options, "Options"); }

const std::vector<option>& options_without_command() {
  static const options all = {flag("version", "as `pmmc version`"), as_json(), config(), help()};
  return all;
}

po::options_description options_of_all() {
  auto all = described(options_without_command(), "");
  for (const auto& c : commands())
    for (const auto& o : c.options)
      if (all.find_nothrow(o->long_name(), false) == nullptr)
        all.add(o);
  return all;
}

std::string did_you_mean(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& c : commands())
    names.push_back(c.name);
  const auto found = text::most_alike(name, names);
  return found.empty() ? ";" : "; did you mean " + std::string{found} + "?";
}

void print_help(std::FILE* out) {
  std::fprintf(out, "pmmc: a replicated, linearizable key-value store (Paxos Made Moderately "
                    "Complex)\n\nUsage: pmmc COMMAND [ARGUMENT]... [OPTION]...\n\nCommands:\n");
  for (const auto& c : commands())
    std::fprintf(out, "  %-30s %s%s\n", called(c).c_str(),
                 called(c).size() > 30 ? "\n                                 " : "", c.does);
  std::fprintf(
      out, "\nEvery command takes --config FILE (or PMMC_CONFIG=FILE), the cluster's config file. "
           "`pmmc COMMAND\n--help` lists the options of that command; `pmmc --version` is `pmmc "
           "version`. A value that begins\nwith '-' goes behind '--'.\n\nExit codes: 0 done, 1 "
           "internal error, 2 bad usage or config, 3 key absent, 4 unavailable and not\nexecuted, "
           "5 timed out with unknown outcome, 6 precondition failed, 7 unhealthy.\n");
}

void print_help(const command& c) {
  std::ostringstream text;
  text << c.described();
  std::printf("Usage: pmmc %s\n  %s\n\nExample:\n  pmmc %s\n\n%s%s", called(c).c_str(), c.does,
              c.example, c.more, text.str().c_str());
}

} // namespace pmmc::cli
