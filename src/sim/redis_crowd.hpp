// Redis clients that go to a port's limits: more than it lets in, who ask more than it takes, read
// slowly or nothing, leave in the midst, and say what no request is.
#pragma once

#include "sim/host.hpp"
#include "sim/redis_history.hpp"
#include "sim/redis_wire.hpp"

#include <deque>
#include <list>
#include <optional>
#include <string>

namespace pmmc::sim {

/// They come in groups, each on a connection of its own, say all that they have to say at once, and
/// go. What they must see (P1): replies in order, none twice, none missing while the connection
/// stands; behind a refusal of the connection, an error of the protocol or QUIT, nothing but its
/// end. What was refused is not executed, and the rest at most once (X3).
class redis_crowd final : public host {
public:
  redis_crowd(world& w, redis_wire& wire, redis_history& seen, const role_id& id,
              std::size_t process);

  void start() override {}
  void check(world&, const role_id&, const message&) const override {}
  /// The faults are over: nobody comes any more, and only one that takes nothing stays.
  void calm_down();
  /// All others have their answers: those, too, go.
  void leave();
  bool is_quiet(std::string& why) const override;

protected:
  void on_message(const role_id&, message&) override {}
  void on_tick() override;
  void on_wake(std::size_t what) override;
  void settle() override {}
  void forget(bool) override {}

private:
  struct expected {
    enum class kind : std::uint8_t {
      text,       ///< this one
      written,    ///< of the record at `place`
      anything,   ///< what depends on others
      quit,       ///< OK, and then the end
      broken,     ///< an error of the protocol, and then the end
      unfinished, ///< nothing, or that it is refused
    };
    kind what = kind::text;
    std::string text = {};
    std::size_t place = 0;
  };
  struct visitor {
    redis_wire::number connection = 0;
    resp_reader in = {};
    std::string out = {};
    std::deque<expected> expects = {};
    bool takes_nothing = false;
    bool reads_slowly = false;
    bool is_heard = false;   ///< a reply has come
    bool is_refused = false; ///< only the end may follow
    sim_time reads_at = 0;   ///< again
    sim_time leaves_at = 0;
  };

  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  void visit(host& port, bool takes_nothing);
  void say(visitor& v, const std::vector<std::string>& words, expected e);
  void ask(visitor& v);
  void write(visitor& v);
  void end_with(visitor& v);
  void look_after(visitor& v);
  void take(visitor& v, resp_value&& reply);
  void refused(visitor& v);
  void gone(visitor& v);

  redis_wire& wire_;
  redis_history& seen_;
  random_source random_;
  std::list<visitor> visitors_;
  sim_time next_at_ = 0;
  bool is_calm_ = false;
};

} // namespace pmmc::sim
