// Runs the fuzz targets over their seeds, over inputs that once broke something (found/TARGET/*),
// and over mutations by a seed.
//   test_fuzz [--cases N] [TARGET…]     PMMC_SEED=N chooses other mutations
//   test_fuzz --input TARGET FILE       one input, in this process: for a debugger
// Each target runs in a process of its own; when that dies or hangs, its input is kept in a file.
#include "mutation.hpp"
#include "target.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace pmmc::fuzz;

constexpr std::size_t max_bytes = 64 << 10;
constexpr unsigned hang_s = 20; ///< for one input; none takes a tenth of a second

/// The input at work, where the parent sees it whatever becomes of the child.
struct shared_input {
  std::size_t size = 0;
  std::uint64_t number = 0;
  char bytes[max_bytes];
};

struct run_options {
  std::uint64_t seed = 1;
  std::uint64_t cases = 3'000;
  std::vector<const target*> targets;
};

std::string contents(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<std::string> found_before(const target& t) {
  std::vector<std::string> inputs;
  const auto folder = std::filesystem::path{PMMC_FUZZ_FOUND} / t.name;
  if (std::filesystem::exists(folder))
    for (const auto& entry : std::filesystem::directory_iterator{folder})
      inputs.push_back(contents(entry.path()));
  return inputs;
}

void try_one(const target& t, const std::string& input, shared_input& now) {
  now.size = std::min(input.size(), max_bytes);
  ++now.number;
  std::memcpy(now.bytes, input.data(), now.size);
  ::alarm(hang_s);
  // A copy of exactly its size, so that the address sanitizer sees a read beyond it.
  const std::vector<char> exact(now.bytes, now.bytes + now.size);
  t.try_bytes({exact.data(), exact.size()});
}

void run_in_child(const target& t, const run_options& options, shared_input& now) {
  const auto seeds = t.seeds();
  for (const auto& input : seeds)
    try_one(t, input, now);
  for (const auto& input : found_before(t))
    try_one(t, input, now);
  pmmc::random_source random{options.seed};
  for (std::uint64_t i = 0; i < options.cases; ++i)
    try_one(t, mutate(random, seeds, max_bytes), now);
  ::alarm(0);
  remove_scratch_directory();
}

void report(const target& t, const run_options& options, const shared_input& now, int status) {
  const std::string name{t.name};
  const auto file = std::filesystem::absolute("fuzz-" + name + "-" + std::to_string(options.seed));
  std::ofstream{file, std::ios::binary}.write(now.bytes, static_cast<std::streamsize>(now.size));
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    std::fprintf(stderr, "%s: an input took %u s\n", name.c_str(), hang_s);
  else
    std::fprintf(stderr, "%s: ended with %s %d\n", name.c_str(),
                 WIFSIGNALED(status) ? "signal" : "exit code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  std::fprintf(
      stderr, "%s: input %llu of seed %llu, kept as %s. To repeat it:\n  test_fuzz --input %s %s\n",
      name.c_str(), static_cast<unsigned long long>(now.number),
      static_cast<unsigned long long>(options.seed), file.c_str(), name.c_str(), file.c_str());
}

bool run(const target& t, const run_options& options, shared_input& now) {
  now.number = 0;
  const auto child = ::fork();
  if (child < 0) {
    std::perror("fork");
    return false;
  }
  if (child == 0) {
    run_in_child(t, options, now);
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status == 0) {
    std::printf("%-22s %6llu inputs\n", std::string{t.name}.c_str(),
                static_cast<unsigned long long>(now.number));
    return true;
  }
  report(t, options, now, status);
  return false;
}

int usage() {
  std::fprintf(stderr, "usage: test_fuzz [--cases N] [TARGET…] | --input TARGET FILE\ntargets:");
  for (const auto* t : all_targets())
    std::fprintf(stderr, " %s", std::string{t->name}.c_str());
  std::fprintf(stderr, "\n");
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  run_options options{.targets = {}};
  if (const char* seed = std::getenv("PMMC_SEED"))
    options.seed = std::strtoull(seed, nullptr, 10);
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--input" && i + 2 < argc && find_target(argv[i + 1])) {
      find_target(argv[i + 1])->try_bytes(contents(argv[i + 2]));
      remove_scratch_directory();
      return 0;
    }
    if (word == "--cases" && i + 1 < argc)
      options.cases = std::strtoull(argv[++i], nullptr, 10);
    else if (const auto* t = find_target(word))
      options.targets.push_back(t);
    else
      return usage();
  }
  if (options.targets.empty())
    options.targets = all_targets();
  auto* now = static_cast<shared_input*>(::mmap(
      nullptr, sizeof(shared_input), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (now == MAP_FAILED)
    return std::perror("mmap"), 1;
  bool good = true;
  for (const auto* t : options.targets)
    good = run(*t, options, *now) && good;
  return good ? 0 : 1;
}
