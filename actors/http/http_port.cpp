#include "http/http_port.hpp"

#include "parts/report_desk.hpp"

#include <map>

namespace pmmc {

namespace {

constexpr const char* json_type = "application/json";
constexpr const char* index_text = "/health   200 if this process works, else 503 and why\n"
                                   "/ready    200 if it has caught up as well\n"
                                   "/version  JSON\n"
                                   "/status   JSON: this process, and the cluster as it sees it\n"
                                   "/metrics  for Prometheus\n";

http::reply verdict(const char* good, const char* bad, const std::string& why) {
  if (why.empty())
    return {200, http::reply{}.content_type, std::string{good} + "\n"};
  return {503, http::reply{}.content_type, std::string{bad} + ": " + why + "\n"};
}

/// Makes a page of a report, in the server's thread.
using page = std::function<http::reply(const process_report&)>;

std::map<std::string, page> pages_of_reports(const build_labels& build) {
  return {
      {"/health",
       [](const auto& r) { return verdict("healthy", "unhealthy", unhealthy_because(r)); }},
      {"/ready", [](const auto& r) { return verdict("ready", "not ready", not_ready_because(r)); }},
      {"/metrics",
       [build](const auto& r) {
         return http::reply{200, metrics_content_type, metrics_text(r, own_usage(), build)};
       }},
  };
}

http::handler handler_for(const caf::actor& desk, const http_pages& pages) {
  return [desk, pages, of_report = pages_of_reports(pages.build)](const http::request& request,
                                                                  const http::respond& respond) {
    if (const auto found = of_report.find(request.path); found != of_report.end())
      caf::anon_send(desk, ask_process{[respond, make = found->second](process_report_ptr r) {
                       respond([make, r] { return make(*r); });
                     }});
    else if (request.path == "/status")
      caf::anon_send(
          desk, ask_cluster{false, [respond, pages](process_report_ptr r, cluster_report_ptr c) {
                              respond([pages, r, c] {
                                return http::reply{200, json_type, pages.status(*c, *r) + "\n"};
                              });
                            }});
    else if (request.path == "/version")
      respond([pages] { return http::reply{200, json_type, pages.version + "\n"}; });
    else if (request.path == "/")
      respond([] { return http::reply{200, http::reply{}.content_type, index_text}; });
    else
      respond([] { return http::reply{404, http::reply{}.content_type, index_text}; });
  };
}

} // namespace

std::string http_address(const config::cluster_file& cluster, const config::process& process) {
  for (const auto& role : process.roles)
    if (const auto it = cluster.http.find(role.id); it != cluster.http.end())
      return it->second;
  return {};
}

http_port::http_port(const http_settings& settings)
    : server_(std::make_unique<http::server>(settings.listen.host, settings.listen.port,
                                             http::limits{},
                                             handler_for(settings.desk, settings.pages))) {}

} // namespace pmmc
