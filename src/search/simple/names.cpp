#include "search/simple/names.hpp"

#include <variant>

namespace pmmc::simple::search {

void byte_writer::put(const proposal& p) {
  const auto& [number, value] = p;
  put(number);
  put(value);
}

void byte_writer::put(const acceptor_state& state) {
  const auto& [votes, min] = state;
  put(min);
  put(votes.size());
  for (const auto& [slot, vote] : votes) {
    const auto& [promised, highest] = vote;
    put(slot);
    put(promised);
    put(highest);
  }
}

namespace {

struct body_writer {
  byte_writer& out;

  void operator()(const prepare& m) const { put_all(m.proposer, m.slot, m.number); }
  void operator()(const promise& m) const { put_all(m.acceptor, m.slot, m.number, m.highest); }
  void operator()(const accept& m) const { put_all(m.proposer, m.slot, m.what); }
  void operator()(const accepted& m) const { put_all(m.acceptor, m.slot, m.number); }
  /// Nobody looks at who refuses.
  void operator()(const reject& m) const { put_all(m.slot, m.asked, m.promised); }
  void operator()(const chosen& m) const { put_all(m.slot, m.value); }
  void operator()(const learn_request& m) const { put_all(m.learner, m.from_slot); }
  void operator()(const learn_reply& m) const {
    put_all(m.server, m.from_slot, m.slot_out, m.values.size());
    for (const auto& value : m.values)
      out.put(value);
  }
  void operator()(const announce& m) const { put_all(m.server, m.done, m.slot_out, m.end); }
  void operator()(const collected& m) const { put_all(m.server, m.slot, m.snapshot_slot); }
  void operator()(const read_probe& m) const { put_all(m.server, m.round); }
  void operator()(const read_probe_reply& m) const { put_all(m.acceptor, m.round, m.highest); }

private:
  template <class... Values>
  void put_all(const Values&... values) const {
    (out.put(values), ...);
  }
};

} // namespace

void byte_writer::put(const envelope& e) {
  put(e.to);
  put(e.body.index());
  std::visit(body_writer{*this}, e.body);
}

} // namespace pmmc::simple::search
