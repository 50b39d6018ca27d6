#include "wire/wire.hpp"

namespace pmmc {

namespace {

/// CAF has no other deserializer than this one where there is a network.
caf::binary_deserializer* from_network(caf::deserializer& source) {
  return dynamic_cast<caf::binary_deserializer*>(&source);
}

/// The next ones; it has so many.
std::string_view take(caf::binary_deserializer& source, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(source.remainder().data()), size};
  source.skip(size);
  return bytes;
}

} // namespace

caf::error take_bytes(caf::deserializer& source, std::string_view& bytes) {
  auto* in = from_network(source);
  if (in == nullptr)
    return caf::sec::invalid_argument;
  std::size_t size = 0;
  if (auto error = in->begin_sequence(size))
    return error;
  if (size > in->remaining())
    return caf::sec::end_of_stream;
  bytes = take(*in, size);
  return caf::none;
}

caf::error write(caf::serializer& sink, const mail& m) {
  serializer_bytes out{sink};
  wire::open(m.what, [&](const auto& what) { wire::encode(out, what); });
  return std::move(out.error);
}

caf::error read(caf::deserializer& source, mail& m) {
  auto* in = from_network(source);
  if (in == nullptr)
    return caf::sec::invalid_argument;
  const auto bytes = take(*in, in->remaining());
  const auto kind = bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes.front());
  const bool is_mail = wire::travels(kind) && wire::decode(bytes, m.what).empty();
  return is_mail ? caf::error{} : caf::error{caf::sec::invalid_argument};
}

} // namespace pmmc
