# SPDX-License-Identifier: MIT
"""XDP links of others, changed from outside: what root can do to a guard's program by bpf(2)."""

import ctypes
import os
import re
import struct

_MOST = 1 << 16  # links of the machine, and more

_bpf = None


def _libbpf():
    global _bpf
    if _bpf is None:
        _bpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
    return _bpf


def _check(got, what):
    if got < 0:
        raise OSError(ctypes.get_errno(), what)
    return got


def program(node, dev):
    """Number of the XDP program at an interface; None: none."""
    text = node.run(["ip", "-d", "link", "show", dev], check=True).stdout
    found = re.search(r"prog/xdp id (\d+)", text)
    return int(found[1]) if found else None


def _link(wanted):
    """A descriptor of the link that has this program."""
    number = ctypes.c_uint32(0)
    for _ in range(_MOST):
        _check(_libbpf().bpf_link_get_next_id(number, ctypes.byref(number)), "no link has the program")
        fd = _libbpf().bpf_link_get_fd_by_id(number)
        if fd < 0:
            continue  # it has just gone
        info, size = ctypes.create_string_buffer(256), ctypes.c_uint32(256)
        _check(_libbpf().bpf_obj_get_info_by_fd(fd, info, ctypes.byref(size)), "a link's info")
        if struct.unpack_from("<III", info)[2] == wanted:
            return fd
        os.close(fd)
    raise AssertionError("no link has program %d" % wanted)


def detach(node, dev):
    """Cuts the link of the program at an interface, as `bpftool link detach` does."""
    fd = _link(program(node, dev))
    _check(_libbpf().bpf_link_detach(fd), "detach")
    os.close(fd)


def replace(node, dev):
    """Puts a program that lets all pass into the link of the one at an interface."""
    fd = _link(program(node, dev))
    code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xb7, 0, 0, 2, 0x95, 0, 0, 0))
    # struct bpf_prog_load_opts: its size, attempts, the place that it is for, as the other's.
    opts = ctypes.create_string_buffer(struct.pack("<QiI", 16, 0, 37), 16)
    other = _check(_libbpf().bpf_prog_load(6, b"passes", b"GPL", code, ctypes.c_size_t(2), opts), "load")
    done = _libbpf().bpf_link_update(fd, other, None)
    os.close(fd)
    os.close(other)
    _check(done, "update")
