#include "load/report.hpp"

#include <nlohmann/json.hpp>

namespace pmmc::load {

namespace {

using json = nlohmann::ordered_json;

std::string count_text(std::uint64_t n) { return std::to_string(n); }

/// The servers' part, worked out once for both forms.
struct server_figures {
  struct process {
    std::string name;
    std::optional<pid_t> pid;
    std::optional<double> cpu_seconds;
    std::optional<std::uint64_t> rest_bytes, loaded_bytes;
  };
  std::vector<process> processes;
  std::optional<double> cpu_per_1000, slots_per_second, commands_per_slot, syncs_per_second,
      syncs_per_command, records_per_sync, messages_per_command;
  std::string no_cpu, no_slots, no_metrics;
};

std::optional<double> growth(const server_look& before, const server_look& after,
                             const std::string& name) {
  if (!before.metrics || !after.metrics || !after.metrics->contains(name))
    return std::nullopt;
  const auto was = before.metrics->find(name); // a histogram may begin later
  return after.metrics->at(name) - (was == before.metrics->end() ? 0 : was->second);
}

std::optional<double> quotient(std::optional<double> a, std::optional<double> b) {
  if (!a || !b || *b <= 0)
    return std::nullopt;
  return *a / *b;
}

void add_processes(server_figures& f, const measurement& m) {
  double cpu = 0;
  f.no_cpu = m.asked.processes.empty() ? "no server process is known" : "";
  for (std::size_t i = 0; i < m.asked.processes.size(); ++i) {
    const auto& p = m.asked.processes[i];
    const auto &before = m.before.usage[i], &after = m.after.usage[i];
    auto& out = f.processes.emplace_back(server_figures::process{p.name, p.pid, {}, {}, {}});
    if (m.at_rest[i])
      out.rest_bytes = m.at_rest[i]->resident_bytes;
    if (!before || !after) {
      f.no_cpu = p.pid ? "process " + std::to_string(*p.pid) + " has ended" : p.why_no_pid;
      continue;
    }
    out.cpu_seconds = after->cpu_seconds - before->cpu_seconds;
    out.loaded_bytes = after->resident_bytes;
    cpu += *out.cpu_seconds;
  }
  if (f.no_cpu.empty() && m.after.good > m.before.good)
    f.cpu_per_1000 = cpu * 1000 / static_cast<double>(m.after.good - m.before.good);
  else if (f.no_cpu.empty())
    f.no_cpu = "nothing was executed";
}

server_figures figures_of(const measurement& m) {
  server_figures f;
  add_processes(f, m);
  const double seconds = std::chrono::duration<double>(m.after.at - m.before.at).count();
  if (m.before.next_slot && m.after.next_slot)
    f.slots_per_second = static_cast<double>(*m.after.next_slot - *m.before.next_slot) / seconds;
  else
    f.no_slots = "the servers did not tell their slots";
  const auto grown = [&](const char* name) { return growth(m.before, m.after, name); };
  const auto syncs = grown("pmmc_sync_duration_seconds_count");
  f.syncs_per_second = quotient(syncs, seconds);
  auto records = grown("pmmc_acceptor_records_total");
  if (!records)
    records = grown("pmmc_server_records_total");
  f.records_per_sync = quotient(records, syncs);
  const auto commands = static_cast<double>(m.after.good - m.before.good);
  f.syncs_per_command = quotient(syncs, commands);
  f.messages_per_command = quotient(grown("pmmc_messages_sent_total"), commands);
  f.commands_per_slot =
      quotient(grown("pmmc_batch_requests_sum"), grown("pmmc_batch_requests_count"));
  f.no_metrics =
      !m.before.why_no_metrics.empty() ? m.before.why_no_metrics : m.after.why_no_metrics;
  if (f.no_metrics.empty() && (!f.syncs_per_command || !f.records_per_sync ||
                               !f.commands_per_slot || !f.messages_per_command))
    f.no_metrics = "the metrics do not have it, or nothing was decided";
  return f;
}

json figure(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

json latency_json(const latencies& l, double seconds) {
  json j{{"count", count_text(l.count())},
         {"per_second", static_cast<double>(l.count()) / seconds}};
  const bool any = l.count() > 0;
  for (const auto& [name, share] : {std::pair{"p50_ms", 0.5}, {"p99_ms", 0.99}, {"p999_ms", 0.999}})
    j[name] = any ? json(l.quantile(share) * 1000) : json(nullptr);
  j["max_ms"] = any ? json(l.longest() * 1000) : json(nullptr);
  return j;
}

json endings_json(const std::array<std::uint64_t, ending_names.size()>& counts) {
  json j = json::object();
  for (std::size_t i = 0; i < counts.size(); ++i)
    j[ending_names[i]] = count_text(counts[i]);
  return j;
}

json servers_json(const measurement& m) {
  const auto f = figures_of(m);
  json processes = json::array();
  for (const auto& p : f.processes) {
    const auto bytes = [](const auto& n) { return n ? json(count_text(*n)) : json(nullptr); };
    processes.push_back({{"name", p.name},
                         {"pid", p.pid ? json(*p.pid) : json(nullptr)},
                         {"cpu_seconds", figure(p.cpu_seconds)},
                         {"resident_bytes_at_rest", bytes(p.rest_bytes)},
                         {"resident_bytes", bytes(p.loaded_bytes)}});
  }
  json j = json::object(), unavailable = json::object();
  const auto add = [&](const char* name, const auto& value, const std::string& why_not) {
    j[name] = figure(value);
    if (!value)
      unavailable[name] = why_not;
  };
  add("cpu_seconds_per_1000_operations", f.cpu_per_1000, f.no_cpu);
  add("slots_per_second", f.slots_per_second, f.no_slots);
  add("syncs_per_second", f.syncs_per_second, f.no_metrics);
  add("syncs_per_command", f.syncs_per_command, f.no_metrics);
  add("records_per_sync", f.records_per_sync, f.no_metrics);
  add("commands_per_slot", f.commands_per_slot, f.no_metrics);
  add("messages_per_command", f.messages_per_command, f.no_metrics);
  j["processes"] = std::move(processes);
  j["unavailable"] = std::move(unavailable);
  return j;
}

std::string line(const char* format, auto... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string latency_text(const char* name, const latencies& l, double seconds) {
  if (l.count() == 0)
    return {};
  return line("%-5s %10.0f/s  p50 %.2f ms  p99 %.2f ms  p99.9 %.2f ms  max %.2f ms  (%llu)\n", name,
              static_cast<double>(l.count()) / seconds, l.quantile(0.5) * 1000,
              l.quantile(0.99) * 1000, l.quantile(0.999) * 1000, l.longest() * 1000,
              static_cast<unsigned long long>(l.count()));
}

std::string figure_text(const char* name, const std::optional<double>& value, const char* format,
                        const std::string& why_not) {
  return line("%-32s ", name) + (value ? line(format, *value) : "unavailable: " + why_not) + "\n";
}

} // namespace

json to_json(const measurement& m) {
  json j{{"clients", m.what.clients},
         {"keys", count_text(m.what.keys)},
         {"value_bytes", count_text(m.what.value_bytes)},
         {"get_share", m.what.get_share},
         {"preloaded", m.what.preload},
         {"warm_up_seconds", std::chrono::duration<double>(m.what.warm_up).count()},
         {"seconds", m.seconds}};
  j["operations"] = latency_json(m.results.both, m.seconds);
  j["put"] = latency_json(m.results.put, m.seconds);
  j["get"] = latency_json(m.results.get, m.seconds);
  j["measured"] = endings_json(m.results.measured);
  j["whole_run"] = {{"put", endings_json(m.results.all_puts)},
                    {"get", endings_json(m.results.all_gets)}};
  j["troubles"] = json::object();
  for (const auto& [text, count] : m.results.troubles)
    j["troubles"][text] = count_text(count);
  j["servers"] = servers_json(m);
  return j;
}

std::string to_text(const measurement& m) {
  const auto& r = m.results;
  auto text = line("%zu clients, %.1f s after %.1f s of warm-up, %llu keys, values of %zu bytes\n",
                   m.what.clients, m.seconds, std::chrono::duration<double>(m.what.warm_up).count(),
                   static_cast<unsigned long long>(m.what.keys), m.what.value_bytes);
  text += latency_text("put", r.put, m.seconds) + latency_text("get", r.get, m.seconds);
  if (r.put.count() > 0 && r.get.count() > 0)
    text += latency_text("both", r.both, m.seconds);
  for (std::size_t i = 1; i < ending_names.size(); ++i)
    if (r.measured[i] > 0)
      text += line("%-32s %llu\n", ending_names[i], static_cast<unsigned long long>(r.measured[i]));
  for (const auto& [why, count] : r.troubles)
    text += line("  %llu × ", static_cast<unsigned long long>(count)) + why + "\n";
  const auto f = figures_of(m);
  text += figure_text("server CPU per 1,000 operations", f.cpu_per_1000, "%.4f s", f.no_cpu);
  text += figure_text("slots per second", f.slots_per_second, "%.0f", f.no_slots);
  text += figure_text("commands per slot", f.commands_per_slot, "%.1f", f.no_metrics);
  text += figure_text("syncs per second, all disks", f.syncs_per_second, "%.0f", f.no_metrics);
  text += figure_text("syncs per command", f.syncs_per_command, "%.2f", f.no_metrics);
  text += figure_text("records per sync", f.records_per_sync, "%.1f", f.no_metrics);
  text += figure_text("messages per command", f.messages_per_command, "%.2f", f.no_metrics);
  for (const auto& p : f.processes) {
    text += "process " + p.name;
    const auto mib = [](std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
    if (p.loaded_bytes && p.rest_bytes && p.pid)
      text += line(" (pid %d): %.1f MiB before, %.1f MiB under load, %.2f s CPU\n", *p.pid,
                   mib(*p.rest_bytes), mib(*p.loaded_bytes), *p.cpu_seconds);
    else
      text += ": memory unavailable: " + f.no_cpu + "\n";
  }
  return text;
}

} // namespace pmmc::load
