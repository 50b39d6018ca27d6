#include "load/options.hpp"

namespace pmmc::load {

namespace po = boost::program_options;

namespace {

std::chrono::milliseconds seconds(const po::variables_map& given, const char* name) {
  const auto value = given[name].as<double>();
  if (!(value >= 0) || value > 86'400)
    throw po::error{std::string{"--"} + name + " takes seconds, 0 to 86400"};
  return std::chrono::milliseconds{static_cast<long>(value * 1000)};
}

} // namespace

po::options_description plan_options() {
  const plan p;
  po::options_description options{"Options of bench"};
  auto add = options.add_options();
  add("clients", po::value<std::size_t>()->default_value(p.clients),
      "each has one operation under way");
  add("keys", po::value<std::uint64_t>()->default_value(p.keys), "different keys, of 16 bytes");
  add("value-size", po::value<std::size_t>()->default_value(p.value_bytes), "bytes of each value");
  add("gets", po::value<double>()->default_value(0),
      "percent of the operations; the rest are puts");
  add("preload", po::bool_switch(), "first put every key once, unmeasured");
  add("warm-up", po::value<double>()->default_value(2), "seconds before those that count");
  add("duration", po::value<double>()->default_value(8), "seconds that count");
  add("random-seed", po::value<std::uint64_t>()->default_value(p.seed), "of keys and values");
  add("server-pid", po::value<std::vector<pid_t>>()->composing(),
      "a server's process, to count its CPU time and memory; else those that are found");
  return options;
}

plan plan_from(const po::variables_map& given) {
  plan p;
  p.clients = given["clients"].as<std::size_t>();
  p.keys = given["keys"].as<std::uint64_t>();
  p.value_bytes = given["value-size"].as<std::size_t>();
  p.get_share = given["gets"].as<double>() / 100;
  p.preload = given["preload"].as<bool>();
  p.warm_up = seconds(given, "warm-up");
  p.duration = seconds(given, "duration");
  p.seed = given["random-seed"].as<std::uint64_t>();
  if (p.clients == 0 || p.clients > 100'000)
    throw po::error{"--clients takes 1 to 100000"};
  if (p.keys == 0 || p.keys > 1'000'000'000'000)
    throw po::error{"--keys takes 1 to 10^12"};
  if (p.value_bytes > 1 << 20)
    throw po::error{"--value-size takes 0 to 1048576"};
  if (!(p.get_share >= 0) || p.get_share > 1)
    throw po::error{"--gets takes a percentage, 0 to 100"};
  if (p.duration.count() == 0)
    throw po::error{"--duration takes more than 0 seconds"};
  return p;
}

std::vector<pid_t> server_pids(const po::variables_map& given) {
  return given.count("server-pid") > 0 ? given["server-pid"].as<std::vector<pid_t>>()
                                       : std::vector<pid_t>{};
}

} // namespace pmmc::load
