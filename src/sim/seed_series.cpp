#include "sim/seed_series.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <poll.h>
#include <system_error>

namespace pmmc::sim {

namespace {

/// Waits until at least one of the runs is done, and returns the first of them.
std::size_t wait_for_one(const std::vector<isolated_run>& running) {
  std::vector<pollfd> waiting;
  for (const auto& r : running)
    waiting.push_back({r.descriptor(), POLLIN, 0});
  while (poll(waiting.data(), waiting.size(), -1) < 0)
    if (errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "poll"};
  const auto done =
      std::find_if(waiting.begin(), waiting.end(), [](const pollfd& p) { return p.revents != 0; });
  return static_cast<std::size_t>(done - waiting.begin());
}

} // namespace

series_result run_series(const seed_series& s,
                         const std::function<void(const series_result&)>& progress) {
  series_result all;
  std::vector<isolated_run> running;
  const auto steps = s.less.steps.value_or(0);
  std::uint64_t next = 0;
  while (next < s.runs || !running.empty()) {
    const bool go_on = next < s.runs && all.failures.size() < s.most_failures;
    if (go_on && running.size() < s.jobs) {
      running.emplace_back(choose_scenario(s.first_seed + next++, s.less), steps, false);
      continue;
    }
    if (running.empty())
      break;
    const auto done = wait_for_one(running);
    auto r = running[done].finish();
    std::vector<isolated_run> others;
    for (std::size_t i = 0; i < running.size(); ++i)
      if (i != done)
        others.push_back(std::move(running[i]));
    running.swap(others);
    ++all.runs;
    all.facts.add(r.facts);
    if (!r.broken.empty())
      all.failures.push_back(std::move(r));
    progress(all);
  }
  std::sort(all.failures.begin(), all.failures.end(),
            [](const result& x, const result& y) { return x.seed < y.seed; });
  return all;
}

std::string to_string(const reduction& less) {
  std::string text;
  const auto add = [&](const std::string& words) { text += " " + words; };
  if (less.engine != engine_kind::pmmc)
    add("--engine " + std::string{to_string(less.engine)});
  if (less.nodes)
    add("--nodes " + std::to_string(*less.nodes));
  if (less.steps)
    add("--steps " + std::to_string(*less.steps));
  if (less.keep) {
    std::string list;
    for (const auto i : *less.keep)
      list += (list.empty() ? "" : ",") + std::to_string(i);
    add("--keep " + (list.empty() ? "none" : list));
  }
  for (const auto kind : less.without)
    add("--without " + std::string{to_string(kind)});
  if (less.clients)
    add("--clients " + std::to_string(*less.clients));
  if (less.operations)
    add("--operations " + std::to_string(*less.operations));
  if (less.calm_network)
    add("--calm-network");
  return text;
}

std::string story(std::uint64_t seed, const reduction& less, std::size_t most_messages) {
  isolated_run run{choose_scenario(seed, less), less.steps.value_or(0), true};
  const auto end = run.finish();
  const auto text = run.output();
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto stop = std::min(text.find('\n', at), text.size());
    lines.push_back(std::string_view{text}.substr(at, stop - at));
    at = stop + 1;
  }
  const auto is_message = [](std::string_view l) { return l.find(" -> ") != l.npos; };
  const auto is_gossip = [](std::string_view l) {
    return l.find(": ping ") != l.npos || l.find(": pong ") != l.npos;
  };
  std::size_t left_out = 0;
  for (const auto& l : lines)
    left_out += is_message(l) && !is_gossip(l);
  left_out -= std::min(left_out, most_messages);
  std::string out;
  for (const auto& l : lines) {
    if (is_message(l) && (is_gossip(l) || left_out > 0)) {
      left_out -= !is_gossip(l);
      continue;
    }
    out.append(l).append("\n");
  }
  return out + "broken: " + (end.broken.empty() ? "nothing" : end.broken) + "\n";
}

} // namespace pmmc::sim
