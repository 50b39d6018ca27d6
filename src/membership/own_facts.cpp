#include "membership/own_facts.hpp"

namespace pmmc {

std::string why_other_program(const cluster_facts& formatted, const cluster_facts& own,
                              std::string_view config_file) {
  if (formatted.engine != own.engine)
    return "it was made by the engine " + formatted.engine + ", and " + std::string{config_file} +
           " says " + own.engine + ". " + std::string{engine_stays};
  auto of_program = formatted;
  of_program.protocol = own.protocol;
  of_program.machine = own.machine;
  return why_facts_differ(formatted, of_program, "in this program");
}

} // namespace pmmc
