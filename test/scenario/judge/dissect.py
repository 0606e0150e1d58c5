# SPDX-License-Identifier: MIT
"""Octets into layers, for looking at what a subject sent; every length and checksum is verified on
the way, and what is wrong is told in `problems`."""

import formats
from formats import LAYER_OF_PROTO, LAYOUTS, checksum, field_bits, pseudo_header, unpack


class Seen:
    """One layer as it came: name, values by field, and what is not a fixed field."""

    def __init__(self, name, values):
        self.name, self.values = name, values
        self.data = b""       # what follows the fixed part
        self.quote = None     # octets of the quoted packet
        self.objects = None   # RFC 4884: [(class, ctype, payload)]
        self.options = []     # [(type, octets after the length octet)], or [(type, octets of it)]
        self.routers = []


class Dissected:
    """layers, problems; ip: octets of the IP packet without padding; fragment: None, or
    (key, offset, more)."""

    def __init__(self):
        self.layers, self.problems = [], []
        self.octets, self.ip, self.fragment = b"", b"", None

    def layer(self, *names):
        for layer in self.layers:
            if layer.name in names:
                return layer
        return None

    @property
    def family(self):
        layer = self.layer("ip4", "ip6")
        return {None: None, "ip4": 4, "ip6": 6}[layer and layer.name]


