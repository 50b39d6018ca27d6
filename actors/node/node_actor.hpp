// One per process: finds the other processes, keeps in touch with them, and tells the process's own
// roles whom they can reach. Published at the process's address; the only actor that is. Nodes tell
// each other of new configurations, so that each process finds the others wherever they have gone.
#pragma once

#include "membership/connected_processes.hpp"
#include "node/clock_watch.hpp"
#include "node/log.hpp"
#include "node/peer_log.hpp"
#include "parts/clocks.hpp"
#include "parts/metrics_messages.hpp"
#include "parts/shell.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc {

struct node_settings {
  std::string cluster;
  std::string address;            ///< where this process listens; empty for clients, who only dial
  std::uint64_t seed = 0;         ///< of the jitter
  std::vector<hosted_role> roles; ///< of this process
  membership known;               ///< as it begins: whom to expect at which address
  /// Where the config file has members: asked by who is no member (yet), or reaches nobody it
  /// knows.
  std::set<std::string> contacts;
  std::string config_file; ///< for people
  cluster_facts facts;     ///< as formatted; none of clients
  bool rejoins = false;    ///< see introduction
  std::function<kv::moment_here()> clocks = read_clocks;
  /// Called when more is known than before: to make it durable.
  std::function<void(const membership&)> remember = [](const membership&) {};
  /// Called when the others say that this process was removed; does not return.
  std::function<void(const std::string& why)> removed = [](const std::string&) {};
  /// Called when a majority of the acceptors that it knows are of processes with other facts; does
  /// not return.
  std::function<void(const std::string& why)> differs = [](const std::string&) {};
};

/// How a connection with an address stands; what it means is connected_processes' part.
struct node_link {
  enum class state { idle, dialling, connected };
  state now = state::idle;
  bool dialled_by_us = false;
  caf::actor remote;   ///< while it is connected
  std::string key;     ///< of the peer: its address, or the name of a client's process
  std::string address; ///< empty for clients
  std::vector<hosted_role> roles;
  unsigned backoff_beats = 0;
  unsigned wait_beats = 0;   ///< until the next attempt
  unsigned wrong_ways = 0;   ///< how often another process was at the address
  unsigned astray_beats = 0; ///< that this has put off the latest attempt
  peer_trouble trouble;      ///< why it is not connected
};

/// CAF compares addresses by what they name: a connection that was lost, and the one that came in
/// its place, are equal to it.
bool is_same_proxy(const caf::actor_addr& a, const caf::actor_addr& b);

/// CAF gives the same answer for the same host and port as long as the actor lives that was there
/// first. If that was the wrong one, it must be made to look again (network_loop::new_tcp_scribe).
std::string host_for_dial(const std::string& host, unsigned wrong_ways);

/// To the process at an address: how is it?
struct node_question {
  ask_process_at asked;
  caf::typed_response_promise<probed_process> answer; ///< given once
  unsigned attempts = 0;                              ///< that are under way
  unsigned dials = 0;
  unsigned wrong_ways = 0;       ///< that were dialled, or CAF remembered, at its address
  caf::actor_addr stranger = {}; ///< the one that was dialled last
};

std::vector<reached_role> reached(const std::vector<hosted_role>& roles);

