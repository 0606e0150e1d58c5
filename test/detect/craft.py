# SPDX-License-Identifier: MIT
"""Conversations as bytes, made without any tool: benign senders, tunnels and implants by their
documented formats, floods. The same arguments give the same bytes. Nothing of icmpkit is used."""

import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import packets as p  # noqa: E402

MS, S = 1000, 1000000  # times are microseconds
PTUNNEL = bytes.fromhex("d5200880")
PINGTUNNEL = bytes.fromhex("30dafa06")


class Host:
    """Somebody on the wire: where frames come from, and how many hops are behind."""

    def __init__(self, mac, address, hops=0, ttl=64):
        self.mac = bytes.fromhex("02" + "00" * 4) + bytes([mac])
        self.address, self.ttl = address, ttl - hops
        self.family = 6 if ":" in address else 4
        self.ident = 0x1000 + 257 * mac


class Capture:
    """Frames with their times, written as pcapng in the order of time."""

    def __init__(self, seed, start):
        self.r = random.Random(seed)
        self.start, self.frames = start, []

    def add(self, at, frame):
        self.frames.append((at, len(self.frames), frame))

    def ip(self, at, src, dst, payload, proto=None, ttl=None, frag=0x4000):
        """An IP packet from one host to another; returns it without its Ethernet header."""
        ttl = src.ttl if ttl is None else ttl
        if src.family == 6:
            packet = p.ip6(src.address, dst.address, proto or p.ICMP6, payload, ttl)
        else:
            src.ident = (src.ident + 1) & 0xffff
            packet = p.ip4(src.address, dst.address, proto or p.ICMP, payload, ttl,
                           ident=src.ident, frag=frag)
        kind = b"\x86\xdd" if src.family == 6 else b"\x08\x00"
        self.add(at, dst.mac + src.mac + kind + packet)
        return packet

    def icmp(self, at, src, dst, kind, code, rest, body=b"", **more):
        return self.ip(at, src, dst, p.icmp(src.family, src.address, dst.address, kind, code, rest, body),
                       **more)

    def echo(self, at, src, dst, ident, seq, data, reply=False, **more):
        kind = (8, 0) if src.family == 4 else (128, 129)
        return self.icmp(at, src, dst, kind[reply], 0, struct.pack("!HH", ident, seq), data, **more)

    def asked(self, at, src, dst, ident, seq, data, rtt=8 * MS, **more):
        """A request and its reply."""
        self.echo(at, src, dst, ident, seq, data, **more)
        self.echo(at + rtt + self.r.randrange(2 * MS), dst, src, ident, seq, data, reply=True)

    def write(self, path):
        """One section, one Ethernet interface, microseconds."""
        def block(kind, body):
            size = struct.pack("<I", 12 + len(body))
            return struct.pack("<I", kind) + size + body + size

        out = [block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)),
               block(1, struct.pack("<HHI", 1, 0, 0))]
        for at, _, frame in sorted(self.frames):
            at += self.start
            out.append(block(6, struct.pack("<IIIII", 0, at >> 32, at & 0xffffffff, len(frame),
                                            len(frame)) + frame + b"\0" * (-len(frame) % 4)))
        with open(path, "wb") as file:
            file.write(b"".join(out))


# ---- benign senders ------------------------------------------------------------------------------

def iputils(start, at, n=56):
    """struct timeval, then bytes that count up."""
    sec, us = divmod(start + at, S)
    return (struct.pack("<qq", sec, us) + bytes(i & 0xff for i in range(16, n)))[:n]


def ping(cap, at, src, dst, count, every=S, ident=None, size=56):
    ident = cap.r.randrange(1, 65536) if ident is None else ident
    for i in range(count):
        cap.asked(at + i * every, src, dst, ident, i + 1, iputils(cap.start, at + i * every, size))


def windows_ping(cap, at, src, dst, count=4, seq=1):
    data = bytes(ord("a") + i % 23 for i in range(32))
    for i in range(count):
        cap.asked(at + i * S, src, dst, 1, seq + i, data, frag=0)


def fping(cap, at, src, targets, rounds, every):
    ident = cap.r.randrange(1, 65536)
    for i in range(rounds):
        for k, dst in enumerate(targets):
            cap.asked(at + i * every + k * 25 * MS, src, dst, ident, i, bytes(56))


