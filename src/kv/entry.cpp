#include "kv/entry.hpp"

#include <algorithm>
#include <new>

namespace pmmc::kv {

entry::entry(std::string_view key, std::string_view value, std::uint64_t stamp) {
  void* memory = ::operator new(sizeof(block) + key.size() + value.size());
  block_ = new (memory) block{{1},
                              static_cast<std::uint32_t>(key.size()),
                              static_cast<std::uint32_t>(value.size()),
                              static_cast<std::uint32_t>(stamp),
                              static_cast<std::uint32_t>(stamp >> 32)};
  char* after_key = std::copy(key.begin(), key.end(), reinterpret_cast<char*>(block_ + 1));
  std::copy(value.begin(), value.end(), after_key);
}

void entry::destroy() noexcept {
  block_->~block();
  ::operator delete(block_);
}

} // namespace pmmc::kv
