#include "node/host_name.hpp"

#include <algorithm>
#include <boost/asio.hpp>

namespace pmmc {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Without any, `why`.
tcp::resolver::results_type resolve(const std::string& host, std::string& why) try {
  asio::io_context io;
  return tcp::resolver{io}.resolve(host, "0");
} catch (const boost::system::system_error& e) { // io_context takes descriptors, too
  why = "the name \"" + host + "\" does not resolve: " + e.code().message();
  return {};
}

error_code try_to_bind(asio::ip::address address, std::uint16_t port) try {
  asio::io_context io;
  tcp::acceptor acceptor{io};
  error_code error;
  const tcp::endpoint where{std::move(address), port};
  acceptor.open(where.protocol(), error);
  if (!error)
    acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error)
    acceptor.bind(where, error);
  return error;
} catch (const boost::system::system_error& e) { // as above
  return e.code();
}

} // namespace

std::string why_unresolved(const std::string& host) {
  std::string why;
  resolve(host, why);
  return why;
}

std::string why_not_of_this_machine(const config::address& where) {
  std::string why;
  const auto found = resolve(where.host, why);
  if (!why.empty())
    return why;
  const auto is_own = [](const auto& entry) {
    return !try_to_bind(entry.endpoint().address(), 0); // any free port, given back at once
  };
  return std::any_of(found.begin(), found.end(), is_own)
             ? std::string{}
             : "its address " + to_string(where) + " is not one of this machine";
}

std::string why_cannot_listen(const config::address& where) {
  std::string why;
  const auto found = resolve(where.host, why);
  if (!why.empty())
    return why + "; correct it in the config file, or make the name known on this machine";
  const auto error = try_to_bind(found.begin()->endpoint().address(), where.port);
  if (error == boost::system::errc::address_not_available)
    return "it is not an address of this machine; correct it in the config file";
  return (error ? error.message() : std::string{"the port could not be opened"}) +
         "; is another program using the port? (`ss -ltnp` shows which)";
}

} // namespace pmmc
