#include "consensus/simple/number.hpp"

#include "base/invariant.hpp"

#include <charconv>

namespace pmmc::simple {

numbering::numbering(std::uint64_t servers) : servers_(servers) {
  PMMC_INVARIANT(servers > 0, "a cluster has a server");
}

proposal_number numbering::next_above(const number_or_none& other, server_index server) const {
  if (!other || other->value < server)
    return {server};
  const auto used = (other->value - server) / servers_; // n of the last one that is not above
  return from_pair({server, used + 1});
}

number_pair numbering::to_pair(proposal_number number) const {
  return {number.value % servers_, number.value / servers_};
}

proposal_number numbering::from_pair(const number_pair& pair) const {
  PMMC_INVARIANT(pair.server < servers_, "a number belongs to a server");
  PMMC_INVARIANT(pair.n <= (largest - pair.server) / servers_, "numbers do not run out");
  return {pair.n * servers_ + pair.server};
}

std::size_t numbering::server_digits() const { return std::to_string(servers_ - 1).size(); }

std::string numbering::to_decimal(proposal_number number) const {
  const auto pair = to_pair(number);
  const auto server = std::to_string(pair.server);
  return std::to_string(pair.n) + "." + std::string(server_digits() - server.size(), '0') + server;
}

std::optional<proposal_number> numbering::from_decimal(std::string_view text) const {
  number_pair pair;
  const auto* const end = text.data() + text.size();
  const auto whole = std::from_chars(text.data(), end, pair.n);
  if (whole.ec != std::errc{} || whole.ptr == end || *whole.ptr != '.')
    return std::nullopt;
  const auto fraction = std::from_chars(whole.ptr + 1, end, pair.server);
  if (fraction.ec != std::errc{} || fraction.ptr != end || pair.server >= servers_ ||
      pair.n > (largest - pair.server) / servers_)
    return std::nullopt;
  const auto number = from_pair(pair);
  return to_decimal(number) == text ? std::optional{number} : std::nullopt;
}

} // namespace pmmc::simple
