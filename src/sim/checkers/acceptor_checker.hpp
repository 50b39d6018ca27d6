// A1-A3, D1, D2: what acceptors have on their disks, say, and find again.
#pragma once

#include "consensus/pmmc/acceptor.hpp"

#include <map>
#include <vector>

namespace pmmc::sim {

/// Keeps a copy of each acceptor's disk, written by its own rules from the records alone. Acceptors
/// are known by numbers.
class acceptor_checker {
public:
  /// `r` is durable now.
  void persisted(std::size_t acceptor, const acceptor_record& r);
  /// Whether `state` is what is durable.
  bool holds(std::size_t acceptor, const acceptor_state& state);
  /// D2: the acceptor starts with `state`.
  void recovered(std::size_t acceptor, const acceptor_state& state);

  // D1: what an acceptor says is durable, and A3: it leaves nothing out.
  void sent(std::size_t acceptor, const p1b& m);
  void sent(std::size_t acceptor, const p2b& m);
  void sent(std::size_t acceptor, const read_probe_reply& m);
  void sent(std::size_t acceptor, const pong& m);

private:
  struct vote {
    ballot_num ballot;
    command value;
  };
  struct votes {
    ballot_num promise;
    std::map<slot_num, vote> accepted;
    slot_num told_highest = 0; ///< of the votes that it has told anybody about
  };
  struct disk {
    std::map<config_version, votes> by_version;
    slot_num watermark = 1;
  };

  void write(std::size_t acceptor, const promise_record& r);
  void write(std::size_t acceptor, const accept_record& r);
  void write(std::size_t acceptor, const collect_record& r);
  disk& at(std::size_t acceptor);
  const votes* find(const disk& d, config_version version) const;

  std::vector<disk> disks_;
};

} // namespace pmmc::sim
