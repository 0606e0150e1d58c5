#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Captures of real tunnels and of benign senders, made in namespaces of their own with the tools of
Debian. Bounded: each run ends by itself after seconds.

    traffic.py FOLDER [PART-OF-NAME...]

writes one NAME.pcap each; TUNNELS and BENIGN name them. A capture begins before its traffic, on the
link between both hosts, so it sees what a gateway sees."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from net import Net, require_root, wait_for  # noqa: E402

A, B = "10.11.0.1", "10.11.0.2"
A6, B6 = "2001:db8:11::1", "2001:db8:11::2"
PORT = 7007

# A TCP server that sends 20,000 bytes to whoever comes and hears what they say, and its client.
SERVE = """
import socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
c, _ = s.accept()
c.recv(5)
c.sendall(bytes(range(250)) * 80)
while c.recv(4096): pass
"""
FETCH = """
import socket, sys
c = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=15)
c.settimeout(15)
c.sendall(b"hello")
n = 0
while n < 20000:
    got = c.recv(4096)
    if not got: break
    n += len(got)
c.close()
print(n)
"""

TUNNELS, BENIGN = {}, {}


def kind(table, needs):
    """Registers a maker of traffic: fn(net, a, b, devices)."""
    def add(fn):
        table[fn.__name__] = (needs, fn)
        return fn
    return add


class Sniffer:
    def __init__(self, node, device, path):
        self.child = node.start(["tcpdump", "-i", device, "-U", "-w", path, "-s", "0", "-B", "16384"])
        line = ""
        while "listening on" not in line:
            line = self.child.stderr.readline()
            if not line:
                raise AssertionError("tcpdump did not begin")

    def end(self):
        """Ends it when it has read all that came until now, whatever still comes; AssertionError: some
        was lost."""
        end, came = time.monotonic() + 20, None
        while True:
            time.sleep(0.2)  # what is on its way
            self.child.send_signal(signal.SIGUSR1)
            captured, received, dropped = self.counts()
            came = received if came is None else came
            if captured + dropped >= came:
                break
            if time.monotonic() > end:
                raise AssertionError("the capture does not end: %d of %d" % (captured, came))
        self.stop()
        if dropped:
            raise AssertionError("the capture lost %d of %d" % (dropped, received))

    def stop(self):
        # A signal that comes just before libpcap waits for a packet of nflog is not seen until one comes.
        for _ in range(20):
            self.child.terminate()
            try:
                self.child.wait(timeout=0.5)
                return
            except subprocess.TimeoutExpired:
                pass
        raise AssertionError("tcpdump does not end")

    def counts(self):
        """(captured, received, dropped), as tcpdump tells when it is asked."""
        while True:
            line = self.child.stderr.readline()
            if not line:
                raise AssertionError("tcpdump ended")
            found = re.findall(r"(\d+) packets? (?:captured|received|dropped)", line)
            if len(found) == 3:
                return map(int, found)


def serve(node, address):
    child = node.start(["python3", "-c", SERVE, address, PORT])
    if "ready" not in child.stdout.readline():
        raise AssertionError("no server: " + child.stderr.read())


def fetch(node, address, port=PORT):
    done = node.run(["python3", "-c", FETCH, address, port], timeout=30)
    if done.stdout.strip() != "20000":
        raise AssertionError("the tunnel does not carry: %s%s" % (done.stdout, done.stderr[-300:]))


def listens(node, port):
    return lambda: (":%d " % port) in node.run(["ss", "-ltn"]).stdout


