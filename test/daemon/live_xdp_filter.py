#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The XDP filter: frames are sent into an interface that it is attached to, and what a packet socket
there still sees has passed. All of it in the driver (a veth) and above it (a macvlan)."""
import contextlib
import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
from net import Net, require_root, wait_for  # noqa: E402
from xdplinks import detach, replace  # noqa: E402
from packets import ICMP, ICMP6, UDP, icmp, ip4, ip6  # noqa: E402

DRIVER = os.path.join(os.environ['PROGRAMS'], 'live_daemon_xdp_filter')
LIBC = ctypes.CDLL(None, use_errno=True)
TEN, ONE = (20, 23), (5, 6)  # of more than so many at once: the burst, and what a slow machine adds


@contextlib.contextmanager
def inside(node):
    there, home = (os.open(p, os.O_RDONLY) for p in ('/run/netns/' + node.ns, '/proc/self/ns/net'))
    try:
        if LIBC.setns(there, 0):
            raise OSError(ctypes.get_errno(), 'setns')
        yield
    finally:
        LIBC.setns(home, 0)
        os.close(there)
        os.close(home)


def packet_socket(node, dev):
    with inside(node):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    with inside(node):
        s.bind((dev, 0))
    s.settimeout(5)
    return s


def ether(packet, kind=None):
    kind = kind if kind is not None else 0x0800 if packet[0] >> 4 == 4 else 0x86dd
    return b'\x02' * 12 + struct.pack('!H', kind) + packet


def message(src, dst, kind, code=0, rest=b'\0\1\0\1', body=b'x' * 32, **how):
    """An ICMP message in a frame; `how` as ip4 and ip6 take it."""
    if ':' in src:
        return ether(ip6(src, dst, ICMP6, icmp(6, src, dst, kind, code, rest, body), **how))
    return ether(ip4(src, dst, ICMP, icmp(4, src, dst, kind, code, rest, body), **how))


def echo(src, dst, **how):
    return message(src, dst, 128 if ':' in src else 8, **how)


def reply(src, dst, **how):
    return message(src, dst, 129 if ':' in src else 0, **how)


def datagram(src, dst, sport=40000, dport=33434, proto=UDP):
    payload = struct.pack('!HHHH', sport, dport, 40, 0) + b'd' * 32
    return ip6(src, dst, proto, payload) if ':' in src else ip4(src, dst, proto, payload)


def port_error(src, dst, quote):
    return message(src, dst, *((1, 4) if ':' in src else (3, 3)), rest=b'\0' * 4, body=quote)


def fragment(src, dst, offset, more=True, proto=None, payload=None):
    """`offset` in units of 8 bytes."""
    payload = payload or icmp(6 if ':' in src else 4, src, dst, 8, 0, b'\0\1\0\1', b'x' * 24)
    if ':' in src:
        head = struct.pack('!BBHI', proto or ICMP6, 0, offset << 3 | more, 7)
        return ether(ip6(src, dst, 44, head + payload))
    return ether(ip4(src, dst, proto or ICMP, payload, frag=offset | more << 13))


class Filter:
    """The program at the other end of a pipe."""

    def __init__(self, node):
        self.child = node.start([DRIVER], stdin=subprocess.PIPE)

    def ask(self, line):
        self.child.stdin.write(line + '\n')
        self.child.stdin.flush()
        answer = self.child.stdout.readline()
        if not answer:
            raise AssertionError('%s: the program is gone: %s' % (line, self.child.stderr.read()))
        return answer.strip()

    def ok(self, line):
        answer = self.ask(line)
        if answer != 'ok':
            raise AssertionError('%s: %s' % (line, answer))

    def add(self, kind, who, other='-', type=0, code=0, seconds=60):
        self.ok('add %s %s %s %d %d %d' % (kind, who, other, type, code, seconds))

    def count(self):
        words = self.ask('count').split()
        return dict(zip(words[::2], map(int, words[1::2])))

    def stopped(self, kind, who, other='-', type=0, code=0):
        return int(self.ask('stopped %s %s %s %d %d 60' % (kind, who, other, type, code)))

    def end(self):
        self.child.stdin.close()
        self.child.wait(10)


class Bed(unittest.TestCase):
    """A sender and a host; its interface is a veth, whose driver runs programs."""
    MODE = 'native'

    @classmethod
    def setUpClass(cls):
        cls.net = Net().__enter__()
        cls.a, cls.b = cls.net.node('a'), cls.net.node('b')
        cls.net.link(cls.a, cls.b)
        for node in (cls.a, cls.b):
            # Nothing speaks by itself.
            node.sysctl(net__ipv6__conf__all__disable_ipv6=1)
        cls.dev = 'eth0'
        cls.lay()
        for node, dev, end in ((cls.a, 'eth0', 1), (cls.b, cls.dev, 2)):
            node.sysctl(**{'net__ipv6__conf__%s__disable_ipv6' % dev: 0})
            node.ip('addr add 10.0.0.%d/24 dev %s' % (end, dev),
                    'addr add 2001:db8::%d/64 dev %s nodad' % (end, dev))
        cls.out, cls.seen = packet_socket(cls.a, 'eth0'), packet_socket(cls.b, cls.dev)

    @classmethod
    def lay(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        cls.out.close()
        cls.seen.close()
        cls.net.close()

    def setUp(self):
        self.filter = Filter(self.b)
        self.assertEqual(self.filter.ask('open ' + self.dev), self.MODE)

    def tearDown(self):
        self.filter.end()

    def passed(self, *frames):
        """Sends them all; how many of them arrived. A last one that nothing stops ends them."""
        last = ether(datagram('192.0.2.1', '192.0.2.2', sport=time.monotonic_ns() % 60000))
        for frame in (*frames, last):
            self.out.send(frame)
        # A packet socket shows a tag beside the frame, not in it.
        ours, n = {f[:12] + f[16:] if f[12:14] == b'\x81\0' else f for f in frames}, 0
        while True:
            frame = self.seen.recv(65536)
            if frame == last:
                return n
            n += frame in ours

    def all_pass(self, *frames):
        for frame in frames:
            self.assertEqual(self.passed(*[frame] * 40), 40, frame.hex())

    def none_passes(self, *frames):
        for frame in frames:
            self.assertEqual(self.passed(*[frame] * 40), 0, frame.hex())

    def limited(self, frame, bounds=TEN):
        n = self.passed(*[frame] * 60)
        self.assertTrue(bounds[0] <= n <= bounds[1], '%d passed: %s' % (n, frame.hex()))


class Orders(Bed):
    """Each kind: what it stops, and the nearest that it does not."""

    def test_limit__a_type_of_a_source(self):
        self.filter.add('limit', '198.51.100.9', type=8)
        self.limited(echo('198.51.100.9', '10.0.0.2'))
        self.all_pass(reply('198.51.100.9', '10.0.0.2'), echo('198.51.100.8', '10.0.0.2'),
                      ether(datagram('198.51.100.9', '10.0.0.2')))
        self.assertGreater(self.filter.count()['limit'], 30)

    def test_limit__a_net_of_ipv6_counts_as_one(self):
        self.filter.add('limit', '2001:db8:9::/64', type=128)
        self.limited(echo('2001:db8:9::1', '2001:db8::2'))
        self.assertLessEqual(self.passed(*[echo('2001:db8:9::2', '2001:db8::2')] * 20), 2)
        self.all_pass(echo('2001:db8:9:1::1', '2001:db8::2'),
                      reply('2001:db8:9::1', '2001:db8::2'))

    def test_limit__a_neighbour_is_one_host(self):
        self.filter.add('limit', 'fe80::9', type=128)
        self.limited(echo('fe80::9', '2001:db8::2'))
        self.all_pass(echo('fe80::8', '2001:db8::2'))

    def test_flood__each_source_has_its_own(self):
        self.filter.add('flood', '10.0.0.2', type=8)
        self.limited(echo('198.51.100.1', '10.0.0.2'))
        self.limited(echo('198.51.100.2', '10.0.0.2'))
        self.all_pass(echo('198.51.100.1', '10.0.0.3'), reply('198.51.100.1', '10.0.0.2'))

    def test_flood__made_up_sources_have_500_in_all(self):
        for dst, net in (('10.0.0.2', '10.%d.%d.1'), ('2001:db8::2', '2001:db8:%x:%x::1')):
            self.filter.add('flood', dst, type=128 if ':' in dst else 8)
            frames = [echo(net % (i // 250 + 9, i % 250), dst) for i in range(1500)]
            start = time.monotonic()
            n = self.passed(*frames)
            most = 502 + 500 * (time.monotonic() - start)
            self.assertTrue(480 <= n <= most, '%d passed, of %.0f' % (n, most))

    def test_pair__echo_both_ways(self):
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        self.none_passes(echo('198.51.100.9', '10.0.0.2'), reply('198.51.100.9', '10.0.0.2'),
                         echo('10.0.0.2', '198.51.100.9'))
        self.all_pass(echo('198.51.100.9', '10.0.0.3'), echo('198.51.100.8', '10.0.0.2'),
                      message('198.51.100.9', '10.0.0.2', 13))

    def test_slow__one_a_second_each_way(self):
        for one, other in (('198.51.100.9', '10.0.0.2'), ('2001:db8:9::1', '2001:db8::2')):
            self.filter.add('slow', one, other)
            self.limited(reply(one, other), ONE)
            self.limited(echo(other, one), ONE)
            self.all_pass(port_error(one, other, datagram(other, one)))
        self.all_pass(echo('2001:db8:9::2', '2001:db8::2'))

    def test_kind__a_type_and_code_of_a_source(self):
        self.filter.add('kind', '198.51.100.9', type=13)
        self.filter.add('kind', '2001:db8:9::/64', type=139, code=1)
        self.none_passes(message('198.51.100.9', '10.0.0.2', 13),
                         message('2001:db8:9::77', '2001:db8::2', 139, 1))
        self.all_pass(message('198.51.100.9', '10.0.0.2', 13, 1),
                      message('198.51.100.9', '10.0.0.2', 17),
                      message('198.51.100.7', '10.0.0.2', 13),
                      message('2001:db8:9::77', '2001:db8::2', 139),
                      message('2001:db8:8::77', '2001:db8::2', 139, 1))

    def test_oversize__beyond_64000_bytes(self):
        self.filter.add('oversize', '10.0.0.2')
        self.filter.add('oversize', '2001:db8::2')
        self.none_passes(fragment('198.51.100.9', '10.0.0.2', 8000),
                         fragment('198.51.100.9', '10.0.0.2', 8189, more=False),
                         fragment('2001:db8:9::1', '2001:db8::2', 8000))
        self.all_pass(fragment('198.51.100.9', '10.0.0.2', 7999),
                      fragment('198.51.100.9', '10.0.0.3', 8000),
                      fragment('198.51.100.9', '10.0.0.2', 8000, proto=UDP),
                      fragment('2001:db8:9::1', '2001:db8::2', 7999),
                      fragment('2001:db8:9::1', '2001:db8::2', 8000, proto=UDP))

    def test_fragment__of_a_source(self):
        self.filter.add('fragment', '198.51.100.9')
        self.filter.add('fragment', '2001:db8:9::/64')
        self.limited(fragment('198.51.100.9', '10.0.0.2', 3))
        self.assertLessEqual(self.passed(*[fragment('198.51.100.9', '10.0.0.2', 0)] * 20), 3)
        self.limited(fragment('2001:db8:9::1', '2001:db8::2', 3))
        self.all_pass(echo('198.51.100.9', '10.0.0.2'), echo('2001:db8:9::1', '2001:db8::2'),
                      fragment('198.51.100.8', '10.0.0.2', 3),
                      fragment('198.51.100.9', '10.0.0.2', 3, proto=UDP))

    def test_first_fragment__is_judged_by_its_header(self):
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        self.none_passes(fragment('198.51.100.9', '10.0.0.2', 0))
        self.all_pass(fragment('198.51.100.9', '10.0.0.2', 3))  # nothing of what it begins with

    def test_group__echo_in_its_name(self):
        for group in ('224.0.0.1', '255.255.255.255'):
            self.filter.add('group', group)
            self.none_passes(echo('198.51.100.9', group), reply(group, '10.0.0.2'))
            self.all_pass(message('198.51.100.9', group, 13))
        self.filter.add('group', 'ff02::1')
        self.limited(echo('2001:db8:9::1', 'ff02::1'))
        self.all_pass(echo('2001:db8:9::1', 'ff02::2'))

    def test_mtu__what_cannot_be_true(self):
        self.filter.add('mtu', '10.0.0.2')
        self.filter.add('mtu', '2001:db8::2')

        def needed(mtu, dst='10.0.0.2'):
            return message('198.51.100.9', dst, 3, 4, struct.pack('!HH', 0, mtu),
                           datagram(dst, '198.51.100.1'))

        def too_big(mtu):
            return message('2001:db8:9::1', '2001:db8::2', 2, 0, struct.pack('!I', mtu),
                           datagram('2001:db8::2', '2001:db8:9::1'))
        self.none_passes(needed(1), needed(551), too_big(0), too_big(1279))
        self.all_pass(needed(0), needed(552), needed(68, '10.0.0.3'), too_big(1280),
                      too_big(1 << 16 | 68))

    def test_hops__discovery_through_a_router(self):
        self.filter.add('hops', '2001:db8:9::/64')
        ask = (b'\0' * 4, b'\x20\x01\x0d\xb8' + b'\0' * 12)
        self.none_passes(*(message('2001:db8:9::1', '2001:db8::2', kind, 0, *ask, ttl=254)
                           for kind in range(133, 138)))
        self.all_pass(message('2001:db8:9::1', '2001:db8::2', 135, 0, *ask, ttl=255),
                      message('2001:db8:8::1', '2001:db8::2', 135, 0, *ask, ttl=254),
                      echo('2001:db8:9::1', '2001:db8::2', ttl=254))


class Flows(Bed):
    """unknown: an error passes when it quotes a flow of a socket here."""

    def sockets(self, kind, **how):
        with inside(self.b):
            return socket.socket(kind, socket.SOCK_DGRAM, **how)

    def check_udp(self, family, here, there):
        self.filter.add('unknown', here)
        with self.sockets(family) as s:
            s.bind((here, 0))
            s.connect((there, 33434))
            port = s.getsockname()[1]
            self.all_pass(port_error(there, here, datagram(here, there, port)))
            self.limited(port_error(there, here, datagram(here, there, port, 33435)))
        self.assertLessEqual(
            self.passed(*[port_error(there, here, datagram(here, there, port))] * 20), 3)

    def test_datagrams__of_a_connected_socket(self):
        self.check_udp(socket.AF_INET, '10.0.0.2', '10.0.0.1')
        self.check_udp(socket.AF_INET6, '2001:db8::2', '2001:db8::1')

    def test_datagrams__of_one_that_talks_with_anybody__500_a_second(self):
        self.filter.add('unknown', '10.0.0.2')
        with self.sockets(socket.AF_INET) as s:
            s.bind(('10.0.0.2', 5353))
            error = port_error('10.0.0.1', '10.0.0.2', datagram('10.0.0.2', '10.0.0.1', 5353))
            start = time.monotonic()
            n = self.passed(*[error] * 1500)
            self.assertTrue(500 <= n <= 502 + 500 * (time.monotonic() - start), n)

    def test_connection__passes__and_who_only_listens_has_none(self):
        self.filter.add('unknown', '10.0.0.2')
        with inside(self.b):
            listener = socket.create_server(('10.0.0.2', 8080))
        with inside(self.a):
            peer = socket.create_connection(('10.0.0.2', 8080), 5)
        with listener, peer:
            port = peer.getsockname()[1]
            quote = datagram('10.0.0.2', '10.0.0.1', 8080, port, proto=6)
            self.all_pass(port_error('10.0.0.1', '10.0.0.2', quote))
            self.limited(port_error('10.0.0.1', '10.0.0.2',
                                    datagram('10.0.0.2', '10.0.0.1', 8080, port ^ 1, proto=6)))

    def test_what_cannot_be_told__is_limited(self):
        for quote in (icmp(4, '10.0.0.2', '10.0.0.1', 8, 0, b'\0\1\0\1'), b'', b'\x45' * 12):
            with self.subTest(quote.hex()):
                self.filter.ok('remove unknown 10.0.0.2 - 0 0 60')
                self.filter.add('unknown', '10.0.0.2')
                self.limited(port_error('10.0.0.1', '10.0.0.2', quote))
        self.all_pass(port_error('10.0.0.1', '10.0.0.3', b''), echo('10.0.0.1', '10.0.0.2'))

    def test_fragmentation_needed__always_passes(self):
        self.filter.add('unknown', '10.0.0.2')
        self.filter.add('unknown', '2001:db8::2')
        self.all_pass(message('10.0.0.1', '10.0.0.2', 3, 4, struct.pack('!HH', 0, 1400), b'q' * 28),
                      message('2001:db8::1', '2001:db8::2', 2, 0, struct.pack('!I', 1400), b'q' * 48))


class Passes(Bed):
    """Who and what no order stops."""

    def test_vital__whatever_is_ordered(self):
        for kind in (2, 130, 133, 134, 135, 136, 137, 143, 151):
            self.filter.add('limit', '2001:db8:9::/64', type=kind)
            self.filter.add('kind', '2001:db8:9::/64', type=kind)
            self.filter.add('flood', '2001:db8::2', type=kind)
            self.all_pass(message('2001:db8:9::1', '2001:db8::2', kind, ttl=255))
        self.filter.add('limit', '198.51.100.9', type=3)
        self.filter.add('kind', '198.51.100.9', type=3, code=4)
        self.all_pass(message('198.51.100.9', '10.0.0.2', 3, 4, b'\0\0\x05\0'))
        self.limited(message('198.51.100.9', '10.0.0.2', 3, 1, b'\0\0\x05\0'))

    def test_spared__hosts_and_nets(self):
        spared = ('198.51.100.9', '203.0.113.0/24', '100.64.0.0/10', '2001:db8:9::1',
                  '2001:db8:a::/48')
        inside_them = ('198.51.100.9', '203.0.113.77', '100.127.255.1', '2001:db8:9::1',
                       '2001:db8:a:5::1')
        beside_them = ('198.51.100.8', '203.0.112.77', '100.128.0.1', '2001:db8:9::2',
                       '2001:db8:b:5::1')
        for who in spared:
            self.filter.ok('spare ' + who)
        self.filter.add('flood', '10.0.0.2', type=8)
        self.filter.add('flood', '2001:db8::2', type=128)
        for who in inside_them:
            self.all_pass(echo(who, '2001:db8::2' if ':' in who else '10.0.0.2'))
        for who in beside_them:
            self.limited(echo(who, '2001:db8::2' if ':' in who else '10.0.0.2'))
        self.filter.add('fragment', '203.0.113.77')
        self.all_pass(fragment('203.0.113.77', '10.0.0.2', 3))

    def test_spared__not_from_lies(self):
        self.filter.ok('spare 198.51.100.9')
        self.filter.add('mtu', '10.0.0.2')
        self.none_passes(message('198.51.100.9', '10.0.0.2', 3, 4, b'\0\0\0\x44'))

    def test_spared__one_too_many(self):
        for i in range(512):
            self.filter.ok('spare 198.18.%d.%d' % (i // 256, i % 256))
        self.assertIn('no room left', self.filter.ask('spare 192.0.2.1'))

    def test_tagged__passes(self):
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        packet = echo('198.51.100.9', '10.0.0.2')[14:]
        self.all_pass(ether(packet, 0x88cc))
        tagged = ether(struct.pack('!HH', 5, 0x0800) + packet, 0x8100)
        # Above the driver the kernel has taken the tag off before the program sees the frame.
        self.assertEqual(self.passed(tagged), self.MODE == 'native')

    def test_cut_short__passes__and_never_a_byte_too_early(self):
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        self.filter.add('flood', '2001:db8::2', type=128)
        self.limited(echo('2001:db8:9::1', '2001:db8::2'))
        for frame, headers in ((echo('198.51.100.9', '10.0.0.2'), 14 + 20 + 8),
                               (echo('2001:db8:9::1', '2001:db8::2'), 14 + 40 + 8)):
            for n in range(15, headers + 4):
                with self.subTest(n):
                    self.assertEqual(self.passed(frame[:n]), n < headers)

    def test_wrong_headers__pass(self):
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        frame = echo('198.51.100.9', '10.0.0.2')
        self.all_pass(*(frame[:14] + bytes([first]) + frame[15:] for first in (0x55, 0x44, 0x05)))

    def test_options__are_gone_past(self):
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        self.none_passes(echo('198.51.100.9', '10.0.0.2', options=b'\1' * 4),
                         echo('198.51.100.9', '10.0.0.2', options=b'\1' * 40))

    def test_extension_headers__are_gone_past(self):
        src, dst = '2001:db8:9::1', '2001:db8::2'
        ask = icmp(6, src, dst, 139, 0, b'\0' * 4, b'x' * 16)
        self.filter.add('kind', '2001:db8:9::/64', type=139)

        def chain(*headers):
            body, following = ask, ICMP6
            for kind, units in reversed(headers):
                body = bytes([following, units]) + b'\1\4' + b'\0' * (4 + 8 * units) + body
                following = kind
            return ether(ip6(src, dst, following, body))
        self.none_passes(chain(), chain((0, 0)), chain((0, 3), (60, 0)),
                         chain((0, 0), (43, 2), (60, 1)), chain(*[(60, 0)] * 6))
        self.all_pass(chain(*[(60, 0)] * 7), chain((51, 0)), chain((0, 0), (59, 0)))
        atomic = struct.pack('!BBHI', ICMP6, 0, 0, 7) + ask
        self.none_passes(ether(ip6(src, dst, 44, atomic)))
        for n in range(len(atomic)):
            self.assertEqual(self.passed(ether(ip6(src, dst, 44, atomic[:n]))), n < 16, n)


class Life(Bed):
    """How orders and the program come and go."""

    def test_order__ends_by_itself__begins_anew__is_taken_back(self):
        ping = echo('198.51.100.9', '10.0.0.2')
        self.filter.add('pair', '198.51.100.9', '10.0.0.2', seconds=1)
        self.filter.add('pair', '198.51.100.7', '10.0.0.2', seconds=1)
        self.assertEqual(self.filter.ask('left'), '1')
        self.none_passes(ping)
        time.sleep(0.6)
        self.filter.add('pair', '198.51.100.9', '10.0.0.2', seconds=2)
        time.sleep(0.6)
        self.none_passes(ping)
        # Nobody told the other one to end.
        self.all_pass(echo('198.51.100.7', '10.0.0.2'))
        self.filter.add('pair', '198.51.100.9', '10.0.0.2', seconds=60)
        self.assertIn(self.filter.ask('left'), ('59', '60'))
        self.filter.ok('remove pair 10.0.0.2 198.51.100.9 0 0 60')  # of two, either way round
        self.all_pass(ping)
        self.assertEqual(self.filter.ask('left'), '0')
        self.filter.ok('remove pair 10.0.0.2 198.51.100.9 0 0 60')

    def test_count__of_each_order(self):
        """What it stopped, and not what others of its kind did, nor the one before in its place."""
        first, second = echo('198.51.100.9', '10.0.0.2'), echo('198.51.100.7', '10.0.0.2')
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        self.filter.add('limit', '198.51.100.7', type=8)
        self.filter.add('limit', '198.51.100.8', type=8)
        self.none_passes(first)
        passed = self.passed(*[second] * 60)
        self.assertEqual(self.filter.stopped('pair', '198.51.100.9', '10.0.0.2'), 40)
        # Of a pair both ways count, whichever of them is asked for.
        self.none_passes(reply('10.0.0.2', '198.51.100.9'))
        self.assertEqual(self.filter.stopped('pair', '10.0.0.2', '198.51.100.9'), 80)
        self.assertEqual(self.filter.stopped('limit', '198.51.100.7', type=8), 60 - passed)
        self.assertEqual(self.filter.stopped('limit', '198.51.100.8', type=8), 0)
        self.assertEqual(self.filter.stopped('limit', '198.51.100.7'), 0)  # another type
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')  # goes on
        self.none_passes(first)
        self.assertEqual(self.filter.stopped('pair', '198.51.100.9', '10.0.0.2'), 120)
        self.filter.ok('remove pair 198.51.100.9 10.0.0.2 0 0 60')
        self.assertEqual(self.filter.stopped('pair', '198.51.100.9', '10.0.0.2'), 0)
        self.filter.add('kind', '198.51.100.9', type=8)  # takes its place
        self.assertEqual(self.filter.stopped('kind', '198.51.100.9', type=8), 0)
        self.none_passes(first)
        self.assertEqual(self.filter.stopped('kind', '198.51.100.9', type=8), 40)
        self.assertEqual(self.filter.count(), {'pair': 120, 'limit': 60 - passed, 'kind': 40})

    def test_orders__as_many_as_there_is_room_for(self):
        def who(i):
            return '198.%d.%d.%d' % (18 + i // 65536, i // 256 % 256, i % 256)
        for i in range(8191):
            self.filter.add('kind', who(i), type=13)
        self.assertIn('no room left', self.filter.ask('add kind 192.0.2.1 - 13 0 60'))
        self.filter.add('kind', who(5), type=13)  # is there
        some = [message(who(i), '10.0.0.2', 13) for i in range(8191)]
        for at in range(0, len(some), 500):
            self.assertEqual(self.passed(*some[at:at + 500]), 0)
        for i in (0, 62, 63, 64, 4000, 8190):
            self.assertEqual(self.filter.stopped('kind', who(i), type=13), 1, i)
        self.assertEqual(self.filter.count(), {'kind': 8191})
        for i in range(0, 8191, 2):
            self.filter.ok('remove kind %s - 13 0 60' % who(i))
        for at in range(0, len(some), 500):
            self.assertEqual(self.passed(*some[at:at + 500]), len(some[at:at + 500:2]))
        self.filter.add('kind', '192.0.2.1', type=13)
        self.none_passes(message('192.0.2.1', '10.0.0.2', 13))

    def test_orders__that_it_cannot_look_for(self):
        for line in ('add limit 10.0.0.0/24 - 8 0 60', 'add limit 2001:db8::/48 - 128 0 60',
                     'add flood 2001:db8::/64 - 128 0 60', 'add pair 10.0.0.1 2001:db8::1 0 0 60'):
            self.assertIn('error', self.filter.ask(line), line)

    def programs(self):
        return self.b.run(['ip', '-d', 'link', 'show', 'dev', self.dev]).stdout.count('prog/xdp')

    def test_program__goes_with_who_attached_it(self):
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        self.assertEqual(self.programs(), 1)
        self.filter.ok('close')
        wait_for(lambda: not self.programs(), 'the end of the program')
        self.assertEqual(self.filter.ask('open ' + self.dev), self.MODE)
        self.all_pass(echo('198.51.100.9', '10.0.0.2'))  # nothing is left of before
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        os.kill(self.inner_pid(), signal.SIGKILL)
        self.filter.child.wait(10)
        wait_for(lambda: not self.programs(), 'the end of the program')
        self.all_pass(echo('198.51.100.9', '10.0.0.2'))

    def inner_pid(self):
        return self.filter.child.pid  # ip-netns becomes what it starts

    def test_program_of_another__stays(self):
        other = Filter(self.b)
        self.assertIn('exists already: another XDP program', other.ask('open ' + self.dev))
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        self.none_passes(echo('198.51.100.9', '10.0.0.2'))
        other.end()

    def test_interface_that_goes__is_noticed(self):
        self.b.ip('link add gone type veth peer name gone1')
        other = Filter(self.b)
        self.assertEqual(other.ask('open gone'), 'native')
        self.assertEqual(other.ask('count'), '')
        self.b.ip('link del gone')
        self.assertIn('system error', other.ask('count'))
        other.end()

    def test_link_that_is_cut__is_noticed(self):
        """From outside, as root may with bpftool: the interface stays, and so does our descriptor."""
        self.filter.add('pair', '198.51.100.9', '10.0.0.2')
        detach(self.b, self.dev)
        self.assertEqual(self.programs(), 0)
        self.assertIn('system error', self.filter.ask('count'))
        self.all_pass(echo('198.51.100.9', '10.0.0.2'))

    def test_program_that_is_replaced__is_noticed(self):
        replace(self.b, self.dev)
        self.assertEqual(self.programs(), 1)
        self.assertIn('system error', self.filter.ask('count'))

    def test_interfaces_that_cannot(self):
        self.b.run(['ip', 'tuntap', 'add', 'dev', 'tun7', 'mode', 'tun'], check=True)
        other = Filter(self.b)
        self.assertIn('tun7 is no Ethernet', other.ask('open tun7'))
        self.assertIn('no such interface', other.ask('open nothing'))
        self.b.ip('link del tun7')
        other.end()

    def test_privileges(self):
        self.filter.ok('close')
        needed = {'+net_admin', '+bpf'}
        for caps in (needed, *(needed - {one} for one in needed)):
            done = self.b.run(['setpriv', '--bounding-set', ','.join(['-all', *sorted(caps)]),
                               '--inh-caps', '-all', DRIVER], input='open %s\n' % self.dev)
            self.assertIn(self.MODE if caps == needed else 'permission denied', done.stdout, caps)
        self.assertEqual(self.filter.ask('open ' + self.dev), self.MODE)


class AboveTheDriver:
    """The same at a macvlan, which has no driver that runs programs."""
    MODE = 'generic'

    @classmethod
    def lay(cls):
        cls.b.ip('link add link eth0 name upper type macvlan mode passthru', 'link set upper up')
        cls.dev = 'upper'


class GenericOrders(AboveTheDriver, Orders):
    pass


class GenericFlows(AboveTheDriver, Flows):
    pass


class GenericPasses(AboveTheDriver, Passes):
    pass


class GenericLife(AboveTheDriver, Life):
    pass


del Bed

if __name__ == '__main__':
    require_root()
    unittest.main()
