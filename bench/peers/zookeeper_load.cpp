// The load of ZooKeeper, over its C client. A put sets a node that exists; a linearizable get is a
// sync and a get behind it.
#include "peer_load.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <zookeeper/zookeeper.h>

namespace pmmc::bench {

namespace {

constexpr std::size_t most_handles = 8;
constexpr int session_timeout_ms = 30'000;
const std::string parent = "/bench";

/// Clients share some connections, each with its threads, as the client library makes them.
class zookeeper_load : public running_load {
public:
  zookeeper_load(const std::string& address, const load::plan& p, load::recorder& r);
  ~zookeeper_load() override { stop(); }
  void stop() override;

private:
  struct session {
    zookeeper_load* load = nullptr;
    zhandle_t* handle = nullptr;
    std::mutex mutex;
    load::operation_source source;
  };
  struct call {
    session* in = nullptr;
    load::started begun;
    int sync_code = ZOK;
  };

  static void connected(zhandle_t*, int, int state, const char*, void* context);
  static void written(int code, const Stat*, const void* data);
  static void created(int code, const char*, const void* data);
  static void synced(int code, const char*, const void* data);
  static void read(int code, const char*, int, const Stat*, const void* data);

  void start_operation(session& s);
  static void finish(call* c, int code);

  load::plan plan_;
  load::recorder& record_;
  std::vector<std::unique_ptr<session>> sessions_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  std::size_t connected_ = 0;
};

zookeeper_load::zookeeper_load(const std::string& address, const load::plan& p, load::recorder& r)
    : plan_(p), record_(r) {
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  const auto count = std::min(most_handles, p.clients);
  for (std::size_t i = 0; i < count; ++i) {
    sessions_.emplace_back(new session{this, nullptr, {}, load::operation_source{p, i, count}});
    sessions_.back()->handle =
        zookeeper_init(address.c_str(), connected, session_timeout_ms, nullptr, this, 0);
    if (sessions_.back()->handle == nullptr)
      throw std::runtime_error{"zookeeper_init of " + address + " failed"};
  }
  std::unique_lock lock{mutex_};
  if (!changed_.wait_for(lock, plan_.timeout, [&] { return connected_ >= count; }))
    throw std::runtime_error{"no session with " + address};
  const int code =
      zoo_create(sessions_[0]->handle, parent.c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, nullptr, 0);
  if (code != ZOK && code != ZNODEEXISTS)
    throw std::runtime_error{std::string{"create "} + parent + ": " + zerror(code)};
  under_way_ = p.clients;
  lock.unlock();
  for (std::size_t i = 0; i < p.clients; ++i)
    start_operation(*sessions_[i % count]);
}

void zookeeper_load::connected(zhandle_t*, int, int state, const char*, void* context) {
  auto* load = static_cast<zookeeper_load*>(context);
  if (state != ZOO_CONNECTED_STATE)
    return;
  const std::lock_guard lock{load->mutex_};
  ++load->connected_;
  load->changed_.notify_all();
}

void zookeeper_load::start_operation(session& s) {
  load::operation op;
  {
    const std::lock_guard lock{s.mutex};
    op = s.source.next();
  }
  const auto path = parent + "/" + op.key;
  auto* c = new call{&s, {op.kind, op.preload, load::clock::now()}, ZOK};
  const auto bytes = static_cast<int>(op.value.size());
  int code = ZOK;
  if (op.preload) {
    code = zoo_acreate(s.handle, path.c_str(), op.value.data(), bytes, &ZOO_OPEN_ACL_UNSAFE, 0,
                       created, c);
  } else if (op.kind == load::operation_kind::put) {
    code = zoo_aset(s.handle, path.c_str(), op.value.data(), bytes, -1, written, c);
  } else {
    code = zoo_async(s.handle, path.c_str(), synced, c);
    if (code == ZOK)
      code = zoo_aget(s.handle, path.c_str(), 0, read, c);
  }
  if (code != ZOK)
    throw std::runtime_error{std::string{"cannot send to ZooKeeper: "} + zerror(code)};
}

void zookeeper_load::written(int code, const Stat*, const void* data) {
  finish(static_cast<call*>(const_cast<void*>(data)), code);
}

void zookeeper_load::created(int code, const char*, const void* data) {
  finish(static_cast<call*>(const_cast<void*>(data)), code == ZNODEEXISTS ? ZOK : code);
}

/// The answer to the get comes behind it, on the same connection.
void zookeeper_load::synced(int code, const char*, const void* data) {
  static_cast<call*>(const_cast<void*>(data))->sync_code = code;
}

void zookeeper_load::read(int code, const char*, int, const Stat*, const void* data) {
  auto* c = static_cast<call*>(const_cast<void*>(data));
  finish(c, c->sync_code == ZOK ? code : c->sync_code);
}

void zookeeper_load::finish(call* c, int code) {
  auto& s = *c->in;
  auto& load = *s.load;
  load.record_.finished(c->begun,
                        code == ZOK       ? load::ending::done
                        : code == ZNONODE ? load::ending::absent
                                          : load::ending::unknown,
                        code == ZOK ? "" : zerror(code));
  delete c;
  if (!load.stopping_)
    return load.start_operation(s);
  const std::lock_guard lock{load.mutex_};
  --load.under_way_;
  load.changed_.notify_all();
}

void zookeeper_load::stop() {
  stopping_ = true;
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, plan_.timeout, [&] { return under_way_ == 0; });
  lock.unlock();
  for (auto& s : sessions_)
    zookeeper_close(std::exchange(s->handle, nullptr));
  sessions_.clear();
}

} // namespace

} // namespace pmmc::bench

int main(int argc, char** argv) {
  using namespace pmmc;
  return bench::peer_main(argc, argv, true,
                          [](const std::string& address, const load::plan& p, load::recorder& r) {
                            return std::make_unique<bench::zookeeper_load>(address, p, r);
                          });
}
