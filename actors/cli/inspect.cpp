// `pmmc inspect`.
#include "storage/inspect.hpp"
#include "cli.hpp"
#include "node/json_text.hpp"
#include "table.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace pmmc::cli {

namespace {

using json = nlohmann::ordered_json;

json ballot_json(const ballot_num& b) {
  return {{"seqnum", std::to_string(b.seqnum)}, {"leader", b.leader.str()}};
}

json acceptor_json(const storage::inspected_acceptor& acceptor) {
  json versions = json::array();
  for (const auto& v : acceptor.versions)
    versions.push_back({{"version", std::to_string(v.version)},
                        {"ballot", ballot_json(v.ballot)},
                        {"pvalues", std::to_string(v.pvalues)},
                        {"lowest", std::to_string(v.lowest)},
                        {"highest", std::to_string(v.highest)},
                        {"command_bytes", std::to_string(v.command_bytes)}});
  return {{"watermark", std::to_string(acceptor.watermark)},
          {"writes", std::to_string(acceptor.writes)},
          {"versions", std::move(versions)}};
}

json raft_json(const storage::inspected_raft& raft) {
  return {{"writes", std::to_string(raft.writes)},
          {"term", std::to_string(raft.term)},
          {"voted_for", raft.voted_for.str()},
          {"in_snapshot", std::to_string(raft.in_snapshot)},
          {"last", std::to_string(raft.last)},
          {"last_term", std::to_string(raft.last_term)},
          {"log_bytes", std::to_string(raft.log_bytes)}};
}

json simple_json(const storage::inspected_simple& simple) {
  return {{"min", std::to_string(simple.min)},
          {"writes", std::to_string(simple.writes)},
          {"promised", std::to_string(simple.promised)},
          {"accepted", std::to_string(simple.accepted)},
          {"highest", std::to_string(simple.highest)},
          {"command_bytes", std::to_string(simple.command_bytes)}};
}

json to_json(const storage::inspection& i) {
  json j{{"path", i.path.string()}, {"good", i.good()}};
  if (i.format) {
    j["cluster"] = i.format->cluster;
    j["role"] = std::string{to_string(i.format->kind)};
    j["id"] = i.format->id.str();
    j["format_id"] = i.format->format_id;
    j["protocol"] = i.format->facts.protocol;
    j["engine"] = i.format->facts.engine;
    j["state_machine"] = i.format->facts.machine;
    j["window"] = std::to_string(i.format->facts.window);
  }
  if (i.running_as > 0)
    j["running_as"] = std::to_string(i.running_as);
  j["disk_bytes"] = std::to_string(i.disk_bytes);
  if (i.acceptor)
    j["acceptor"] = acceptor_json(*i.acceptor);
  if (i.raft)
    j["raft"] = raft_json(*i.raft);
  if (i.simple)
    j["simple"] = simple_json(*i.simple);
  if (i.seqnum)
    j["free_seqnum"] = std::to_string(*i.seqnum);
  j["lives"] = std::to_string(i.lives);
  json disks = json::object();
  for (const auto& [id, format_id] : i.known_disks)
    disks[id.str()] = format_id;
  j["known_disks"] = std::move(disks);
  json records = json::object();
  for (const auto& [id, count] : i.known_records)
    records[id.str()] = std::to_string(count);
  j["known_records"] = std::move(records);
  j["snapshots"] = json::array();
  for (const auto& s : i.snapshots)
    j["snapshots"].push_back({{"slot", std::to_string(s.slot)},
                              {"file_bytes", std::to_string(s.file_bytes)},
                              {"good", s.good}});
  j["files"] = json::array();
  for (const auto& f : i.files)
    j["files"].push_back({{"name", f.name}, {"bytes", std::to_string(f.bytes)}});
  j["problems"] = i.problems;
  return j;
}

unsigned long long number(std::uint64_t n) { return n; }

void print_acceptor(const storage::inspected_acceptor& acceptor) {
  std::printf("watermark  %llu (slots below are gone)\n", number(acceptor.watermark));
  for (const auto& v : acceptor.versions)
    std::printf("version %llu  ballot %s, %llu pvalues in slots %llu to %llu, %s of commands\n",
                number(v.version), to_string(v.ballot).c_str(), number(v.pvalues), number(v.lowest),
                number(v.highest), human_bytes(v.command_bytes).c_str());
}

void print_raft(const storage::inspected_raft& raft) {
  std::printf("term       %llu, voted for %s\n", number(raft.term),
              raft.voted_for.empty() ? "nobody" : raft.voted_for.str().c_str());
  std::printf("log        the last entry is %llu of term %llu; those up to %llu are in a snapshot, "
              "%s behind them\n",
              number(raft.last), number(raft.last_term), number(raft.in_snapshot),
              human_bytes(raft.log_bytes).c_str());
}

void print_simple(const storage::inspected_simple& simple) {
  std::printf("min        %llu (slots below are gone)\n", number(simple.min));
  std::printf("votes      a number promised in %llu slots, up to slot %llu; a proposal accepted in "
              "%llu of them, %s of commands\n",
              number(simple.promised), number(simple.highest), number(simple.accepted),
              human_bytes(simple.command_bytes).c_str());
}

void print_role(const storage::inspection& i) {
  if (i.acceptor)
    print_acceptor(*i.acceptor);
  if (i.raft)
    print_raft(*i.raft);
  if (i.simple)
    print_simple(*i.simple);
  if (i.seqnum && i.format && i.format->kind == role_kind::leader)
    std::printf("seqnum     %llu is the least that was never used\n", number(*i.seqnum));
  std::printf("lives      %llu\n", number(i.lives));
  for (const auto& [id, format_id] : i.known_disks)
    std::printf("knows      %s by disk %s\n", id.str().c_str(), format_id.c_str());
  for (const auto& s : i.snapshots)
    std::printf("snapshot   of the slots below %llu, %s, %s\n", number(s.slot),
                human_bytes(s.file_bytes).c_str(), s.good ? "good" : "DAMAGED");
}

void print_text(const storage::inspection& i) {
  std::printf("directory  %s\n", i.path.c_str());
  if (i.format)
    std::printf(
        "role       %s %s of cluster %s\nformat_id  %s\nmachine    %s\nwindow     %llu slots\n",
        std::string{to_string(i.format->kind)}.c_str(), i.format->id.str().c_str(),
        i.format->cluster.c_str(), i.format->format_id.c_str(), i.format->facts.machine.c_str(),
        number(i.format->facts.window));
  if (i.running_as > 0)
    std::printf("in use     by process %ld\n", i.running_as);
  std::printf("disk       %s\n", human_bytes(i.disk_bytes).c_str());
  print_role(i);
  table files{{"FILE", "BYTES"}};
  for (const auto& f : i.files)
    files.add({f.name, std::to_string(f.bytes)});
  std::printf("\n");
  files.print(stdout);
  std::printf("\n%s\n", i.good() ? "every checksum is right" : "PROBLEMS:");
  for (const auto& problem : i.problems)
    std::printf("  %s\n", problem.c_str());
}

} // namespace

int inspect(const arguments& a) {
  a.expect_words(1, 1);
  const auto report = storage::inspect(
      a.words[0], [&](storage::snapshot_reader& snapshot, const cluster_facts& facts) {
        storage::restore_state(snapshot, [&] { return first_state(a.make_machine(), facts); });
      });
  if (a.json)
    std::printf("%s\n", json_text(to_json(report), 2).c_str());
  else
    print_text(report);
  return report.good() ? done : internal_error;
}

} // namespace pmmc::cli
