// A listening socket that survives having no descriptor left. CAF's own would be told of the
// waiting connection again at once, for ever, and take a core for it.
#pragma once

#include <caf/io/all.hpp>
#include <caf/io/network/acceptor.hpp>
#include <caf/io/network/default_multiplexer.hpp>

namespace pmmc {

class network_loop;

class careful_doorman : public caf::io::doorman {
public:
  careful_doorman(network_loop& loop, caf::io::network::native_socket socket);

  bool new_connection() override;
  void graceful_shutdown() override;
  void launch() override;
  std::string addr() const override;
  std::uint16_t port() const override;
  void add_to_loop() override;
  void remove_from_loop() override;

private:
  class socket : public caf::io::network::acceptor {
  public:
    socket(careful_doorman& door, network_loop& loop, caf::io::network::native_socket fd);
    void handle_event(caf::io::network::operation op) override;
    /// CAF's word for accept().
    bool try_accept(caf::io::network::native_socket& accepted, caf::io::network::native_socket fd);

  private:
    careful_doorman& door_;
  };

  /// Nobody can be accepted at the moment.
  void rest();

  network_loop& loop_;
  socket socket_;
};

} // namespace pmmc
