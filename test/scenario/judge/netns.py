# SPDX-License-Identifier: MIT
"""Two anonymous network namespaces and the cables between them. They have no names: when the process
that made them ends, by whatever way, they are gone."""

import ctypes
import fcntl
import os
import re
import socket
import struct
import subprocess
import time

from world import SUBJECT_MACS, mac_text

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def fresh():
    """Moves this thread into a new network namespace; returns a descriptor of it."""
    _check(_libc.unshare(CLONE_NEWNET))
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def enter(fd):
    _check(_libc.setns(fd, CLONE_NEWNET))


def ip_batch(lines):
    """`ip` commands in the namespace of this thread."""
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True,
                          capture_output=True, timeout=60)
    if done.returncode != 0:
        raise OSError("ip: %s\n%s" % (done.stderr.strip(), "\n".join(lines)))


def sysctl(**values):
    """In the namespace of this thread; two underscores stand for a slash."""
    for key, value in values.items():
        with open("/proc/sys/" + key.replace("__", "/"), "w", encoding="ascii") as file:
            file.write(str(value))


SIOCETHTOOL = 0x8946
# Checksums and segments made by hardware that is not there would leave the frames unfinished.
OFFLOADS = (0x15, 0x17, 0x19, 0x1F, 0x22, 0x24, 0x2C)  # rx, tx, sg, tso, ufo, gso, gro


def await_up(interfaces):
    """A device drops what it is given until the kernel, some time after its other end came up, has
    attached a queue to it; that it did is seen by its state."""
    end = time.monotonic() + 10
    while True:
        text = subprocess.run(["ip", "-o", "link"], text=True, capture_output=True,
                              timeout=60).stdout
        up = [line for line in text.split("\n") if " state UP " in line]
        if all(any(re.search(r": %s[@:]" % name, line) for line in up) for name in interfaces):
            return
        if time.monotonic() > end:
            raise OSError("interfaces do not come up:\n" + text)
        time.sleep(0.01)


def no_offload(interface):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOADS:
            value = struct.pack("II", command, 0)
            buffer = ctypes.create_string_buffer(value, len(value))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(buffer))
            try:
                fcntl.ioctl(control, SIOCETHTOOL, request)
            except OSError:
                pass  # a kernel without that switch has nothing to switch off


class Cables:
    """`subject` and `tester` are descriptors of namespaces; in the subject's each interface has its
    name and hardware address, the tester holds the other ends as packet sockets."""

    def __init__(self, interfaces, mtu):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.subject = fresh()
        sysctl(net__ipv6__conf__default__accept_dad=0, net__ipv6__conf__all__accept_dad=0)
        self.tester = fresh()
        sysctl(net__ipv6__conf__all__disable_ipv6=1, net__ipv6__conf__default__disable_ipv6=1)
        path = "/proc/%d/fd/%d" % (os.getpid(), self.subject)
        ip_batch(["link add t%s mtu %d type veth peer name %s address %s mtu %d netns %s"
                  % (name, max(mtu[name], 1500), name, mac_text(SUBJECT_MACS[name]),
                     max(mtu[name], 1500), path) for name in interfaces]
                 + ["link set t%s up arp off promisc on" % name for name in interfaces])
        self.sockets = {}
        for name in interfaces:
            no_offload("t" + name)
            self.sockets[name] = self._packet_socket("t" + name)
        enter(self.subject)
        for name in interfaces:
            no_offload(name)

    @staticmethod
    def _packet_socket(interface):
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        made.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        made.bind((interface, 0))
        made.setblocking(False)
        return made

    def await_up(self):
        """In the namespace of the subject, when its interfaces have been set up."""
        await_up(self.sockets)
        enter(self.tester)
        await_up(["t" + name for name in self.sockets])
        enter(self.subject)

    def receive(self, name):
        """[(real time in ns, frame)] that came on that cable."""
        came = []
        while True:
            try:
                frame, control, _, address = self.sockets[name].recvmsg(70000, 256)
            except BlockingIOError:
                return came
            if address[2] == 4:  # PACKET_OUTGOING: our own
                continue
            stamp = time.time_ns()
            for level, kind, data in control:
                if (level, kind) == (socket.SOL_SOCKET, 35):
                    seconds, nanos = struct.unpack("ll", data[:16])
                    stamp = seconds * 10**9 + nanos
            came.append((stamp, frame))

    def send(self, name, frame):
        self.sockets[name].send(frame)

    def close(self):
        for made in self.sockets.values():
            made.close()
        enter(self.home)
        for fd in (self.subject, self.tester, self.home):
            os.close(fd)
