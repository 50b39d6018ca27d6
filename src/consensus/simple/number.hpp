// Proposal numbers. "Different proposers choose their numbers from disjoint sets of numbers" (Paxos
// Made Simple, section 2.5).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::simple {

/// A server's place in the list of servers: 0 to n - 1, the same at all of them.
using server_index = std::uint64_t;

/// The one form in which numbers are kept, compared and sent, form (a): a plain integer. Of n
/// servers, server k uses k, k + n, k + 2n, …: of four servers, server 0 uses 0, 4, 8, ….
struct proposal_number {
  std::uint64_t value = 0;

  friend auto operator<=>(const proposal_number&, const proposal_number&) = default;
};

/// Nothing is below every number.
using number_or_none = std::optional<proposal_number>;

/// Form (b): the pair of a server and how many numbers it has used before, ordered by `n` first.
struct number_pair {
  server_index server = 0;
  std::uint64_t n = 0;

  friend bool operator==(const number_pair&, const number_pair&) = default;
  friend std::strong_ordering operator<=>(const number_pair& a, const number_pair& b) {
    return a.n != b.n ? a.n <=> b.n : a.server <=> b.server;
  }
};

/// Whose numbers are which among so many servers, and the three forms of one. All forms have the
/// same order.
class numbering {
public:
  /// Larger ones are nobody's. A server that used a new number each microsecond would get there in
  /// 146,000 years, so that there is no need to say what happens then.
  static constexpr std::uint64_t largest = std::uint64_t{1} << 62;

  /// Precondition: `servers` > 0.
  explicit numbering(std::uint64_t servers);

  server_index owner(proposal_number number) const { return number.value % servers_; }
  /// The least number of `server` that is above `other`.
  proposal_number next_above(const number_or_none& other, server_index server) const;

  number_pair to_pair(proposal_number number) const;
  /// Precondition: there is such a server, and the number is at most `largest`.
  proposal_number from_pair(const number_pair& pair) const;

  /// Form (c): "n.server", a decimal fraction. The server's digits are padded with zeros, as many
  /// as the last server needs: of 11 servers, server 2 has "0.02", "1.02", ….
  std::string to_decimal(proposal_number number) const;
  /// Nothing unless to_decimal() could have written it.
  std::optional<proposal_number> from_decimal(std::string_view text) const;

private:
  std::size_t server_digits() const;

  std::uint64_t servers_;
};

} // namespace pmmc::simple
