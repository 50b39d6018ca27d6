// src/redis: bytes of a Redis connection, and everything that follows from them up to the store.
#include "target.hpp"

#include "kv/kv_store.hpp"
#include "redis/front.hpp"
#include "redis/parser.hpp"

#include <algorithm>

namespace pmmc::fuzz {

namespace {

using namespace redis;
using redis::request; // not pmmc's
using redis::request_kind;

bool equal(const std::vector<request>& a, const std::vector<request>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.kind == y.kind && x.bytes == y.bytes && x.ends == y.ends;
  });
}

void try_parser(std::string_view bytes) {
  choices in{bytes};
  const auto piece = in.below(64) + 1;
  const auto all = in.rest();
  std::vector<request> at_once, in_pieces;
  parser first, second;
  first.feed(all, at_once);
  for (std::size_t at = 0; at < all.size(); at += piece) {
    second.feed(all.substr(at, piece), in_pieces);
    demand(second.held_bytes() <= 2 * (max_kept_bytes + max_line_bytes) + 4'096,
           "an unfinished request takes bounded memory");
  }
  demand(equal(at_once, in_pieces), "where the bytes were cut makes no difference");
  demand(first.is_broken() == second.is_broken(), "nor for whether they are the protocol");
  for (const auto& r : at_once)
    demand(r.kind != request_kind::command || (r.size() > 0 && r.ends.back() == r.bytes.size()),
           "a command has words, and they lie in its bytes");
}

/// Two connections that take turns, over a store that answers at once or later.
class bench {
public:
  bench() {
    front_.set_clock(1'700'000'000'000);
    front_.set_log_clock(1'700'000'000'000);
    front_.opened(1, "127.0.0.1:1");
    front_.opened(2, "127.0.0.1:2");
  }

  void send(connection_id id, std::string_view bytes) {
    std::vector<request> requests;
    parsers_[id - 1].feed(bytes, requests);
    if (!requests.empty())
      front_.on(id, std::move(requests));
    look();
  }
  void answer_all() {
    while (!waiting_.empty()) {
      const auto s = std::move(waiting_.front());
      waiting_.erase(waiting_.begin());
      client_outcome outcome;
      outcome.ticket = s.ticket;
      outcome.body = s.is_query ? store_.query(s.op) : store_.apply(s.op);
      front_.finished(outcome);
      look();
    }
  }
  void close(connection_id id) { front_.closed(id); }

private:
  void look() {
    auto out = front_.take();
    for (auto& s : out.submit) {
      demand(kv::decode_transaction(s.op).has_value(), "only operations of the store are sent");
      waiting_.push_back(std::move(s));
    }
    for (const auto& q : out.ask) {
      kv::reply_writer reply;
      reply.bulk("told");
      front_.answered(q.ticket, reply.take());
    }
    for (const auto& r : out.replies)
      if (r.close && r.to != 0)
        front_.closed(r.to);
    for (const auto& r : out.replies)
      if (!r.close)
        front_.drained(r.to, r.bytes.size());
    if (!out.ask.empty())
      look();
  }

  front front_{front::settings{}};
  parser parsers_[2];
  kv::kv_store store_;
  std::vector<front_outputs::submission> waiting_;
};

void try_front(std::string_view bytes) {
  bench b;
  choices in{bytes};
  const auto turns = in.below(4) + 1;
  while (!in.at_end()) {
    const auto id = static_cast<connection_id>(in.below(2) + 1);
    b.send(id, in.piece(in.rest().size() / turns + 16));
    if (in.below(3) != 0)
      b.answer_all();
  }
  b.answer_all();
  b.close(1);
  b.close(2);
}

std::vector<std::string> parser_seeds() {
  return {"\x05*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nv\r\n12\r\n*1\r\n$4\r\nPING\r\n",
          "\x01GET k\r\nSET \"a b\\x00\" 'c d'\r\n\r\nPING\n",
          "\x3f*0\r\n*-1\r\n*2\r\n$0\r\n\r\n$0\r\n\r\n", "\x03*1048577\r\n",
          "\x03*1\r\n$536870913\r\n"};
}

/// Lines that begin with what chooses: turns, and then for each turn a connection and an answer.
std::vector<std::string> front_seeds() {
  std::vector<std::string> seeds;
  for (const auto* lines :
       {"SET a 1 EX 100 GET\r\nINCR a\r\nMGET a b\r\nSTRLEN a\r\nTTL a\r\nGETDEL a\r\n",
        "MULTI\r\nSET a 1\r\nGET a\r\nEXEC\r\nWATCH a\r\nMULTI\r\nDISCARD\r\nUNWATCH\r\n",
        "SCAN 0 MATCH * COUNT 2\r\nKEYS *\r\nDBSIZE\r\nRANDOMKEY\r\nTYPE a\r\nFLUSHALL\r\n",
        "HELLO 3 SETNAME x\r\nCLIENT LIST\r\nINFO\r\nCOMMAND DOCS\r\nCONFIG GET *\r\nECHO x\r\n",
        "PMMC SESSION me\r\nPMMC REQ 1 INCR n\r\nPMMC STATUS\r\nWAIT 1 100\r\nRESET\r\nQUIT\r\n",
        "PMMC SESSION me\r\nWATCH n\r\nMULTI\r\nINCR n\r\nPMMC REQ 1 EXEC\r\nPMMC REQ 1 SCAN 0\r\n",
        "MSETNX a 1 b 2\r\nAPPEND a x\r\nEXPIRE a 10 NX\r\nPEXPIREAT a 99999999999999\r\nPERSIST "
        "a\r\nSETRANGE\r\nDEL a b\r\nEXISTS a a\r\nDECRBY n 9223372036854775807\r\n"})
    for (const char turns : {'\0', '\3'})
      seeds.push_back(std::string{turns, '\0'} + lines);
  return seeds;
}

const target parsers{"redis_parser", try_parser, parser_seeds};
const target fronts{"redis_front", try_front, front_seeds};

} // namespace

} // namespace pmmc::fuzz
