#include "http/metrics_text.hpp"

#include <map>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sstream>
#include <utility>

namespace pmmc {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

/// Metrics by family, in the order in which the families first came.
class collector {
public:
  template <class Number>
  void gauge(const std::string& name, const std::string& help, labels l, Number value) {
    add(name, help, MetricType::Gauge, std::move(l)).gauge.value = static_cast<double>(value);
  }
  template <class Number>
  void counter(const std::string& name, const std::string& help, labels l, Number value) {
    add(name, help, MetricType::Counter, std::move(l)).counter.value = static_cast<double>(value);
  }
  void histogram(const std::string& name, const std::string& help, labels l,
                 const pmmc::histogram& h) {
    auto& out = add(name, help, MetricType::Histogram, std::move(l)).histogram;
    out.sample_count = h.count();
    out.sample_sum = h.sum();
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < h.bounds().size(); ++i)
      out.bucket.push_back({so_far += h.buckets()[i], h.bounds()[i]});
  }

  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families_);
    return out.str();
  }

private:
  ClientMetric& add(const std::string& name, const std::string& help, MetricType type, labels l) {
    const auto [place, is_new] = index_.try_emplace(name, families_.size());
    if (is_new)
      families_.push_back({name, help, type, {}});
    auto& metrics = families_[place->second].metric;
    metrics.emplace_back().label = std::move(l);
    return metrics.back();
  }

  std::vector<MetricFamily> families_;
  std::map<std::string, std::size_t> index_;
};

labels with(labels l, const std::string& name, const std::string& value) {
  l.push_back({name, value});
  return l;
}

void add_common(collector& out, const labels& l, const role_metrics& m) {
  out.gauge("pmmc_disk_bytes", "Size of the role's data directory.", l, m.status.disk_bytes);
  out.gauge("pmmc_mailbox_messages", "Messages that wait in the role's mailbox.", l,
            m.mailbox_messages);
  out.counter("pmmc_messages_sent_total", "Messages to roles of other processes, clients aside.", l,
              m.messages_sent);
  if (m.status.kind == role_kind::acceptor || m.status.kind == role_kind::leader)
    out.gauge("pmmc_ballot_seqnum",
              "Number of the ballot: an acceptor's promise; a leader's own ballot, or while it is "
              "passive the one that preempted it. The label ballot_leader says whose it is.",
              with(l, "ballot_leader", m.status.ballot().leader.str()), m.status.ballot().seqnum);
  if (m.status.kind != role_kind::leader)
    out.gauge(
        "pmmc_watermark_slot",
        "The log below this slot is garbage: an acceptor or server has dropped it, a replica knows "
        "that enough replicas hold it durably.",
        l, watermark_of(m.status.state));
  out.gauge("pmmc_uncounted_peers",
            "Acceptors, leaders and servers that came back with another disk or an old copy of "
            "their own, and are refused.",
            l, m.status.uncounted.size());
}

void add(collector&, const labels&, const role_status&, const std::monostate&) {}

void add(collector& out, const labels& l, const role_status&, const acceptor_metrics& m) {
  out.histogram("pmmc_sync_duration_seconds", "Duration of writes to the disk with their sync.", l,
                m.sync_seconds);
  out.counter("pmmc_acceptor_records_total",
              "Promises, accepted pvalues and collections made durable.", l, m.records);
  out.gauge("pmmc_acceptor_pvalues", "Accepted pvalues held.", l, m.pvalues);
  out.gauge("pmmc_acceptor_accepted_bytes", "Size of the commands of the accepted pvalues held.", l,
            m.accepted_bytes);
}

void add(collector& out, const labels& l, const role_status& status, const leader_metrics& m) {
  out.gauge("pmmc_leader_active", "1 if the leader is active, 0 if it is passive or scouting.", l,
            status.is_active());
  out.counter("pmmc_preemptions_total",
              "Ballots that the leader lost to a higher one while it scouted or was active.", l,
              m.core.preemptions);
  out.counter("pmmc_scouts_started_total", "Scouts started.", l, m.scouts_started);
  out.gauge("pmmc_scouts", "Scouts at work.", l, m.scouts);
  out.counter("pmmc_commanders_started_total", "Commanders started.", l, m.commanders_started);
  out.gauge("pmmc_commanders", "Commanders in flight.", l, m.commanders);
  out.counter("pmmc_leader_decisions_total", "Slots decided at this leader's ballots.", l,
              m.core.decisions);
  out.gauge("pmmc_leader_proposals", "Proposals that are not decided yet.", l, m.proposals);
  out.gauge("pmmc_leader_waiting_proposals", "Proposals that wait for a free commander.", l,
            m.waiting_for_commander);
}

