#include "sim/checkers/oracle.hpp"

#include "consensus/raft/engine.hpp"
#include "sim/checkers/violation.hpp"

#include <utility>

namespace pmmc::sim {

namespace {

/// The disks of the first members come later than the rest, from the log
/// (config_history::learn_disks).
bool is_as_decided(configuration known, const configuration& decided) {
  for (const auto kind : known.kinds())
    for (auto& m : known.members(kind))
      for (const auto& d : decided.members(kind))
        if (keeps_promises(kind) && d.id == m.id && m.disk.empty())
          m.disk = d.disk;
  return known == decided;
}

/// As their directories are formatted: disks are not named there.
raft::server_set founders_of(const replicated_state& before_slot_1) {
  const auto& first = before_slot_1.configurations().first();
  raft::server_set founders{first.version, first.servers, {}};
  for (auto& m : founders.servers)
    m.disk.clear();
  return founders;
}

} // namespace

oracle::oracle(std::unique_ptr<replicated_state> before_slot_1,
               std::function<std::size_t(const role_id&)> number_of, kv_model empty,
               engine_kind engine)
    : engine_(engine), book_(number_of), log_(book_),
      raft_(std::move(number_of), founders_of(*before_slot_1)), simple_(book_),
      truth_(std::move(before_slot_1), book_, std::move(empty)),
      replicas_(truth_, book_, truth_.state().window()) {}

void oracle::persisted(std::size_t acceptor, const acceptor_record& r) {
  acceptors_.persisted(acceptor, r);
  if (const auto* vote = std::get_if<accept_record>(&r)) {
    if (log_.accepted(acceptor, vote->version, vote->value))
      advance();
  } else if (const auto* gone = std::get_if<collect_record>(&r)) {
    replicas_.watermark(gone->watermark);
  }
}

bool oracle::recovered(std::size_t acceptor, const acceptor_state& state,
                       const std::vector<acceptor_record>& under_way) {
  const bool is_kept = !acceptors_.holds(acceptor, state);
  if (is_kept)
    for (const auto& r : under_way)
      persisted(acceptor, r);
  acceptors_.recovered(acceptor, state);
  return is_kept;
}

const chosen_slots& oracle::log() const {
  switch (engine_) {
  case engine_kind::raft:
    return raft_.log();
  case engine_kind::simple:
    return simple_.log();
  case engine_kind::pmmc:
    break;
  }
  return log_;
}

void oracle::advance() {
  auto slot = truth_.slot_out();
  truth_.advance(log());
  if (engine_ == engine_kind::pmmc)
    return;
  for (; slot < truth_.slot_out(); ++slot)
    asked_.check(slot, log().chosen(slot));
}

// --- Servers ------------------------------------------------------------------------------------

void oracle::persisted(std::size_t server, const log_record& r) {
  bool is_more_chosen = false;
  if (const auto* of_raft = std::get_if<raft::record>(&r)) {
    is_more_chosen = raft_.persisted(server, *of_raft, replicas_.durable_at(server));
  } else {
    const auto& of_simple = std::get<simple::record>(r);
    const auto* gone = std::get_if<simple::collect_record>(&of_simple);
    is_more_chosen =
        simple_.persisted(server, of_simple, gone != nullptr && replicas_.all_hold(gone->below));
  }
  if (is_more_chosen)
    advance();
}

template <class Checker, class State>
bool oracle::recovered(Checker& checker, std::size_t server, const State& state,
                       const std::vector<log_record>& under_way) {
  const bool is_kept = !checker.holds(server, state);
  if (is_kept)
    for (const auto& r : under_way)
      persisted(server, r);
  checker.recovered(server, state);
  return is_kept;
}

bool oracle::recovered(std::size_t server, const raft::persistent_state& state,
                       const std::vector<log_record>& under_way) {
  return recovered(raft_, server, state, under_way);
}

bool oracle::recovered(std::size_t server, const simple::acceptor_state& state,
                       const std::vector<log_record>& under_way) {
  return recovered(simple_, server, state, under_way);
}

void oracle::request_sent(const request& asked) {
  if (engine_ != engine_kind::pmmc)
    asked_.asked(asked);
}

bool oracle::server_handled(std::size_t server, const role_id& id, const pmmc::server& s) {
  const auto* log = dynamic_cast<const raft::engine*>(&s.log());
  if (log != nullptr && raft_.handled(server, id, log->core()))
    advance();
  return replicas_.handled(server, s);
}

void oracle::server_sent(std::size_t from, const role_id& id, const role_id& to, const message& m) {
  replica_sent(from, to, m);
  if (engine_ == engine_kind::raft)
    raft_.sent(from, id, to, m);
  else
    simple_.sent(from, id, replicas_.durable_at(from), m);
}

// --- What is known and said ---------------------------------------------------------------------

void oracle::knows(const role_id& who, const config_history& known) const {
  for (const auto& entry : known.all()) {
    const auto& config = entry.second; // a binding could not be captured by clang 14
    const auto* decided = book_.find(config.version);
    demand(decided != nullptr && is_as_decided(config, decided->as_decided), [&] {
      return "F1: " + who.str() + " knows a version " + std::to_string(config.version) +
             " that was not decided like this";
    });
  }
}

void oracle::acceptor_sent(std::size_t from, const message& m) {
  if (const auto* told = std::get_if<p1b>(&m)) {
    acceptors_.sent(from, *told);
    log_.promised(from, *told);
  } else if (const auto* voted = std::get_if<p2b>(&m)) {
    acceptors_.sent(from, *voted);
  } else if (const auto* probed = std::get_if<read_probe_reply>(&m)) {
    acceptors_.sent(from, *probed);
  } else if (const auto* alive = std::get_if<pong>(&m)) {
    acceptors_.sent(from, *alive);
  }
}

void oracle::leader_sent(std::size_t from, const role_id& id, const message& m) {
  if (const auto* scouts = std::get_if<p1a>(&m)) {
    leaders_.used(from, id, scouts->ballot);
  } else if (const auto* commands = std::get_if<p2a>(&m)) {
    leaders_.used(from, id, commands->value.ballot);
    log_.asked(*commands);
  } else if (const auto* decided = std::get_if<decision>(&m)) {
    log_.decided(decided->slot, decided->value);
  } else if (const auto* gone = std::get_if<collected>(&m)) {
    replicas_.watermark(gone->watermark);
  }
}

void oracle::replica_sent(std::size_t from, const role_id& to, const message& m) {
  if (const auto* alive = std::get_if<ping>(&m)) {
    replicas_.sent(from, *alive);
  } else if (const auto* answers = std::get_if<pong>(&m)) {
    replicas_.sent(from, *answers);
  } else if (const auto* proposed = std::get_if<propose>(&m)) {
    replicas_.sent(from, *proposed);
  } else if (const auto* answered = std::get_if<response>(&m)) {
    replicas_.sent(from, *answered);
  } else if (const auto* read = std::get_if<query_reply>(&m)) {
    replicas_.sent(to, *read);
  } else if (const auto* missed = std::get_if<catchup_reply>(&m)) {
    for (std::size_t i = 0; i < missed->decisions.size(); ++i)
      log_.decided(missed->from_slot + i, missed->decisions[i]);
  }
}

} // namespace pmmc::sim
