# SPDX-License-Identifier: MIT
"""Packets as bytes, right and wrong on purpose. Nothing of icmpkit is used: a second opinion."""

import ipaddress
import struct

ICMP, TCP, UDP, FRAGMENT, ICMP6 = 1, 6, 17, 44, 58


def packed(address):
    return ipaddress.ip_address(address).packed


def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def checksum(data):
    return ~ones_sum(data) & 0xFFFF


def ip4(src, dst, proto, payload, ttl=64, options=b"", tos=0, ident=1, frag=0, total=None):
    """src and dst as text or bytes. `total` is a lie about the length, `frag` flags and offset."""
    options += b"\0" * (-len(options) % 4)
    ihl = 5 + len(options) // 4
    if total is None:
        total = 4 * ihl + len(payload)
    head = struct.pack("!BBHHHBBH", 0x40 | ihl, tos, total, ident, frag, ttl, proto, 0)
    head += as_bytes(src) + as_bytes(dst) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(src, dst, header, payload, ttl=64, tclass=0):
    head = struct.pack("!IHBB", 6 << 28 | tclass << 20, len(payload), header, ttl)
    return head + as_bytes(src) + as_bytes(dst) + payload


def as_bytes(address):
    return address if isinstance(address, bytes) else packed(address)


def icmp(family, src, dst, kind, code, rest, body=b"", spoil=0):
    """A message with its checksum, xored with `spoil`."""
    message = struct.pack("!BBH", kind, code, 0) + rest + body
    pseudo = b""
    if family == 6:
        pseudo = as_bytes(src) + as_bytes(dst) + struct.pack("!II", len(message), ICMP6)
    value = checksum(pseudo + message) ^ spoil
    return message[:2] + struct.pack("!H", value) + message[4:]


def extension(*objects, spoil=0):
    """An RFC 4884 structure of (class, ctype, payload); a payload that is a tuple (length, bytes) lies
    about the length."""
    body = b""
    for class_num, ctype, payload in objects:
        length = 4 + len(payload)
        if isinstance(payload, tuple):
            length, payload = payload
        body += struct.pack("!HBB", length, class_num, ctype) + payload
    head = b"\x20\0\0\0"
    value = checksum(head + body) ^ spoil
    return head[:2] + struct.pack("!H", value) + body


def mpls(label, tc, bottom, ttl):
    return struct.pack("!I", label << 12 | tc << 9 | bottom << 8 | ttl)


class Request:
    """A probe as it came: an echo request, or a UDP or TCP probe of a trace."""

    def __init__(self, packet):
        self.packet = packet
        self.family = packet[0] >> 4
        if self.family == 4:
            self.header = 4 * (packet[0] & 15)
            self.proto, self.ttl = packet[9], packet[8]
            self.src, self.dst = packet[12:16], packet[16:20]
        else:
            self.header, self.proto, self.ttl = 40, packet[6], packet[7]
            self.src, self.dst = packet[8:24], packet[24:40]
        self.payload = packet[self.header:]
        self.is_echo = (self.proto, self.payload[:1]) in ((ICMP, b"\x08"), (ICMP6, b"\x80"))
        if self.is_echo:
            self.ident, self.seq = struct.unpack("!HH", self.payload[4:8])
            self.data = self.payload[8:]

    def ip(self, payload, src=None, ttl=64, options=b"", proto=None):
        """A packet back to the prober."""
        src = self.dst if src is None else as_bytes(src)
        if self.family == 4:
            return ip4(src, self.src, proto or ICMP, payload, ttl, options)
        return ip6(src, self.src, proto or ICMP6, payload, ttl)

    def reply(self, data=None, ident=None, seq=None, src=None, spoil=0, options=b"", kind=None):
        """An echo reply, right but for what is given."""
        source = self.dst if src is None else as_bytes(src)
        rest = struct.pack("!HH", self.ident if ident is None else ident,
                           self.seq if seq is None else seq)
        kind = kind if kind is not None else (0 if self.family == 4 else 129)
        body = self.data if data is None else data
        return self.ip(icmp(self.family, source, self.src, kind, 0, rest, body, spoil), source,
                       options=options)

    def error(self, kind, code, quote=None, rest=b"\0\0\0\0", src=None, spoil=0):
        """An ICMP error with that quote; default: as much as is usual."""
        source = self.dst if src is None else as_bytes(src)
        body = self.packet[:self.header + 64] if quote is None else quote
        return self.ip(icmp(self.family, source, self.src, kind, code, rest, body, spoil), source)

    def fragments(self, packet, size):
        """An IPv4 packet cut into fragments of `size` bytes of payload."""
        header = packet[:20]
        payload = packet[20:]
        out = []
        for at in range(0, len(payload), size):
            more = 0x2000 if at + size < len(payload) else 0
            out.append(ip4(header[12:16], header[16:20], header[9], payload[at:at + size],
                           ident=4711, frag=more | at // 8))
        return out
