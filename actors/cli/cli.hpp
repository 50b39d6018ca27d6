// The command line: what all commands share. Each command is a function in a file of this folder.
#pragma once

#include "config/cluster_file.hpp"
#include "node/server.hpp"

#include <boost/program_options.hpp>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace pmmc::cli {

enum exit_code : int {
  done = 0,
  internal_error = 1,
  bad_usage = 2,
  key_absent = 3,
  not_executed = 4,
  outcome_unknown = 5,
  precondition_failed = 6,
  unhealthy = 7,
};

/// Ends the command: `what` goes to stderr, `code` to the shell.
struct command_error : std::runtime_error {
  command_error(exit_code c, const std::string& text) : std::runtime_error(text), code(c) {}
  exit_code code;
};

/// The arguments of one command, parsed.
struct arguments {
  std::string command;
  std::vector<std::string> words; ///< positional ones, behind the command
  boost::program_options::variables_map options;
  bool json = false;
  std::chrono::milliseconds timeout{10'000};
  std::string program; ///< argv[0]
  std::string usage;   ///< what the command is called with, its name included
  state_machine_factory make_machine;

  /// Reads the config file that was named; reports all its mistakes. Throws command_error
  /// if it has any or none was named.
  config::cluster_file load_cluster() const;
  /// Throws command_error unless there are `least` to `most` words; tells the usage then.
  void expect_words(std::size_t least, std::size_t most) const;
};

/// For a blocking_client: tells whoever sits at a terminal that the cluster is silent. Nothing if
/// stderr is none: a script is told by the outcome.
std::function<void()> still_trying(const arguments& a);

// Commands. Each returns its exit code, or throws.
int init(const arguments& a);
int start(const arguments& a);
int up(const arguments& a);
int key_value(const arguments& a); ///< put, get, append, del, cas, incr
int exec(const arguments& a);
int import_file(const arguments& a);
int export_all(const arguments& a);
int status(const arguments& a);
int fingerprint(const arguments& a);
int show_config(const arguments& a);
int reconfig(const arguments& a);
int clock(const arguments& a);
int inspect(const arguments& a);
int check(const arguments& a);
int version(const arguments& a);
int bench(const arguments& a);
int simulate(const arguments& a);  ///< sim
int apply_raw(const arguments& a); ///< apply, query: for state machines other than the store

/// What `bench` and `sim` take beside the options that are not theirs alone.
boost::program_options::options_description bench_options();
boost::program_options::options_description sim_options();

/// What the HTTP port of a process shows.
http_pages pages_for_http();

} // namespace pmmc::cli

namespace pmmc {

/// The whole program `pmmc`, for the state machine that `make_machine` makes. Ends the process.
[[noreturn]] void run(int argc, char** argv, state_machine_factory make_machine);

} // namespace pmmc
