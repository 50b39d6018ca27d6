#include "sim/redis_crowd.hpp"

#include "sim/checkers/violation.hpp"
#include "sim/redis_work.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

namespace {

constexpr std::size_t most_visitors = 12;
constexpr std::uint64_t keys = 4;

} // namespace

redis_crowd::redis_crowd(world& w, redis_wire& wire, redis_history& seen, const role_id& id,
                         std::size_t process)
    : host(w, id, process), wire_(wire), seen_(seen),
      random_(w.options.seed ^ (number() + 1) * 0xC2B2AE3D27D4EB4FULL) {}

void redis_crowd::calm_down() {
  is_calm_ = true;
  bool has_one = false;
  for (auto& v : visitors_)
    if (v.takes_nothing && !std::exchange(has_one, true))
      v.leaves_at = ~sim_time{0};
    else
      v.leaves_at = std::min(v.leaves_at, world_.now() + 1 + random_.below(20 * second));
}

void redis_crowd::leave() {
  for (auto& v : visitors_)
    v.leaves_at = 0;
}

bool redis_crowd::is_quiet(std::string& why) const {
  if (visitors_.empty())
    return true;
  why += id().str() + " has " + std::to_string(visitors_.size()) + " visitors left; ";
  return false;
}

void redis_crowd::on_tick() {
  for (auto v = visitors_.begin(); v != visitors_.end();) {
    auto& one = *v++; // it may go
    look_after(one);
  }
  const auto& ports = wire_.ports();
  if (is_calm_ || world_.now() < next_at_ || ports.empty())
    return;
  next_at_ = world_.now() + 1 + random_.below(16 * second);
  auto& port = *ports[random_.below(ports.size())];
  const bool take_nothing = one_in(4);
  for (auto n = 1 + std::min(random_.below(8), random_.below(8)); n > 0; --n)
    if (visitors_.size() < most_visitors)
      visit(port, take_nothing);
}

void redis_crowd::look_after(visitor& v) {
  if (v.reads_at != 0 && world_.now() >= v.reads_at) {
    v.reads_at = 0;
    wire_.halt(v.connection, redis_wire::side::client, false);
  }
  if (world_.now() < v.leaves_at)
    return;
  wire_.close(v.connection, redis_wire::side::client);
  gone(v);
}

// --- What they say ------------------------------------------------------------------------------

void redis_crowd::visit(host& port, bool takes_nothing) {
  auto& v = visitors_.emplace_back();
  v.takes_nothing = takes_nothing || one_in(6);
  v.connection = wire_.connect(*this, port, 32 + random_.below(v.takes_nothing ? 100 : 600));
  v.reads_slowly = one_in(3);
  v.leaves_at = world_.now() + (one_in(4) ? 1 : 1 + random_.below(20 * second));
  if (v.takes_nothing)
    wire_.halt(v.connection, redis_wire::side::client, true);
  if (one_in(8)) { // nothing is executed, and all that they hold goes with them
    say(v, {"WATCH", "c" + std::to_string(random_.below(keys))}, {expected::kind::anything});
    say(v, {"MULTI"}, {expected::kind::text, "OK"});
    for (auto n = random_.below(6); n > 0; --n)
      say(v, {"ECHO", std::string(random_.below(300), 'q')}, {expected::kind::anything});
  } else {
    const auto most = one_in(4) ? 60 : 12;
    for (auto n = random_.below(most); n > 0; --n)
      ask(v);
  }
  end_with(v);
  write(v);
}

void redis_crowd::say(visitor& v, const std::vector<std::string>& words, expected e) {
  if (world_.log.tells_messages)
    world_.tell(id().str() + " -> " + words[0] + " on " + std::to_string(v.connection));
  v.expects.push_back(std::move(e));
  v.out += encode_command(words, false);
}

void redis_crowd::ask(visitor& v) {
  const auto key = "c" + std::to_string(random_.below(keys));
  switch (random_.below(12)) {
  case 0: {
    const auto value = "v" + std::to_string(++seen_.last_unique);
    redis_record r;
    r.client = id().str();
    r.connection = v.connection;
    r.commands.push_back({{"SET", key, value}, "set " + value, true});
    r.called = world_.now();
    seen_.records.push_back(std::move(r));
    ++world_.facts.operations;
    return say(v, {"SET", key, value}, {expected::kind::written, {}, seen_.records.size() - 1});
  }
  case 1:
    return say(v, {"MGET", key, "c0", key, key}, {expected::kind::anything});
  case 2:
    if (one_in(3))
      return say(v, {"PMMC", "RECONFIG", "ADD", "x"}, {expected::kind::anything});
    return say(v, {"PING"}, {expected::kind::text, "PONG"});
  default: {
    const std::uint64_t most = v.takes_nothing ? 2'500 : 600;
    const auto length = random_.below(most);
    auto text = std::to_string(v.expects.size()) + std::string(length, 'e');
    return say(v, {"ECHO", text}, {expected::kind::text, text});
  }
  }
}

