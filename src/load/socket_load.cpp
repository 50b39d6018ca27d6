#include "load/socket_load.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pmmc::load {

namespace {

/// Blocking; the socket does not block afterwards.
int connect_to(const std::string& address) {
  const auto colon = address.rfind(':');
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int unknown = getaddrinfo(
      address.substr(0, colon).c_str(),
      colon == std::string::npos ? nullptr : address.c_str() + colon + 1, &hints, &found);
  if (unknown != 0)
    throw connect_error{address + ": " + gai_strerror(unknown)};
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  const int error = errno;
  freeaddrinfo(found);
  if (!connected) {
    if (fd >= 0)
      close(fd);
    throw connect_error{address + ": " + std::strerror(error)};
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

struct socket_client {
  int fd = -1;
  std::string address;
  started begun;
  bool under_way = false;
  bool wants_to_write = false; ///< epoll tells when it can
  std::string unsent;
  std::string received;
};

} // namespace

struct socket_load::implementation {
  implementation(std::unique_ptr<dialect> d, const plan& p, recorder& r)
      : how(std::move(d)), source(p, 0, 1), record(r), timeout(p.timeout) {}
  ~implementation();

  void run();
  void start_operation(socket_client& c);
  void write(socket_client& c);
  void read(socket_client& c);
  void give_up(socket_client& c, const std::string& why);

  std::unique_ptr<dialect> how;
  operation_source source;
  recorder& record;
  std::chrono::milliseconds timeout;
  std::vector<socket_client> clients;
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::atomic<bool> stopping = false;
  std::size_t under_way = 0;
  std::thread thread;
};

socket_load::implementation::~implementation() {
  for (auto& c : clients)
    if (c.fd >= 0)
      close(c.fd);
  close(wake);
  close(epoll);
}

void socket_load::implementation::start_operation(socket_client& c) {
  const auto op = source.next();
  how->append_request(op, c.unsent);
  c.begun = {op.kind, op.preload, clock::now()};
  c.under_way = true;
  ++under_way;
  write(c);
}

void socket_load::implementation::write(socket_client& c) {
  const auto sent = send(c.fd, c.unsent.data(), c.unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN)
    return give_up(c, std::strerror(errno));
  c.unsent.erase(0, sent < 0 ? 0 : static_cast<std::size_t>(sent));
  if (c.unsent.empty() != c.wants_to_write)
    return;
  c.wants_to_write = !c.unsent.empty();
  epoll_event e{};
  e.events = EPOLLIN | (c.wants_to_write ? EPOLLOUT : 0U);
  e.data.ptr = &c;
  epoll_ctl(epoll, EPOLL_CTL_MOD, c.fd, &e);
}

void socket_load::implementation::read(socket_client& c) {
  static thread_local std::array<char, 64 << 10> buffer;
  const auto bytes = recv(c.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (bytes < 0 && errno == EAGAIN)
    return;
  if (bytes <= 0)
    return give_up(c, bytes == 0 ? "it closed the connection" : std::strerror(errno));
  c.received.append(buffer.data(), static_cast<std::size_t>(bytes));
  if (!c.under_way)
    return give_up(c, "it answered without a question");
  const auto a = how->take_answer(c.begun.kind, c.received);
  if (!a)
    return;
  c.received.erase(0, a->bytes);
  c.under_way = false;
  --under_way;
  record.finished(c.begun, a->how, a->why);
  if (!stopping)
    start_operation(c);
}

/// What it had sent may have been executed.
void socket_load::implementation::give_up(socket_client& c, const std::string& why) {
  if (std::exchange(c.under_way, false)) {
    --under_way;
    record.finished(c.begun, ending::unknown, c.address + ": " + why);
  }
  close(c.fd);
  c.fd = -1;
}

void socket_load::implementation::run() {
  for (auto& c : clients)
    start_operation(c);
  std::array<epoll_event, 256> events;
  auto deadline = clock::time_point::max();
  while (under_way > 0 || !stopping) {
    if (stopping && deadline == clock::time_point::max())
      deadline = clock::now() + timeout;
    if (clock::now() >= deadline)
      break;
    const int count = epoll_wait(epoll, events.data(), events.size(), stopping ? 10 : -1);
    for (int i = 0; i < count; ++i) {
      auto* c = static_cast<socket_client*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (c == nullptr)
        continue; // woken to stop
      if (c->fd >= 0 && (events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0)
        write(*c);
      if (c->fd >= 0)
        read(*c);
    }
  }
  for (auto& c : clients)
    if (c.under_way)
      give_up(c, "no answer in time");
}

socket_load::socket_load(const std::vector<std::string>& addresses, std::unique_ptr<dialect> how,
                         const plan& p, recorder& r)
    : implementation_(std::make_unique<implementation>(std::move(how), p, r)) {
  auto& i = *implementation_;
  i.clients.resize(p.clients);
  for (std::size_t n = 0; n < p.clients; ++n) {
    auto& c = i.clients[n];
    c.address = addresses[n % addresses.size()];
    c.fd = connect_to(c.address);
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.ptr = &c;
    epoll_ctl(i.epoll, EPOLL_CTL_ADD, c.fd, &e);
  }
  epoll_event e{};
  e.events = EPOLLIN | EPOLLET;
  epoll_ctl(i.epoll, EPOLL_CTL_ADD, i.wake, &e);
  i.thread = std::thread{[&i] { i.run(); }};
}

socket_load::~socket_load() { stop(); }

void socket_load::stop() {
  auto& i = *implementation_;
  if (!i.thread.joinable())
    return;
  i.stopping = true;
  eventfd_write(i.wake, 1);
  i.thread.join();
}

} // namespace pmmc::load
