// A state machine whose state shows at once whether an operation was executed never, once or twice.
#pragma once

#include "state_machine.hpp"

#include <map>
#include <string>

namespace pmmc::test {

/// Operations: "append KEY TEXT" adds TEXT to the end of the value, "put KEY TEXT" replaces it;
/// both answer the new value. A query is a key, its answer the value.
class counter_machine final : public state_machine {
public:
  std::string_view name() const override { return "counter/1"; }
  std::string apply(std::string_view op) override;
  std::string query(std::string_view op) const override;
  std::unique_ptr<state_machine> clone() const override;
  void snapshot(std::ostream& out) const override;
  void restore(std::istream& in) override;
  std::uint64_t fingerprint() const override;
  std::size_t size_bytes() const override;

private:
  std::map<std::string, std::string> values_;
};

} // namespace pmmc::test
