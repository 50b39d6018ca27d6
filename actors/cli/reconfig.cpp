// `pmmc reconfig`: one reconfiguration, from the first check to the names of those that can go.
#include "cli.hpp"
#include "config/address.hpp"
#include "connection.hpp"
#include "high_marks.hpp"
#include "newcomers.hpp"
#include "probe.hpp"
#include "reconfiguration.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

namespace pmmc::cli {

namespace {

using json = nlohmann::ordered_json;

/// A newcomer may be behind by so many WINDOWs when it is made a member; the rest comes by itself.
constexpr std::uint64_t most_windows_behind = 4;
constexpr std::chrono::milliseconds poll_interval{50};

// --- The command's words ------------------------------------------------------------------------

[[noreturn]] void bad_word(const std::string& word, const char* form) {
  throw command_error{bad_usage, "\"" + word + "\" is not " + form};
}

member_kind parse_kind(const std::string& word, const char* form) {
  const auto colon = word.find(':');
  for (const auto kind : all_member_kinds)
    if (word.substr(0, colon) == pmmc::to_string(kind))
      return kind;
  bad_word(word, form);
}

reconfiguration::addition parse_addition(const std::string& word) {
  constexpr auto form = "ROLE:ID=HOST:PORT, such as acceptor:a4=127.0.0.1:7104";
  const auto kind = parse_kind(word, form);
  const auto colon = word.find(':');
  const auto equals = word.find('=', colon);
  if (equals == std::string::npos)
    bad_word(word, form);
  const auto id = word.substr(colon + 1, equals - colon - 1);
  std::string error;
  const auto where = config::parse_address(word.substr(equals + 1), error);
  if (!config::is_valid_id(id) || !where || config::is_wildcard(where->host))
    bad_word(word, form);
  return {kind, {role_id{id}, config::to_string(*where)}};
}

reconfiguration::removal parse_removal(const std::string& word) {
  constexpr auto form = "ROLE:ID, such as acceptor:a1";
  const auto kind = parse_kind(word, form);
  const auto id = word.substr(word.find(':') + 1);
  if (!config::is_valid_id(id))
    bad_word(word, form);
  return {kind, role_id{id}};
}

/// Without disks and the version that it replaces.
reconfiguration parse_change(const arguments& a) {
  reconfiguration change;
  std::set<role_id> added, removed;
  if (a.options.count("add") > 0)
    for (const auto& word : a.options["add"].as<std::vector<std::string>>())
      if (change.add.push_back(parse_addition(word));
          !added.insert(change.add.back().who.id).second)
        throw command_error{bad_usage, change.add.back().who.id.str() + " is added twice"};
  if (a.options.count("remove") > 0)
    for (const auto& word : a.options["remove"].as<std::vector<std::string>>())
      if (change.remove.push_back(parse_removal(word));
          !removed.insert(change.remove.back().id).second)
        throw command_error{bad_usage, change.remove.back().id.str() + " is removed twice"};
  if (change.add.empty() && change.remove.empty())
    throw command_error{bad_usage, "what is to change? Name it with --add ROLE:ID=HOST:PORT and "
                                   "--remove ROLE:ID"};
  return change;
}

// --- Words for people ---------------------------------------------------------------------------

std::string list(const std::vector<member>& members) {
  std::string text;
  for (const auto& m : members)
    text += " " + m.id.str();
  return text;
}

std::string described(const configuration& c) {
  const auto survives =
      std::min({c.tolerated_failures(), c.leaders.size() - 1, c.replicas.size() - 1});
  return "acceptors" + list(c.acceptors) + " (quorum " + std::to_string(c.quorum()) + "), leaders" +
         list(c.leaders) + ", replicas" + list(c.replicas) + "; survives " +
         std::to_string(survives) + " failure" + (survives == 1 ? "" : "s") + " of each kind";
}

// --- The command --------------------------------------------------------------------------------

class reconfigurer {
public:
  reconfigurer(const arguments& a, config::cluster_file cluster)
      : arguments_(a), cluster_(std::move(cluster)), change_(parse_change(a)) {}

  int run();

private:
  void ask();
  void ask_at_former_addresses();
  bool is_made_already() const;
  void check_acceptors(const configuration& next) const;
  configuration check();
  void print_dry_run(const configuration& next) const;
  void wait_for_newcomers();
  void propose();
  bool is_safe(std::string& why_not) const;
  std::string not_durable_because(const configuration& config) const;
  void wait_until_safe();
  std::string fate(const reconfiguration::removal& r, const std::string& address, bool alone) const;
  void report() const;
  slot_num highest_slot_out() const;
  void say(const std::string& text);
  template <class Done>
  void poll(const std::set<std::string>& where, exit_code when_stuck,
            const std::string& consequence, Done done);

