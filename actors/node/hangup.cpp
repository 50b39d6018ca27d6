#include "node/hangup.hpp"

#include "storage/unique_fd.hpp"

#include <fcntl.h>

namespace pmmc {

namespace {
bool has_terminal() {
  return storage::unique_fd{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)}.valid();
}
} // namespace

hangup::hangup() : had_terminal_(has_terminal()) {}

bool hangup::terminal_is_gone() const { return had_terminal_ && !has_terminal(); }

} // namespace pmmc
