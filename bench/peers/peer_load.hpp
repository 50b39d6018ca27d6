// What the loads of other systems have in common: their command line and their output.
#pragma once

#include "load/options.hpp"
#include "load/report.hpp"

#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

namespace pmmc::bench {

/// A load that runs from its construction on.
class running_load {
public:
  virtual ~running_load() = default;
  /// No further operations; waits for those under way.
  virtual void stop() = 0;
};

using load_maker = std::function<std::unique_ptr<running_load>(
    const std::string& address, const load::plan& p, load::recorder& r)>;

/// PROGRAM HOST:PORT [OPTION]... : measures, and prints the JSON of `pmmc bench --json`. Exit code
/// 0, or 1 if some operation went wrong, or 2.
inline int peer_main(int argc, char** argv, bool needs_preload, const load_maker& make) {
  namespace po = boost::program_options;
  try {
    auto options = load::plan_options();
    options.add_options()("address", po::value<std::string>()->required(), "HOST:PORT");
    po::positional_options_description positional;
    positional.add("address", 1);
    po::variables_map given;
    po::store(po::command_line_parser(argc, argv).options(options).positional(positional).run(),
              given);
    po::notify(given);
    auto plan = load::plan_from(given);
    plan.preload |= needs_preload;
    load::servers asked;
    for (const auto pid : load::server_pids(given))
      asked.processes.push_back(load::servers::numbered(pid));
    load::recorder recorder{plan};
    auto at_rest = load::usage_of_all(asked);
    const auto load = make(given["address"].as<std::string>(), plan, recorder);
    const auto m = load::measure(plan, recorder, asked, std::move(at_rest), [&] { load->stop(); });
    std::printf("%s\n", load::to_json(m).dump(2).c_str());
    return m.results.troubles.empty() ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 2;
  }
}

} // namespace pmmc::bench
