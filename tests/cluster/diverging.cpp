// A program whose state machine breaks the rules: what it remembers of an operation depends on the
// environment of its process. For the tests that replicas which differ are noticed.
#include "cli/cli.hpp"

#include <cstdlib>
#include <istream>
#include <iterator>
#include <ostream>

namespace {

class diverging final : public pmmc::state_machine {
public:
  std::string_view name() const override { return "diverging/1"; }
  std::string apply(std::string_view op) override {
    const auto* addition = std::getenv("PMMC_TEST_DIVERGES");
    text_.append(op).append(addition == nullptr ? "" : addition).push_back('\n');
    return "done";
  }
  std::string query(std::string_view) const override { return text_; }
  std::unique_ptr<state_machine> clone() const override {
    return std::make_unique<diverging>(*this);
  }
  void snapshot(std::ostream& out) const override { out << text_; }
  void restore(std::istream& in) override { text_.assign(std::istreambuf_iterator<char>{in}, {}); }
  std::uint64_t fingerprint() const override {
    std::uint64_t hash = 0;
    for (const unsigned char byte : text_)
      hash = hash * 31 + byte;
    return hash;
  }
  std::size_t size_bytes() const override { return text_.size(); }

private:
  std::string text_;
};

} // namespace

int main(int argc, char** argv) {
  pmmc::run(argc, argv, [] { return std::make_unique<diverging>(); });
}
