#include "scenarios/counter_machine.hpp"

#include <istream>
#include <ostream>
#include <sstream>
#include <stdexcept>

namespace pmmc::test {

std::string counter_machine::apply(std::string_view op) {
  std::istringstream words{std::string{op}};
  std::string verb, key, text;
  if (!(words >> verb >> key >> text) || (verb != "append" && verb != "put"))
    return "what?";
  auto& value = values_[key];
  value = verb == "append" ? value + text : text;
  return value;
}

std::string counter_machine::query(std::string_view op) const {
  const auto it = values_.find(std::string{op});
  return it == values_.end() ? "" : it->second;
}

std::unique_ptr<state_machine> counter_machine::clone() const {
  return std::make_unique<counter_machine>(*this);
}

void counter_machine::snapshot(std::ostream& out) const {
  for (const auto& [key, value] : values_)
    out << key << ' ' << value << '\n';
}

void counter_machine::restore(std::istream& in) {
  values_.clear();
  std::string key, value;
  while (in >> key) {
    if (!(in >> value))
      throw std::runtime_error("a key without a value");
    values_[key] = value;
  }
}

std::uint64_t counter_machine::fingerprint() const {
  std::ostringstream out;
  snapshot(out);
  std::uint64_t hash = 17;
  for (const char c : out.str())
    hash = hash * 31 + static_cast<unsigned char>(c);
  return hash;
}

std::size_t counter_machine::size_bytes() const {
  std::size_t size = 0;
  for (const auto& [key, value] : values_)
    size += key.size() + value.size() + 2;
  return size;
}

} // namespace pmmc::test
