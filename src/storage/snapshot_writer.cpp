#include "storage/snapshot_writer.hpp"

#include "invariant.hpp"
#include "storage/checksum.hpp"
#include "storage/snapshot_folder.hpp"
#include "storage/snapshot_format.hpp"

#include <streambuf>

#include <fcntl.h>

namespace pmmc::storage {

namespace {

/// Cuts what is written into chunks.
class chunk_output : public std::streambuf {
public:
  explicit chunk_output(std::filesystem::path file)
      : path(std::move(file)), fd(open_file(path, O_WRONLY | O_CREAT | O_TRUNC)),
        buffer_(max_chunk_bytes, '\0') {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

  void finish() {
    write_chunk();
    write_all(fd, path, snapshot_footer(total_, all_.value()));
  }

  const std::filesystem::path path;
  const unique_fd fd;

protected:
  int_type overflow(int_type c) override {
    write_chunk();
    if (!traits_type::eq_int_type(c, traits_type::eof()))
      sputc(traits_type::to_char_type(c));
    return traits_type::not_eof(c);
  }
  /// A flush is no reason for a small chunk: only commit makes anything durable.
  int sync() override { return 0; }

private:
  void write_chunk() {
    const std::string_view payload{pbase(), static_cast<std::size_t>(pptr() - pbase())};
    if (payload.empty())
      return;
    write_all(fd, path, chunk_head(++chunks_, payload));
    write_all(fd, path, payload);
    all_.add(payload);
    total_ += payload.size();
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

  std::string buffer_;
  running_checksum all_;
  std::uint64_t total_ = 0;
  std::uint64_t chunks_ = 0;
};

} // namespace

struct snapshot_writer::implementation {
  implementation(std::shared_ptr<snapshot_folder> in, slot_num at)
      : folder(std::move(in)), slot(at), output(folder->temporary()), stream(&output) {
    write_all(output.fd, output.path, snapshot_header(folder->cluster(), slot));
    stream.exceptions(std::ios::badbit); // hands on what the chunk_output throws
  }
  ~implementation() {
    std::error_code ignored;
    if (!committed)
      std::filesystem::remove(output.path, ignored);
  }

  std::shared_ptr<snapshot_folder> folder;
  slot_num slot;
  chunk_output output;
  std::ostream stream;
  bool committed = false;
};

snapshot_writer::snapshot_writer(std::shared_ptr<snapshot_folder> folder, slot_num slot)
    : implementation_(std::make_unique<implementation>(std::move(folder), slot)) {}
snapshot_writer::~snapshot_writer() = default;
snapshot_writer::snapshot_writer(snapshot_writer&&) noexcept = default;
snapshot_writer& snapshot_writer::operator=(snapshot_writer&&) noexcept = default;

std::ostream& snapshot_writer::stream() { return implementation_->stream; }

void snapshot_writer::commit(const snapshot_check& check) {
  auto& self = *implementation_;
  PMMC_INVARIANT(!self.committed, "a snapshot is committed once");
  if (!self.stream)
    fail("commit", self.output.path, "writing it failed before",
         "stop this process; started again, it begins with the snapshot before");
  self.output.finish();
  snapshot_reader written{self.output.path, self.folder->cluster(), self.slot};
  check(written);
  written.finish();
  self.folder->publish(self.output.fd, self.output.path, self.slot);
  self.committed = true;
}

} // namespace pmmc::storage