def traceroute(cap, at, src, dst, routers):
    """traceroute -I -q 1: each router returns what it threw away."""
    ident = cap.r.randrange(1, 65536)
    data = bytes(0x48 + i for i in range(32))
    for ttl, router in enumerate(routers, 1):
        sent = cap.echo(at + ttl * 100, src, dst, ident, ttl, data, ttl=ttl, frag=0)
        sent = sent[:8] + b"\x01" + sent[9:10] + b"\0\0" + sent[12:]  # as it arrived, TTL 1
        sent = sent[:10] + struct.pack("!H", p.checksum(sent[:20])) + sent[12:]
        cap.icmp(at + ttl * 3 * MS + cap.r.randrange(MS), router, src, 11, 0, bytes(4), sent)
    n = len(routers) + 1
    cap.asked(at + n * 100, src, dst, ident, n, data, rtt=20 * MS, ttl=n, frag=0)


def tcp(src, dst, sport, dport, seq, ack, flags, data=b""):
    """A TCP segment with its checksum."""
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 64240, 0, 0)
    pseudo = (p.packed(src.address) + p.packed(dst.address)
              + struct.pack("!BBH", 0, p.TCP, len(head) + len(data)))
    return head[:16] + struct.pack("!H", p.checksum(pseudo + head + data)) + head[18:] + data


def too_big(cap, at, src, dst, router, mtu=1400):
    """A connection whose first large segment does not fit a link on its way, and is sent smaller."""
    port = cap.r.randrange(32768, 60999)
    a, b = cap.r.getrandbits(32), cap.r.getrandbits(32)
    data = cap.r.randbytes(1448)
    mine = lambda when, *rest: cap.ip(at + when, src, dst, tcp(src, dst, port, 443, *rest), p.TCP)
    theirs = lambda when, *rest: cap.ip(at + when, dst, src, tcp(dst, src, 443, port, *rest), p.TCP)
    mine(0, a, 0, 0x02)
    theirs(12 * MS, b, a + 1, 0x12)
    mine(12500, a + 1, b + 1, 0x10)
    lost = mine(13 * MS, a + 1, b + 1, 0x18, data)
    cap.icmp(at + 17 * MS, router, src, 3, 4, struct.pack("!HH", 0, mtu), lost[:28])
    mine(18 * MS, a + 1, b + 1, 0x18, data[:mtu - 40])
    theirs(30 * MS, b + 1, a + 1 + mtu - 40, 0x10)


def closed_port(cap, at, src, dst):
    """A datagram to a port where nobody is."""
    data = cap.r.randbytes(24)
    udp = struct.pack("!HHHH", cap.r.randrange(32768, 60999), 161, 8 + len(data), 0) + data
    sent = cap.ip(at, src, dst, udp, p.UDP)
    cap.icmp(at + 9 * MS, dst, src, 3, 3, bytes(4), sent)


# ---- tunnels and implants ------------------------------------------------------------------------

def chunks(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)]


def ptunnel(cap, at, src, dst, talk, ident=None):
    """ptunnel 0.72 between src and a proxy that is at dst, whose kernel answers echo as well. `talk`
    is [(from the user?, bytes, microseconds before)]."""
    ident = cap.r.randrange(1, 65536) if ident is None else ident
    inside = bytes([10, 0, 0, 5])

    def data(mine, state, ack, seq, payload):
        return (PTUNNEL + inside + struct.pack("!IIIIHH", 22, (0x40 if mine else 0x80) << 24 | state, ack,
                                               len(payload), seq, ident)
                + payload + b"\0" * (len(payload) & 1))

    number, said, heard = 1, 0, 0
    cap.asked(at, src, dst, ident, 0, data(True, 0, 0xffff, 0, b""))  # asks for the connection
    for mine, payload, wait in talk:
        at += wait
        for part in chunks(payload, 1024):
            at += 700 + cap.r.randrange(600)
            if mine:
                cap.asked(at, src, dst, ident, number, data(True, 2, heard, said, part))
                number, said = number + 1, said + 1
            else:
                cap.echo(at, dst, src, ident, heard, data(False, 2, said, heard, part), reply=True)
                heard += 1
    return at


def inner_ip(cap, src, dst, payload):
    return p.ip4(src, dst, p.TCP, payload, ident=cap.r.randrange(65536), frag=0x4000)


