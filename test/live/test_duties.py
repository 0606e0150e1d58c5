# SPDX-License-Identifier: MIT
"""Duties of an asking tool that only show on the wire: what leaves is captured beside the run."""

import json
import re

from cases import case, equal, main
from net import ICMP, Net, require_root
from packets import ICMP6, checksum


def captured(node, watcher, dev, args, expression):
    """Runs `icmp ARGS` on the node; (run, the IP packets that the watcher's interface saw, as
    bytes). An echo of 7 bytes ends the capture."""
    dump = watcher.start(["tcpdump", "-nn", "-l", "--immediate-mode", "-x", "-i", dev, expression])
    while "listening" not in dump.stderr.readline():
        pass
    done = node.run([ICMP] + args)
    node.run(["ping", "-c1", "-s7", "10.0.0.2"], check=True)
    lines = []
    while not lines or "length 15" not in lines[-1]:
        lines.append(dump.stdout.readline())
    dump.terminate()
    packets, current = [], []
    for line in lines[:-1]:
        words = re.match(r"\s+0x[0-9a-f]+:\s+(.*)", line)
        if words:
            current.append(words.group(1).replace(" ", ""))
        elif current:
            packets.append(bytes.fromhex("".join(current)))
            current = []
    if current:
        packets.append(bytes.fromhex("".join(current)))
    return done, packets


def pair():
    net = Net()
    net.__enter__()
    a, b = net.node("a"), net.node("b")
    net.link(a, b, "10.0.0.0/24", "2001:db8::/64")
    return net, a, b


@case
def multicast_leaves_with_ttl_1_unless_asked_otherwise():
    """R1112-6.1-01"""
    net, a, b = pair()
    with net:
        for args, ttl in (([], 1), (["-t", "5"], 5)):
            _, packets = captured(a, b, "eth0", ["ping", "-c1", "-W.3", "-I", "eth0"] + args
                                  + ["224.0.0.1"], "icmp")
            equal([p[8] for p in packets if p[16:20] == bytes([224, 0, 0, 1])], [ttl])


@case
def one_probe_is_one_request_and_its_reply_is_told():
    """R1122-3.2.2.6-02"""
    net, a, b = pair()
    with net:
        done, packets = captured(a, b, "eth0", ["ping", "--json", "-c1", "10.0.0.2"], "icmp")
        equal([(p[20], p[21]) for p in packets], [(8, 0), (0, 0)])
        equal([json.loads(line)["record"] for line in done.stdout.splitlines()], ["run", "reply", "ping_summary"])


@case
def pattern_size_and_record_route_are_on_the_wire():
    """R1812-10.3.2.7-01"""
    net, a, b = pair()
    with net:
        _, packets = captured(a, b, "eth0", ["ping", "-c1", "-R", "-s", "100", "-p", "ff",
                                             "10.0.0.2"], "icmp")
        request = next(p for p in packets if p[4 * (p[0] & 15)] == 8)
        head = 4 * (request[0] & 15)
        equal(head, 60)
        equal(request[20:23], bytes([1, 7, 39]), "no operation, then record route of 9 entries")
        equal(len(request), 60 + 8 + 100)
        equal(request[60 + 8 + 16:], b"\xff" * 84)


@case
def icmpv6_checksums_verify_whoever_computes_them():
    """R3542-3.1-01: the kernel does for a raw socket (ping), we do for whole packets (trace -I)."""
    net, a, b = pair()
    with net:
        for args in (["ping", "-c1", "2001:db8::2"], ["trace", "-n", "-I", "-q1", "2001:db8::2"]):
            _, packets = captured(a, b, "eth0", args, "icmp6 or icmp")
            requests = [p for p in packets if p[0] >> 4 == 6 and p[6] == ICMP6 and p[40] == 128]
            if not requests:
                raise AssertionError("no echo request from %s" % args)
            for p in requests:
                pseudo = p[8:40] + len(p[40:]).to_bytes(4, "big") + bytes([0, 0, 0, ICMP6])
                equal(checksum(pseudo + p[40:]), 0, str(args))


if __name__ == "__main__":
    require_root()
    main()
