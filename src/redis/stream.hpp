// The bytes of one Redis connection: which requests they are, and which bytes go out next. A
// refusal is decided here, before anything of the refused request is handed on, and answered behind
// the replies to all earlier ones.
#pragma once

#include "redis/parser.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::redis {

struct stream_limits {
  /// Requests of one connection that are not answered; more are not read.
  std::size_t max_unanswered_bytes = 1 << 20;
  /// In all: unanswered requests and unfinished ones. Past it, what a connection sends that holds
  /// more than `fair_bytes` is refused, and the connection is closed.
  std::size_t max_input_bytes = 256 << 20;
  std::size_t fair_bytes = 64 << 10;
  /// In all: replies that clients have not taken. Past it, of the connections that have taken
  /// nothing for longest the one with most of them is closed.
  std::size_t max_output_bytes = 256 << 20;
  std::size_t note_drained_bytes = 16 << 10; ///< front::settings::note_unread_bytes
  /// Who takes less than this, while something is unread, stands still: see stalled().
  std::size_t least_taken_bytes = 64 << 10;
};

/// Of all streams of a port.
struct stream_totals {
  std::size_t input = 0;
  std::size_t output = 0;
};

/// Both must outlive it.
class stream {
public:
  stream(const stream_limits& limits, stream_totals& totals) : limits_(limits), totals_(totals) {}
  ~stream();
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  // --- in ---

  /// The requests that `bytes` complete. What is refused comes as request_kind::broken, whose bytes
  /// are the reply: it is the last.
  std::vector<request> feed(std::string_view bytes);
  /// Nothing is understood any more.
  bool is_closing() const { return closing_; }
  /// Whether more may be read. There is a gap between its becoming false and true again.
  bool is_full() const { return full_; }

  // --- out ---

  /// Bytes of replies, the cost of the requests that are done with by them, and whether to close
  /// when they are written.
  void reply(std::string bytes, std::size_t settled_cost, bool close);
  /// A refusal of the connection as a whole, before anything was understood.
  void refuse(std::string_view why);
  bool has_output() const { return !output_.empty(); }
  std::size_t output_bytes() const { return output_bytes_; }
  /// The pieces to write next, in order: at most `most` of them.
  std::vector<std::string_view> pieces(std::size_t most) const;
  /// So many of their bytes have gone out.
  void sent(std::size_t bytes);
  /// All is written: how many bytes since the last time, if it was enough to tell the front
  /// (front::drained); else 0.
  std::size_t take_drained();
  bool closes_when_written() const { return close_when_written_; }
  /// Throws away what is not written.
  void drop_output();

  /// Once a second, while it matters. `first`: it did not before.
  void look(bool first);
  /// How many looks ago either nothing was unread, or the last of least_taken_bytes were taken: a
  /// few bytes now and then are no progress.
  unsigned stalled() const { return stalled_; }
  /// Whether the front counts replies of it as unread: it waits for take_drained().
  bool is_undrained() const { return since_drained_ > limits_.note_drained_bytes; }

private:
  void account();
  void cut_off(std::vector<request>& requests);

  const stream_limits& limits_;
  stream_totals& totals_;
  parser parser_;
  bool closing_ = false;
  bool full_ = false;
  std::size_t unanswered_ = 0; ///< cost of requests
  std::size_t held_ = 0;       ///< of the total input: the parser and `unanswered_`
  std::deque<std::string> output_;
  std::size_t output_sent_ = 0; ///< of the first one
  std::size_t output_bytes_ = 0;
  std::size_t since_drained_ = 0;
  bool close_when_written_ = false;
  std::uint64_t taken_ = 0;        ///< bytes, ever
  std::uint64_t taken_before_ = 0; ///< when `stalled_` was 0
  unsigned stalled_ = 0;
};

} // namespace pmmc::redis