  const arguments& arguments_;
  config::cluster_file cluster_;
  reconfiguration change_;
  std::set<std::string> former_addresses_; ///< of newcomers that were members once
  probed_cluster probed_;
  config_version version_ = 0; ///< that the change has made
  std::string said_;
};

int reconfigurer::run() {
  ask();
  ask_at_former_addresses();
  if (!probed_.answered) {
    std::string tried;
    for (const auto& [address, process] : probed_.processes)
      tried += "\n  " + address + ": " + process.why;
    throw command_error{not_executed, "no process of the cluster could be asked:" + tried};
  }
  if (is_made_already()) {
    version_ = probed_.known.version();
    say("version " + std::to_string(version_) + " has made this change already");
  } else {
    check_newcomers(change_, probed_);
    const auto next = check();
    if (arguments_.options["dry-run"].as<bool>()) {
      print_dry_run(next);
      return done;
    }
    wait_for_newcomers();
    propose();
  }
  wait_until_safe();
  report();
  return done;
}

void reconfigurer::ask() {
  std::set<std::string> also;
  for (const auto& a : change_.add)
    also.insert(a.who.address);
  also.insert(former_addresses_.begin(), former_addresses_.end());
  probed_ =
      probe(cluster_, false, std::min(arguments_.timeout, std::chrono::milliseconds{2'000}), also);
}

/// No process tells where one was that is no member any more.
void reconfigurer::ask_at_former_addresses() {
  for (const auto& a : change_.add)
    if (const auto address = last_address(a, probed_.known);
        !address.empty() && !probed_.processes.contains(address))
      former_addresses_.insert(address);
  if (!former_addresses_.empty())
    ask();
}

slot_num reconfigurer::highest_slot_out() const {
  slot_num highest = 0;
  for (const auto& r : probed_.roles())
    if (r.up && r.role.kind == config::role_kind::replica)
      highest = std::max(highest, r.status.state.slot_out);
  return highest;
}

/// Progress goes to stderr, each line once.
void reconfigurer::say(const std::string& text) {
  if (text != said_)
    std::fprintf(stderr, "pmmc: %s\n", text.c_str());
  said_ = text;
}

/// A command that was killed after its decision is simply given again.
bool reconfigurer::is_made_already() const {
  const auto& history = probed_.known.configurations;
  const auto& latest = history.latest();
  const auto* before = history.find(latest.version - 1);
  if (before == nullptr)
    return false;
  for (const auto& a : change_.add) {
    const auto* now = latest.find(a.kind, a.who.id);
    const auto* then = before->find(a.kind, a.who.id);
    if (now == nullptr || now->address != a.who.address ||
        (then != nullptr && then->address == a.who.address))
      return false;
  }
  for (const auto& r : change_.remove) {
    const bool moves = std::any_of(change_.add.begin(), change_.add.end(),
                                   [&](const auto& a) { return a.who.id == r.id; });
    if (before->find(r.kind, r.id) == nullptr || (!moves && latest.find(r.kind, r.id) != nullptr))
      return false;
  }
  return true;
}

configuration reconfigurer::check() {
  const auto& history = probed_.known.configurations;
  change_.replaces = history.latest().version;
  std::string why_not;
  auto next = apply(change_, history, why_not);
  if (!next)
    throw command_error{precondition_failed, "refused: " + why_not};
  check_acceptors(*next);
  if (next->acceptors.size() % 2 == 0)
    std::fprintf(stderr,
                 "pmmc: warning: %zu acceptors have a quorum of %zu and survive %zu failure%s, as "
                 "%zu would\n",
                 next->acceptors.size(), next->quorum(), next->tolerated_failures(),
                 next->tolerated_failures() == 1 ? "" : "s", next->acceptors.size() - 1);
  return *next;
}

void reconfigurer::check_acceptors(const configuration& next) const {
  std::size_t up = 0;
  std::string down;
  for (const auto& m : next.acceptors) {
    const auto at = probed_.at(role_of(member_kind::acceptor, m));
    if (at.up)
      ++up;
    else
      down += "\n  " + m.id.str() + " at " + m.address + ": " + at.why;
  }
  if (up < next.quorum())
    throw command_error{precondition_failed,
                        "only " + std::to_string(up) + " of the " +
                            std::to_string(next.acceptors.size()) +
                            " acceptors of the new configuration can be reached, and " +
                            std::to_string(next.quorum()) + " are needed:" + down};
}

void reconfigurer::print_dry_run(const configuration& next) const {
  std::uint64_t window = 0;
  for (const auto& [address, process] : probed_.processes)
    window = std::max(window, process.status.window);
  const auto slot = std::max<slot_num>(highest_slot_out(), 1);
  if (arguments_.json) {
    json j{{"version", std::to_string(next.version)},
           {"replaces", std::to_string(change_.replaces)},
           {"earliest_first_slot", std::to_string(slot + window)},
           {"quorum", next.quorum()},
           {"survives", next.tolerated_failures()}};
    std::printf("%s\n", j.dump(2).c_str());
    return;
  }
  std::printf("would propose version %llu in place of version %llu: %s\n"
              "it would govern the slots from %llu on at the earliest (slot %llu + WINDOW %llu)\n",
              static_cast<unsigned long long>(next.version),
              static_cast<unsigned long long>(change_.replaces), described(next).c_str(),
              static_cast<unsigned long long>(slot + window), static_cast<unsigned long long>(slot),
              static_cast<unsigned long long>(window));
}

/// Asks again and again until `done`, as long as something moves in the processes at `where`, or in
/// any if that is empty. What moves: slots, snapshots, pieces of snapshots, and versions, all of
/// which grow; who comes and goes, or leads for a moment, gets nothing done.
template <class Done>
void reconfigurer::poll(const std::set<std::string>& where, exit_code when_stuck,
                        const std::string& consequence, Done done) {
  auto moved = std::chrono::steady_clock::now();
  high_marks marks;
  for (std::string why; !done(why); ask()) {
    for (const auto& [address, process] : probed_.processes)
      for (const auto& role : process.status.roles)
        if ((where.empty() || where.contains(address)) &&
            marks.grow(address + " " + role.id.str(),
                       {role.state.slot_out, role.state.snapshot_slot, role.fetched_bytes,
                        role.state.version}))
          moved = std::chrono::steady_clock::now();
    if (std::chrono::steady_clock::now() - moved > arguments_.timeout)
      throw command_error{when_stuck, why + ", and nothing has moved for " +
                                          std::to_string(arguments_.timeout.count() / 1000) +
                                          " s; " + consequence};
    say(why);
    std::this_thread::sleep_for(poll_interval); // processes are asked, they do not call
  }
}

void reconfigurer::wait_for_newcomers() {
  std::uint64_t window = 1;
  for (const auto& [address, process] : probed_.processes)
    window = std::max(window, process.status.window);
  std::set<std::string> newcomers; // the others move all the time, under load
  for (const auto& a : change_.add)
    newcomers.insert(a.who.address);
  poll(newcomers, not_executed, "nothing was proposed", [&](std::string& why) {
    for (const auto& a : change_.add) {
      if (a.kind != member_kind::replica)
        continue;
      const auto at = probed_.at(role_of(a.kind, a.who));
      const auto behind =
          highest_slot_out() - std::min(highest_slot_out(), at.status.state.slot_out);
      if (at.up && behind <= most_windows_behind * window)
        continue;
      why = "replica " + a.who.id.str() + " is catching up";
      if (!at.up)
        why = "replica " + a.who.id.str() + " does not answer: " + at.why;
      else if (at.status.fetched_bytes > 0)
        why += ", " + std::to_string(at.status.fetched_bytes >> 20) + " MiB of a snapshot so far";
      return false;
    }
    return true;
  });
}

void reconfigurer::propose() {
  connection c{cluster_, arguments_.timeout};
  const auto outcome = c.reconfigure(encode(change_));
  if (outcome.kind == outcome_kind::unknown)
    throw command_error{outcome_unknown,
                        "it is not known whether the change was decided: " + outcome.body +
                            "; give the same command again: it does not act twice"};
  if (outcome.kind != outcome_kind::done)
    throw command_error{not_executed, outcome.body};
  const auto result = decode_reconfiguration_outcome(outcome.body);
  if (!result)
    throw command_error{internal_error, "the answer is no outcome of a reconfiguration"};
  if (result->status == reconfiguration_status::conflict)
    throw command_error{precondition_failed, "version conflict: " + result->text +
                                                 "; look at `pmmc config`, then decide again"};
  if (result->status == reconfiguration_status::refused)
    throw command_error{precondition_failed, "refused: " + result->text};
  version_ = result->version;
  say("version " + std::to_string(version_) + " is decided and governs the slots from " +
      std::to_string(result->first_slot) + " on");
  ask();
}

/// The new configuration works, and nothing depends on the old one any more: what is below the
/// boundary is decided, and durable at f+1 replicas of the new one.
bool reconfigurer::is_safe(std::string& why_not) const {
  const auto* config = probed_.known.configurations.find(version_);
  const auto name = "version " + std::to_string(version_);
  if (config == nullptr) {
    why_not = name + " is decided";
    return false;
  }
  if (highest_slot_out() <= config->first_slot) {
    why_not = name + " waits for slot " + std::to_string(config->first_slot);
    return false;
  }
  bool led = false;
  for (const auto& r : probed_.roles())
    led |= r.role.kind == config::role_kind::leader && r.up && r.status.state.active &&
           probed_.known.configurations.latest().has_leader(r.role.id);
  if (!led) {
    why_not = name + " is in force; no leader of it is active yet";
    return false;
  }
  why_not = name + " is in force; " + not_durable_because(*config);
  return probed_.known.live_from >= version_;
}

/// Who is waited for.
std::string reconfigurer::not_durable_because(const configuration& config) const {
  std::string without;
  for (const auto& m : config.replicas) {
    const auto at = probed_.at(role_of(member_kind::replica, m));
    if (!at.up)
      without += " " + m.id.str() + " (down)";
    else if (at.status.state.snapshot_slot < config.first_slot)
      without += " " + m.id.str();
  }
  if (without.empty())
    return "its replicas have the state on disk, and tell each other";
  return std::to_string(config.durable_replicas()) + " of its " +
         std::to_string(config.replicas.size()) + " replicas must have a snapshot of slot " +
         std::to_string(config.first_slot) + " on disk; without one:" + without;
}

void reconfigurer::wait_until_safe() {
  poll({}, outcome_unknown,
       "do not switch anything off yet. Give the same command again to go on waiting",
       [&](std::string& why) { return is_safe(why); });
}

/// What becomes of one that was at `address`. `alone`: no member is there any more.
std::string reconfigurer::fate(const reconfiguration::removal& r, const std::string& address,
                               bool alone) const {
  const auto goes_on = "; the process at " + address + " goes on for its other roles";
  for (const auto& a : change_.add)
    if (a.who.id == r.id && a.who.address != address)
      return r.id.str() + " has moved from " + address + " to " + a.who.address +
             (alone ? "; nothing is needed at " + address : goes_on);
  return alone ? "can be switched off: " + r.id.str() + " at " + address
               : r.id.str() + " has no part any more" + goes_on;
}

void reconfigurer::report() const {
  const auto& latest = probed_.known.configurations.latest();
  const auto* config = probed_.known.configurations.find(version_);
  std::set<std::string> needed;
  for (const auto kind : all_member_kinds)
    for (const auto& m : latest.members(kind))
      needed.insert(m.address);
  json off = json::array();
  std::string lines;
  const auto* before = probed_.known.configurations.find(version_ - 1);
  for (const auto& r : change_.remove) {
    const auto* m = before == nullptr ? nullptr : before->find(r.kind, r.id);
    const auto address = m == nullptr ? std::string{"unknown"} : m->address;
    const bool alone = !needed.contains(address);
    off.push_back(
        {{"id", r.id.str()}, {"address", address}, {"process_can_be_switched_off", alone}});
    lines += fate(r, address, alone) + "\n";
  }
  if (arguments_.json) {
    json j{{"version", std::to_string(version_)},
           {"first_slot", std::to_string(config->first_slot)},
           {"quorum", config->quorum()},
           {"survives", config->tolerated_failures()},
           {"removed", off}};
    std::printf("%s\n", j.dump(2).c_str());
    return;
  }
  std::printf("version %llu is active from slot %llu: %s\n%s",
              static_cast<unsigned long long>(version_),
              static_cast<unsigned long long>(config->first_slot), described(*config).c_str(),
              lines.c_str());
}

} // namespace

int reconfig(const arguments& a) {
  a.expect_words(0, 0, "reconfig --add ROLE:ID=HOST:PORT... --remove ROLE:ID... [--dry-run]");
  return reconfigurer{a, a.load_cluster()}.run();
}

} // namespace pmmc::cli
