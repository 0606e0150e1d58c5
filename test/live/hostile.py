# SPDX-License-Identifier: MIT
"""A responder that misbehaves, behind a TUN device of a namespace.

Every fault has an address of its own in 198.51.100.0/24 and in 2001:db8:66::/64: what is sent there is
answered with that fault, so one run can meet all of them. A trace to such an address meets two routers
(10.255.0.1, then 10.255.0.2 with the fault) and the target as third hop.

    hostile = Hostile(node)
    node.run([ICMP, "ping", hostile.address("duplicate")])

Run as a program (in the namespace) it is the responder itself, and says "ready" when it listens."""

import fcntl
import heapq
import os
import select
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from packets import (FRAGMENT, ICMP, ICMP6, TCP, UDP, Request, checksum, extension,  # noqa: E402
                     icmp, ip4, ip6, mpls, packed)

LATE_S = 0.5  # how long after the probe the late answer goes
ROUTERS = {4: ["10.255.0.1", "10.255.0.2"], 6: ["2001:db8:67::a1", "2001:db8:67::a2"]}
STRANGER = {4: "198.51.100.250", 6: "2001:db8:66::fa"}
INT64_MIN, INT64_MAX = -2**63, 2**63 - 1


# ---- faults of an echo reply: each gives packets, or (delay, packet) --------------------------------

def stamped(seconds, microseconds):
    """The payload timestamp of iputils replaced, which is where our token is."""
    return lambda r: [r.reply(data=struct.pack("<qq", seconds, microseconds) + r.data[16:])]


def with_options(options):
    return lambda r: [r.reply(options=options)]


def without_data(r):
    """Type, code and checksum alone: not even an identifier."""
    source = r.dst
    return [r.ip(icmp(r.family, source, r.src, 0 if r.family == 4 else 129, 0, b""), source)]


def flipped(at):
    """One byte changed, where the probe is long enough to have it."""
    return lambda r: [r.reply(data=r.data[:at] + bytes(b ^ 0xFF for b in r.data[at:at + 1])
                              + r.data[at + 1:])]


REPLIES = {
    "normal": lambda r: [r.reply()],
    "silent": lambda r: [],
    "duplicate": lambda r: [r.reply(), r.reply()],
    "triple": lambda r: [r.reply(), r.reply(), r.reply()],
    "late": lambda r: [(LATE_S, r.reply())],
    "storm": lambda r: [(LATE_S, r.reply())] * 300,
    "after-storm": lambda r: [(LATE_S + 0.1, r.reply())],
    "wrong-token": lambda r: [r.reply(data=bytes(b ^ 0xFF for b in r.data[:16]) + r.data[16:])],
    "wrong-ident": lambda r: [r.reply(ident=r.ident ^ 0x5555)],
    "wrong-seq": lambda r: [r.reply(seq=(r.seq + 1000) & 0xFFFF)],
    "cut": lambda r: [r.reply(data=r.data[:24])],
    "no-payload": lambda r: [r.reply(data=b"")],
    "four-bytes": without_data,
    "longer": lambda r: [r.reply(data=r.data + b"\xee" * 32)],
    "flip": flipped(30),
    "other-source": lambda r: [r.reply(src=STRANGER[r.family])],
    "bad-checksum": lambda r: [r.reply(spoil=0x0101)],
    "time-min": stamped(INT64_MIN, INT64_MIN),
    "time-max": stamped(INT64_MAX, INT64_MAX),
    "time-min-max": stamped(INT64_MIN, INT64_MAX),
    "time-zero": stamped(0, 0),
    "min-then-zero": lambda r: stamped(INT64_MIN, 0)(r) + stamped(0, 0)(r) + [r.reply()],
    "wrong-family": lambda r: [r.reply(kind=129 if r.family == 4 else 0)],
}

