#include "node/server.hpp"

#include "caf/system.hpp"
#include "node/hangup.hpp"
#include "node/hosted_process.hpp"
#include "node/log.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace pmmc {

namespace {

bool is_told_to_stop_again() {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  constexpr timespec at_once{};
  return sigtimedwait(&stops, nullptr, &at_once) > 0;
}

/// Signals are taken by sigwait in the main thread, so they must be blocked before any other thread
/// is there to receive them.
sigset_t block_our_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN); // a limit of a file's size is an error of the write, which is told
  return signals;
}

/// SIGHUP: "take up logs and settings again". Nobody should wonder afterwards what came of it.
void take_up_again(const config::cluster_file& cluster) {
  const auto read = config::load_cluster_file(cluster.path);
  for (const auto& error : read.errors)
    spdlog::warn("SIGHUP: a mistake in the config file: {}", error);
  spdlog::info("SIGHUP: the log goes to stderr, so there is no file to reopen; the config file {}, "
               "and nothing in it can change while the process runs: restart it for that",
               read.errors.empty() ? "was read again, and is good" : "has mistakes");
  spdlog::default_logger()->flush();
}

/// Returns what for. In the main thread.
std::string_view await_stop(const sigset_t& signals, const hangup& terminal,
                            const config::cluster_file& cluster) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGTERM)
      return "SIGTERM";
    if (signal == SIGINT)
      return "SIGINT";
    if (terminal.terminal_is_gone())
      return "SIGHUP: its terminal is gone";
    take_up_again(cluster);
  }
}

/// For the replica, the leader and its sub-actors; the network, the acceptor and the disk have
/// threads of their own. On a small machine more of them cost more in wake-ups than they do: there
/// the network's does their work, too.
std::size_t scheduler_threads() { return std::thread::hardware_concurrency() > 4 ? 2 : 0; }

} // namespace

void hold_signals() { block_our_signals(); }

void serve(const config::cluster_file& cluster, const start_options& options,
           const state_machine_factory& make_machine) {
  const auto signals = block_our_signals();
  const hangup terminal;
  start_log(options.process.ids(), options.log);
  hosted_process hosted{cluster, options, make_machine};
  system_config settings{scheduler_threads()};
  caf::actor_system system{settings};
  try {
    hosted.start(system);
  } catch (...) {
    hosted.stop(system,
                [] { return true; }); // or the actor system would wait for its actors for ever
    throw;
  }
  std::printf("ready %s\n", options.process.ids().c_str());
  std::fflush(stdout);
  spdlog::info("stops on {}", await_stop(signals, terminal, cluster));
  hosted.stop(system, is_told_to_stop_again);
  // The actor system's destructor would wait for the threads of detached actors, and those for the
  // last reference to their actors, which a message to a peer that has just gone may hold for ever.
  spdlog::default_logger()->flush();
  std::_Exit(0);
}

} // namespace pmmc
