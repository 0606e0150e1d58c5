# SPDX-License-Identifier: MIT
"""The layouts of headers as tables: what the builder and the dissector both read, and nothing else.

A layout is a list of (field, bits) or (field, bits, kind); kind is "ip4", "ip6", "mac", or integer.
Bits of a layout add up to whole octets. Written from the RFCs, not from the C codec: the judge and
the judged share no code."""

LAYOUTS = {
    "ether": [("dst", 48, "mac"), ("src", 48, "mac"), ("type", 16)],
    "arp": [("htype", 16), ("ptype", 16), ("hlen", 8), ("plen", 8), ("op", 16), ("sha", 48, "mac"),
            ("spa", 32, "ip4"), ("tha", 48, "mac"), ("tpa", 32, "ip4")],
    "ip4": [("v", 4), ("ihl", 4), ("tos", 8), ("len", 16), ("id", 16), ("rf", 1), ("df", 1),
            ("mf", 1), ("off", 13), ("ttl", 8), ("proto", 8), ("sum", 16), ("src", 32, "ip4"),
            ("dst", 32, "ip4")],
    "ip6": [("v", 4), ("tc", 8), ("flow", 20), ("len", 16), ("nh", 8), ("hlim", 8),
            ("src", 128, "ip6"), ("dst", 128, "ip6")],
    "hopopts": [("nh", 8), ("hlen", 8)],
    "dstopts": [("nh", 8), ("hlen", 8)],
    "routing": [("nh", 8), ("hlen", 8), ("rtype", 8), ("left", 8)],
    "frag": [("nh", 8), ("res", 8), ("off", 13), ("res2", 2), ("m", 1), ("id", 32)],
    "udp": [("sport", 16), ("dport", 16), ("len", 16), ("sum", 16)],
    "tcp": [("sport", 16), ("dport", 16), ("seq", 32), ("ack", 32), ("doff", 4), ("res", 4),
            ("flags", 8), ("win", 16), ("sum", 16), ("urg", 16)],
    "icmp4": [("type", 8), ("code", 8), ("sum", 16)],
    "icmp6": [("type", 8), ("code", 8), ("sum", 16)],
    "raw": [],
}

# What stands where a field is not named, for the builder.
DEFAULTS = {
    "arp": {"htype": 1, "ptype": 0x0800, "hlen": 6, "plen": 4, "op": 1},
    "ip4": {"v": 4, "ttl": 64},
    "ip6": {"v": 6, "hlim": 64},
    "tcp": {"doff": None, "win": 65535, "flags": 2},
}

ECHO = [("id", 16), ("seq", 16)]
STAMPS = ECHO + [("orig", 32), ("rx", 32), ("tx", 32)]
EXT_REQUEST = [("id", 16), ("seq", 8), ("res", 7), ("local", 1)]
EXT_REPLY = [("id", 16), ("seq", 8), ("state", 3), ("res", 2), ("active", 1), ("ipv4", 1),
             ("ipv6", 1)]
LISTENER = [("delay", 16), ("res", 16), ("group", 128, "ip6")]

# name, type, body after the first four octets, what follows: data, quote, options, routers, rest.
ICMP4 = [
    ("echo-reply", 0, ECHO, "data"),
    ("unreachable", 3, [("unused", 8), ("length", 8), ("mtu", 16)], "quote"),
    ("quench", 4, [("unused", 32)], "quote"),
    ("redirect", 5, [("gw", 32, "ip4")], "quote"),
    ("echo", 8, ECHO, "data"),
    ("rdisc-adv", 9, [("count", 8), ("size", 8), ("lifetime", 16)], "routers"),
    ("rdisc-sol", 10, [("reserved", 32)], "data"),
    ("time-exceeded", 11, [("unused", 8), ("length", 8), ("unused2", 16)], "quote"),
    ("parameter", 12, [("ptr", 8), ("length", 8), ("unused2", 16)], "quote"),
    ("timestamp", 13, STAMPS, "data"),
    ("timestamp-reply", 14, STAMPS, "data"),
    ("info", 15, ECHO, "data"),
    ("info-reply", 16, ECHO, "data"),
    ("mask", 17, ECHO + [("mask", 32, "ip4")], "data"),
    ("mask-reply", 18, ECHO + [("mask", 32, "ip4")], "data"),
    ("security", 40, [("reserved", 16), ("ptr", 16)], "quote"),
    ("ext-echo", 42, EXT_REQUEST, "data"),
    ("ext-reply", 43, EXT_REPLY, "data"),
]
ICMP6 = [
    ("unreachable", 1, [("length", 8), ("unused", 24)], "quote"),
    ("too-big", 2, [("mtu", 32)], "quote"),
    ("time-exceeded", 3, [("length", 8), ("unused", 24)], "quote"),
    ("parameter", 4, [("ptr", 32)], "quote"),
    ("echo", 128, ECHO, "data"),
    ("echo-reply", 129, ECHO, "data"),
    ("mld-query", 130, LISTENER, "data"),
    ("mld-report", 131, LISTENER, "data"),
    ("mld-done", 132, LISTENER, "data"),
    ("rs", 133, [("reserved", 32)], "options"),
    ("ra", 134, [("chlim", 8), ("m", 1), ("o", 1), ("flags", 6), ("lifetime", 16),
                 ("reachable", 32), ("retrans", 32)], "options"),
    ("ns", 135, [("reserved", 32), ("target", 128, "ip6")], "options"),
    ("na", 136, [("r", 1), ("s", 1), ("ov", 1), ("reserved", 29), ("target", 128, "ip6")],
     "options"),
    ("redirect", 137, [("reserved", 32), ("target", 128, "ip6"), ("dest", 128, "ip6")], "options"),
    ("ni-query", 139, [("qtype", 16), ("flags", 16), ("nonce", 64)], "data"),
    ("ni-reply", 140, [("qtype", 16), ("flags", 16), ("nonce", 64)], "data"),
    ("mld2-report", 143, [("res", 16), ("count", 16)], "data"),
    ("ext-echo", 160, EXT_REQUEST, "data"),
    ("ext-reply", 161, EXT_REPLY, "data"),
]
ICMP_NAMES = {4: {name: number for name, number, _, _ in ICMP4},
              6: {name: number for name, number, _, _ in ICMP6}}
