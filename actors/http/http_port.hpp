// A process's HTTP port: /health, /ready, /version, /status, /metrics (docs/OPERATIONS.md, "HTTP").
#pragma once

#include "config/address.hpp"
#include "config/cluster_file.hpp"
#include "http/http_pages.hpp"
#include "http/server.hpp"

#include <caf/all.hpp>
#include <memory>
#include <string>
#include <vector>

namespace pmmc {

struct http_settings {
  config::address listen;
  caf::actor desk; ///< report_desk.hpp; outlives the port
  http_pages pages;
};

/// The HTTP address of `process`, "HOST:PORT"; empty if the config file gives it none.
std::string http_address(const config::cluster_file& cluster, const config::process& process);

/// Serves from construction to destruction. No role ever waits for it: it asks them with a timeout,
/// at most every 100 ms however many clients there are; who comes meanwhile shares the next answer.
class http_port {
public:
  /// Throws http::listen_error.
  explicit http_port(const http_settings& settings);

  /// The port, where 0 was asked for.
  std::uint16_t port() const { return server_->port(); }

private:
  std::unique_ptr<http::server> server_;
};

} // namespace pmmc
