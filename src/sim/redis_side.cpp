#include "sim/redis_side.hpp"

#include "sim/checkers/redis_checker.hpp"

#include <algorithm>

namespace pmmc::sim {

void redis_side::add_clients() {
  for (std::size_t i = 1; i <= world_.options.redis_clients; ++i)
    clients_.push_back(std::make_unique<redis_client_host>(
        world_, wire_, history_, "redis-client" + std::to_string(i), world_.add_process(false)));
  if (!clients_.empty())
    crowd_ = std::make_unique<redis_crowd>(world_, wire_, history_, "redis-crowd",
                                           clients_.front()->process_number());
  if (world_.options.trial == trial_kind::far_ahead)
    ahead_ = std::make_unique<ahead_client>(world_, "ahead", world_.add_process(false));
  else if (world_.options.trial == trial_kind::many_openings)
    opening_ = std::make_unique<opening_client>(world_, "opening", world_.add_process(false));
  else if (world_.options.trial == trial_kind::full_session)
    filling_ = std::make_unique<filling_client>(world_, "filling", world_.add_process(false));
  else if (world_.options.trial != trial_kind::none)
    trial_ = std::make_unique<redis_trial>(world_, wire_, "trial", world_.add_process(false));
}

/// So many clocks are wrong that they are no majority, unless replicas with good ones are removed.
void redis_side::give_port(std::size_t process) {
  if ((clients_.empty() && !trial_) || ports_.contains(process))
    return;
  const auto& roles = world_.process_at(process).roles;
  for (std::size_t i = 0; i < roles.size(); ++i)
    if (serves_clients(roles[i]->kind())) {
      const bool is_wrong = ports_.size() < world_.options.wrong_clocks;
      ports_[process] =
          std::make_unique<redis_port_host>(world_, wire_, clocks_, *roles[i], is_wrong);
      return;
    }
}

void redis_side::calm_down() {
  wire_.calm_down();
  for (auto& c : clients_)
    c->hurry();
  if (crowd_)
    crowd_->calm_down();
}

bool redis_side::is_done() {
  if (!std::all_of(clients_.begin(), clients_.end(), [](const auto& c) { return c->is_done(); }))
    return false;
  if (crowd_)
    crowd_->leave();
  std::string why;
  return is_quiet(why);
}

bool redis_side::is_quiet(std::string& why) const {
  bool quiet = true;
  for (const auto& c : clients_)
    quiet = c->is_quiet(why) && quiet;
  if (crowd_) {
    quiet = crowd_->is_quiet(why) && quiet;
    for (const auto& [process, port] : ports_)
      quiet = port->is_quiet(why) && quiet;
  }
  if (trial_)
    quiet = trial_->is_quiet(why) && quiet;
  if (ahead_)
    quiet = ahead_->is_quiet(why) && quiet;
  if (opening_)
    quiet = opening_->is_quiet(why) && quiet;
  if (filling_)
    quiet = filling_->is_quiet(why) && quiet;
  return quiet;
}

void redis_side::check(std::span<const sim_time> times) const {
  world_.facts.count(fact::redis_connection_cut, wire_.cuts());
  const auto& model = world_.checkers.truth().model();
  redis_checker checker{history_, model, times, clocks_.most_ahead_ms()};
  checker.check();
  world_.facts.count(fact::redis_executed_unheard, checker.executed_unheard());
}

} // namespace pmmc::sim