class Dissector:
    """`partial`: the octets are the start of a packet, as in a quote: nothing is verified that
    needs all of it."""

    def __init__(self, partial=False):
        self.partial = partial
        self.out = Dissected()

    def wrong(self, text):
        if not self.partial:
            self.out.problems.append(text)

    def _fixed(self, name, octets):
        size = field_bits(LAYOUTS[name]) // 8
        if len(octets) < size:
            self.wrong("%s: %d octets, %d needed" % (name, len(octets), size))
        seen = Seen(name, unpack(LAYOUTS[name], octets[:size]))
        seen.data = octets[size:]
        self.out.layers.append(seen)
        return seen

    def frame(self, octets):
        """An Ethernet frame."""
        self.out.octets = octets
        ether = self._fixed("ether", octets)
        kind = ether.values.get("type")
        if kind == 0x0800:
            self.packet(ether.data, 4)
        elif kind == 0x86DD:
            self.packet(ether.data, 6)
        elif kind == 0x0806:
            self._fixed("arp", ether.data)
        else:
            self.wrong("unknown Ethernet type %#06x" % (kind or 0))
        return self.out

    def packet(self, octets, expect=None):
        """An IP packet; more octets than it says are padding if they are zero and the frame is a
        minimal one."""
        if not self.out.octets:
            self.out.octets = octets
        version = octets[0] >> 4 if octets else 0
        if version not in (4, 6) or expect not in (None, version):
            self.wrong("IP version %d" % version)
            return self.out
        if version == 4:
            self._ip4(octets)
        else:
            self._ip6(octets)
        return self.out

    def _cut_padding(self, octets, length, name):
        if length > len(octets):
            self.wrong("%s: says %d octets, %d are there" % (name, length, len(octets)))
        elif length < len(octets) and (len(octets) > 46 or any(octets[length:])):
            self.wrong("%s: %d octets after its end" % (name, len(octets) - length))
        return octets[:length]

    def _ip4(self, octets):
        seen = self._fixed("ip4", octets)
        values = seen.values
        head_bytes = values.get("ihl", 0) * 4
        if head_bytes < 20 or "dst" not in values:
            self.wrong("ip4: header of %d octets" % head_bytes)
            return
        if not self.partial:
            octets = self._cut_padding(octets, values["len"], "ip4")
            if checksum(octets[:head_bytes]) != 0:
                self.wrong("ip4: header checksum %04x is wrong" % values["sum"])
            if values["ttl"] == 0:
                self.wrong("ip4: sent with TTL 0")
        self.out.ip = octets
        seen.options = self._ip4_options(octets[20:head_bytes])
        seen.data = octets[head_bytes:]
        if values["off"] or values["mf"]:
            key = (4, values["src"], values["dst"], values["proto"], values["id"])
            self.out.fragment = (key, values["off"] * 8, values["mf"])
        if not values["off"]:
            self._upper(4, values["proto"], seen.data, values["src"], self._route_end(seen))

    @staticmethod
    def _route_end(seen):
        """Where a source route leads to, for the pseudo-header."""
        for kind, octets in seen.options:
            if kind in (131, 137) and len(octets) >= 5 and octets[0] <= len(octets) + 2:
                return int.from_bytes(octets[-4:], "big")
        return seen.values["dst"]

    def _ip4_options(self, octets):
        options, at = [], 0
        while at < len(octets):
            kind = octets[at]
            if kind == 0:
                if any(octets[at:]):
                    self.wrong("ip4: octets after the end of options")
                break
            if kind == 1:
                options.append((1, b""))
                at += 1
                continue
            length = octets[at + 1] if at + 1 < len(octets) else 0
            if length < 2 or at + length > len(octets):
                self.wrong("ip4: option %d with length %d" % (kind, length))
                break
            options.append((kind, octets[at + 2:at + length]))
            at += length
        return options

    def _ip6(self, octets):
        seen = self._fixed("ip6", octets)
        values = seen.values
        if "dst" not in values:
            return
        if not self.partial:
            octets = self._cut_padding(octets, 40 + values["len"], "ip6")
            if values["hlim"] == 0:
                self.wrong("ip6: sent with hop limit 0")
        self.out.ip = octets
        seen.data = octets[40:]
        self._upper(6, values["nh"], seen.data, values["src"], values["dst"])

    def _upper(self, family, proto, octets, src, dst):
        name = LAYER_OF_PROTO[family].get(proto)
        if name in ("hopopts", "dstopts", "routing", "frag"):
            self._extension(name, octets, src, dst)
        elif name in ("icmp4", "icmp6"):
            self._icmp(family, name, octets, src, dst)
        elif name in ("udp", "tcp"):
            seen = self._fixed(name, octets)
            self._verify(family, name, proto, octets, seen, src, dst)

    def _extension(self, name, octets, src, dst):
        seen = self._fixed(name, octets)
        values = seen.values
        if "nh" not in values or len(octets) < 8:
            return
        if name == "frag":
            key = (6, src, dst, values.get("id"))
            self.out.fragment = (key, values["off"] * 8, values["m"])
            seen.data = octets[8:]
            if values["off"]:
                return
        else:
            size = (values["hlen"] + 1) * 8
            if size > len(octets):
                self.wrong("%s: says %d octets, %d are there" % (name, size, len(octets)))
            if name != "routing":
                seen.options = self._ip6_options(octets[2:size])
            elif values["left"] and size >= 24:
                dst = int.from_bytes(octets[size - 16:size], "big")
            seen.data = octets[size:]
        self._upper(6, values["nh"], seen.data, src, dst)

    def _ip6_options(self, octets):
        options, at = [], 0
        while at < len(octets):
            if octets[at] == 0:
                options.append((0, b""))
                at += 1
                continue
            length = octets[at + 1] if at + 1 < len(octets) else 255
            if at + 2 + length > len(octets):
                self.wrong("option %d runs past its header" % octets[at])
                break
            options.append((octets[at], octets[at + 2:at + 2 + length]))
            at += 2 + length
        return options

    def _verify(self, family, name, proto, octets, seen, src, dst):
        """Length and checksum of a transport; of a fragment nothing can be said alone."""
        fragment = self.out.fragment
        if self.partial or (fragment and (fragment[1] or fragment[2])):
            return
        if name == "udp" and seen.values.get("len") != len(octets):
            self.wrong("udp: says %s octets, %d are there" % (seen.values.get("len"), len(octets)))
        if name == "udp" and family == 4 and seen.values.get("sum") == 0:
            return
        pseudo = b"" if name == "icmp4" else pseudo_header(family, src, dst, proto, len(octets))
        if checksum(pseudo + octets) != 0:
            self.wrong("%s: checksum %04x is wrong" % (name, seen.values.get("sum", 0)))

    def _icmp(self, family, name, octets, src, dst):
        seen = self._fixed(name, octets)
        body, tail = formats.body_of(family, seen.values.get("type", 0))
        size = 4 + field_bits(body) // 8
        if len(octets) < size:
            self.wrong("%s: %d octets, %d needed" % (name, len(octets), size))
        seen.values.update(unpack(body, octets[4:size]))
        seen.body = body
        seen.data = octets[size:]
        self._verify(family, name, 58, octets, seen, src, dst)
        if tail == "quote":
            self._quote(family, seen)
        elif tail == "options":
            seen.options = self._nd_options(seen.data)
        elif tail == "routers":
            words = seen.values.get("size", 0) * 4
            for at in range(0, seen.values.get("count", 0) * words, words or 1):
                entry = seen.data[at:at + 8]
                seen.routers.append((int.from_bytes(entry[:4], "big"),
                                     int.from_bytes(entry[4:8], "big")))
        elif seen.values.get("type") in (42, 160):
            seen.objects = self._objects(seen.data)

    def _quote(self, family, seen):
        seen.quote = seen.data
        unit = 4 if family == 4 else 8
        length = seen.values.get("length", 0) * unit
        if not length or (family, seen.values["type"]) in ((6, 2), (6, 4)):
            return
        if length > len(seen.data):
            self.wrong("icmp: length octet says %d octets of quote, %d are there"
                       % (length, len(seen.data)))
        seen.quote = seen.data[:length]
        if len(seen.data) > length:
            seen.objects = self._objects(seen.data[length:])

    def _objects(self, octets):
        if len(octets) < 4 or octets[0] >> 4 != 2:
            self.wrong("extensions: no version 2 header")
            return None
        if octets[2:4] != b"\0\0" and checksum(octets) != 0:
            self.wrong("extensions: checksum is wrong")
        objects, at = [], 4
        while at < len(octets):
            length = int.from_bytes(octets[at:at + 2], "big")
            if length < 4 or at + length > len(octets):
                self.wrong("extensions: object of length %d" % length)
                break
            objects.append((octets[at + 2], octets[at + 3], octets[at + 4:at + length]))
            at += length
        return objects

    def _nd_options(self, octets):
        options, at = [], 0
        while at < len(octets):
            length = (octets[at + 1] if at + 1 < len(octets) else 0) * 8
            if not length or at + length > len(octets):
                self.wrong("nd option %d of length %d" % (octets[at], length))
                break
            options.append((octets[at], octets[at + 2:at + length]))
            at += length
        return options