BODIES = {4: {row[1]: row[2:] for row in ICMP4}, 6: {row[1]: row[2:] for row in ICMP6}}

PROTOS = {"icmp4": 1, "igmp": 2, "tcp": 6, "udp": 17, "icmp6": 58, "hopopts": 0, "routing": 43,
          "frag": 44, "dstopts": 60, "none": 59, "ip4": 4, "ip6": 41, "raw": 253}
LAYER_OF_PROTO = {4: {1: "icmp4", 6: "tcp", 17: "udp"},
                  6: {58: "icmp6", 6: "tcp", 17: "udp", 0: "hopopts", 43: "routing", 44: "frag",
                      60: "dstopts"}}
ETHERTYPES = {"ip4": 0x0800, "arp": 0x0806, "ip6": 0x86DD}
IP4_OPTIONS = {"eol": 0, "nop": 1, "rr": 7, "ts": 68, "security": 130, "lsrr": 131, "ra": 148,
               "ssrr": 137, "sid": 136}
IP6_OPTIONS = {"pad1": 0, "padn": 1, "ra": 5, "jumbo": 0xC2, "home": 0xC9}
ND_OPTIONS = {"slla": 1, "tlla": 2, "prefix": 3, "rh": 4, "mtu": 5}
TCP_FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}


def body_of(family, number):
    """The body after the first four octets of a message, and what follows it."""
    known = BODIES[family].get(number)
    if known:
        return known
    if family == 6 and number < 128:  # an error that nobody knows still quotes (RFC 4443 2.4)
        return [("rest", 32)], "quote"
    return [("rest", 32)], "data"


def field_bits(layout):
    return sum(f[1] for f in layout)


def pack(layout, values):
    """Values (integers) into octets; a missing one is 0, a too wide one an error."""
    total = 0
    for name, bits, *_ in layout:
        value = values.get(name, 0) or 0
        if not 0 <= value < 1 << bits:
            raise ValueError("%s=%d does not fit into %d bits" % (name, value, bits))
        total = total << bits | value
    return total.to_bytes(field_bits(layout) // 8, "big")


def unpack(layout, octets):
    """Octets into values; only those fields that are wholly there."""
    values, at = {}, 0
    have = len(octets) * 8
    number = int.from_bytes(octets, "big")
    for name, bits, *_ in layout:
        if at + bits > have:
            break
        values[name] = number >> (have - at - bits) & ((1 << bits) - 1)
        at += bits
    return values


def checksum(octets):
    """RFC 1071; 0 over octets that carry a right checksum."""
    if len(octets) % 2:
        octets += b"\0"
    total = sum(int.from_bytes(octets[i:i + 2], "big") for i in range(0, len(octets), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def pseudo_header(family, src, dst, proto, length):
    """src and dst are integers."""
    if family == 4:
        return (src.to_bytes(4, "big") + dst.to_bytes(4, "big") + bytes([0, proto])
                + length.to_bytes(2, "big"))
    return (src.to_bytes(16, "big") + dst.to_bytes(16, "big") + length.to_bytes(4, "big")
            + bytes([0, 0, 0, proto]))