REPLIES4 = {
    "options-full": with_options(b"\x01" * 40),
    "rr-length-0": with_options(b"\x07\x00\x04" + b"\0" * 37),
    "rr-length-1": with_options(b"\x07\x01\x04" + b"\0" * 37),
    "rr-pointer-0": with_options(b"\x07\x27\x00" + b"\0" * 37),
    "rr-pointer-255": with_options(b"\x07\x27\xff" + b"\0" * 37),
    "rr-past-end": with_options(b"\x07\xff\x04" + b"\0" * 37),
    "ts-length-0": with_options(b"\x44\x00\x05\x00" + b"\0" * 36),
    "ts-length-1": with_options(b"\x44\x01\x05\x00" + b"\0" * 36),
    "ts-past-end": with_options(b"\x44\xff\x05\x03" + b"\0" * 36),
    "in-fragments": lambda r: r.fragments(r.reply(), 24),
    "too-long": lambda r: [ip4(r.dst, r.src, ICMP, b"\0" * 1400, ident=9, frag=0x2000),
                           ip4(r.dst, r.src, ICMP, b"\0" * 1400, ident=9, frag=65528 // 8)],
    "overlap": lambda r: [ip4(r.dst, r.src, ICMP, r.reply()[20:44], ident=8, frag=0x2000),
                          ip4(r.dst, r.src, ICMP, r.reply()[36:], ident=8, frag=2)],
}


def deep(r):
    """A chain of more extension headers than anybody needs in front of a right reply."""
    inner = r.reply()[40:]
    chain = b"".join(bytes([60, 0]) + b"\x01\x04\0\0\0\0" for _ in range(100))
    return [ip6(r.dst, r.src, 60, chain + bytes([ICMP6, 0]) + b"\x01\x04\0\0\0\0" + inner)]


def nested(r):
    """Fragment headers inside fragment headers."""
    inner = r.reply()[40:]
    chain = b"".join(struct.pack("!BBHI", FRAGMENT, 0, 1, n) for n in range(20))
    return [ip6(r.dst, r.src, FRAGMENT, chain + struct.pack("!BBHI", ICMP6, 0, 1, 99) + inner)]


REPLIES6 = {
    "deep-chain": deep,
    "nested-fragments": nested,
    "in-fragments": lambda r: [
        ip6(r.dst, r.src, FRAGMENT, struct.pack("!BBHI", ICMP6, 0, 1, 77) + r.reply()[40:64]),
        ip6(r.dst, r.src, FRAGMENT, struct.pack("!BBHI", ICMP6, 0, 24, 77) + r.reply()[64:])],
}


# ---- faults of an error: (quote, extension) by fault; the type is the caller's ----------------------

def requoted(r, **change):
    """The probe as quoted, with its IP header changed."""
    if r.family == 6:
        head = bytearray(r.packet[:40])
        if "src" in change:
            head[8:24] = packed(change["src"][6])
        if "dst" in change:
            head[24:40] = packed(change["dst"][6])
        if "proto" in change:
            head[6] = change["proto"]
        return bytes(head) + r.payload[:64]
    src = packed(change["src"][4]) if "src" in change else r.src
    dst = packed(change["dst"][4]) if "dst" in change else r.dst
    return ip4(src, dst, change.get("proto", r.proto), r.payload[:64], ttl=1,
               options=change.get("options", b""), total=change.get("total"))


def other_ident(r):
    """Another identifier (or source port), in a quote that is right otherwise."""
    payload = bytearray(r.payload[:64])
    at = 4 if r.is_echo else 0
    payload[at] ^= 0x55
    return r.packet[:r.header] + bytes(payload)


def other_token(r):
    payload = bytearray(r.payload[:64])
    for at in range(8, min(24, len(payload))):
        payload[at] ^= 0xFF
    return r.packet[:r.header] + bytes(payload)


def padded(r, to=128):
    return (r.packet[:to] + b"\0" * to)[:to]


ELSEWHERE = {4: "192.0.2.99", 6: "2001:db8:99::99"}
LABELS = mpls(16001, 5, 0, 1) + mpls(16002, 0, 1, 254)

QUOTES = {
    "error": lambda r: (None, b""),
    "quote-8": lambda r: (r.packet[:r.header + 8], b""),
    "quote-4": lambda r: (r.packet[:r.header + 4], b""),
    "quote-header": lambda r: (r.packet[:r.header], b""),
    "quote-cut-header": lambda r: (r.packet[:10], b""),
    "quote-empty": lambda r: (b"", b""),
    "quote-ident": lambda r: (other_ident(r), b""),
    "quote-token": lambda r: (other_token(r), b""),
    "quote-destination": lambda r: (requoted(r, dst=ELSEWHERE), b""),
    "quote-source": lambda r: (requoted(r, src=ELSEWHERE), b""),
    "quote-253": lambda r: (requoted(r, proto=253), b""),
    "quote-noise": lambda r: (b"\xa5" * 64, b""),
    "mpls": lambda r: (padded(r), extension((1, 1, LABELS))),
    "mpls-interface": lambda r: (padded(r), extension(
        (1, 1, LABELS), (2, 0x0A, struct.pack("!I", 7) + b"\x08;$(x)\x1b\0"))),
    "ext-checksum": lambda r: (padded(r), extension((1, 1, LABELS), spoil=0x0101)),
    "ext-zero-length": lambda r: (padded(r), extension((1, 1, (0, LABELS)))),
    "ext-past-end": lambda r: (padded(r), extension((1, 1, (0xFFFF, LABELS)))),
    "ext-unknown": lambda r: (padded(r), extension((200, 9, b"\xde\xad\xbe\xef"))),
    "ext-name-past-end": lambda r: (padded(r), extension((2, 0x02, b"\xffabc"))),
}

QUOTES4 = {
    "quote-options": lambda r: (requoted(r, options=b"\x01" * 40), b""),
    "quote-options-bad": lambda r: (requoted(r, options=b"\x95\x26" + b"\0" * 38), b""),
    "quote-length": lambda r: (requoted(r, total=20), b""),
    "quote-length-huge": lambda r: (requoted(r, total=0xFFFF), b""),
}


def error_with(make, kind4, code4, kind6, code6, src=None):
    def build(r):
        quote, ext = make(r)
        words = 0
        if ext:  # octet 5 in units of 4 bytes (IPv4), octet 4 in units of 8 (IPv6)
            words = len(quote) // (4 if r.family == 4 else 8)
        if r.family == 4:
            rest, kind, code = struct.pack("!BBH", 0, words, 0), kind4, code4
        else:
            rest, kind, code = struct.pack("!BBH", words, 0, 0), kind6, code6
        body = quote if quote is None else quote + ext
        return [r.error(kind, code, body, rest, src and src[r.family])]
    return build


def plain_error(kind, code, rest=b"\0\0\0\0", then_reply=False):
    def build(r):
        return [r.error(kind, code, rest=rest)] + ([r.reply()] if then_reply else [])
    return build


def in_fragments(r):
    """Parameter problem in fragments of 32 bytes that quotes a bad option."""
    quote = requoted(r, options=b"\x95\x26" + b"\0" * 38)
    return r.fragments(r.error(12, 0, quote, b"\x14\0\0\0"), 32)


def outer_mismatch(r):
    """An error sent to us about a packet that somebody else sent (never related)."""
    return [r.error(3, 1, requoted(r, src=ELSEWHERE)) if r.family == 4 else
            r.error(1, 3, requoted(r, src=ELSEWHERE))]


ERRORS4 = {
    "redirect": plain_error(5, 1, packed("198.51.100.251"), then_reply=True),
    "quench": plain_error(4, 0, then_reply=True),
    "source-quench-only": plain_error(4, 0),
    "parameter": plain_error(12, 0, b"\x14\0\0\0"),
    "parameter-fragments": in_fragments,
    "too-big": plain_error(3, 4, struct.pack("!HH", 0, 1400)),
    "too-big-zero": plain_error(3, 4),
    "too-big-tiny": plain_error(3, 4, struct.pack("!HH", 0, 40)),
    "unknown-type": plain_error(200, 7),
    "unknown-code": plain_error(3, 99),
    "prohibited": plain_error(3, 13),
    "outer-mismatch": outer_mismatch,
}
ERRORS6 = {
    "redirect": lambda r: [r.error(137, 0, packed("2001:db8:66::fb") + r.dst), r.reply()],
    "parameter": plain_error(4, 1, struct.pack("!I", 6)),
    "too-big": plain_error(2, 0, struct.pack("!I", 1280)),
    "too-big-zero": plain_error(2, 0),
    "too-big-tiny": plain_error(2, 0, struct.pack("!I", 40)),
    "eight-bytes": lambda r: [r.error(1, 3, b"")],
    "unknown-type": plain_error(99, 7),
    "unknown-code": plain_error(1, 99),
    "prohibited": plain_error(1, 1),
    "outer-mismatch": outer_mismatch,
}


def faults(family):
    """All faults of a family by name: what answers an echo."""
    table = dict(REPLIES)
    table.update(REPLIES4 if family == 4 else REPLIES6)
    quotes = dict(QUOTES, **(QUOTES4 if family == 4 else {}))
    for name, make in quotes.items():
        table[name] = error_with(make, 3, 1, 1, 3)
    table.update(ERRORS4 if family == 4 else ERRORS6)
    return table


def router_faults(family):
    """What the second router of a trace may answer with."""
    quotes = dict(QUOTES, **(QUOTES4 if family == 4 else {}))
    table = {name: error_with(make, 11, 0, 3, 0, {4: ROUTERS[4][1], 6: ROUTERS[6][1]})
             for name, make in quotes.items()}
    table["silent"] = lambda r: []
    table["twice"] = lambda r: 2 * table["error"](r)
    table["bad-checksum"] = lambda r: [r.error(11 if r.family == 4 else 3, 0, spoil=0x0101,
                                               src=ROUTERS[r.family][1])]
    if family == 4:
        table["quench"] = lambda r: [r.error(4, 0, src=ROUTERS[4][1])] + table["error"](r)
        table["redirect"] = lambda r: ([r.error(5, 1, rest=packed("10.255.0.9"), src=ROUTERS[4][1])]
                                       + table["error"](r))
    return table


NAMES = {family: sorted(set(faults(family)) | set(router_faults(family))) for family in (4, 6)}


def address(name, family=4):
    number = 10 + NAMES[family].index(name)
    return "198.51.100.%d" % number if family == 4 else "2001:db8:66::%x" % number


def fault_of(r):
    number = r.dst[-1] - 10
    return NAMES[r.family][number] if 0 <= number < len(NAMES[r.family]) else None


# ---- the responder -----------------------------------------------------------------------------------

def final(r):
    """What the target of a trace answers."""
    if r.is_echo:
        return [r.reply()]
    if r.proto == UDP:
        return [r.error(3, 3) if r.family == 4 else r.error(1, 4)]
    sport, dport, seq = struct.unpack("!HHI", r.payload[:8])
    head = struct.pack("!HHIIBBHHH", dport, sport, 0, (seq + 1) & 0xFFFFFFFF, 0x50, 0x14, 0, 0, 0)
    pseudo = r.dst + r.src + (struct.pack("!BBH", 0, TCP, len(head)) if r.family == 4 else
                              struct.pack("!II", len(head), TCP))
    head = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
    return [r.ip(head, proto=TCP)]


def answers(r, tables):
    name = fault_of(r)
    if name is None or r.proto not in (ICMP, ICMP6, UDP, TCP):
        return []
    if r.proto in (ICMP, ICMP6) and not r.is_echo:
        return []
    if r.ttl <= 2:
        if r.ttl == 1 or name not in tables["router"][r.family]:
            return [r.error(11 if r.family == 4 else 3, 0, src=ROUTERS[r.family][r.ttl - 1])]
        return tables["router"][r.family][name](r)
    if r.ttl <= 30 or not r.is_echo or name not in tables["echo"][r.family]:
        return final(r)  # a trace: its probes never leave with the TTL of a ping
    return tables["echo"][r.family][name](r)


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22s", name.encode(), 0x1001, b""))  # TUN, no header
    return fd


def serve(name):
    tun = open_tun(name)
    tables = {"echo": {4: faults(4), 6: faults(6)},
              "router": {4: router_faults(4), 6: router_faults(6)}}
    waiting, serial = [], 0
    print("ready", flush=True)
    while True:
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(tun, heapq.heappop(waiting)[2])
        limit = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        if not select.select([tun], [], [], limit)[0]:
            continue
        packet = os.read(tun, 65536)
        if packet[0] >> 4 not in (4, 6):
            continue
        now = time.monotonic()
        for answer in answers(Request(packet), tables):
            delay, out = answer if isinstance(answer, tuple) else (0, answer)
            if delay:
                heapq.heappush(waiting, (now + delay, serial, out))
                serial += 1
            else:
                os.write(tun, out)


class Hostile:
    """The responder in a node; the node itself is the prober."""

    def __init__(self, node):
        node.sysctl(net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__default__rp_filter=0)
        node.ip("tuntap add dev hostile mode tun", "link set hostile up",
                "addr add 198.18.0.1/32 dev hostile", "addr add 2001:db8:67::1/128 dev hostile nodad",
                "route add 198.51.100.0/24 dev hostile src 198.18.0.1",
                "route add 2001:db8:66::/64 dev hostile src 2001:db8:67::1")
        self.child = node.start(["/usr/bin/python3", os.path.abspath(__file__), "hostile"])
        line = self.child.stdout.readline()
        if line != "ready\n":
            raise AssertionError("no responder: %r %s" % (line, self.child.stderr.read()))

    @staticmethod
    def address(name, family=4):
        return address(name, family)


if __name__ == "__main__":
    serve(sys.argv[1])
