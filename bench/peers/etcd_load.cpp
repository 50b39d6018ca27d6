// The load of etcd, over its gRPC API.
#include "etcd_kv.grpc.pb.h"
#include "peer_load.hpp"

#include <atomic>
#include <grpcpp/grpcpp.h>
#include <mutex>
#include <thread>

namespace pmmc::bench {

namespace {

constexpr std::size_t most_channels = 8;

/// An operation under way. It deletes itself when it has been recorded.
struct call {
  load::started begun;
  std::size_t channel = 0;
  grpc::ClientContext context;
  grpc::Status status;
  etcdserverpb::PutResponse put_response;
  etcdserverpb::RangeResponse range_response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<etcdserverpb::PutResponse>> put;
  std::unique_ptr<grpc::ClientAsyncResponseReader<etcdserverpb::RangeResponse>> range;
};

/// All clients in one thread; they share some connections, as etcd's own clients do.
class etcd_load : public running_load {
public:
  etcd_load(const std::string& address, const load::plan& p, load::recorder& r)
      : plan_(p), record_(r), source_(p, 0, 1) {
    for (std::size_t i = 0; i < std::min(most_channels, p.clients); ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1); // or they are one connection
      stubs_.push_back(etcdserverpb::KV::NewStub(
          grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
    }
    thread_ = std::thread{[this] { run(); }};
  }
  ~etcd_load() override { stop(); }

  void stop() override {
    stopping_ = true;
    if (thread_.joinable())
      thread_.join();
  }

private:
  void run() {
    for (std::size_t i = 0; i < plan_.clients; ++i)
      start_operation(i % stubs_.size());
    void* tag = nullptr;
    bool good = false;
    while (under_way_ > 0 && queue_.Next(&tag, &good))
      take(std::unique_ptr<call>{static_cast<call*>(tag)});
    queue_.Shutdown();
  }

  void start_operation(std::size_t channel) {
    const auto op = source_.next();
    auto c = std::make_unique<call>();
    c->channel = channel;
    c->context.set_deadline(std::chrono::system_clock::now() + plan_.timeout);
    c->begun = {op.kind, op.preload, load::clock::now()};
    ++under_way_;
    if (op.kind == load::operation_kind::put) {
      etcdserverpb::PutRequest request;
      request.set_key(op.key);
      request.set_value(op.value);
      c->put = stubs_[channel]->AsyncPut(&c->context, request, &queue_);
      c->put->Finish(&c->put_response, &c->status, c.get());
    } else {
      etcdserverpb::RangeRequest request;
      request.set_key(op.key);
      c->range = stubs_[channel]->AsyncRange(&c->context, request, &queue_);
      c->range->Finish(&c->range_response, &c->status, c.get());
    }
    static_cast<void>(c.release()); // the queue gives it back
  }

  void take(std::unique_ptr<call> c) {
    --under_way_;
    if (!c->status.ok())
      record_.finished(c->begun, load::ending::unknown, c->status.error_message());
    else if (c->range && c->range_response.count() == 0)
      record_.finished(c->begun, load::ending::absent);
    else
      record_.finished(c->begun, load::ending::done);
    if (!stopping_)
      start_operation(c->channel);
  }

  load::plan plan_;
  load::recorder& record_;
  load::operation_source source_;
  std::vector<std::unique_ptr<etcdserverpb::KV::Stub>> stubs_;
  grpc::CompletionQueue queue_;
  std::size_t under_way_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

} // namespace

} // namespace pmmc::bench

int main(int argc, char** argv) {
  using namespace pmmc;
  return bench::peer_main(argc, argv, false,
                          [](const std::string& address, const load::plan& p, load::recorder& r) {
                            return std::make_unique<bench::etcd_load>(address, p, r);
                          });
}