def through_ptunnel(a, b, *mode):
    serve(b, "127.0.0.1")
    for node, args in ((b, []), (a, ["-p", B, "-lp", "8000", "-da", "127.0.0.1", "-dp", PORT])):
        node.start(["ptunnel"] + list(mode) + args, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    wait_for(listens(a, 8000), "ptunnel")
    time.sleep(0.5)
    fetch(a, "127.0.0.1", 8000)
    time.sleep(1)


@kind(TUNNELS, "ptunnel")
def ptunnel_socket(net, a, b, devices):
    through_ptunnel(a, b)


@kind(TUNNELS, "ptunnel")
def ptunnel_pcap(net, a, b, devices):
    through_ptunnel(a, b, "-c", devices[0])


@kind(TUNNELS, "ptunnel")
def ptunnel_echo_off(net, a, b, devices):
    b.sysctl(net__ipv4__icmp_echo_ignore_all=1)
    through_ptunnel(a, b)


@kind(TUNNELS, "icmptx")
def icmptx(net, a, b, devices):
    # TCP only: a ping inside would be answered inside, and go round for ever.
    b.sysctl(net__ipv4__icmp_echo_ignore_all=1)
    for node, args, own in ((b, ["-s", B], "10.12.0.2"), (a, ["-c", B], "10.12.0.1")):
        node.start(["icmptx"] + args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: node.run(["ip", "link", "show", "tun0"]).returncode == 0, "tun0")
        node.sysctl(net__ipv6__conf__tun0__disable_ipv6=1)
        node.ip("addr add %s/24 dev tun0" % own, "link set tun0 up mtu 1400")
    time.sleep(1.5)
    serve(b, "10.12.0.2")
    fetch(a, "10.12.0.2")
    time.sleep(1)


@kind(BENIGN, "ping")
def ping(net, a, b, devices):
    a.run(["ping", "-c", "40", "-i", "0.05", B])
    a.run(["ping", "-c", "40", "-i", "0.05", B6])


@kind(BENIGN, "ping")
def ping_pattern(net, a, b, devices):
    a.run(["ping", "-c", "40", "-i", "0.05", "-p", "ff", B])
    a.run(["ping", "-c", "40", "-i", "0.05", "-p", "ff", B6])


@kind(BENIGN, "ping")
def ping_large(net, a, b, devices):
    a.run(["ping", "-c", "40", "-i", "0.05", "-s", "1472", "-M", "do", B])
    a.run(["ping", "-c", "20", "-i", "0.05", "-s", "9000", B])
    a.run(["ping", "-c", "20", "-i", "0.05", "-s", "65507", B])


@kind(BENIGN, "ping")
def ping_sizes(net, a, b, devices):
    for size in (0, 4, 8, 15, 16, 24, 100, 200, 500, 1000, 1400):
        a.run(["ping", "-c", "3", "-i", "0.05", "-s", size, B])


@kind(BENIGN, "ping")
def ping_broadcast(net, a, b, devices):
    b.sysctl(net__ipv4__icmp_echo_ignore_broadcasts=0)
    a.run(["ping", "-b", "-c", "20", "-i", "0.05", "10.11.0.255"])
    a.run(["ping", "-c", "20", "-i", "0.05", "ff02::1%" + devices[0]])


@kind(BENIGN, "fping")
def fping(net, a, b, devices):
    a.run(["fping", "-c", "40", "-p", "50", B])
    a.run(["fping", "-c", "40", "-p", "50", "-6", B6])


@kind(BENIGN, "fping")
def fping_random(net, a, b, devices):
    a.run(["fping", "-R", "-c", "40", "-p", "50", "-b", "1000", B])


@kind(BENIGN, "mtr")
def mtr(net, a, b, devices):
    a.run(["mtr", "-r", "-n", "-c", "20", "-i", "0.1", B], timeout=60)
    a.run(["mtr", "-6", "-r", "-n", "-c", "10", "-i", "0.1", B6], timeout=60)


@kind(BENIGN, "traceroute")
def traceroute(net, a, b, devices):
    for _ in range(5):
        a.run(["traceroute", "-I", "-n", B])
    a.run(["traceroute", "-n", B])


@kind(BENIGN, "nping")
def nping(net, a, b, devices):
    a.run(["nping", "--icmp", "-c", "20", "--delay", "50ms", B])
    a.run(["nping", "--icmp", "-c", "20", "--delay", "50ms", "--data-length", "64", B])


@kind(BENIGN, "hping3")
def hping3(net, a, b, devices):
    a.run(["hping3", "-1", "-c", "30", "-i", "u50000", B])
    a.run(["hping3", "-1", "-c", "30", "-i", "u50000", "-d", "120", B])


@kind(BENIGN, "nmap")
def nmap(net, a, b, devices):
    a.run(["nmap", "-n", "-sn", B], timeout=60)
    a.run(["nmap", "-n", "-sn", "-PE", "--disable-arp-ping", B], timeout=60)


@kind(BENIGN, "oping")
def oping(net, a, b, devices):
    a.run(["oping", "-c", "30", "-i", "0.05", B])


def record(folder, name):
    """Writes one capture; returns its path."""
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        devices = net.link(a, b, "10.11.0.0/24", "2001:db8:11::/64")
        path = os.path.join(folder, name + ".pcap")
        sniffer = Sniffer(a, devices[0], path)
        {**TUNNELS, **BENIGN}[name][1](net, a, b, devices)
        sniffer.end()
        return path


def make(folder, names=()):
    """Writes the captures whose names contain one of `names` (none: all); returns {name: path} and
    {name: why it was left out}."""
    made, left = {}, {}
    for name, (tool, _) in {**TUNNELS, **BENIGN}.items():
        if names and not any(part in name for part in names):
            continue
        if shutil.which(tool):
            made[name] = record(folder, name)
        else:
            left[name] = tool + " is not installed"
    return made, left


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    require_root()
    os.makedirs(sys.argv[1], exist_ok=True)
    done, missing = make(sys.argv[1], sys.argv[2:])
    for each in done:
        print(each)
    for each, why in missing.items():
        print("left out: %s: %s" % (each, why))
