#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes captures to compare decoders on, the same for the same seed: every type and code of the
tables in both families, quotes, extensions, options, tunnels, fragments, conversations, and damaged
copies of them.

Usage: generate.py [--seed N] [--damaged N] FOLDER
"""
import argparse
import itertools
import logging
import pathlib
import random
import re
import struct

logging.getLogger('scapy').setLevel(logging.ERROR)
# pylint: disable=wrong-import-position
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_RR, IPOption_Router_Alert
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU,
                                ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS, ICMPv6NDOptRouteInfo,
                                ICMPv6NDOptSrcLLAddr, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, RouterAlert)

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / 'include' / 'icmpkit'
ETHERNET, RAW, COOKED, PPP = 1, 101, 113, 9
A4, B4, R4, G4 = '192.0.2.10', '198.51.100.20', '203.0.113.1', '192.0.2.254'
A6, B6, R6, G6 = '2001:db8:1::10', '2001:db8:2::20', '2001:db8:ffff::1', '2001:db8:1::fe'
LL, LL2, ALL = 'fe80::1', 'fe80::2', 'ff02::1'
LINK_TYPES = {133, 134, 135, 136, 137, 141, 142, 151, 152, 153}  # hop limit 255 or 1, link-local
MLD = {130, 131, 132, 143}
EXT4, EXT6 = {3: 5, 11: 5, 12: 5}, {1: 4, 3: 4}  # where RFC 4884 has its length octet


def addr(text):
    return (IPv6(src=text).build()[8:24] if ':' in text else IP(src=text).build()[12:16])


def summed(data, start=0):
    data += b'\0' * (len(data) % 2)
    total = start + sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def icmp(family, kind, code, rest, src, dst, wrong=False):
    """A message with its checksum, over the pseudo-header in IPv6 (RFC 4443 section 2.3)."""
    body = struct.pack('!BBH', kind, code, 0) + rest
    pseudo = b''
    if family == 6:
        pseudo = addr(src) + addr(dst) + struct.pack('!II', len(body), 58)
    check = summed(pseudo + body) ^ (0x0101 if wrong else 0)
    return body[:2] + struct.pack('!H', check) + body[4:]


def table(name):
    return re.findall(r'^X\((.*)\)$', (INCLUDE / name).read_text(), re.M)


def types(family):
    """(type, id, least bytes) of each row."""
    rows = (row.split(', ') for row in table(f'icmp{family}_types.def'))
    return [(int(r[0]), r[1], int(r[3])) for r in rows]


def codes(family):
    """Codes with a name, by the id of their type."""
    out = {}
    for row in table('icmp_codes.def'):
        fam, ident, code = row.split(', ')[:3]
        if int(fam) == family:
            out.setdefault(ident, []).append(int(code))
    return out


class Maker:
    """Packets of all sorts; what it draws, it draws from one generator."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.ids = itertools.count(1)

    def bytes(self, n):
        return self.r.randbytes(n)

    # ---- IP ----------------------------------------------------------------------------------

    def ip4(self, payload, src=B4, dst=A4, proto=1, **more):
        more = {'ttl': self.r.choice([1, 2, 63, 64, 254, 255]), 'id': next(self.ids) & 0xffff,
                'tos': self.r.choice([0, 0, 0xc0, 0xb8]), **more}
        return bytes(IP(src=src, dst=dst, proto=proto, **more) / payload)

    def ip6(self, payload, src=B6, dst=A6, proto=58, **more):
        more = {'hlim': self.r.choice([1, 2, 63, 64, 254, 255]), 'fl': self.r.choice([0, 0x12345]),
                **more}
        return bytes(IPv6(src=src, dst=dst, nh=proto, plen=len(payload), **more)) + payload

    def message(self, family, kind, code, rest, src=None, dst=None, wrong=False, **more):
        src, dst = src or (B4 if family == 4 else B6), dst or (A4 if family == 4 else A6)
        data = icmp(family, kind, code, rest, src, dst, wrong)
        return (self.ip4 if family == 4 else self.ip6)(data, src=src, dst=dst, **more)

    # ---- quotes ------------------------------------------------------------------------------

    def quotes4(self):
        r, port = self.r, lambda: self.r.randrange(1024, 65536)
        ip = IP(src=A4, dst=B4, ttl=1, id=next(self.ids) & 0xffff)
        yield bytes(ip / UDP(sport=port(), dport=33434) / self.bytes(r.randrange(4, 60)))
        yield bytes(ip / UDP(sport=port(), dport=33435) / self.bytes(8))[:28]
        yield bytes(ip / TCP(sport=port(), dport=443, seq=r.getrandbits(32), flags='S'))
        yield bytes(ip / TCP(sport=port(), dport=80, seq=r.getrandbits(32)))[:28]
        yield bytes(ip / ICMP(type=8, id=port(), seq=port()) / self.bytes(16))
        with_options = IP(src=A4, dst=B4, ttl=3, id=7, options=[IPOption_RR(routers=[R4, G4])])
        yield bytes(with_options / UDP(sport=port(), dport=5353) / self.bytes(8))
        yield bytes(ip / self.bytes(24))[:20]

    def quotes6(self):
        r, port = self.r, lambda: self.r.randrange(1024, 65536)
        ip = IPv6(src=A6, dst=B6, hlim=1)
        udp = UDP(sport=port(), dport=33434) / self.bytes(r.randrange(4, 60))
        yield bytes(ip / udp)
        yield bytes(ip / TCP(sport=port(), dport=443, seq=r.getrandbits(32), flags='S'))
        yield bytes(ip / ICMPv6EchoRequest(id=port(), seq=port(), data=self.bytes(16)))
        yield bytes(ip / IPv6ExtHdrHopByHop(options=[RouterAlert()]) / udp)
        yield bytes(ip / IPv6ExtHdrDestOpt() / udp)
        yield bytes(ip / IPv6ExtHdrRouting(type=2, segleft=0, addresses=[R6]) / udp)
        yield bytes(ip / IPv6ExtHdrFragment(id=99, m=1) / udp)
        yield bytes(ip / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / TCP(sport=port(), dport=22))

    # ---- RFC 4884 ----------------------------------------------------------------------------

    def objects(self):
        r = self.r
        entry = lambda s: struct.pack('!I', r.randrange(16, 1 << 20) << 12 | r.randrange(8) << 9
                                      | s << 8 | r.randrange(1, 256))
        name = lambda text: bytes([(len(text) + 4) // 4 * 4]) + text + b'\0' * (-(len(text) + 1) % 4)
        index, mtu = struct.pack('!I', r.randrange(1, 99)), struct.pack('!I', 1500)
        ip4 = b'\0\1\0\0' + addr(R4)
        ip6 = b'\0\2\0\0' + addr(R6)
        yield 1, 1, entry(1)
        yield 1, 1, entry(0) + entry(1)
        yield 1, 1, entry(0) + entry(0) + entry(1)
        yield 2, 0x00 | 8, index
        yield 2, 0x40 | 8 | 1, index + mtu
        yield 2, 0x80 | 8 | 4 | 2 | 1, index + ip4 + name(b'eth0') + mtu
        yield 2, 0xc0 | 8 | 4 | 2, index + ip6 + name(b'ge-0/0/1.100')
        yield 2, 0x00 | 4, ip4
        yield 2, 0x00 | 2, name(b'tunnel7')
        yield 3, 1, b'eth0'
        yield 3, 2, index
        yield 3, 3, b'\0\1\4\0' + addr(G4)
        yield 3, 3, b'\0\2\x10\0' + addr(G6)
        yield 4, 1, struct.pack('!HHI', 80, 0x1234, 0)
        yield 5, 1, b'\0\1\0\0' + addr(G4)
        yield 99, 7, self.bytes(12)
        yield 255, 0, self.bytes(8)

    @staticmethod
    def structure(*objects, version=2, wrong=False):
        body = b''.join(struct.pack('!HBB', 4 + len(data), c, t) + data for c, t, data in objects)
        body = struct.pack('!BBH', version << 4, 0, 0) + body
        return body[:2] + struct.pack('!H', summed(body) ^ (1 if wrong else 0)) + body[4:]

    def error(self, family, kind, code, quote, extensions=b'', head=None, **more):
        """An error about `quote`; with extensions it is padded, and its length told."""
        head = bytearray(head or 4)
        if extensions:
            unit = 4 if family == 4 else 8
            quote = quote.ljust(max(128, -(-len(quote) // unit) * unit), b'\0')
            head[(EXT4 if family == 4 else EXT6)[kind] - 4] = len(quote) // unit
        src, dst = (R4, A4) if family == 4 else (R6, A6)
        return self.message(family, kind, code, bytes(head) + quote + extensions, src, dst, **more)

    # ---- ND, MLD -----------------------------------------------------------------------------

    def nd_options(self):
        mac = '02:00:00:00:00:07'
        return [bytes(o) for o in (
            ICMPv6NDOptSrcLLAddr(lladdr=mac), ICMPv6NDOptDstLLAddr(lladdr=mac),
            ICMPv6NDOptPrefixInfo(prefix='2001:db8:5::', prefixlen=64, validlifetime=7200),
            ICMPv6NDOptMTU(mtu=self.r.choice([1280, 1400, 1500])),
            ICMPv6NDOptRDNSS(dns=[G6, R6], lifetime=600),
            ICMPv6NDOptRouteInfo(prefix='2001:db8:6::', plen=48, rtlifetime=900),
        )] + [b'\x0e\x01' + self.bytes(6),  # nonce
              bytes([38, 2]) + struct.pack('!H', 600 << 3) + addr('64:ff9b::')[:12],
              b'\xfd\x02' + self.bytes(14)]

    def body(self, family, kind, code, least):
        """What follows the checksum of a sound message, where there is more to it than bytes."""
        r = self.r
        options = b''.join(r.sample(self.nd_options(), r.randrange(0, 4)))
        target = addr(r.choice([LL2, G6]))
        made = {
            (6, 133): lambda: bytes(4) + options,
            (6, 134): lambda: struct.pack('!BBHII', 64, r.choice([0, 0x40, 0x80, 0xc8, 0x18]), 1800,
                                          r.randrange(9999), r.randrange(9999)) + options,
            (6, 135): lambda: bytes(4) + target + options,
            (6, 136): lambda: struct.pack('!I', r.choice([0, 2, 4, 6, 7]) << 29) + target + options,
            (6, 137): lambda: bytes(4) + target + addr(B6) + options,
            (6, 130): lambda: struct.pack('!HH', 1000, 0) + addr('ff02::1:3') + (
                b'' if r.random() < 0.5 else struct.pack('!BBH', 0x0a, 60, 2) + addr(A6) + addr(B6)),
            (6, 131): lambda: bytes(4) + addr('ff02::1:3'),
            (6, 132): lambda: bytes(4) + addr('ff02::1:3'),
            (6, 143): lambda: struct.pack('!HH', 0, 2) + b''.join(
                struct.pack('!BBH', t, 0, n) + addr(f'ff02::1:{t}') + addr(A6) * n
                for t, n in ((r.randrange(1, 7), 0), (r.randrange(1, 7), 2))),
            (6, 139): lambda: struct.pack('!HH', 2, 0) + self.bytes(8)
                      + (addr(A6) if code == 0 else b'' if code == 1 else addr(A4)),
            (4, 9): lambda: struct.pack('!BBH', 2, 2, 1800) + addr(R4) + bytes(4) + addr(G4)
                    + struct.pack('!i', -5),
            (4, 13): lambda: struct.pack('!HHIII', next(self.ids) & 0xffff, 1, 123456, 0, 0),
            (4, 14): lambda: struct.pack('!HHIII', next(self.ids) & 0xffff, 1, 1, 2000, 3000),
            (4, 17): lambda: struct.pack('!HH', next(self.ids) & 0xffff, 1) + bytes(4),
            (4, 18): lambda: struct.pack('!HH', next(self.ids) & 0xffff, 1) + addr('255.255.255.0'),
        }.get((family, kind))
        if made:
            return made()
        if kind in (42, 160) and (family == 4) == (kind == 42):
            probe = r.choice([o for o in self.objects() if o[0] == 3])
            return struct.pack('!HBB', next(self.ids) & 0xffff, 5, 1) + self.structure(probe)
        if kind in (0, 8) and family == 4 or kind in (128, 129) and family == 6:
            return struct.pack('!HH', next(self.ids) & 0xffff, r.getrandbits(16)) + self.bytes(
                r.randrange(0, 64))
        return self.bytes(max(least - 4, 0)) + self.bytes(r.randrange(0, 5) * 4)

    def error_head(self, family, kind, code):
        r = self.r
        if family == 4 and kind == 3 and code == 4:
            return struct.pack('!HH', 0, r.choice([68, 576, 1280, 1400, 1492]))
        if family == 4 and kind == 5:
            return addr(G4)
        if family == 4 and kind == 12:
            return bytes([r.randrange(0, 40), 0, 0, 0])
        if family == 6 and kind in (2, 4):
            return struct.pack('!I', r.choice([1280, 1400, 1492]) if kind == 2 else r.randrange(80))
        return bytes(4)

    def sound(self):
        """Messages as they should be: all types with all their codes."""
        for family in (4, 6):
            named = codes(family)
            errors = {3, 4, 5, 11, 12} if family == 4 else {1, 2, 3, 4}
            for kind, ident, least in types(family):
                for code in named.get(ident, [0]):
                    yield from self.one(family, kind, code, least, kind in errors)

    def one(self, family, kind, code, least, error):
        if error:
            for quote in (self.quotes4 if family == 4 else self.quotes6)():
                yield self.error(family, kind, code, quote,
                                 head=self.error_head(family, kind, code))
            return
        local = family == 6 and (kind in LINK_TYPES or kind in MLD)
        more = {'src': LL, 'dst': ALL, 'hlim': 1 if kind in MLD or kind >= 151 else 255} if local else {}
        for _ in range(3):
            body = self.body(family, kind, code, least)
            if kind in MLD and family == 6:
                yield self.alerted(kind, code, body)
            else:
                yield self.message(family, kind, code, body, **more)

    def alerted(self, kind, code, body):
        data = icmp(6, kind, code, body, LL, ALL)
        return bytes(IPv6(src=LL, dst=ALL, hlim=1)
                     / IPv6ExtHdrHopByHop(options=[RouterAlert()], nh=58) / data)

    def extended(self):
        """Errors with extension structures, one object each and several."""
        for family, places in ((4, EXT4), (6, EXT6)):
            quotes = list((self.quotes4 if family == 4 else self.quotes6)())
            for kind, obj in itertools.product(places, self.objects()):
                yield self.error(family, kind, 0, self.r.choice(quotes), self.structure(obj))
            for kind in places:
                few = self.r.sample(list(self.objects()), 3)
                yield self.error(family, kind, 0, quotes[0], self.structure(*few))
                yield self.error(family, kind, 0, quotes[0], self.structure(few[0], wrong=True))
                yield self.error(family, kind, 0, quotes[0], self.structure(few[0], version=1))
                yield self.error(family, kind, 0, quotes[0], self.structure(few[0])[:-2])

    def shaped(self):
        """Checksums that are wrong, IP options, extension headers, unknown types and codes."""
        for family in (4, 6):
            for kind in range(256):
                yield self.message(family, kind, self.r.choice([0, 1, 200]),
                                   self.bytes(4 + 4 * self.r.randrange(0, 16)))
            for _ in range(20):
                echo = self.body(family, 8 if family == 4 else 128, 0, 8)
                yield self.message(family, 8 if family == 4 else 128, 0, echo, wrong=True)
        echo = icmp(6, 128, 0, self.body(6, 128, 0, 8), B6, A6)
        for chain in ((IPv6ExtHdrHopByHop(),), (IPv6ExtHdrDestOpt(),),
                      (IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt()),
                      (IPv6ExtHdrRouting(type=2, segleft=0, addresses=[R6]),)):
            packet = IPv6(src=B6, dst=A6)
            for header in chain:
                packet = packet / header
            packet.lastlayer().nh = 58
            yield bytes(packet / echo)
        for option in (IPOption_RR(routers=[R4]), IPOption_Router_Alert()):
            yield self.ip4(icmp(4, 8, 0, self.body(4, 8, 0, 8), B4, A4), options=[option])
        echo = icmp(4, 8, 0, self.body(4, 8, 0, 8), B4, A4)
        yield self.ip4(echo, len=0)  # of a host that leaves the cutting to its card
        yield self.ip4(b'\x01\x04' + bytes(6) + self.bytes(16) + echo, proto=51)
        ah = b'\x3a\x04' + bytes(6) + self.bytes(16)
        yield self.ip6(ah + icmp(6, 128, 0, self.body(6, 128, 0, 8), B6, A6), proto=51)

    # ---- conversations and fragments ---------------------------------------------------------

    def conversations(self):
        """(nanoseconds since the one before, packet): requests, and replies to most of them."""
        for turn in range(150):
            family = self.r.choice([4, 6])
            a, b = (A4, B4) if family == 4 else (A6, B6)
            ask, answer = (8, 0) if family == 4 else (128, 129)
            rest = struct.pack('!HH', 0x4000 + turn // 20, turn) + self.bytes(24)
            yield 1000000, self.message(family, ask, 0, rest, a, b, wrong=False)
            if turn % 7 != 3:
                yield self.r.randrange(20000, 90000000), self.message(family, answer, 0, rest, b, a)

    def fragments(self):
        for n in range(20):
            whole = icmp(4, 8, 0, struct.pack('!HH', 0x7000, n) + self.bytes(200), B4, A4)
            ident = next(self.ids) & 0xffff
            yield self.ip4(whole[:104], id=ident, flags='MF')
            yield self.ip4(whole[104:], id=ident, frag=13)
            whole = icmp(6, 128, 0, struct.pack('!HH', 0x7100, n) + self.bytes(200), B6, A6)
            for offset, more in ((0, 1), (104, 0)):
                head = struct.pack('!BBHI', 58, 0, offset | more, 0x1000 + n)
                part = whole[:104] if more else whole[104:]
                yield self.ip6(head + part, proto=44)

    # ---- links and tunnels -------------------------------------------------------------------

    @staticmethod
    def kind_of(packet):
        return 0x0800 if packet[0] >> 4 == 4 else 0x86dd

    def ethernet(self, packet):
        macs = bytes.fromhex('020000000001020000000002')
        return macs + struct.pack('!H', self.kind_of(packet)) + packet

    def wrapped(self, packet):
        """The same packet in each envelope, as Ethernet frames."""
        frame, kind = self.ethernet(packet), self.kind_of(packet)
        macs, rest = frame[:12], frame[12:]
        label = struct.pack('!I', 100 << 12 | 1 << 8 | 64)
        pppoe = struct.pack('!BBHHH', 0x11, 0, 7, len(packet) + 2, 0x21 if kind == 0x800 else 0x57)
        yield macs + struct.pack('!HH', 0x8100, 0x6005) + rest
        yield macs + struct.pack('!HHHH', 0x88a8, 7, 0x8100, 8) + rest
        yield macs + b'\x88\x47' + struct.pack('!I', 16 << 12 | 64) + label + packet
        yield macs + b'\x88\x64' + pppoe + packet
        gre = struct.pack('!HH', 0, kind) + packet
        keyed = struct.pack('!HHI', 0x2000, kind, 42) + packet
        for outer in (self.ip4(gre, A4, R4, 47), self.ip4(keyed, A4, R4, 47),
                      self.ip6(gre, A6, R6, 47),
                      self.ip4(packet, A4, R4, 4 if kind == 0x800 else 41),
                      self.ip6(packet, A6, R6, 4 if kind == 0x800 else 41)):
            yield self.ethernet(outer)

    @staticmethod
    def cooked(packet):
        return struct.pack('!HHH8sH', 0, 1, 6, bytes(8), Maker.kind_of(packet)) + packet

    @staticmethod
    def ppp(packet):
        return struct.pack('!BBH', 0xff, 3, 0x21 if packet[0] >> 4 == 4 else 0x57) + packet

    # ---- damage ------------------------------------------------------------------------------

    def damage(self, packet):
        """A copy with a bit flipped, a byte changed, or its end cut off."""
        data = bytearray(packet)
        for _ in range(self.r.choice([1, 1, 1, 2, 4])):
            at = self.r.randrange(len(data))
            if self.r.random() < 0.5:
                data[at] ^= 1 << self.r.randrange(8)
            else:
                data[at] = self.r.choice([0, 1, 4, 0x7f, 0xff, self.r.randrange(256)])
        if self.r.random() < 0.25:
            del data[self.r.randrange(1, len(data)):]
        return bytes(data)


def write(path, linktype, frames):
    """A capture; a frame is bytes, or (nanoseconds since the one before, bytes)."""
    now = 1700000000 * 10**9
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, linktype))
        for frame in frames:
            gap, data = frame if isinstance(frame, tuple) else (1000003, frame)
            now += gap
            f.write(struct.pack('<IIII', now // 10**9, now % 10**9, len(data), len(data)) + data)


def generate(folder, seed, damaged):
    make = Maker(seed)
    sound, extended, shaped = (list(x()) for x in (make.sound, make.extended, make.shaped))
    few = [sound[i] for i in range(0, len(sound), 9)]
    write(folder / 'sound.pcap', ETHERNET, map(make.ethernet, sound))
    write(folder / 'extended.pcap', ETHERNET, map(make.ethernet, extended))
    write(folder / 'shaped.pcap', ETHERNET, map(make.ethernet, shaped))
    write(folder / 'conversations.pcap', ETHERNET,
          ((gap, make.ethernet(p)) for gap, p in make.conversations()))
    write(folder / 'fragments.pcap', ETHERNET, map(make.ethernet, make.fragments()))
    write(folder / 'wrapped.pcap', ETHERNET, (f for p in few for f in make.wrapped(p)))
    write(folder / 'raw.pcap', RAW, few)
    write(folder / 'cooked.pcap', COOKED, map(make.cooked, few))
    write(folder / 'ppp.pcap', PPP, map(make.ppp, few))
    pool = sound + extended
    write(folder / 'damaged.pcap', ETHERNET,
          (make.ethernet(make.damage(make.r.choice(pool))) for _ in range(damaged)))


def main():
    parser = argparse.ArgumentParser(description='writes captures to compare decoders on')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--damaged', type=int, default=1500)
    parser.add_argument('folder', type=pathlib.Path)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    generate(args.folder, args.seed, args.damaged)


if __name__ == '__main__':
    main()
