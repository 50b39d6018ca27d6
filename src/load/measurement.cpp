#include "load/measurement.hpp"

#include <thread>

namespace pmmc::load {

namespace {

server_look look(const servers& asked, const recorder& r) {
  server_look result;
  if (asked.next_slot)
    result.next_slot = asked.next_slot();
  if (asked.processes.empty())
    result.why_no_metrics = "no process is known";
  result.metrics.emplace();
  for (const auto& process : asked.processes) {
    std::optional<metric_sums> one;
    if (process.http.empty())
      result.why_no_metrics = "the process at " + process.name + " has no HTTP port";
    else
      one = fetch_metrics(process.http, result.why_no_metrics);
    if (one && result.metrics)
      for (const auto& [name, value] : *one)
        (*result.metrics)[name] += value;
  }
  if (!result.why_no_metrics.empty())
    result.metrics.reset();
  result.usage = usage_of_all(asked);
  result.good = r.good();
  result.at = clock::now();
  return result;
}

} // namespace

server_process servers::listening_at(const std::string& address, const std::string& http) {
  server_process p;
  p.name = address;
  p.http = http;
  p.pid = listener_of(address, p.why_no_pid);
  return p;
}

server_process servers::numbered(pid_t pid) { return {std::to_string(pid), pid, {}, {}}; }

std::vector<std::optional<server_usage>> usage_of_all(const servers& asked) {
  std::vector<std::optional<server_usage>> result;
  for (const auto& process : asked.processes)
    result.push_back(process.pid ? usage_of(*process.pid) : std::nullopt);
  return result;
}

measurement measure(const plan& p, recorder& r, const servers& asked,
                    std::vector<std::optional<server_usage>> at_rest,
                    const std::function<void()>& stop) {
  if (!r.await_begin()) {
    std::string why;
    for (const auto& [text, count] : r.take().troubles)
      why += (why.empty() ? ": " : "; ") + text;
    throw no_answers{"no operation went well within " + std::to_string(p.timeout.count()) + " ms" +
                     why};
  }
  std::this_thread::sleep_for(p.warm_up);
  measurement m;
  m.what = p;
  m.asked = asked;
  m.at_rest = std::move(at_rest);
  m.before = look(asked, r);
  const auto from = clock::now();
  r.measure(from, from + p.duration);
  std::this_thread::sleep_until(from + p.duration);
  m.after = look(asked, r);
  m.seconds = std::chrono::duration<double>(p.duration).count();
  stop();
  m.results = r.take();
  return m;
}

} // namespace pmmc::load