def web_over(cap, mine, theirs, n):
    """A page fetched inside a tunnel: n packets, as (from the user?, IP packet)."""
    a, b = Host(1, mine), Host(2, theirs)
    port, seq, ack = cap.r.randrange(32768, 60999), 1, 1
    for i in range(n):
        up = i % 3 == 0
        data = cap.r.randbytes(90 if up else 420)
        frm, to, ports = (a, b, (port, 443)) if up else (b, a, (443, port))
        number, other = (seq, ack) if up else (ack, seq)
        yield up, inner_ip(cap, frm.address, to.address, tcp(frm, to, *ports, number, other, 0x18, data))
        seq, ack = (seq + len(data), ack) if up else (seq, ack + len(data))


def hans(cap, at, src, dst, packets):
    """hans 1.1: IP packets behind "hanc" or "hans" and a type; polls are answered by what waits."""
    ident, seq = cap.r.randrange(1, 65536), cap.r.randrange(65536)
    for up, packet in packets:
        at += 20 * MS + cap.r.randrange(10 * MS)
        seq = (seq + 1) & 0xffff
        cap.echo(at, src, dst, ident, seq, b"hanc\x07" + packet if up else b"hanc\x08")
        if not up:
            cap.echo(at + 9 * MS, dst, src, ident, seq, b"hans\x07" + packet, reply=True)
    return at


def icmptunnel(cap, at, src, dst, packets, magic=b""):
    """icmptunnel: of DhavalKapil (IP at once, random numbers, TTL 255), or of jamesbarlow (`magic`)."""
    for up, packet in packets:
        at += 25 * MS
        frm, to = (src, dst) if up else (dst, src)
        cap.echo(at, frm, to, cap.r.randrange(65536), cap.r.randrange(65536), magic + packet,
                 reply=not up, ttl=255)
    return at


def icmpsh(cap, at, src, dst):
    """A reverse shell of Windows: src sends what it prints, at most 64 bytes each 200 ms, and dst
    answers with commands, or with nothing."""
    said = (b"Microsoft Windows [Version 10.0.19045.4894]\r\n(c) Microsoft Corporation. All rights "
            b"reserved.\r\n\r\nC:\\Users\\site>")
    heard = {len(chunks(said, 64)) - 1: b"route print\n"}
    said += b"route print\r\nIPv4 Route Table\r\nActive Routes:\r\n" + b"".join(
        b"  192.0.2.%-13d 255.255.255.255  On-link  192.0.2.44  281\r\n" % i for i in range(2, 30))
    for seq, request in enumerate(chunks(said, 64)):
        reply = heard.get(seq, b"")
        cap.echo(at + seq * 200 * MS, src, dst, 1, seq, request)
        cap.echo(at + seq * 200 * MS + 9 * MS, dst, src, 1, seq, reply, reply=True)


def pingtunnel(cap, at, src, dst, n):
    """pingtunnel: protobuf with its magic number, the rest encrypted; both ways are full."""
    ident = cap.r.randrange(1, 65536)
    for seq in range(n):
        for reply in (False, True):
            body = b"\x0a\x20" + bytes(cap.r.choice(b"0123456789abcdef") for _ in range(32))
            body += b"\x18\x02\x22" + bytes([0x60]) + cap.r.randbytes(96) + b"\x28\x01" + PINGTUNNEL
            frm, to = (dst, src) if reply else (src, dst)
            cap.echo(at + seq * 40 * MS + reply * 9 * MS, frm, to, ident, seq, body, reply=reply)


def icmpdoor(cap, at, src, dst, lines):
    """Replies that nobody asked for, with commands and what they print."""
    for i, line in enumerate(lines):
        frm, to = (src, dst) if i % 2 else (dst, src)
        cap.echo(at + i * 700 * MS, frm, to, 13170, 0, line, reply=True)


def pingback(cap, at, src, dst, commands):
    for i, (seq, name) in enumerate(commands):
        cap.asked(at + i * 900 * MS, src, dst, 1, seq, name + bytes(788 - len(name)))


# ---- floods --------------------------------------------------------------------------------------

def hping(cap, at, src, dst, rate, count, answered=0.0):
    """hping3 -1: no data, numbers in the wrong order of bytes. A part is answered."""
    ident = cap.r.randrange(1, 65536)
    for i in range(count):
        when = at + i * S // rate
        seq = (i & 0xff) << 8 | i >> 8
        cap.echo(when, src, dst, ident, seq, b"", frag=0)
        if cap.r.random() < answered:
            cap.echo(when + 300, dst, src, ident, seq, b"", reply=True)
