#include "storage/snapshot_writer.hpp"

#include "base/invariant.hpp"
#include "storage/checksum.hpp"
#include "storage/snapshot_folder.hpp"
#include "storage/snapshot_format.hpp"

#include <streambuf>

namespace pmmc::storage {

namespace {

/// Cuts what is written into chunks.
class chunk_output : public std::streambuf {
public:
  chunk_output(disk& on, std::filesystem::path name, std::string_view header)
      : path(std::move(name)), file(on.open(path, open_for::replacing)),
        buffer_(max_chunk_bytes, '\0') {
    append(header);
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

  void finish() {
    write_chunk();
    append(snapshot_footer(total_, all_.value()));
  }

  const std::filesystem::path path;
  const std::unique_ptr<disk_file> file;

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
  void append(std::string_view bytes) {
    file->write_at(end_, bytes);
    end_ += bytes.size();
  }

  void write_chunk() {
    const std::string_view payload{pbase(), static_cast<std::size_t>(pptr() - pbase())};
    if (payload.empty())
      return;
    append(chunk_head(++chunks_, payload));
    append(payload);
    all_.add(payload);
    total_ += payload.size();
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

  std::string buffer_;
  std::uint64_t end_ = 0; ///< of the file
  running_checksum all_;
  std::uint64_t total_ = 0;
  std::uint64_t chunks_ = 0;
};

} // namespace

struct snapshot_writer::implementation {
  implementation(std::shared_ptr<snapshot_folder> in, slot_num at)
      : folder(std::move(in)), slot(at),
        output(folder->files(), folder->temporary(), snapshot_header(folder->cluster(), slot)),
        stream(&output) {
    stream.exceptions(std::ios::badbit); // hands on what the chunk_output throws
  }
  ~implementation() {
    if (!committed)
      remove_if_possible(folder->files(), output.path);
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
  snapshot_reader written{self.folder->files(), self.output.path, self.folder->cluster(), self.slot,
                          self.folder->whose()};
  check(written);
  written.finish();
  self.folder->publish(*self.output.file, self.output.path, self.slot);
  self.committed = true;
}

} // namespace pmmc::storage
