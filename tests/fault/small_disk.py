"""A file system of a few MiB in a file, whose space a test takes and gives back."""

import ctypes
import errno
import os
import shutil
import subprocess

from pmmc_cluster import wait_until

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNS = 0x0002_0000


def _mount_for_ourselves():
    """What this thread and its children mount from now on goes with them, however they end."""
    if _libc.unshare(_CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def why_impossible():
    """Why no file system can be made and mounted here; empty if it can."""
    if os.geteuid() != 0:
        return "only root can mount"
    for program in ("mkfs.ext4", "mount"):
        if not shutil.which(program):
            return f"there is no {program}"
    if not os.path.exists("/dev/loop-control"):
        return "the kernel has no loop devices"
    return ""


class SmallDisk:
    """Mounted at `path`, which is made. `size_mib` with the file system's own needs."""

    def __init__(self, path, size_mib):
        self.path = path
        self._image = path.with_name(path.name + ".image")
        self._ballast = path / "ballast"
        with open(self._image, "wb") as image:
            image.truncate(size_mib << 20)
        path.mkdir()
        _mount_for_ourselves()
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", self._image], check=True)
        subprocess.run(["mount", "-o", "loop", self._image, path], check=True)

    def free_bytes(self):
        about = os.statvfs(self.path)
        return about.f_bavail * about.f_frsize

    def fill(self, but_bytes):
        """Takes all but so much of what is free."""
        with open(self._ballast, "ab") as file:
            os.posix_fallocate(file.fileno(), file.tell(), max(self.free_bytes() - but_bytes, 4096))

    def fill_up(self):
        """Takes the last block: the file system's own needs leave a few after `fill`."""
        with open(self._ballast, "ab", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def make_room(self):
        self._ballast.unlink(missing_ok=True)

    def unmount(self):
        """When the last process that used it has ended."""
        wait_until(f"{self.path} is unmounted", lambda: subprocess.run(
            ["umount", self.path], capture_output=True, check=False).returncode == 0)
        self._image.unlink()
