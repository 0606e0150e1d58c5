#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Our filters beside tcpdump's, on captures made here: the same packets for each expression, or, where
ICMP lies deeper than libpcap looks, more of them, each for a reason that is listed. And the program
for the kernel lets through every packet that is wanted."""
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

A, B, C = b'\x0a\x00\x00\x01', b'\x0a\x00\x00\x02', b'\xc0\x00\x02\x63'
A6, B6 = bytes.fromhex('20010db8' + '00' * 11 + '01'), bytes.fromhex('20010db8' + '00' * 11 + '02')
MAC = bytes.fromhex('020000000002020000000001')


def checksum(data):
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return 0xffff - total


def ip4(proto, payload, src=A, dst=B, frag=0, tos=0, options=b''):
    head = struct.pack('!BBHHHBBH4s4s', 0x45 + len(options) // 4, tos, 20 + len(options) + len(payload), 7,
                       frag, 64, proto, 0, src, dst) + options
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + payload


def ip6(proto, payload, src=A6, dst=B6):
    return struct.pack('!IHBB16s16s', 6 << 28, len(payload), proto, 64, src, dst) + payload


def udp(dport, data, sport=40000):
    return struct.pack('!HHHH', sport, dport, 8 + len(data), 0) + data


def tcp(dport, flags=2):
    return struct.pack('!HHIIBBHHH', 40000, dport, 1, 0, 0x50, flags, 1000, 0, 0)


def ether(kind, payload):
    return MAC + struct.pack('!H', kind) + payload


ECHO, REPLY, PORT = bytes.fromhex('0800f7fd00010001'), bytes.fromhex('0000fffd00010001'), bytes.fromhex('0303000000000000')
ECHO6, REPLY6, NS = bytes.fromhex('80007bba00010001'), bytes.fromhex('81007aba00010001'), bytes.fromhex('8700000000000000')
HOPOPTS = bytes.fromhex('3a00050200000100')
FRAGMENT = bytes.fromhex('3a00000100000007')
# Packets as (why libpcap's icmp or icmp6 misses it, or None; EtherType; the packet behind it)
PACKETS = [
    (None, 0x0800, ip4(1, ECHO)),
    (None, 0x0800, ip4(1, REPLY, src=B, dst=A)),
    (None, 0x0800, ip4(1, PORT + ip4(17, udp(53, b''), src=B, dst=A), src=C)),
    (None, 0x0800, ip4(1, ECHO + bytes(992), frag=0x2000)),
    (None, 0x0800, ip4(1, bytes(64), frag=125)),
    (None, 0x0800, ip4(1, ECHO, options=bytes.fromhex('94040000'))),
    (None, 0x0800, ip4(1, b'\x08', tos=0xb8)),
    (None, 0x0800, ip4(17, udp(53, b'query'))),
    (None, 0x0800, ip4(6, tcp(443), dst=C)),
    (None, 0x0800, ip4(6, tcp(80, flags=0x12))),
    (None, 0x0806, bytes.fromhex('0001080006040001') + MAC[6:] + A + bytes(6) + B),
    (None, 0x86dd, ip6(58, ECHO6)),
    (None, 0x86dd, ip6(58, REPLY6, src=B6, dst=A6)),
    (None, 0x86dd, ip6(58, NS + B6)),
    (None, 0x86dd, ip6(17, udp(53, b'query'))),
    (None, 0x86dd, ip6(6, tcp(443))),
    (None, 0x0800, ip4(47, bytes.fromhex('00000806') + bytes(28))),
    # total length 0, as cards that cut segments leave it; a header shorter than can be
    (None, 0x0800, ip4(1, ECHO)[:2] + bytes(2) + ip4(1, ECHO)[4:]),
    (None, 0x0800, b'\x43' + ip4(1, ECHO)[1:]),
    ('extension header', 0x86dd, ip6(0, HOPOPTS + ECHO6)),
    ('extension header', 0x86dd, ip6(60, bytes.fromhex('2b00010400000000') + bytes.fromhex('3a00000000000000') + ECHO6)),
    ('extension header', 0x86dd, ip6(44, FRAGMENT + ECHO6 + bytes(8))),
    ('tunnel', 0x0800, ip4(4, ip4(1, ECHO, src=C, dst=B))),
    ('tunnel', 0x0800, ip4(41, ip6(58, ECHO6))),
    ('tunnel', 0x86dd, ip6(4, ip4(1, REPLY))),
    ('tunnel', 0x0800, ip4(47, bytes.fromhex('00000800') + ip4(1, ECHO))),
    ('tunnel', 0x0800, ip4(17, udp(4789, bytes.fromhex('0800000000002a00') + ether(0x0800, ip4(1, ECHO))))),
    ('tunnel', 0x0800, ip4(17, udp(6081, bytes.fromhex('0000655800002a00') + ether(0x86dd, ip6(58, ECHO6))))),
]
TAGGED = [
    ('tag', 0x8100, struct.pack('!HH', 5, 0x0800) + ip4(1, ECHO)),
    ('tag', 0x8100, struct.pack('!HH', 6, 0x0800) + ip4(17, udp(53, b''))),
    ('tag', 0x88a8, struct.pack('!HHHH', 7, 0x8100, 8, 0x86dd) + ip6(58, ECHO6)),
    ('tag', 0x8847, bytes.fromhex('00010140') + ip4(1, ECHO)),
    ('tag', 0x8864, struct.pack('!BBHHH', 0x11, 0, 9, 2 + 28, 0x21) + ip4(1, ECHO)),
]
LINKS = {
    'ethernet': (1, PACKETS + TAGGED, lambda kind, p: ether(kind, p)),
    'raw': (101, [p for p in PACKETS if p[1] != 0x0806], lambda kind, p: p),
    'null': (0, [p for p in PACKETS if p[1] != 0x0806],
             lambda kind, p: struct.pack('<I', 2 if kind == 0x0800 else 30) + p),
    'null of a big machine': (0, [p for p in PACKETS if p[1] != 0x0806],
                                lambda kind, p: struct.pack('>I', 2 if kind == 0x0800 else 28) + p),
    'cooked': (113, PACKETS, lambda kind, p: struct.pack('!HHH8sH', 0, 1, 6, MAC[6:] + b'\0\0', kind) + p),
    'cooked2': (276, PACKETS, lambda kind, p: struct.pack('!HHIHBB8s', kind, 0, 3, 1, 4, 6, MAC[6:] + b'\0\0') + p),
    'ppp': (9, [p for p in PACKETS if p[1] != 0x0806],
            lambda kind, p: struct.pack('!HH', 0xff03, 0x21 if kind == 0x0800 else 0x57) + p),
}
# Where nothing of ours is asked for, and where it is.
FOREIGN = '''ip
ip6
arp
tcp
udp port 53
host 10.0.0.1
src host 10.0.0.1
host 10.0.0.1 or 192.0.2.99
host 10.0.0.2 and not 192.0.2.99
(host 10.0.0.1 or 192.0.2.99) and tcp
src or dst host 10.0.0.2
src and dst host 10.0.0.2
net 10.0.0.0/8
net 10.0.0.0 mask 255.0.0.0
src net 192.0.2
host 2001:db8::1
net 2001:db8::/32
tcp port 443 or 80
port (443 or 53)
tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn
(ip[0] & 0xf) != 5
ip[1] = 0xb8
len > 100
less 60
greater 500
proto 47
ip proto 17
ip6 proto 58
ip proto \\icmp
ip6 protochain 58
ip[6:2] & 0x1fff != 0
portrange 50-60
ip multicast
dst port domain'''.split('\n')
ETHERNET = '''ether host 02:00:00:00:00:01
ether proto 0x0806
ether proto \\ip
vlan
vlan 5
vlan and host 10.0.0.1
mpls
pppoes
ether[12:2] = 0x0800'''.split('\n')
OURS = '''icmp
icmp6
icmp or icmp6
icmp || icmp6
icmp and host 10.0.0.1
icmp && !(host 192.0.2.99)
icmp and (src host 10.0.0.1 or 10.0.0.2)
host 10.0.0.1 and icmp
(icmp)
((icmp) or (tcp))
icmp[icmptype] = icmp-echo
icmp[icmptype] == icmp-echoreply or icmp[icmptype] == icmp-echo
icmp[0] = 8 and icmp[1] = 0
icmp[icmptype] == icmp-unreach and icmp[icmpcode] == 3
icmp[4:2] = 1
icmp[0] & 8 = 8 | 0
(icmp[0] + 1) * 2 = 18
icmp[icmp[1]] = 8
8 = icmp[0]
icmp[0] > 2 and icmp[0] <= 8
icmp[0] << 1 = 0x10
icmp[0] - 1 = 7
icmp[0] % 3 = 2
icmp[0] ^ 9 = 1
0xfffffff8 = -icmp[0]
icmp[8:4] != 0
icmp[9] = 17
icmp6[icmp6type] = icmp6-echo
icmp6[icmp6type] != icmp6-echo and icmp6[icmp6type] != icmp6-echoreply
icmp6[0] = icmp6-neighborsolicit
icmp6 and host 2001:db8::1
icmp or port 53
port 53 or icmp
tcp or icmp and len < 100
icmp and len < 100
icmp[0] = 8 and len > 1000
icmp and ip[8] = 64
icmp[0] = ip[8] - 56
icmp and ip[6:2] & 0x2000 != 0
icmp and (tcp or not host 10.0.0.2)'''.split('\n')
OURS_ETHERNET = '''vlan and icmp
vlan 5 and icmp
vlan and vlan and icmp6
mpls and icmp
pppoes and icmp
ether src 02:00:00:00:00:01 and icmp'''.split('\n')
# libpcap looks for what stands behind `vlan` behind a tag only, also for what has none.
SHIFTED = ['icmp or vlan and icmp']
# A not before it: what ours finds more of is wanted less.
LESS = '''not icmp
not icmp and not icmp6
!icmp && ip
udp and not icmp
not icmp[0] = 8
not (icmp or tcp)
ip and not (icmp and host 10.0.0.1)'''.split('\n')
# What both refuse, and ours before anything is looked up.
WRONG = '''icmp and
icmp[0
icmp[0:3] = 1
icmp or or tcp
(icmp
icmp)
icmp[0] = 8 or 0
icmp host 10.0.0.1
icmp[icmptype] = 08
host 10.0.0.1 and icmp or 10.0.0.2
tcp[0] ='''.split('\n')
NAMES = ['host gateway.example', 'icmp and src example', 'net backbone', 'not icmp or dst host a.b.c.d.e',
         'ether host printer', 'icmpp', 'host \\icmp']


def capture(path, linktype, frames, order):
    with open(path, 'wb') as f:
        f.write(struct.pack(order + 'IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, linktype))
        for i, frame in enumerate(frames):
            f.write(struct.pack(order + 'IIII', i, 0, len(frame), len(frame)) + frame)


def times(data):
    """The seconds of the packets of a capture of tcpdump's."""
    found, at = [], 24
    while at < len(data):
        seconds, _, length, _ = struct.unpack_from('<IIII', data, at)
        found.append(seconds)
        at += 16 + length
    return found


