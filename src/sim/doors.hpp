// The doors of the simulated processes' ports: the shipped gate judges what CAF would carry.
#pragma once

#include "door/basp.hpp"

#include <string>
#include <string_view>

namespace pmmc::sim {

/// Connections are there, and greeted, as soon as somebody sends. A message that its receiver's
/// door refuses would end the connection, and be sent again on the next one, without end.
class doors {
public:
  explicit doors(door::basp_limits limits);

  /// What CAF writes before each message of the protocol.
  static std::string_view before_mail();
  /// Why a message from a client, or from a member, is refused; "" if it comes in. `payload`: all
  /// that CAF carries.
  std::string why_refused(bool is_of_client, std::string_view payload);
  /// The same of what processes tell each other, by the name of its type: of a stranger, who has
  /// said nothing else yet, or of a member. What CAF adds for the handles of roles is left out.
  std::string why_said_refused(door::speaker who, std::string_view type, std::string_view said);

private:
  door::basp_gate strangers_;
  door::basp_gate clients_;
  door::basp_gate members_;
};

} // namespace pmmc::sim
