// The one host for a part, whatever it is and of whichever engine: what any driver does, as one
// step of a search. What differs from kind to kind is in acceptor_host, leader_host, sub_role_host,
// replica_host, and in server_host of Raft and of engine `simple`.
#pragma once

#include "consensus/part.hpp"
#include "search/broken_assertion.hpp"

#include <algorithm>
#include <concepts>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pmmc::search {

/// A part as a process of the search: the part, and what its records add up to on the disk.
template <class P>
concept part_process = std::copyable<P> && part<decltype(P::core)> && requires(P p) {
  p.disk.apply(p.core.take().persist.front());
};

/// The disk of a part that persists nothing.
struct no_state {
  void apply(const no_record&) {}
};

/// An input: the process ends, and starts again with what is durable.
struct crash {
  unsigned written = 0; ///< so many of the records that are on their way to the disk get through
};

/// A step that a process does not survive: so many of its records are written before.
using cut = std::optional<unsigned>;

template <class Part>
struct children_of_part {
  using type = no_children;
};
template <has_children Part>
struct children_of_part<Part> {
  using type = typename outputs_of<Part>::children;
};

/// What came of an input to one process.
template <class Process, class Envelope, class Children = no_children>
struct part_outcome {
  explicit part_outcome(Process p) : after(std::move(p)) {}

  Process after;
  bool happened = true;    ///< false: nothing of the kind is possible here, and nothing else counts
  unsigned records = 0;    ///< how many it wrote
  bool acts_early = false; ///< something had an effect before the first record was durable
  bool stops_children = false; ///< all that it had; reports of theirs that are on their way stay
  bool loses_children = false; ///< the same, and the reports are gone
  std::vector<typename Children::id> stopped;
  std::vector<Process> started;
  std::vector<Envelope> sent; ///< what is modelled of it
  std::string fault; ///< an assertion of the core that failed (then nothing else counts), or what
                     ///< is wrong with the step
};

/// `Input` is a variant of `const envelope*`, `crash`, and what else can happen to such a process;
/// `Outcome` is a part_outcome, of this process or of a variant with it. Thread-safe.
template <part_process Process, class Input, class Outcome>
class part_host {
public:
  part_host() { throw_broken_assertions(); }
  part_host(const part_host&) = delete;
  part_host& operator=(const part_host&) = delete;
  virtual ~part_host() = default;

  /// A process at its start, when it has done what it does by itself.
  Outcome begin(Process p) const {
    running s{std::move(p)};
    carry_out(s);
    end(s);
    return std::move(s.out);
  }

  Outcome step(Process before, const Input& in, cut survives = {}) const {
    running s{std::move(before), survives};
    try {
      s.out.happened = handle(s, in);
      if (s.out.happened)
        end(s);
    } catch (const broken_assertion& e) {
      s.out.happened = true;
      s.out.fault = e.what();
    }
    return std::move(s.out);
  }

protected:
  using part = decltype(Process::core);
  using outputs = outputs_of<part>;
  using records = decltype(outputs::persist);
  using envelopes = decltype(outputs::send);
  using envelope = typename envelopes::value_type;
  using message = decltype(envelope::body);
  using task = typename children_of_part<part>::type::task;

  /// A step that is under way.
  struct running {
    explicit running(Process p, cut c = {}) : out(p), now(std::move(p)), survives(c) {}

    Outcome out; ///< `after` is what was before, until it ends
    Process now;
    cut survives;
  };

  // --- What a kind of part adds ---
  /// As its process starts again: from `now.disk`, without what was in memory only.
  virtual void restart(running& s) const = 0;
  /// What happens without a message; false: it cannot happen here.
  virtual bool choose(running& s, const Input& in) const = 0;
  virtual bool may_hear(const Process&, const message&) const { return true; }
  virtual bool may_crash(const Process&) const { return true; }
  /// Before they are carried out, of which the step may die.
  virtual void taken(running&, const outputs&) const {}
  /// What the search knows of what is sent.
  virtual envelopes modelled(envelopes sends) const { return sends; }
  /// Whether it keeps them until their records are written, by a later step.
  virtual bool puts_off(running&, outputs&) const { return false; }
  virtual void start_child(running&, task) const {}
  /// What is in them beside `outputs`, which is carried out.
  virtual void carry_out_rest(running&, const outputs&) const {}
  /// What the process has become.
  virtual void end(running& s) const { s.out.after = std::move(s.now); }

  /// All that the part wants done, as far as it survives that.
  void carry_out(running& s) const {
    constexpr bool is_told_of_writes = requires(part p, records r) { p.persisted(r); };
    bool goes_on = true;
    while (goes_on) {
      auto wanted = s.now.core.take();
      taken(s, wanted);
      goes_on = !wanted.empty() && begin_outputs(s, wanted) && is_told_of_writes;
    }
  }

  /// In the order of `outputs`. False: it dies while it writes.
  bool carry_out(running& s, outputs wanted) const {
    if (!write(s, wanted.persist))
      return false;
    if constexpr (requires { s.now.core.persisted(wanted.persist); })
      s.now.core.persisted(wanted.persist);
    if constexpr (has_children<part>) {
      s.out.stops_children |= wanted.stop_all;
      append(s.out.stopped, std::move(wanted.stop));
      for (auto& child : wanted.start)
        start_child(s, std::move(child));
    }
    append(s.out.sent, std::move(wanted.send));
    carry_out_rest(s, wanted);
    return true;
  }

  /// One record after the other, as far as it survives that. False: it does not.
  bool write(running& s, const records& all) const {
    for (const auto& record : all) {
      if (s.survives == 0U)
        return false;
      if (s.survives)
        --*s.survives;
      s.now.disk.apply(record);
      ++s.out.records;
    }
    return true;
  }

  template <class T>
  static void append(std::vector<T>& to, std::vector<T> more) {
    std::move(more.begin(), more.end(), std::back_inserter(to));
  }

private:
  /// Whether anything of the kind can happen here.
  bool handle(running& s, const Input& in) const {
    if (const auto* c = std::get_if<crash>(&in)) {
      if (!may_crash(s.now))
        return false;
      s.survives = c->written;
      come_back(s);
      return true;
    }
    const auto* const* m = std::get_if<const envelope*>(&in);
    if (m != nullptr ? !hear(s.now, (*m)->body) : !choose(s, in))
      return false;
    carry_out(s);
    if (s.survives)
      come_back(s);
    return true;
  }

  /// And does what it does by itself.
  void come_back(running& s) const {
    restart(s);
    s.survives.reset();
    carry_out(s);
  }

  bool hear(Process& p, message m) const {
    if (!may_hear(p, m))
      return false;
    if constexpr (takes<part, message>)
      return deliver(p.core, {}, m);
    else
      return std::visit([&](auto& body) { return deliver(p.core, {}, body); }, m);
  }

  /// What may leave at once does; the rest, too, or is put off. False: it dies while it writes.
  bool begin_outputs(running& s, outputs& wanted) const {
    if constexpr (requires { wanted.send_early; }) {
      s.out.acts_early |= !wanted.send_early.empty() && s.out.records == 0;
      append(s.out.sent, modelled(std::move(wanted.send_early)));
    }
    wanted.send = modelled(std::move(wanted.send));
    return puts_off(s, wanted) || carry_out(s, std::move(wanted));
  }
};

} // namespace pmmc::search