/// QUIT, what is no protocol, or a request that is not finished; or nothing.
void redis_crowd::end_with(visitor& v) {
  switch (random_.below(6)) {
  case 0:
    say(v, {"QUIT"}, {expected::kind::quit});
    v.out += encode_command({"PING"}, true);
    return;
  case 1:
    v.expects.push_back({expected::kind::broken});
    v.out += one_in(2) ? "*1\r\n!\r\n" : "*1\r\n$999999999999\r\n";
    v.out += encode_command({"PING"}, true);
    return;
  case 2:
    v.expects.push_back({expected::kind::unfinished});
    v.out += "*2\r\n$4\r\nECHO\r\n$9000\r\n" + std::string(random_.below(5'000), 'h');
    return;
  default:
    return;
  }
}

/// All of it, or as far as they get.
void redis_crowd::write(visitor& v) {
  auto out = std::exchange(v.out, {});
  if (one_in(6))
    out.resize(random_.below(out.size() + 1));
  wire_.write(v.connection, redis_wire::side::client, out);
}

// --- What they are told -------------------------------------------------------------------------

void redis_crowd::on_wake(std::size_t what) {
  const auto n = redis_wire::connection_of(what);
  const auto v = std::find_if(visitors_.begin(), visitors_.end(),
                              [n](const visitor& one) { return one.connection == n; });
  if (v == visitors_.end())
    return;
  auto e = wire_.take(n, redis_wire::side::client);
  if (!e)
    return;
  if (e->what == redis_wire::event::kind::closed)
    return gone(*v);
  v->in.feed(e->bytes);
  while (auto reply = v->in.next())
    take(*v, std::move(*reply));
  if (v->reads_slowly && !is_calm_) {
    wire_.halt(n, redis_wire::side::client, true);
    v->reads_at = world_.now() + 1 + random_.below(2 * second);
  }
}

void redis_crowd::take(visitor& v, resp_value&& reply) {
  const auto fits = [&](bool good, const char* what) {
    demand(good, [&] {
      return "P1: connection " + std::to_string(v.connection) + " of " + id().str() + " is told " +
             describe(reply).substr(0, 100) + what;
    });
  };
  world_.facts.count(fact::redis_reply);
  fits(!v.is_refused, ", and its end was to come");
  const bool is_first = !std::exchange(v.is_heard, true);
  if (reply.is_error("ERR max number of clients")) {
    fits(is_first, ", and was served before");
    return refused(v);
  }
  fits(!v.expects.empty(), ", and asked nothing");
  if (reply.is_error("BUSY pmmc holds too many")) {
    world_.facts.count(fact::redis_holds_too_much);
    return refused(v);
  }
  const auto e = std::move(v.expects.front());
  v.expects.pop_front();
  const bool is_text =
      reply.what == resp_value::kind::bulk || reply.what == resp_value::kind::status;
  switch (e.what) {
  case expected::kind::text:
    return fits(is_text && reply.text == e.text, ", which is another one's reply");
  case expected::kind::anything:
    world_.facts.count(fact::redis_change_refused,
                       reply.is_error("BUSY not executed: this process is making another change"));
    return;
  case expected::kind::written: {
    auto& r = seen_.records[e.place];
    r.returned = world_.now();
    r.end = !reply.is_error() ? operation_end::answered
            : reply.is_error("CLUSTERDOWN it is not known") ||
                    (reply.is_error("BUSY") && may_repeat_messages(world_.options))
                ? operation_end::unknown
                : operation_end::not_executed;
    r.reply = std::move(reply);
    return;
  }
  case expected::kind::unfinished:
    return fits(false, ", and has not finished what it asks");
  case expected::kind::quit:
  case expected::kind::broken:
    fits(e.what == expected::kind::quit ? reply.text == "OK" : reply.is_error("ERR Protocol error"),
         ", which is not the last one");
    world_.facts.count(e.what == expected::kind::quit ? fact::redis_quit
                                                      : fact::redis_protocol_error);
    v.expects.clear();
    v.is_refused = true;
    return;
  }
}

/// What is refused, and all behind it, is not handed on.
void redis_crowd::refused(visitor& v) {
  for (const auto& e : v.expects)
    if (e.what == expected::kind::written)
      seen_.records[e.place].end = operation_end::not_executed;
  v.expects.clear();
  v.is_refused = true;
}

void redis_crowd::gone(visitor& v) {
  for (const auto& e : v.expects)
    if (e.what == expected::kind::written)
      seen_.records[e.place].end = operation_end::unknown;
  visitors_.remove_if([&v](const visitor& one) { return &one == &v; });
}

} // namespace pmmc::sim