void add_slots(collector& out, const labels& l, const state_vitals& state,
               const replica_gauges& now) {
  out.gauge("pmmc_slot_in", "Next slot that the replica would propose in.", l, state.slot_in);
  out.gauge("pmmc_slot_out", "Next slot that the replica performs.", l, state.slot_out);
  out.gauge("pmmc_lag_slots", "Slots known to be decided that the replica has not performed.", l,
            now.lag);
  out.gauge("pmmc_differing_replicas",
            "Replicas that have decided or done something else than this one, by their digests at "
            "an equal slot.",
            l, now.differing_replicas);
  out.gauge("pmmc_window_slots", "WINDOW.", l, now.window);
  out.gauge("pmmc_window_used_slots", "Slots of WINDOW in use: slot_in - slot_out.", l,
            state.slot_in - state.slot_out);
  out.gauge("pmmc_snapshot_slot",
            "Slots below this one are in the replica's snapshot on disk; 1 if there is none.", l,
            state.snapshot_slot);
}

void add_queues(collector& out, const labels& l, const role_status& status,
                const replica_gauges& now) {
  out.gauge("pmmc_pending_requests", "Requests that wait for their answer.", l,
            now.pending_requests);
  out.gauge("pmmc_pending_bytes", "Size of the requests that wait for their answer.", l,
            now.pending_bytes);
  out.gauge("pmmc_queued_requests",
            "Requests that wait to be proposed or handed on; part of pmmc_pending_requests.", l,
            now.queued_requests);
  out.gauge("pmmc_waiting_reads", "Reads that wait for their answer.", l, now.waiting_reads);
  out.gauge("pmmc_replica_proposals", "Slots that the replica has proposed in and that are open.",
            l, now.proposals);
  out.gauge("pmmc_sessions", "Client sessions.", l, status.sessions);
}

void add_times(collector& out, const labels& l, const std::vector<operation_times>& times) {
  for (const auto& operation : times)
    for (std::size_t i = 0; i < operation.seconds.size(); ++i)
      if (const auto& seconds = operation.seconds[i])
        out.histogram("pmmc_request_duration_seconds",
                      "Time from a client's request to its answer, at the replica that it was sent "
                      "to, by operation and outcome.",
                      with(with(l, "operation", operation.operation), "outcome",
                           std::string{to_string(static_cast<reply_status>(i))}),
                      *seconds);
}

void add(collector& out, const labels& l, const role_status& status, const replica_metrics& m) {
  add_slots(out, l, status.held(), m.now);
  out.counter("pmmc_decisions_total", "Decisions that the replica has performed.", l,
              m.core.slots_performed);
  out.gauge("pmmc_replica_proposes", "1 if the replica assigns slots at present, else 0.", l,
            status.proposes);
  out.gauge("pmmc_pending_configurations",
            "Configurations that are decided and not in force yet at slot_out.", l,
            m.now.pending_configurations);
  out.gauge("pmmc_acceptors_heard",
            "Acceptors (or servers) of the configuration in force heard in the last 600 ms.", l,
            m.now.voters_heard);
  out.histogram("pmmc_batch_requests", "Requests in each slot that the replica proposed.", l,
                m.core.batch_requests);
  out.histogram("pmmc_batch_bytes", "Size of the command of each slot that the replica proposed.",
                l, m.core.batch_bytes);
  add_times(out, l, m.times);
  add_queues(out, l, status, m.now);
  out.counter("pmmc_requests_handed_on_total", "Requests handed on to the replica that proposes.",
              l, m.core.requests_handed_on);
  out.counter("pmmc_read_rounds_total", "Rounds in which acceptors were asked on behalf of reads.",
              l, m.core.read_rounds);
  out.counter("pmmc_snapshots_saved_total", "Snapshots written to disk.", l,
              m.core.snapshots_saved);
  out.counter("pmmc_snapshots_unreadable_total",
              "Snapshots thrown away because the state could not be restored from them.", l,
              m.core.snapshots_unreadable);
  out.counter("pmmc_snapshots_installed_total", "Snapshots taken over from other replicas.", l,
              m.core.snapshots_installed);
}

