#include "parts/report_desk.hpp"

#include "node/prober.hpp"
#include "parts/metrics_messages.hpp"
#include "parts/request_times.hpp"
#include "parts/shell.hpp"

#include <algorithm>

namespace pmmc {

namespace {

constexpr std::chrono::milliseconds least_between_reports{100};
/// To connect, and again to answer. Together with report_timeout less than the HTTP server waits.
constexpr std::chrono::milliseconds probe_timeout{1'500};

/// A report that is being made, for all who asked before it began, and those who wait for the next.
template <class Done>
class round {
public:
  /// Whether the next one has to be begun, `until_due()` from now.
  bool join(Done done) {
    waiting_.push_back(std::move(done));
    return is_due();
  }

  std::chrono::nanoseconds until_due() const {
    const std::chrono::nanoseconds gone{steady_ns() - began_ns_};
    return began_ns_ == 0 || gone >= least_between_reports ? gone.zero()
                                                           : least_between_reports - gone;
  }

  void begin() {
    state_ = state::under_way;
    began_ns_ = steady_ns();
    served_ = std::exchange(waiting_, {});
  }

  /// Whether the next one has to be begun, as after `join`.
  template <class... Args>
  bool finish(const Args&... args) {
    state_ = state::idle;
    for (const auto& done : std::exchange(served_, {}))
      done(args...);
    return is_due();
  }

private:
  enum class state { idle, due, under_way };

  bool is_due() {
    if (state_ != state::idle || waiting_.empty())
      return false;
    state_ = state::due;
    return true;
  }

  state state_ = state::idle;
  std::vector<Done> served_;
  std::vector<Done> waiting_;
  std::uint64_t began_ns_ = 0; ///< 0: never
};

class desk {
public:
  desk(caf::event_based_actor* self, std::shared_ptr<const desk_settings> settings)
      : self_(self), settings_(std::move(settings)), known_(settings_->known) {}

  caf::behavior make_behavior() {
    return {
        [this](const ask_process& m) { join(m.done); },
        [this](const ask_cluster& m) { on(m); },
        [this](begin_process_report) { begin_process_round(); },
        [this](begin_cluster_report m) { begin_cluster_round(m.with_fingerprint); },
        [this](const cluster_asked& m) { on(m); },
    };
  }

private:
  void on(const ask_cluster& m);
  void on(const cluster_asked& m);
  void join(std::function<void(process_report_ptr)> done);
  template <class Round, class Begin>
  void begin_when_due(const Round& round, Begin begin);
  void begin_process_round();
  void begin_cluster_round(bool with_fingerprint);
  void ask_role(std::size_t index, std::shared_ptr<process_report> into);
  void ask_node(std::shared_ptr<process_report> into);
  void one_less(const std::shared_ptr<process_report>& report);
  void ask_all_processes(bool with_fingerprint);

  caf::event_based_actor* self_;
  std::shared_ptr<const desk_settings> settings_;
  round<decltype(ask_process::done)> of_process_;
  round<decltype(ask_cluster::done)> of_cluster_[2]; ///< without and with fingerprints
  std::size_t missing_ = 0;                          ///< answers, in the round under way
  process_report_ptr report_;
  membership known_; ///< what the node told last
};

template <class Round, class Begin>
void desk::begin_when_due(const Round& round, Begin begin) {
  const auto wait = round.until_due();
  if (wait > wait.zero())
    self_->delayed_send(self_, wait, begin);
  else
    self_->send(self_, begin);
}

void desk::join(std::function<void(process_report_ptr)> done) {
  if (of_process_.join(std::move(done)))
    begin_when_due(of_process_, begin_process_report{});
}

void desk::begin_process_round() {
  of_process_.begin();
  auto report = std::make_shared<process_report>();
  report->address = settings_->process.address;
  report->engine = settings_->engine;
  report->known = known_;
  missing_ = settings_->roles.size() + 1;
  for (const auto& role : settings_->process.roles)
    report->roles.push_back({role, false, {}});
  for (std::size_t i = 0; i < settings_->roles.size(); ++i)
    ask_role(i, report);
  ask_node(report);
}

void desk::ask_role(std::size_t index, std::shared_ptr<process_report> into) {
  self_->request(settings_->roles[index].handle, report_timeout, metrics_request{})
      .then(
          [this, index, into](const role_metrics& m) {
            into->roles[index].answered = true;
            into->roles[index].metrics = m;
            one_less(into);
          },
          [this, into](const caf::error&) { one_less(into); });
}

void desk::ask_node(std::shared_ptr<process_report> into) {
  self_->request(settings_->node, report_timeout, metrics_request{})
      .then(
          [this, into](const node_metrics& m) {
            into->node_answered = true;
            known_.learn(m.known);
            into->known = known_;
            into->peers = m.peers;
            into->clients = m.clients;
            into->clock = m.clock;
            one_less(into);
          },
          [this, into](const caf::error&) { one_less(into); });
}

void desk::one_less(const std::shared_ptr<process_report>& report) {
  if (--missing_ > 0)
    return;
  report_ = report;
  if (of_process_.finish(report_))
    begin_when_due(of_process_, begin_process_report{});
}

void desk::on(const ask_cluster& m) {
  auto& round = of_cluster_[m.with_fingerprint];
  if (round.join(m.done))
    begin_when_due(round, begin_cluster_report{m.with_fingerprint});
}

void desk::begin_cluster_round(bool with_fingerprint) {
  of_cluster_[with_fingerprint].begin();
  join(
      [this, with_fingerprint](const process_report_ptr&) { ask_all_processes(with_fingerprint); });
}

void desk::on(const cluster_asked& m) {
  auto& round = of_cluster_[m.with_fingerprint];
  if (round.finish(report_, m.cluster))
    begin_when_due(round, begin_cluster_report{m.with_fingerprint});
}

void desk::ask_all_processes(bool with_fingerprint) {
  probe_task task;
  task.cluster = settings_->cluster;
  task.timeout = probe_timeout;
  task.what.with_fingerprint = with_fingerprint;
  task.node = settings_->node;
  task.addresses = report_->known.addresses();
  task.addresses.insert(report_->address); // it may be no member (yet)
  task.done = [me = caf::actor{self_}, report = report_,
               with_fingerprint](const probe_answers& answers) {
    const auto answered = std::any_of(answers.begin(), answers.end(),
                                      [](const auto& entry) { return entry.second.why.empty(); });
    caf::anon_send(me, cluster_asked{with_fingerprint,
                                     std::make_shared<const probed_cluster>(probed_cluster{
                                         report->known, report->engine, answered, answers, true})});
  };
  self_->spawn(prober, task);
}

} // namespace

caf::behavior report_desk(caf::event_based_actor* self,
                          std::shared_ptr<const desk_settings> settings) {
  set_shell_handlers(self, "report desk");
  auto state = std::make_shared<desk>(self, std::move(settings));
  self->attach_functor([state]() mutable { state.reset(); });
  return state->make_behavior();
}

} // namespace pmmc
