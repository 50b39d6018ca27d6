#include "check/history_file.hpp"

#include "check/history_line.hpp"

namespace pmmc::check {

namespace {

/// The call is written first and the result later, with what was known before repeated.
bool is_same_call(const operation& a, const operation& b) {
  return a.kind == b.kind && a.key == b.key && a.value == b.value && a.expected == b.expected &&
         a.by == b.by && a.call_ns == b.call_ns;
}

} // namespace

void history_reader::read(std::istream& in, const std::string& name) {
  std::string line;
  for (std::uint64_t number = 1; std::getline(in, line); ++number) {
    const bool is_last = in.eof();
    const auto place = name + ":" + std::to_string(number);
    if (line.find_first_not_of(" \t\r") == std::string::npos)
      continue;
    try {
      take(parse_line(line), place);
    } catch (const cut_off& e) {
      if (is_last)
        warnings_.push_back(place + ": the last line is cut off, and is left out; whoever wrote it "
                                    "was stopped there");
      else
        refuse(place, e.what());
    } catch (const bad_line& e) {
      refuse(place, e.what());
    }
  }
  if (in.bad())
    refuse(name, "cannot be read to its end; is it a file?");
}

void history_reader::take(operation op, const std::string& place) {
  if (op.id == 0) {
    operations_.push_back(std::move(op));
    return;
  }
  const auto name = op.client + "\n" + std::to_string(op.id);
  const auto [known, added] = numbered_.try_emplace(name, entry{operations_.size(), place});
  if (added) {
    operations_.push_back(std::move(op));
    return;
  }
  auto& earlier = operations_[known->second.index];
  const auto which = "operation " + std::to_string(op.id) + " of client " + shown(op.client);
  if (earlier.result != result_kind::unknown)
    return refuse(place, which + " has its result in " + known->second.place +
                             " already; a client uses a number once");
  if (!is_same_call(earlier, op))
    return refuse(place, which + " is another one than in " + known->second.place +
                             "; the line with the result repeats operation, key, arguments and "
                             "call");
  earlier = std::move(op);
}

void history_reader::refuse(const std::string& place, const std::string& why) {
  ++error_count_;
  if (errors_.size() < max_errors)
    errors_.push_back(place + ": " + why);
}

} // namespace pmmc::check