def frame(octets):
    return Dissector().frame(octets)


def packet(octets, partial=False):
    return Dissector(partial).packet(octets)


def reassemble(pieces):
    """Dissected fragments of one datagram into the whole packet, or None while octets are missing."""
    pieces = sorted(pieces, key=lambda d: d.fragment[1])
    if pieces[0].fragment[1] != 0 or pieces[-1].fragment[2]:
        return None
    data = b""
    for piece in pieces:
        holder = piece.layer("frag") or piece.layer("ip4")
        if piece.fragment[1] != len(data):
            return None
        data += holder.data
    first = pieces[0].ip
    if pieces[0].family == 4:
        head_bytes = (first[0] & 15) * 4
        head = bytearray(first[:head_bytes])
        head[2:4] = (head_bytes + len(data)).to_bytes(2, "big")
        head[6:8] = bytes([head[6] & 0xC0, 0])
        head[10:12] = b"\0\0"
        head[10:12] = checksum(bytes(head)).to_bytes(2, "big")
        return bytes(head) + data
    return _whole6(first, data)


def _whole6(first, data):
    """The packet without its Fragment header; the next header before it is put right."""
    at, where, kind = 40, 6, first[6]
    while kind != 44:
        where, kind, at = at, first[at], at + (first[at + 1] + 1) * 8
    head = bytearray(first[:at])
    head[where] = first[at]
    head[4:6] = (at - 40 + len(data)).to_bytes(2, "big")
    return bytes(head) + data
