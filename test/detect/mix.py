#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Very many harmless packets from a few captures of them: each conversation again and again, between
hosts of its own, at times of its own, as a capture on standard output.

    mix.py PACKETS CAPTURE...

Hosts are renumbered so that no checksum changes: what one 16-bit word of an address gains the next
one loses, so a plain replacement is right in headers, in quotes and under pseudo-headers. The mix
begins when conversations are under way already."""

import heapq
import ipaddress
import random
import struct
import sys

S = 1000000000
SECONDS_EACH = 0.13  # between the beginnings of conversations
NETS = [ipaddress.ip_network(n) for n in ("10.11.0.0/16", "10.20.0.0/14", "2001:db8::/32")]
HOSTS = 2300  # as many as there are ways to renumber


def read(path):
    """Frames of a capture of ours, pcap or pcapng of microseconds: [(time in ns, bytes)]."""
    with open(path, "rb") as file:
        data = file.read()
    out = []
    if data[:4] == b"\xd4\xc3\xb2\xa1":
        at = 24
        while at + 16 <= len(data):
            sec, us, n, _ = struct.unpack_from("<IIII", data, at)
            out.append((sec * S + us * 1000, data[at + 16:at + 16 + n]))
            at += 16 + n
        return out
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == 6:
            _, high, low, n, _ = struct.unpack_from("<IIIII", data, at + 8)
            out.append(((high << 32 | low) * 1000, data[at + 28:at + 28 + n]))
        at += size
    return out


def addresses(frame):
    """Of an IP packet in an Ethernet frame: source and destination, packed; () for what is none."""
    if frame[12:14] == b"\x08\x00":
        return frame[26:30], frame[30:34]
    if frame[12:14] == b"\x86\xdd":
        return frame[22:38], frame[38:54]
    return ()


def is_ours(packed):
    address = ipaddress.ip_address(packed)
    return any(address.version == n.version and address in n for n in NETS)


def renumbered(packed, k):
    """Another address with the same ones' complement sum."""
    if len(packed) == 4:
        a, b = struct.unpack("!HH", packed)
        return struct.pack("!HH", a - k, b + k)
    w = list(struct.unpack("!8H", packed))
    total = w[3] + w[4]
    w[3], w[4] = k, (total - k) % 0xffff
    return struct.pack("!8H", *w)


class Conversation:
    def __init__(self, path):
        frames = read(path)
        self.begin = frames[0][0]
        self.frames = frames
        seen = {a for _, frame in frames for a in addresses(frame)}
        self.ours = sorted(a for a in seen if is_ours(a))
        # A broadcast address stays one only when the last octet stays.
        self.whole_octets = any(f[:6] == b"\xff" * 6 and f[12:14] == b"\x08\0" for _, f in frames)

    def again(self, start, k, order):
        """The frames at their times from `start` on, between other hosts."""
        k = 256 * (1 + k % 9) if self.whole_octets else k
        pairs = [(a, renumbered(a, k)) for a in self.ours]
        for at, frame in self.frames:
            for old, new in pairs:
                frame = frame.replace(old, new)
            yield start + at - self.begin, order, frame


def merged(conversations, seed):
    """All of them for ever, in the order of time."""
    r = random.Random(seed)
    running, order, start = [], 0, 1800000000 * S
    while True:
        while not running or running[0][0][0] > start:
            stream = conversations[order % len(conversations)].again(
                start, 1 + order * 7 % HOSTS, order)
            heapq.heappush(running, (next(stream), stream))
            order += 1
            start += int(r.expovariate(1 / SECONDS_EACH) * S)
        item, stream = running[0]
        yield item[0], item[2]
        following = next(stream, None)
        if following:
            heapq.heapreplace(running, (following, stream))
        else:
            heapq.heappop(running)


PCAP = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)  # Ethernet, microseconds


def packet(at, frame):
    """A frame as a capture in pcap format has it behind that head."""
    return struct.pack("<IIII", at // S, at % S // 1000, len(frame), len(frame)) + frame


def write(count, paths, out, seed=7):
    frames = merged([Conversation(path) for path in paths], seed)
    out.write(PCAP)
    first, _ = next(frames)
    for at, _ in frames:  # it begins in the middle
        if at > first + 20 * S:
            break
    for _ in range(count):
        out.write(packet(*next(frames)))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    write(int(sys.argv[1]), sys.argv[2:], sys.stdout.buffer)
