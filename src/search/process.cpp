#include "search/process.hpp"

#include "base/codec.hpp"
#include "search/encoding.hpp"

namespace pmmc::search {

namespace {

void put_name(std::string& out, char kind, unsigned number) {
  out.push_back(kind);
  put_varint(out, number);
}

struct byte_writer {
  std::string& out;

  void operator()(const acceptor_process& p) const {
    put_name(out, 'a', p.number);
    put(out, p.core.state());
    put(out, p.core.configurations());
    put(out, p.disk);
  }
  void operator()(const leader_process& p) const {
    put_name(out, 'l', p.number);
    put_varint(out, p.disk.free_seqnum);
    put_varint(out, p.ballots_left);
    put_varint(out, p.restarts_left);
    put(out, p.core);
  }
  void operator()(const sub_process& p) const {
    put_name(out, std::holds_alternative<scout>(p.core.role()) ? 's' : 'c', p.leader);
    std::visit([this](const auto& role) { put(out, role); }, p.core.role());
  }
  void operator()(const replica_process& p) const {
    put_name(out, 'R', p.number);
    for (const auto n : {p.reads_left, p.restarts_left, p.core.life()})
      put_varint(out, n);
    put_varint(out, p.acknowledged ? *p.acknowledged + 1 : 0);
    put_varint(out, p.core.decided().size());
    for (const auto& [slot, value] : p.core.decided()) {
      put_varint(out, slot);
      put_bytes(out, value.bytes());
    }
    put_bytes(out, p.core.now().bytes);
  }
  /// What a scout has adopted tells its ballot; who was preempted, and why, makes no difference.
  void operator()(const report& p) const {
    const auto& [from, ballot, outcome] = p.what;
    put_name(out, 'r', p.leader);
    put_varint(out, outcome.index());
    if (from.kind == sub_role_kind::commander) {
      put_varint(out, ballot.seqnum);
      put_bytes(out, ballot.leader.view());
    }
    std::visit([this](const auto& outcome) { put(out, outcome); }, outcome);
  }
};

} // namespace

std::string canonical_bytes(const process& p) {
  std::string out;
  std::visit(byte_writer{out}, p);
  return out;
}

} // namespace pmmc::search
