#include "http/process_report.hpp"

#include <algorithm>

namespace pmmc {

namespace {

class reasons {
public:
  void add(const std::string& why) { text_ += (text_.empty() ? "" : "; ") + why; }
  const std::string& text() const { return text_; }

private:
  std::string text_;
};

} // namespace

std::string unhealthy_because(const process_report& r) {
  reasons why;
  for (const auto& role : r.roles) {
    const auto name = std::string{to_string(role.role.kind)} + " " + role.role.id.str();
    if (!role.answered)
      why.add(name + " did not answer within " + std::to_string(report_timeout.count()) +
              " ms: it is overloaded, or waits for its disk; its log may say more");
    else if (const auto* service = service_of(role.metrics);
             service != nullptr && !service->now.trouble.empty())
      why.add(name + ": " + service->now.trouble);
  }
  if (!r.node_answered)
    why.add("the process's node did not answer within " + std::to_string(report_timeout.count()) +
            " ms: the process is overloaded");
  return why.text();
}

std::string not_ready_because(const process_report& r) {
  reasons why;
  if (const auto unhealthy = unhealthy_because(r); !unhealthy.empty())
    why.add(unhealthy);
  for (const auto& role : r.roles) {
    const auto* service = service_of(role.metrics);
    if (!role.answered || service == nullptr)
      continue;
    const auto& now = service->now;
    const std::string kind{to_string(role.role.kind)};
    const auto name = kind + " " + role.role.id.str();
    if (!now.is_member)
      why.add(name + " is no member of the cluster's configuration: it is to be added with `pmmc "
                     "reconfig --add`, or was removed");
    if (now.fetching_snapshot)
      why.add(name + " fetches a snapshot from another " + kind);
    if (now.lag > now.window)
      why.add(name + " is " + std::to_string(now.lag) + " slots behind (ready at " +
              std::to_string(now.window) + ")");
  }
  return why.text();
}

} // namespace pmmc
