// What the machine can do: three of these replicate a log as little code can, and are no more than
// that (no elections, no recovery, no reads, and it ends when a peer does). Node 1 takes the
// clients' puts, hands what is waiting on to nodes 2 and 3 as one batch, appends and syncs it, and
// answers when one of the two has synced it as well. Two batches are never under way at the same
// time.
#include <array>
#include <boost/program_options.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t buffer_bytes = 256 << 10;

int checked(int result, const char* what) {
  if (result < 0)
    throw std::system_error{errno, std::generic_category(), what};
  return result;
}

void no_delay(int fd) {
  const int on = 1;
  checked(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
}

sockaddr_in loopback(unsigned port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(static_cast<std::uint16_t>(port));
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

int listen_at(unsigned port) {
  const int fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  checked(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
  const auto a = loopback(port);
  checked(bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a), "bind");
  checked(listen(fd, SOMAXCONN), "listen");
  return fd;
}

int connect_to(unsigned port) {
  const int fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const auto a = loopback(port);
  checked(connect(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a), "connect");
  no_delay(fd);
  return fd;
}

/// Blocks until all of it is sent.
void send_all(int fd, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const auto sent = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent < 0)
      checked(-1, "send");
    done += static_cast<std::size_t>(sent);
  }
}

/// Appends what has come to `to`. False at the end of the stream.
bool receive(int fd, std::string& to, int flags) {
  static std::array<char, buffer_bytes> buffer;
  const auto bytes = recv(fd, buffer.data(), buffer.size(), flags);
  if (bytes < 0 && errno == EAGAIN)
    return true;
  if (bytes > 0)
    to.append(buffer.data(), static_cast<std::size_t>(bytes));
  return bytes > 0;
}

class log_file {
public:
  /// `preallocated` bytes are written with zeros and synced now, and used over and over; 0: the
  /// file grows.
  log_file(const std::string& path, std::size_t preallocated, bool syncs)
      : fd_(checked(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), "open")),
        size_(preallocated), syncs_(syncs) {
    const std::string zeros(1 << 20, '\0');
    for (std::size_t at = 0; at < size_; at += zeros.size())
      write_at(zeros, at);
    checked(fsync(fd_), "fsync");
  }

  void append(const std::string& bytes) {
    if (size_ > 0 && end_ + bytes.size() > size_)
      end_ = 0;
    write_at(bytes, end_);
    end_ += bytes.size();
    if (syncs_)
      checked(fdatasync(fd_), "fdatasync");
  }

private:
  void write_at(const std::string& bytes, std::size_t at) {
    for (std::size_t done = 0; done < bytes.size();) {
      const auto n =
          pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
      if (n < 0)
        checked(-1, "pwrite");
      done += static_cast<std::size_t>(n);
    }
  }

  int fd_;
  std::size_t size_;
  bool syncs_;
  std::size_t end_ = 0;
};

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t n = 0;
  std::memcpy(&n, bytes.data() + at, sizeof n);
  return n;
}

/// Up to where `bytes` are whole records, each of 4 bytes of length and that many more; and how
/// many.
std::pair<std::size_t, std::size_t> whole_records(const std::string& bytes) {
  std::size_t end = 0, count = 0;
  while (bytes.size() - end >= 4 && bytes.size() - end - 4 >= number_at(bytes, end)) {
    end += 4 + number_at(bytes, end);
    ++count;
  }
  return {end, count};
}

/// Nodes 2 and 3: append whatever has come, sync, and say how many batches that were.
void follow(int listener, log_file& log) {
  const int leader = checked(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "accept");
  no_delay(leader);
  std::string received;
  while (receive(leader, received, 0)) {
    const auto [end, batches] = whole_records(received);
    if (batches == 0)
      continue;
    log.append(received.substr(0, end));
    received.erase(0, end);
    send_all(leader, std::string(batches, '.'));
  }
}

