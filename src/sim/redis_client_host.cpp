#include "sim/redis_client_host.hpp"

#include "redis/request.hpp"
#include "sim/checkers/violation.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

namespace {

constexpr auto never = ~sim_time{0};

} // namespace

redis_client_host::redis_client_host(world& w, redis_wire& wire, redis_history& seen,
                                     const role_id& id, std::size_t process)
    : host(w, id, process), wire_(wire), seen_(seen),
      random_(w.options.seed ^ (number() + 1) * 0xD6E8FEB86659FD93ULL),
      work_(w.options, seen, random_), left_(w.options.redis_operations) {
  patience_ = 500 * millisecond + random_.below(12 * second);
}

bool redis_client_host::is_done() const { return left_ == 0 && expected_.empty() && !request_; }

bool redis_client_host::is_quiet(std::string& why) const {
  if (is_done())
    return true;
  why += id().str() + " waits for " + std::to_string(expected_.size()) + " replies" +
         (request_ ? ", one of them to request " + std::to_string(number_) : "") + " and has " +
         std::to_string(left_) + " operations left; ";
  return false;
}

void redis_client_host::hurry() {
  constexpr std::size_t enough = 40;
  left_ = std::min(left_, enough);
  hurries_ = true;
}

void redis_client_host::on_tick() {
  if (!connection_) {
    if (world_.now() >= next_at_ && !is_done())
      connect();
    return;
  }
  if ((!hurries_ && !expected_.empty() && world_.now() > expected_.front().since + patience_) ||
      (hurries_ && (is_done() || waits_for_ever())))
    return leave();
  look_away();
  if (!hurries_ && one_in(2'000)) {
    world_.facts.count(fact::redis_client_crashed);
    return leave();
  }
  // Not between WATCH and its EXEC: the request's own EXEC would take what is watched.
  if (request_ && !request_->is_sent && !watching_ && world_.now() >= next_at_) {
    next_at_ = world_.now() + random_.below(200 * millisecond);
    send_request();
  } else if ((left_ > 0 || watching_) && expected_.size() < world_.options.redis_in_flight &&
             (hurries_ || world_.now() >= next_at_)) {
    next_at_ = world_.now() + random_.below(2 * world_.options.client_pause);
    begin_unit();
  }
  if (!out_.empty())
    wire_.write(*connection_, redis_wire::side::client, std::exchange(out_, {}));
}

// --- Connections --------------------------------------------------------------------------------

void redis_client_host::connect() {
  const auto& ports = wire_.ports();
  if (ports.empty())
    return;
  port_ = random_.below(ports.size());
  connection_ = wire_.connect(*this, *ports[port_]);
  reads_at_ = 0;
  is_heard_ = false;
  if (one_in(4))
    send({"HELLO", "3"}, {expected::kind::local});
}

void redis_client_host::on_wake(std::size_t what) {
  const auto n = redis_wire::connection_of(what);
  auto e = wire_.take(n, redis_wire::side::client);
  if (!e || n != connection_)
    return;
  if (e->what == redis_wire::event::kind::closed)
    return lose_connection();
  in_.feed(e->bytes);
  while (auto v = connection_ ? in_.next() : std::nullopt)
    take(std::move(*v));
}

/// Now and then it reads nothing for a while.
void redis_client_host::look_away() {
  if (reads_at_ == 0 && !hurries_ && one_in(1'000)) {
    world_.facts.count(fact::redis_pause);
    reads_at_ = world_.now() + 1 + random_.below(8 * second);
    wire_.halt(*connection_, redis_wire::side::client, true);
  } else if (reads_at_ != 0 && (hurries_ || world_.now() >= reads_at_)) {
    reads_at_ = 0;
    wire_.halt(*connection_, redis_wire::side::client, false);
  }
}

/// It is one too many: nothing of what it has asked is executed, and the end follows.
void redis_client_host::refused() {
  demand(!is_heard_, [&] { return "P1: " + id().str() + " was served, and is one too many"; });
  for (const auto& e : expected_)
    if (e.what == expected::kind::answer && seen_.records[e.place].session.empty())
      seen_.records[e.place].end = operation_end::not_executed;
  leave();
}

void redis_client_host::leave() {
  wire_.close(*connection_, redis_wire::side::client);
  lose_connection();
}

/// Of what was asked and not answered nothing is known; a request of a session goes again.
void redis_client_host::lose_connection() {
  connection_.reset();
  for (const auto& e : expected_)
    if (e.what == expected::kind::answer && seen_.records[e.place].session.empty()) {
      auto& r = seen_.records[e.place];
      if (r.end == operation_end::not_executed)
        continue;
      r.end = operation_end::unknown;
      world_.facts.count(fact::redis_unknown);
    } else if (e.what == expected::kind::watched) {
      seen_.watches[e.place].failed = true;
    }
  expected_.clear();
  in_.clear();
  out_.clear();
  watching_.reset();
  has_session_ = session_is_asked_for_ = false;
  if (request_)
    request_->is_sent = false;
  next_at_ = world_.now() + random_.below(hurries_ ? 100 * millisecond : 1 * second);
}

// --- What is asked ------------------------------------------------------------------------------

void redis_client_host::send(const std::vector<std::string>& words, expected e) {
  if (world_.log.tells_messages) {
    auto text = id().str() + " ->";
    for (const auto& w : words)
      text += " " + w.substr(0, 40);
    world_.tell(text);
  }
  e.since = world_.now();
  redis::request as_parsed;
  for (const auto& w : words)
    as_parsed.add(w);
  e.cost = as_parsed.cost();
  expected_.push_back(std::move(e));
  out_ += encode_command(words, one_in(20));
}

std::size_t redis_client_host::record(std::vector<redis_command> commands, bool is_exec) {
  redis_record r;
  r.client = id().str();
  r.connection = *connection_;
  r.commands = std::move(commands);
  r.is_exec = is_exec;
  r.called = world_.now();
  seen_.records.push_back(std::move(r));
  ++world_.facts.operations;
  left_ -= left_ > 0;
  return seen_.records.size() - 1;
}

void redis_client_host::begin_unit() {
  if (watching_) {
    const auto& w = seen_.watches[*watching_];
    if (!w.returned && !w.failed)
      return; // it is not known yet
    const auto watched = std::exchange(watching_, std::nullopt);
    if (!one_in(10))
      return transact(watched);
    return send({"UNWATCH"}, {expected::kind::ok});
  }
  switch (random_.below(16)) {
  case 0:
  case 1:
  case 2:
    return ask_many();
  case 3:
  case 4:
    return transact(std::nullopt);
  case 5:
    if (replies_are_refused(world_.options))
      return ask_many();
    return transact(watch()); // all at once
  case 6:
  case 7:
    if (replies_are_refused(world_.options))
      return transact(std::nullopt);
    watching_ = watch();
    return;
  case 8:
  case 9:
  case 10:
    return begin_request();
  case 11:
    switch (random_.below(8)) {
    case 0:
      return ask_administrator();
    case 1:
    case 2:
      return ask_for_acceptors();
    default:
      return one_in(2) ? ask_locally() : ask_wrongly();
    }
  default:
    return ask_one();
  }
}

void redis_client_host::ask(redis_command command) {
  const auto words = command.words;
  send(words, {expected::kind::answer, record({std::move(command)}, false)});
}

void redis_client_host::ask_one() { ask(one_in(2) ? work_.read() : work_.marked_write()); }

void redis_client_host::ask_administrator() {
  world_.facts.count(fact::redis_clock_set);
  ask(work_.set_clock());
}

/// Of more than there are it waits as long as it may: for ever, now and then, and of these half
/// make the connection full where there is little room.
void redis_client_host::ask_for_acceptors() {
  constexpr std::size_t many = 30;
  const bool for_ever = hurries_ ? expected_.empty() && one_in(2) : one_in(4);
  const auto most_ms = for_ever ? 0 : 1 + random_.below(2'000);
  expected e{expected::kind::counted};
  e.wanted = static_cast<std::int64_t>(random_.below(4)) * (for_ever ? 2 : 1);
  e.waits_until = for_ever ? never : world_.now() + (most_ms - 1) * millisecond; // whole ones
  send({"WAIT", std::to_string(e.wanted), std::to_string(most_ms)}, std::move(e));
  if (for_ever && one_in(2))
    for (auto n = many; n > 0; --n)
      ask_locally();
}

/// When the faults are over it leaves such a WAIT after a while: its port must see it go.
bool redis_client_host::waits_for_ever() const {
  return !expected_.empty() && world_.now() > expected_.front().since + 1 * second &&
         std::any_of(expected_.begin(), expected_.end(), [](const expected& e) {
           return e.what == expected::kind::counted && e.waits_until == never;
         });
}

void redis_client_host::ask_many() {
  for (auto n = 2 + random_.below(8); n > 0; --n)
    ask_one();
}

void redis_client_host::ask_locally() {
  const auto text = "x" + std::to_string(left_);
  send({"ECHO", text}, {expected::kind::local, 0, 0, text});
}

void redis_client_host::ask_wrongly() {
  switch (random_.below(operations_are_refused(world_.options) ? 7 : 5)) {
  case 5:
  case 6:
    return send({"SET", "r0", std::string(world_.options.replica.max_op_bytes, 'x')},
                {expected::kind::refused});
  case 0:
    return send({"LPUSH", "r0", "x"}, {expected::kind::refused});
  case 1:
    return send({"SET", "r0"}, {expected::kind::refused});
  case 2:
    return send({"GET", std::string(1'025, 'k')}, {expected::kind::refused});
  case 3:
    return send({"SET", "r0", "x", "KEEPTTL"}, {expected::kind::refused});
  default: // a transaction with a mistake
    send({"MULTI"}, {expected::kind::ok});
    send({"SET", "r0"}, {expected::kind::refused});
    const auto place = record({work_.marked_write()}, true);
    send(seen_.records[place].commands[0].words, {expected::kind::queued});
    return send({"EXEC"}, {expected::kind::answer, place});
  }
}

std::size_t redis_client_host::watch() {
  redis_watch w;
  for (auto n = 1 + random_.below(2); n > 0; --n)
    w.keys.push_back(work_.key());
  w.called = world_.now();
  std::vector<std::string> words{"WATCH"};
  words.insert(words.end(), w.keys.begin(), w.keys.end());
  seen_.watches.push_back(std::move(w));
  send(words, {expected::kind::watched, seen_.watches.size() - 1});
  if (one_in(2))
    ask_one();
  return seen_.watches.size() - 1;
}

/// At least one of its commands can be found in the log, unless all of them read.
std::vector<redis_command> redis_client_host::transaction() {
  std::vector<redis_command> commands;
  const bool reads = one_in(5);
  for (auto n = 1 + random_.below(4); n > 0; --n)
    commands.push_back(reads || one_in(3) ? work_.read() : work_.write());
  if (!reads && std::none_of(commands.begin(), commands.end(),
                             [](const redis_command& c) { return !c.marker.empty(); }))
    commands.push_back(work_.marked_write());
  return commands;
}

void redis_client_host::transact(std::optional<std::size_t> watch) {
  const auto commands = transaction();
  send({"MULTI"}, {expected::kind::ok});
  for (const auto& c : commands)
    send(c.words, {expected::kind::queued});
  if (one_in(12)) {
    world_.facts.count(fact::redis_discard);
    return send({"DISCARD"}, {expected::kind::ok});
  }
  const auto place = record(commands, true);
  seen_.records[place].watch = watch;
  send({"EXEC"}, {expected::kind::answer, place});
}

// --- Exactly once -------------------------------------------------------------------------------

void redis_client_host::begin_request() {
  if (request_)
    return ask_one();
  if (session_.empty() || one_in(20)) {
    session_ = "s" + std::to_string(++sessions_) + "-" + id().str();
    session_is_known_ = has_session_ = false;
    number_ = 0;
  }
  const bool is_exec = one_in(3);
  auto commands = transaction();
  if (!is_exec)
    commands.resize(1);
  request_ = open_request{record(std::move(commands), is_exec)};
  auto& r = seen_.records[request_->record];
  r.session = session_;
  r.number = number_ += 1 + (one_in(10) ? random_.below(5) : 0);
  send_request();
}

/// Where sessions may end, one that was opened before is to be found again before its request is
/// sent.
void redis_client_host::send_request() {
  const bool asks_first = named_sessions_end(world_.options) && session_is_known_;
  if (!has_session_) {
    has_session_ = session_is_asked_for_ = true;
    send({"PMMC", "SESSION", session_}, {expected::kind::session});
  }
  if (asks_first && session_is_asked_for_)
    return;
  const auto& r = seen_.records[request_->record];
  world_.facts.count(fact::redis_retry, request_->attempts > 0);
  ++request_->attempts;
  request_->is_sent = true;
  std::vector<std::string> words{"PMMC", "REQ", std::to_string(r.number)};
  if (r.is_exec) {
    send({"MULTI"}, {expected::kind::ok});
    for (const auto& c : r.commands)
      send(c.words, {expected::kind::queued});
    words.push_back("EXEC");
  } else {
    words.insert(words.end(), r.commands[0].words.begin(), r.commands[0].words.end());
  }
  send(words, {expected::kind::answer, request_->record});
}

/// It made room for others, and another one of its name has been opened: whether its request was
/// executed nobody knows any more.
void redis_client_host::give_up_session() {
  if (request_) {
    seen_.records[request_->record].end = operation_end::unknown;
    world_.facts.count(fact::redis_unknown);
  }
  request_.reset();
  session_.clear();
  session_is_known_ = has_session_ = false;
}

} // namespace pmmc::sim
