#include "kv/keyspace.hpp"

#include "kv/bytes.hpp"

#include <bitset>
#include <istream>
#include <ostream>
#include <string>
#include <xxhash.h>

namespace pmmc::kv {

namespace {

constexpr std::size_t time_bytes = sizeof(log_time);

log_time time_of(std::string_view bytes) {
  log_time time = 0;
  for (const char c : bytes.substr(0, time_bytes))
    time = time << 8 | static_cast<unsigned char>(c);
  return time;
}

std::uint16_t bucket_number(std::string_view key) {
  return static_cast<std::uint16_t>(XXH3_64bits(key.data(), key.size()) % keyspace::erased_buckets);
}

std::string bucket_name(std::uint16_t number) {
  std::string name;
  append_number(name, number);
  return name;
}

} // namespace

keyspace::keyspace() : values_(0), deadlines_(1), erased_(2) {}

std::uint64_t keyspace::version(std::string_view key) const {
  if (const auto stamp = values_.stamp(key))
    return *stamp;
  return erased_.stamp(bucket_name(bucket_number(key))).value_or(0);
}

void keyspace::write(std::string_view key, std::string_view value) {
  drop_deadline(key);
  rewrite(key, value);
}

void keyspace::rewrite(std::string_view key, std::string_view value) {
  values_.set(key, value, ++version_);
}

bool keyspace::erase(std::string_view key) {
  const std::string copy{key}; // it may view an entry of ours
  if (!values_.erase(copy))
    return false;
  drop_deadline(copy);
  note_erased(copy);
  return true;
}

/// Absent keys keep their versions, unless they share one with a key that was there.
void keyspace::clear() {
  std::bitset<erased_buckets> touched;
  for (auto at = entries().begin(); at != entries().end(); ++at)
    touched.set(bucket_number(at->key()));
  values_.clear();
  deadlines_.clear();
  by_deadline_ = cow_map{};
  ++version_;
  for (std::size_t bucket = 0; bucket < erased_buckets; ++bucket)
    if (touched.test(bucket))
      erased_.set(bucket_name(static_cast<std::uint16_t>(bucket)), {}, version_);
}

void keyspace::note_erased(std::string_view key) {
  erased_.set(bucket_name(bucket_number(key)), {}, ++version_);
}

// --- deadlines ----------------------------------------------------------------------------------

void keyspace::advance(log_time to) {
  if (to <= now_ || to > last_log_time)
    return;
  now_ = to;
  while (!by_deadline_.empty()) {
    const auto first = by_deadline_.begin()->key();
    if (time_of(first) > now_)
      return;
    erase(first.substr(time_bytes));
  }
}

void keyspace::set_now(log_time to) {
  if (to > now_)
    advance(to);
  else
    now_ = to;
}

std::optional<log_time> keyspace::deadline(std::string_view key) const {
  if (const auto bytes = deadlines_.find(key))
    return time_of(*bytes);
  return std::nullopt;
}

std::optional<log_time> keyspace::next_deadline() const {
  if (by_deadline_.empty())
    return std::nullopt;
  return time_of(by_deadline_.begin()->key());
}

void keyspace::set_deadline(std::string_view key, log_time when) {
  if (when <= now_) {
    erase(key);
    return;
  }
  drop_deadline(key);
  const auto bytes = ordered(when);
  deadlines_.set(key, bytes);
  by_deadline_.insert_or_assign(bytes + std::string{key}, {});
  const std::string value{*values_.find(key)};
  rewrite(key, value); // for the version
}

void keyspace::drop_deadline(std::string_view key) {
  const auto bytes = deadlines_.find(key);
  if (!bytes)
    return;
  by_deadline_.erase(std::string{*bytes}.append(key));
  deadlines_.erase(key);
}

bool keyspace::remove_deadline(std::string_view key) {
  if (!deadlines_.find(key))
    return false;
  drop_deadline(key);
  const std::string value{*values_.find(key)};
  rewrite(key, value);
  return true;
}

// --- the state as a whole -----------------------------------------------------------------------

keyspace keyspace::clone() const {
  keyspace copy;
  copy.values_ = values_.clone();
  copy.deadlines_ = deadlines_.clone();
  copy.erased_ = erased_.clone();
  copy.by_deadline_ = by_deadline_.clone();
  copy.now_ = now_;
  copy.version_ = version_;
  return copy;
}

std::uint64_t keyspace::fingerprint() const {
  std::string numbers;
  append_number(numbers, now_);
  append_number(numbers, version_);
  return values_.fingerprint() + deadlines_.fingerprint() + erased_.fingerprint() +
         XXH3_64bits(numbers.data(), numbers.size());
}

std::size_t keyspace::size_bytes() const {
  return 2 * sizeof(std::uint64_t) + values_.size_bytes() + deadlines_.size_bytes() +
         erased_.size_bytes();
}

void keyspace::write_to(std::ostream& out) const {
  write_u64(out, now_);
  write_u64(out, version_);
  values_.write(out);
  deadlines_.write(out);
  erased_.write(out);
}

void keyspace::read_from(std::istream& in) {
  *this = keyspace{};
  now_ = read_u64(in);
  version_ = read_u64(in);
  values_.read(in, max_key_bytes, max_value_bytes);
  deadlines_.read(in, max_key_bytes, time_bytes);
  erased_.read(in, sizeof(std::uint16_t), 0);
  for (auto at = deadlines_.map().begin(); at != deadlines_.map().end(); ++at) {
    if (at->value().size() != time_bytes || !values_.find(at->key()) ||
        time_of(at->value()) <= now_)
      reject_snapshot("a deadline has no key, or has passed");
    by_deadline_.insert_or_assign(std::string{at->value()}.append(at->key()), {});
  }
}

} // namespace pmmc::kv