class leader {
public:
  leader(int listener, const std::vector<unsigned>& followers, log_file& log)
      : listener_(listener), log_(log) {
    watch(listener_);
    for (const auto port : followers) {
      const int fd = connect_to(port);
      followers_.emplace(fd, 0);
      watch(fd);
    }
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 512> events;
    for (;;) {
      const int count = checked(epoll_wait(epoll_, events.data(), events.size(), -1), "epoll_wait");
      for (int i = 0; i < count; ++i)
        take(events[static_cast<std::size_t>(i)].data.fd);
      if (waiting_.empty() && !batch_.empty())
        replicate();
    }
  }

private:
  void watch(int fd) {
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = fd;
    checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e), "epoll_ctl");
  }

  void take(int fd) {
    if (fd == listener_) {
      const int client = checked(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), "accept");
      no_delay(client);
      clients_[client];
      return watch(client);
    }
    if (const auto follower = followers_.find(fd); follower != followers_.end())
      return take_syncs(follower->first, follower->second);
    auto& received = clients_[fd];
    if (!receive(fd, received, MSG_DONTWAIT)) {
      clients_.erase(fd);
      close(fd);
      return;
    }
    const auto [end, puts] = whole_records(received);
    batch_.append(received, 0, end);
    received.erase(0, end);
    for (std::size_t i = 0; i < puts; ++i)
      next_waiting_.push_back(fd);
  }

  void take_syncs(int fd, std::uint64_t& synced) {
    std::string dots;
    if (!receive(fd, dots, MSG_DONTWAIT))
      throw std::runtime_error{"a peer has ended"};
    synced += dots.size();
    if (synced >= batches_)
      answer();
  }

  void replicate() {
    ++batches_;
    waiting_.swap(next_waiting_);
    const auto bytes = static_cast<std::uint32_t>(batch_.size());
    std::string record{reinterpret_cast<const char*>(&bytes), sizeof bytes};
    record += batch_;
    batch_.clear();
    for (const auto& [fd, synced] : followers_)
      send_all(fd, record);
    log_.append(record);
  }

  /// Node 1 has synced, too: it does that before it looks at anything else.
  void answer() {
    for (const int fd : waiting_)
      if (clients_.contains(fd))
        send_all(fd, ".");
    waiting_.clear();
  }

  int listener_;
  log_file& log_;
  int epoll_ = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  std::unordered_map<int, std::string> clients_;     ///< what came of a next put
  std::unordered_map<int, std::uint64_t> followers_; ///< batches synced
  std::uint64_t batches_ = 0;
  std::string batch_;             ///< puts for the next batch
  std::vector<int> next_waiting_; ///< whose they are
  std::vector<int> waiting_;      ///< whose puts are in the batch under way
};

} // namespace

int main(int argc, char** argv) {
  namespace po = boost::program_options;
  po::options_description options{"Options"};
  auto add = options.add_options();
  add("port", po::value<unsigned>()->required(), "to listen at");
  add("log", po::value<std::string>()->required(), "the log file; what it holds is lost");
  add("follower", po::value<std::vector<unsigned>>()->composing(),
      "a port; two of these make this node 1");
  add("preallocate-mib", po::value<std::size_t>()->default_value(0), "0: the log file grows");
  add("no-sync", po::bool_switch(), "leave out fdatasync");
  try {
    po::variables_map given;
    po::store(po::command_line_parser(argc, argv).options(options).run(), given);
    po::notify(given);
    log_file log{given["log"].as<std::string>(), given["preallocate-mib"].as<std::size_t>() << 20,
                 !given["no-sync"].as<bool>()};
    const int listener = listen_at(given["port"].as<unsigned>());
    if (given.count("follower") == 0) {
      follow(listener, log);
      return 0;
    }
    leader{listener, given["follower"].as<std::vector<unsigned>>(), log}.run();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_floor_server: %s\n", e.what());
    return 1;
  }
}
