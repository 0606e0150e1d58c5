# SPDX-License-Identifier: MIT
"""Guards that enforce, what they are shown, and what is seen of them."""

import json
import os
import signal
import subprocess
import tempfile

from cases import equal
from net import ICMP, wait_for

# Of 40 pings within 0.4 s beside a flood; limited it would be 24 at most (20 at once, 10 a second).
UNLIMITED = 30

# Answers every echo request with data of its own, as the far end of a tunnel does.
TUNNEL_END = r"""
import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout(20)
def total(b):
    n = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    n = (n >> 16) + (n & 0xffff)
    return ~(n + (n >> 16)) & 0xffff
for i in range(10000):
    p, (peer, _) = s.recvfrom(2048)
    p = p[(p[0] & 15) * 4:]
    if p[0] != 8:
        continue
    data = (b"an answer of the tunnel, number %06d" % i) * 2
    m = b"\0\0\0\0" + p[4:8] + data
    s.sendto(m[:2] + struct.pack("!H", total(m)) + m[4:], (peer, 0))
"""


class Guard:
    """A guard in the background, JSON lines in a file."""

    def __init__(self, node, *args, ready=True):
        self.node = node
        self.out = tempfile.NamedTemporaryFile("w+")
        self.err = tempfile.NamedTemporaryFile("w+")
        own = [] if "--control" in args else ["--control", "none"]  # never the machine's socket
        args = own + list(args)
        self.at = args[args.index("--control"):][:2]
        self.child = node.start([ICMP, "guard", "--json"] + args, stdout=self.out, stderr=self.err)
        if ready:
            wait_for(lambda: '"record":"run"' in self.text() or self.child.poll() is not None,
                     "guard")

    def text(self):
        return os.pread(self.out.fileno(), 1 << 26, 0).decode()

    def said(self):
        return os.pread(self.err.fileno(), 65536, 0).decode()

    def records(self, kind):
        lines = self.text().splitlines(keepends=True)
        return [r for r in map(json.loads, (t for t in lines if t.endswith("\n")))
                if r["record"] == kind]

    def pid(self):
        """Of icmp itself: what `ip netns exec` became."""
        return self.child.pid

    def ask(self, *words, **more):
        """What it says to `icmp guard status` and its like."""
        return self.node.run([ICMP, "guard"] + list(words) + self.at, **more)

    def end(self, signo=signal.SIGINT):
        self.child.send_signal(signo)
        return self.child.wait(timeout=20)


def answered(node, *args):
    """Echo replies that a ping of iputils got."""
    out = node.run(["ping", "-n", "-q", "-W", "1"] + list(args)).stdout
    return int(out.split(" received")[0].split()[-1])


def pids(node):
    """Of the processes in its namespace, by name."""
    found = {}
    for pid in subprocess.run(["ip", "netns", "pids", node.ns], capture_output=True, text=True,
                              timeout=20).stdout.split():
        try:
            with open("/proc/%s/comm" % pid, encoding="ascii") as file:
                found[file.read().strip()] = int(pid)
        except FileNotFoundError:
            pass
    return found


def pair(net):
    """A host with two neighbours."""
    host, bad, good = net.node("host"), net.node("bad"), net.node("good")
    net.link(host, bad, "192.0.2.0/24", "2001:db8:1::/64")
    net.link(host, good, "198.51.100.0/24", "2001:db8:2::/64")
    return host, bad, good


def at_least(got, least):
    if got < least:
        raise AssertionError("%d of %d and more" % (got, least))


def deed(guard, order):
    return [d for d in guard.records("deed") if d.get("order") == order and d["what"] == "done"]


def router_end(node, addr):
    """The interface that has an address."""
    for line in node.run(["ip", "-o", "addr"], check=True).stdout.splitlines():
        if " %s/" % addr in line:
            return line.split()[1]
    raise AssertionError("no interface has " + addr)


def spares_its_gateway(guard, host, bad):
    """A tunnel's end that is the host's gateway is not cut off, nor does a flood in its name cost it its
    pings."""
    host.run(["ping", "-n", "-q", "-c", "20", "-i", "0.02", "-W", "1", "192.0.2.2"])
    refused = wait_for(lambda: [d for d in guard.records("deed") if d["what"] == "refused"],
                       "the refusal", 20)
    equal(refused[0]["why"], "it is a gateway of ours")
    bad.sysctl(net__ipv4__icmp_echo_ignore_all=0)
    flood = bad.start(["ping", "-f", "-q", "-c", "60000", "-w", "10", "192.0.2.1"])
    wait_for(lambda: deed(guard, "flood"), "the limit", 20)
    at_least(answered(bad, "-c", "40", "-i", "0.01", "192.0.2.1"), UNLIMITED)
    flood.kill()
    guard.end()
    equal(deed(guard, "pair"), [])
