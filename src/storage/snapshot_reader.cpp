#include "storage/snapshot_reader.hpp"

#include "storage/bytes.hpp"
#include "storage/checksum.hpp"
#include "storage/data_directory.hpp"
#include "storage/format_file.hpp"
#include "storage/snapshot_format.hpp"

#include <streambuf>

namespace pmmc::storage {

namespace {

/// Hands out payloads of checked chunks.
class chunk_input : public std::streambuf {
public:
  chunk_input(disk& on, std::filesystem::path file, const std::string& header, role_kind whose)
      : whose_(whose), path_(std::move(file)), file_(on.open(path_, open_for::reading)),
        size_(file_->size()) {
    if (const auto found = take(header.size()); found != header)
      refuse_header(found);
  }

  std::uint64_t finish() {
    setg(nullptr, nullptr, nullptr);
    while (next_chunk())
      ;
    return total_;
  }

  [[noreturn]] void damaged(std::string_view how) const { refuse(how, repair_advice(whose_)); }

protected:
  int_type underflow() override {
    if (!next_chunk())
      return traits_type::eof();
    setg(payload_.data(), payload_.data(), payload_.data() + payload_.size());
    return traits_type::to_int_type(payload_.front());
  }

private:
  [[noreturn]] void refuse(std::string_view how, std::string_view what_to_do) const {
    throw snapshot_damaged{"cannot use snapshot " + path_.string() + ": " + std::string{how} +
                           "; " + std::string{what_to_do}};
  }

  [[noreturn]] void refuse_header(std::string_view found) const {
    const auto version = version_told_by(found);
    if (version && version != storage_format_version)
      refuse("it has format version " + std::to_string(*version),
             "this program reads version " + std::to_string(storage_format_version) +
                 "; run the program that wrote it");
    damaged("its header is damaged, or it is another snapshot");
  }

  std::string take(std::size_t bytes) {
    if (offset_ + bytes > size_)
      damaged("it ends too early");
    auto taken = file_->read_at(offset_, bytes);
    if (taken.size() != bytes)
      damaged("it ends too early");
    offset_ += bytes;
    return taken;
  }

  /// False after the footer, which has been checked then.
  bool next_chunk() {
    if (finished_)
      return false;
    auto head = take(chunk_head_bytes);
    const auto length = fixed_reader{head}.u32();
    if (length == 0) {
      check_footer(std::move(head));
      return false;
    }
    if (length > max_chunk_bytes)
      damaged("the length of chunk " + std::to_string(chunks_ + 1) + " is damaged");
    payload_ = take(length);
    if (chunk_head(++chunks_, payload_) != head)
      damaged("the checksum of chunk " + std::to_string(chunks_) + " is wrong");
    all_.add(payload_);
    total_ += length;
    return true;
  }

  void check_footer(std::string begin) {
    if (begin + take(footer_bytes - begin.size()) != snapshot_footer(total_, all_.value()))
      damaged("its footer is damaged, or chunks are missing");
    if (offset_ != size_)
      damaged("it goes on after its end");
    finished_ = true;
  }

  role_kind whose_;
  std::filesystem::path path_;
  std::unique_ptr<disk_file> file_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::string payload_;
  running_checksum all_;
  std::uint64_t total_ = 0;
  std::uint64_t chunks_ = 0;
  bool finished_ = false;
};

} // namespace

struct snapshot_reader::implementation {
  implementation(disk& on, const std::filesystem::path& file, const std::string& header,
                 slot_num at, role_kind whose)
      : input(on, file, header, whose), stream(&input), slot(at) {
    stream.exceptions(std::ios::badbit); // hands on what the chunk_input throws
  }

  chunk_input input;
  std::istream stream;
  slot_num slot;
};

snapshot_reader::snapshot_reader(disk& on, const std::filesystem::path& file,
                                 const std::string& cluster, slot_num slot, role_kind whose)
    : implementation_(std::make_unique<implementation>(on, file, snapshot_header(cluster, slot),
                                                       slot, whose)) {}
snapshot_reader::~snapshot_reader() = default;
snapshot_reader::snapshot_reader(snapshot_reader&&) noexcept = default;
snapshot_reader& snapshot_reader::operator=(snapshot_reader&&) noexcept = default;

std::istream& snapshot_reader::stream() { return implementation_->stream; }

std::uint64_t snapshot_reader::finish() { return implementation_->input.finish(); }
slot_num snapshot_reader::slot() const { return implementation_->slot; }
void snapshot_reader::refuse(std::string_view why) const { implementation_->input.damaged(why); }

} // namespace pmmc::storage