/// hello → welcome            another node has dialled
/// heartbeat                  between nodes; silence becomes peer_down, its end peer_up; it brings
///                            the sender's clock
/// members_news               from another node, or from an own role → members_news to all of them
/// status_request → process_status
/// metrics_request → node_metrics
/// ask_process_at → probed_process   from the own process
/// watch_members → members_news, from now on, and clock_news
/// log_time_seen              from the own Redis port
class node {
public:
  node(caf::event_based_actor* self, node_settings settings);
  caf::behavior make_behavior();

private:
  void learn(const membership& news);
  std::uint64_t next_random();
  void redial();
  void tell_own_roles();
  void report_removed_roles();
  void beat();
  void dial(node_link& link);
  std::string who_is_there_instead(const std::string& address,
                                   const caf::strong_actor_ptr& remote) const;
  void led_astray(const std::string& address, const std::string& whose);
  void dialled(const std::string& address, const caf::actor& remote);
  hello own_hello() const;
  std::vector<caf::actor> handles_of(const std::vector<introduced_role>& own) const;
  bool is_answer_of(const caf::actor& remote, const welcome& m) const;
  void say_hello_again(const caf::actor& remote);
  void welcomed_again(const caf::actor& remote, const welcome& m);
  void meet_from_the_start(const caf::actor& remote, const std::string& why);
  void tell_own_roles_of_trouble(const std::string& address, const std::string& why);
  void log_left_places(const std::set<role_id>& left_before) const;
  void unreachable(const std::string& address, const std::string& why);
  void refused_by(const std::string& address, const std::string& why);
  void dial_again(node_link& link, bool news);
  node_link* find_dialling(const std::string& address);
  node_link* find_connected(const caf::actor& remote);
  void welcomed(const std::string& address, const caf::actor& remote, const welcome& m);
  welcome greet(const hello& m);
  bool speaks_for_itself(const hello& m) const;
  void refused_for_facts(const std::string& address, const after_reply& after);
  void demand_own_cluster(const membership& news) const;
  bool is_guest(const hosted_role& role, const std::string& address) const {
    return admission_.is_guest(role.kind, role.id, address);
  }
  void connected(node_link& link, const caf::actor& remote, std::uint64_t incarnation,
                 std::vector<hosted_role> roles);
  void carry_out();
  void carry_out(const connection_order::tell_up& order);
  void carry_out(const connection_order::tell_down& order);
  void carry_out(const connection_order::note_lost& order);
  void carry_out(const connection_order::close& order);
  void disconnected(const caf::actor_addr& remote);
  void heard(const heartbeat& m);
  void expect_clocks();
  bool is_from(const std::string& key, const node_link& link, const heartbeat& m) const;
  void hear_clock(const heartbeat& m);
  void tell_of_clocks(const kv::moment_here& now);
  caf::result<process_status> status(const status_request& m);
  node_metrics metrics() const;
  std::string why_not_connected(const std::string& address) const;
  caf::result<probed_process> ask_at(const ask_process_at& m);
  void dial_stranger(const std::shared_ptr<node_question>& q);
  bool is_misled(const node_question& q, const caf::node_id& name) const;
  void put_question(const std::shared_ptr<node_question>& q, const caf::actor& remote);
  void put_questions_again(const node_link& link);
  void watch_stranger(const caf::actor_addr& remote);
  void ask_strangers_again(const caf::actor_addr& lost);
  void leave_strangers();

  std::string logged_as(const node_link& link) const;
  void watch_quorum();

  const membership& known() const { return admission_.known(); }
  bool is_client() const { return admission_.is_client(); }

  caf::event_based_actor* self_;
  node_settings settings_;
  std::uint64_t random_state_;
  admission admission_;
  connected_processes processes_;
  std::map<std::string, node_link> links_;     ///< by address; clients by their node's name
  std::set<std::string> dials_;                ///< addresses, until CAF has answered
  std::map<caf::node_id, unsigned> strangers_; ///< dialled to be asked; beats since they were
  std::vector<std::weak_ptr<node_question>> questions_; ///< to them
  std::vector<caf::actor_addr> asked_;                  ///< whose end is told, once each
  unsigned wrong_ways_ = 0;                             ///< of all questions
  quorum_log quorum_;
  refusal_log refused_;              ///< those who dial
  std::set<role_id> removed_roles_;  ///< own ones, reported
  std::vector<caf::actor> watchers_; ///< of the members and the time, in this process
  clock_watch clocks_;
};

caf::behavior node_actor(caf::event_based_actor* self, std::shared_ptr<node_settings> settings);

} // namespace pmmc
