#include "wire.hpp"

namespace pmmc {

caf::error take_bytes(caf::deserializer& source, std::string_view& bytes) {
  auto* in = dynamic_cast<caf::binary_deserializer*>(&source);
  if (in == nullptr)
    return caf::sec::invalid_argument;
  std::size_t size = 0;
  if (auto error = in->begin_sequence(size))
    return error;
  if (size > in->remaining())
    return caf::sec::end_of_stream;
  bytes = {reinterpret_cast<const char*>(in->remainder().data()), size};
  in->skip(size);
  return caf::none;
}

} // namespace pmmc