void add(collector& out, const labels& l, const role_status& status, const server_metrics& m) {
  add(out, l, status, m.service);
  const auto state = vitals_as<server_vitals>(status.state);
  out.histogram("pmmc_sync_duration_seconds", "Duration of writes to the disk with their sync.", l,
                m.sync_seconds);
  out.counter("pmmc_server_records_total", "Records of the engine made durable.", l, m.records);
  out.gauge("pmmc_server_leads", "1 if the server leads its term, else 0. Raft.", l,
            state.is_leader);
  out.gauge("pmmc_server_term", "The term that the server is in. Raft.", l, state.term);
  out.counter("pmmc_server_elections_total", "Elections in which the server ran. Raft.", l,
              m.log.elections);
  out.counter("pmmc_server_offices_total", "Elections that the server won. Raft.", l,
              m.log.offices);
  out.counter("pmmc_server_votes_total", "Votes that the server gave to others. Raft.", l,
              m.log.votes);
  out.counter("pmmc_server_numbers_total",
              "Numbers of proposals that the server's proposers took. Simple.", l, m.log.numbers);
  out.gauge("pmmc_server_log_slots", "Slots of the log that the server holds.", l, m.log.log_slots);
  out.gauge("pmmc_server_log_bytes", "Size of the entries of the log that the server holds. Raft.",
            l, m.log.log_bytes);
}

void add_role(collector& out, const role_report& r) {
  const labels l{{"role", std::string{to_string(r.role.kind)}}, {"id", r.role.id.str()}};
  out.gauge("pmmc_role_up", "1 if the role answered, else 0; its other metrics are missing then.",
            l, r.answered);
  if (!r.answered)
    return;
  add_common(out, l, r.metrics);
  std::visit([&](const auto& m) { add(out, l, r.metrics.status, m); }, r.metrics.counted);
}

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

void add_clock(collector& out, const clock_status& c) {
  if (!c.agreed)
    return;
  out.gauge("pmmc_clock_skew_seconds",
            "How far the process's clock is ahead of what a majority of the replicas' clocks say; "
            "negative: behind.",
            {}, seconds(c.skew_ms));
  if (c.log_time_ms != 0)
    out.gauge("pmmc_log_time_ahead_seconds",
              "How far the log time is ahead of what a majority of the replicas' clocks say; "
              "negative: behind, as it is while nothing moves it.",
              {}, seconds(static_cast<std::int64_t>(c.log_time_ms) - c.agreed_ms));
}

void add_process(collector& out, const process_usage& u) {
  out.counter("process_cpu_seconds_total", "User and system CPU time spent.", {}, u.cpu_seconds);
  out.gauge("process_start_time_seconds", "Start time of the process since 1970.", {},
            u.start_time_seconds);
  out.gauge("process_resident_memory_bytes", "Resident memory size.", {}, u.resident_bytes);
  out.gauge("process_virtual_memory_bytes", "Virtual memory size.", {}, u.virtual_bytes);
  out.gauge("process_threads", "Threads.", {}, u.threads);
  out.gauge("process_open_fds", "Open file descriptors.", {}, u.open_fds);
  out.gauge("process_max_fds", "Limit on open file descriptors.", {}, u.max_fds);
}

} // namespace

std::string metrics_text(const process_report& r, const std::optional<process_usage>& usage,
                         const build_labels& build) {
  collector out;
  out.gauge("pmmc_build_info", "Always 1; the labels say which program this is.",
            {{"version", build.version}, {"commit", build.commit}, {"protocol", build.protocol}},
            1);
  out.gauge("pmmc_engine_info", "Always 1; the label says what decides slots.",
            {{"engine", r.engine}}, 1);
  out.gauge("pmmc_healthy", "1 if /health answers 200, else 0.", {}, unhealthy_because(r).empty());
  out.gauge("pmmc_ready", "1 if /ready answers 200, else 0.", {}, not_ready_because(r).empty());
  for (const auto& role : r.roles)
    add_role(out, role);
  if (r.node_answered) {
    std::size_t up = 0;
    for (const auto& peer : r.peers) {
      out.gauge("pmmc_peer_up",
                "1 if the process is connected with the one at the address, else 0.",
                {{"peer", peer.address}}, peer.up);
      up += peer.up;
    }
    out.gauge("pmmc_peers_up", "Processes of the cluster that this one is connected with.", {}, up);
    out.gauge("pmmc_clients", "Clients connected.", {}, r.clients);
    out.gauge("pmmc_configuration_version",
              "The latest version of the configuration that the process knows of.", {},
              r.known.version());
    add_clock(out, r.clock);
  }
  if (usage)
    add_process(out, *usage);
  return out.text();
}

} // namespace pmmc
