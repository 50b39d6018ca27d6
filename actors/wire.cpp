#include "wire.hpp"

namespace pmmc {

namespace {

/// What the codec writes to, so that nothing is copied twice.
struct serializer_bytes {
  caf::serializer& to;
  caf::error error = {};

  void append(const char* bytes, std::size_t size) {
    if (!error)
      error = to.apply_raw(size, const_cast<char*>(bytes)); // which reads them only
  }
};

} // namespace

caf::error write(caf::serializer& sink, const mail& m) {
  serializer_bytes out{sink};
  wire::open(m.what, [&](const auto& what) { wire::encode(out, what); });
  return std::move(out.error);
}

/// CAF has no other deserializer than this one where there is a network.
caf::error read(caf::deserializer& source, mail& m) {
  auto* in = dynamic_cast<caf::binary_deserializer*>(&source);
  if (in == nullptr)
    return caf::sec::invalid_argument;
  const std::string_view bytes{reinterpret_cast<const char*>(in->remainder().data()),
                               in->remaining()};
  in->skip(bytes.size());
  const auto kind = bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes.front());
  const bool is_mail = wire::travels(kind) && wire::decode(bytes, m.what).empty();
  return is_mail ? caf::error{} : caf::error{caf::sec::invalid_argument};
}

} // namespace pmmc