def theirs(path, expression):
    done = subprocess.run(['tcpdump', '-nn', '-r', path, '-w', '-', expression], capture_output=True,
                          timeout=20)
    if done.returncode:
        # What can never be is an error to its optimizer.
        return [] if b'rejects all packets' in done.stderr else None
    return times(done.stdout)


class Checker:
    def __init__(self, program):
        self.program, self.failures, self.compared, self.more = program, [], 0, {}

    def fail(self, *what):
        self.failures.append(' '.join(str(w) for w in what))

    def ours(self, path, expressions):
        done = subprocess.run([self.program, path, *expressions], capture_output=True, text=True, timeout=60,
                              check=True)
        lines = done.stdout.split('\n')
        for i, expression in enumerate(expressions):
            wanted, passed = lines[2 * i], lines[2 * i + 1]
            if wanted.startswith('error: '):
                yield expression, wanted, None
            else:
                yield expression, [int(t) for t in wanted.split()], [int(t) for t in passed.split()]

    def differ(self, link, packets, expression, us, them):
        """What one has and the other has not is of packets that libpcap cannot see into."""
        beyond = {i for i, p in enumerate(packets) if p[0]}
        more, less = set(us) - set(them), set(them) - set(us)
        allowed_more = set() if expression in FOREIGN + ETHERNET + LESS else beyond
        if expression in SHIFTED:
            allowed_more |= {i for i, p in enumerate(packets) if p[2][9:10] == b'\x01' and p[1] == 0x0800}
        allowed_less = beyond if expression in LESS else set()
        for i in more - allowed_more | less - allowed_less:
            self.fail(link, repr(expression), 'packet', i, 'more' if i in more else 'less')
        for i in more | less:
            why = packets[i][0] or 'shifted'
            self.more[why] = self.more.get(why, 0) + 1

    def link(self, path, link):
        linktype, packets, frame = LINKS[link]
        capture(path, linktype, [frame(kind, p) for _, kind, p in packets],
                '>' if link == 'null of a big machine' else '<')
        expressions = FOREIGN + OURS + LESS + (ETHERNET + OURS_ETHERNET + SHIFTED if link == 'ethernet' else [])
        for expression, us, passed in self.ours(path, expressions):
            them = theirs(path, expression)
            if isinstance(us, str) or them is None:
                self.fail(link, repr(expression), us, them)
                continue
            self.differ(link, packets, expression, us, them)
            if set(us) - set(passed):
                self.fail(link, repr(expression), 'the kernel drops', set(us) - set(passed))
            self.compared += 1

    def refused(self, path):
        for expression, us, _ in self.ours(path, WRONG):
            if not isinstance(us, str) or theirs(path, expression) is not None:
                self.fail(repr(expression), us, 'is not refused by both')
        for expression, us, _ in self.ours(path, NAMES):
            if 'not looked up' not in us:
                self.fail(repr(expression), us, 'is not refused as a name')

    def useful(self, path):
        """The kernel's program keeps ordinary traffic away, or it would not be worth its place."""
        _, packets, _ = LINKS['ethernet']
        for expression, us, passed in self.ours(path, ['icmp', 'icmp6 or icmp', 'icmp and host 10.0.0.1']):
            tcp_at = {i for i, p in enumerate(packets) if p[1] == 0x0800 and p[2][9] == 6}
            if tcp_at & set(passed):
                self.fail(repr(expression), 'lets TCP through')


def main():
    if not shutil.which('tcpdump'):
        print('no tcpdump')
        return 77
    checker = Checker(os.path.join(os.environ['PROGRAMS'], 'live_link_capfilter'))
    with tempfile.TemporaryDirectory(prefix='icmpkit-capfilter-') as folder:
        path = str(pathlib.Path(folder, 'c.pcap'))
        for link in LINKS:
            checker.link(path, link)
        checker.link(path, 'ethernet')
        checker.refused(path)
        checker.useful(path)
    for failure in checker.failures:
        print(failure)
    print(f'{checker.compared} comparisons, {len(set(FOREIGN + ETHERNET + OURS + OURS_ETHERNET + SHIFTED + LESS))}'
          f' expressions; apart, since libpcap does not look there:', checker.more)
    missing = {'extension header', 'tunnel', 'tag'} - set(checker.more)
    if missing:
        print('never seen:', missing)
    return 1 if checker.failures or missing else 0


if __name__ == '__main__':
    sys.exit(main())
