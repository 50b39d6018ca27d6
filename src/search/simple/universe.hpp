// What a search of the servers of engine `simple` meets (see server_universe.hpp).
#pragma once

#include "search/server_universe.hpp"
#include "search/simple/checks.hpp"
#include "search/simple/server_host.hpp"

namespace pmmc::simple::search {

using pmmc::search::part_id;

/// Of what an input is: a message, a slot, or slots below one.
enum class input_kind : std::uint8_t {
  message,
  crash,
  propose_command,
  try_next_number,
  fill_slots,
  tell_progress,
  save_snapshot,
  take_snapshot,
  begin_read
};

/// For server_universe.
struct engine {
  using scope = search::scope;
  using driver = server_host;
  using process = server_process;
  using fact = server_fact;
  using history = search::history;
  using envelope = simple::envelope;
  using input = search::input;
  using input_kind = search::input_kind;
  using writer = byte_writer;

  static fact fact_of(const process& p) { return search::fact_of(p); }
  static pmmc::search::history_news take_in(history& h, const fact& now) {
    return search::take_in(h, now);
  }
  static void forget(history& h, std::uint32_t settled) { search::forget(h, settled); }
  static std::string broken_invariant(const process& before, const step_outcome& out) {
    return search::broken_invariant(before, out);
  }
};

class universe : public pmmc::search::server_universe<engine> {
public:
  explicit universe(const scope& s);

private:
  input input_of(const step_key& key) const override;
};

} // namespace pmmc::simple::search
