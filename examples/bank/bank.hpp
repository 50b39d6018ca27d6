// A replicated bank (paper, exercise 3). Its main: pmmc::run(argc, argv, make_unique<bank>);
#pragma once
#include "service/state_machine.hpp"
#include <map>
#include <sstream>
#include <stdexcept>
/// "deposit TO 10", "withdraw FROM 3", "transfer FROM TO 2", "inquire OF": a balance or "error: …".
struct bank final : pmmc::state_machine {
  std::string_view name() const override { return "bank/1"; }
  std::string apply(std::string_view op) override {
    std::istringstream words{std::string{op}};
    std::string verb, from = "cash", to = "cash", rest;
    std::int64_t amount = 0;
    if (words >> verb; verb == "withdraw" || verb == "transfer")
      words >> from;
    if (verb == "deposit" || verb == "transfer")
      words >> to;
    if (from == to || !(words >> amount) || words >> rest || amount < 1 || amount > most)
      return query(op);
    if (balance_of(from) - amount < (from == "cash" ? -most : 0))
      return "error: " + from + " has only " + std::to_string(balance_of(from));
    balances_[from] -= amount;
    balances_[to] += amount;
    return std::to_string(balance_of(from == "cash" ? to : from));
  }
  std::string query(std::string_view op) const override {
    return op.starts_with("inquire ") ? std::to_string(balance_of(std::string{op.substr(8)}))
                                      : "error: malformed";
  }
  std::unique_ptr<state_machine> clone() const override { return std::make_unique<bank>(*this); }
  void snapshot(std::ostream& out) const override { out << text(); }
  void restore(std::istream& in) override {
    balances_.clear();
    for (std::string account; in.peek() == ' ' && in >> account;)
      in >> balances_[account];
    if (in.get() != '\n')
      throw std::runtime_error("this is not a snapshot of a bank");
  }
  std::uint64_t fingerprint() const override {
    std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
    for (unsigned char byte : text())
      hash = (hash ^ byte) * 0x100000001b3;
    return hash;
  }
  std::size_t size_bytes() const override { return balances_.size() * 32; }

private:
  static constexpr std::int64_t most = 1'000'000'000'000'000; // deposits take "cash" below 0
  std::int64_t balance_of(const std::string& account) const {
    return balances_.count(account) > 0 ? balances_.at(account) : 0;
  }
  std::string text() const {
    std::string line;
    for (const auto& [account, balance] : balances_)
      line += ' ' + account + ' ' + std::to_string(balance);
    return line + '\n';
  }
  std::map<std::string, std::int64_t> balances_;
};
