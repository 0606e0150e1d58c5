#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ik_route_get against routes of every kind, in namespaces."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
from net import Net, require_root  # noqa: E402

ROUTE = os.path.join(os.environ['PROGRAMS'], 'live_host_route')


class Route(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Net().__enter__()
        cls.a, b, c = cls.net.node('a'), cls.net.node('b'), cls.net.node('c')
        cls.net.link(cls.a, b, '10.1.0.0/24', '2001:db8:1::/64')
        cls.net.link(cls.a, c, '10.2.0.0/24', '2001:db8:2::/64')
        cls.a.ip('route add 10.9.0.0/16 via 10.1.0.2 mtu 1300',
                 'route add 2001:db8:9::/48 via 2001:db8:1::2 mtu 1280',
                 'route add unreachable 10.8.0.1', 'route add prohibit 10.8.0.2',
                 'route add blackhole 10.8.0.3', 'route add throw 10.8.0.4',
                 'route add unreachable 2001:db8:8::1', 'route add prohibit 2001:db8:8::2',
                 'route add blackhole 2001:db8:8::3', 'route add throw 2001:db8:8::4',
                 'route add 10.9.0.0/16 via 10.2.0.2 table 77',
                 'route add 2001:db8:9::/48 via 2001:db8:2::2 table 77')
        for family in ('-4', '-6'):
            cls.a.run(['ip', family, 'rule', 'add', 'fwmark', '7', 'table', '77'], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.net.__exit__()

    def ask(self, *args):
        return self.a.run([ROUTE, *args]).stdout.strip()

    def assert_route(self, args, source, dev, mtu=1500, broadcast=0):
        self.assertEqual(self.ask(*args.split()),
                         f'source {source} dev {dev} mtu {mtu} broadcast {broadcast}')

    def assert_error(self, args, text):
        self.assertEqual(self.ask(*args.split()), f'error {text}')

    def test_routers__of_every_route_once_each(self):
        self.a.ip('route add 10.77.0.0/16 nexthop via 10.1.0.2 nexthop via 10.2.0.7',
                  'route add default via fe80::77 dev eth1')
        self.addCleanup(self.a.ip, 'route del 10.77.0.0/16', 'route del default via fe80::77 dev eth1')
        told = self.a.run([ROUTE, 'routers'], check=True).stdout.splitlines()
        self.assertEqual(set(told), {'10.1.0.2 dev eth0', '10.2.0.2 dev eth1', '10.2.0.7 dev eth1',
                                     '2001:db8:1::2 dev eth0', '2001:db8:2::2 dev eth1',
                                     'fe80::77 dev eth1'})

    def test_addresses__with_the_length_of_their_prefix(self):
        told = self.a.run([ROUTE, 'addresses'], check=True).stdout.splitlines()
        self.assertEqual(set(told), {'eth0 10.1.0.1/24', 'eth1 10.2.0.1/24', 'eth0 2001:db8:1::1/64',
                                     'eth1 2001:db8:2::1/64'})

    def test_neighbour(self):
        self.assert_route('10.1.0.2', '10.1.0.1', 'eth0')
        self.assert_route('2001:db8:2::2', '2001:db8:2::1', 'eth1')

    def test_route_with_an_mtu_of_its_own(self):
        self.assert_route('10.9.1.1', '10.1.0.1', 'eth0', 1300)
        self.assert_route('2001:db8:9::1', '2001:db8:1::1', 'eth0', 1280)

    def test_loopback__has_the_mtu_of_the_interface(self):
        self.assert_route('127.0.0.1', '127.0.0.1', 'lo', 65536)
        self.assert_route('::1', '::1', 'lo', 65536)

    def test_broadcast(self):
        self.assert_route('10.1.0.255', '10.1.0.1', 'eth0', broadcast=1)
        self.assert_route('127.255.255.255', '127.0.0.1', 'lo', 65536, broadcast=1)
        self.assert_route('255.255.255.255 - eth1', '10.2.0.1', 'eth1', broadcast=1)
        self.assert_route('10.1.0.254', '10.1.0.1', 'eth0')

    def test_mark__chooses_another_table(self):
        self.assert_route('10.9.1.1 - - 7', '10.2.0.1', 'eth1')
        self.assert_route('2001:db8:9::1 - - 7', '2001:db8:2::1', 'eth1')

    def test_interface__is_kept_to(self):
        self.assert_route('ff02::1 - eth1', self.link_local('eth1') + self.scope('eth1'), 'eth1')
        self.assert_error('2001:db8:77::1 - eth1', 'network is unreachable')

    def link_local(self, dev):
        shown = self.a.run(['ip', '-6', '-o', 'addr', 'show', 'dev', dev, 'scope', 'link']).stdout
        return shown.split('inet6 ')[1].split('/')[0]

    def scope(self, dev):
        shown = self.a.run(['ip', '-o', 'link', 'show', 'dev', dev]).stdout
        return '%' + shown.split(':')[0]

    def test_source__is_kept(self):
        self.assert_route('10.1.0.2 10.2.0.1', '10.2.0.1', 'eth0')
        self.assert_route('2001:db8:1::2 2001:db8:2::1', '2001:db8:2::1', 'eth0')

    def test_source_that_is_not_ours(self):
        self.assert_error('10.1.0.2 10.7.7.7', 'cannot assign requested address')
        self.assert_error('2001:db8:1::2 2001:db8:7::7', 'cannot assign requested address')

    def test_source_of_the_other_family(self):
        self.assert_error('10.1.0.2 ::1', 'a value outside what the field allows')

    def test_no_route(self):
        for dst in ('192.0.2.1', '2001:db8:77::1', '10.8.0.4', '2001:db8:8::4'):
            with self.subTest(dst):
                self.assert_error(dst, 'network is unreachable')

    def test_routes_that_refuse__say_how(self):
        for net in '10.8.0.', '2001:db8:8::':
            with self.subTest(net):
                self.assert_error(net + '1', 'no route to host')
                self.assert_error(net + '2', 'permission denied')
                self.assert_error(net + '3', 'discarded by a blackhole route')


if __name__ == '__main__':
    require_root()
    unittest.main()
