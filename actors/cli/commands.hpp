// The table of commands: what each is called with, which options it takes, and its help.
#pragma once

#include "cli.hpp"

#include <boost/shared_ptr.hpp>
#include <cstdio>
#include <string_view>

namespace pmmc::cli {

using option = boost::shared_ptr<boost::program_options::option_description>;

struct command {
  const char* name;
  int (*run)(const arguments&);
  const char* usage;   ///< words and options behind "pmmc NAME"
  const char* does;    ///< a line
  const char* example; ///< words behind "pmmc"
  std::vector<option> options;
  const char* more = ""; ///< what else its help says

  boost::program_options::options_description described() const;
};

/// Its name and usage.
std::string called(const command& c);

const std::vector<command>& commands();
const command* find_command(std::string_view name);

/// What `pmmc` takes without a command: --version, --help.
const std::vector<option>& options_without_command();
/// Those of all commands, each name once: enough to tell words from the values of options.
boost::program_options::options_description options_of_all();

/// "; did you mean NAME?" if there is a command whose name is much like this one, else ";".
std::string did_you_mean(std::string_view name);

void print_help(std::FILE* out);
void print_help(const command& c);

} // namespace pmmc::cli
