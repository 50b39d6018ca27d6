#include "node/peer_log.hpp"

#include "node/shown.hpp"

#include <spdlog/spdlog.h>
#include <utility>

namespace pmmc {

bool peer_trouble::is_news(const std::string& why) { return std::exchange(why_, why) != why; }

bool peer_trouble::unreachable(const std::string& address, const std::string& why) {
  const bool news = is_news(why);
  if (news && !address.empty())
    spdlog::debug("the process at {} {}; trying again", address, why);
  return news;
}

bool peer_trouble::refused(const std::string& address, const std::string& why) {
  const bool news = is_news(why);
  if (news && !address.empty())
    spdlog::warn("the process at {} {}; trying again", address, why);
  warned_ = true;
  return news;
}

void peer_trouble::lost(const std::string& address, const std::string& why) {
  why_ = why;
  if (!address.empty())
    spdlog::warn("the process at {} {}", address, why);
  warned_ = true;
}

void peer_trouble::replaced(const std::string& address, const std::string& why) {
  if (!address.empty())
    spdlog::info("the process at {} {}", address, why);
}

void peer_trouble::over(const std::string& address) {
  if (!address.empty())
    spdlog::info("connected with the process at {}", address);
  *this = {};
}

void peer_trouble::beat(const std::string& address) {
  if (why_.empty() || warned_ || ++beats_ < beats_until_warned)
    return;
  warned_ = true;
  if (!address.empty())
    spdlog::warn("the process at {} {}; trying again", address, why_);
}

void refusal_log::log(const std::string& who, const std::string& why, std::string_view text) {
  if (is_news(who, why) && !lines_.log(text))
    over(who);
}

bool refusal_log::is_news(const std::string& who, const std::string& why) {
  const auto key = shown(who);
  if (refused_.size() >= most_remembered && !refused_.contains(key))
    refused_.clear();
  auto told = shown(why);
  auto& before = refused_[key];
  const bool news = before != told;
  before = std::move(told);
  return news;
}

void refusal_log::over(const std::string& who) { refused_.erase(shown(who)); }

void quorum_log::beat(const configuration& config,
                      const std::function<bool(const role_id&)>& is_up) {
  const auto* voters = config.has_servers() ? "servers" : "acceptors";
  const auto all = config.voters().size();
  std::size_t up = 0;
  std::string silent;
  for (const auto& voter : config.voters())
    if (is_up(voter.id))
      ++up;
    else
      silent += " " + voter.id.str() + " at " + voter.address;
  if (up < config.quorum()) {
    if (++beats_ == beats_until_warned)
      spdlog::warn(
          "no quorum: {} of {} {} can be reached, {} are needed in configuration {}, not{}; "
          "nothing can be decided until then",
          up, all, voters, config.quorum(), config.version, silent);
    return;
  }
  if (beats_ >= beats_until_warned)
    spdlog::warn("there is a quorum again: {} of {} {} can be reached", up, all, voters);
  beats_ = 0;
}

} // namespace pmmc
