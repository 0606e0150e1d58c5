#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Namespaces without privilege: what a command finds in them, what stays outside, and what is said
where they are forbidden; which networks collide with those of the machine."""
import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
from net import NOBODY, Net, require_root  # noqa: E402

PROGRAM = os.path.join(os.environ['PROGRAMS'], 'live_host_netns')
# What nohup ignores our children would ignore too, and outlive what they are to end with.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
USER = ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups']


def call(*argv, prefix=USER, **more):
    return subprocess.run([*prefix, PROGRAM, *argv], text=True, capture_output=True, timeout=30,
                          stdin=subprocess.DEVNULL, **more)


def inside(script, **more):
    return call('netns', 'sh', '-c', script, **more)


class Command(unittest.TestCase):
    def says(self, script, *words):
        done = inside(script)
        self.assertEqual((done.returncode, done.stderr), (0, ''), done)
        for word in words:
            self.assertIn(word, done.stdout)
        return done.stdout

    def test_interface__is_as_asked_for(self):
        out = self.says('ip addr show eth0; ip addr show lo', 'mtu 1400', '02:00:00:00:00:07',
                        'inet 10.66.0.7/24 brd 10.66.0.255', 'inet6 fd66::7/64', '127.0.0.1/8')
        self.assertNotIn('tentative', out)
        self.assertNotIn('NO-CARRIER', out)

    def test_routes__lead_into_the_lab_alone(self):
        out = self.says('ip route; ip -6 route', 'default via 10.66.0.1 dev eth0',
                        'default via fd66::1 dev eth0')
        self.assertEqual(out.count('default'), 2)

    def test_offloads__are_off(self):
        out = self.says('python3 - <<E\n'
                        'import array, fcntl, socket, struct\n'
                        's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
                        'for cmd in (0x14, 0x16, 0x1e, 0x23, 0x2b):\n'
                        '    v = array.array("I", [cmd, 9])\n'
                        '    r = struct.pack("16sP", b"eth0", v.buffer_info()[0])\n'
                        '    fcntl.ioctl(s, 0x8946, r)\n'
                        '    print(v[1])\n'
                        'E')
        self.assertEqual(out.split(), ['0'] * 5)

    def test_names__are_those_of_the_lab(self):
        self.says('getent ahosts far; cat /etc/resolv.conf', '203.0.113.9', '2001:db8:9::9',
                  'no name server')
        began = time.monotonic()
        done = inside('getent hosts nowhere.example.com')
        self.assertEqual(done.returncode, 2)
        self.assertLess(time.monotonic() - began, 2)
        with open('/etc/hosts', encoding='utf-8') as f:
            self.assertNotIn('203.0.113.9', f.read())

    def test_sockets__raw_and_datagram_ones_can_be_had(self):
        self.says('python3 -c "import socket as s;'
                  's.socket(s.AF_INET, s.SOCK_RAW, 1); s.socket(s.AF_INET6, s.SOCK_RAW, 58);'
                  's.socket(s.AF_INET, s.SOCK_DGRAM, 1); print(\'had\')"', 'had')

    def test_status__is_that_of_the_command(self):
        self.assertEqual(inside('exit 41').returncode, 41)
        self.assertEqual(inside('kill -TERM $$').returncode, 128 + signal.SIGTERM)

    def test_command_that_is_none__is_said(self):
        done = call('netns', '/nowhere/to/be/found')
        self.assertEqual((done.returncode, done.stdout), (2, 'cannot run: not found\n'))
        done = call('netns', '/etc/passwd')
        self.assertEqual((done.returncode, done.stdout), (2, 'cannot run: permission denied\n'))

    def test_files__of_the_caller_are_his(self):
        with Net() as net:
            folder = net.folder()
            os.chown(folder, NOBODY, NOBODY)
            path = os.path.join(folder, 'made')
            self.assertEqual(inside(f'id -u; echo x > {path}').returncode, 0)
            self.assertEqual(os.stat(path).st_uid, NOBODY)

    def test_parent_killed__takes_the_command_along(self):
        with subprocess.Popen([*USER, PROGRAM, 'netns', 'sh', '-c', 'echo $$; exec sleep 60'],
                              stdout=subprocess.PIPE, text=True) as p:
            child = int(p.stdout.readline())
            p.kill()
            p.wait()
        end = time.monotonic() + 5
        while os.path.exists(f'/proc/{child}') and time.monotonic() < end:
            with open(f'/proc/{child}/stat', encoding='ascii') as f:
                if f.read().rsplit(')', 1)[1].split()[0] == 'Z':
                    break
            time.sleep(0.01)
        self.assertLess(time.monotonic(), end)

    def test_root__may_as_well(self):
        done = call('netns', 'ip', 'route', prefix=[])
        self.assertIn('default via 10.66.0.1', done.stdout)

    def test_forbidden__is_said_with_the_setting(self):
        """A user namespace has limits of its own on those within it."""
        done = call('netns', 'true', prefix=['unshare', '-Ur', 'sh', '-c',
                                             'echo 0 >/proc/sys/user/max_user_namespaces; '
                                             'exec "$@"', 'sh'])
        self.assertEqual((done.returncode, done.stdout),
                         (2, 'cannot make a user namespace: permission denied '
                             '(user.max_user_namespaces is 0)\n'))


class Collision(unittest.TestCase):
    def test_networks__are_held_against_addresses_and_routes(self):
        with Net() as net:
            node = net.node('here')
            for line in ('link set lo up', 'link add va type veth peer name vb', 'link set va up',
                         'link set vb up', 'addr add 10.1.2.3/24 dev va',
                         '-6 addr add 2001:db8:1::3/64 dev va nodad',
                         'route add 172.16.0.0/12 via 10.1.2.9',
                         'route add default via 10.1.2.9',
                         'route add 0.0.0.0/1 via 10.1.2.9', 'route add 128.0.0.0/1 via 10.1.2.9',
                         '-6 route add default via 2001:db8:1::9',
                         '-6 route add 2000::/3 via 2001:db8:1::9',
                         'route add 192.0.2.0/24 via 10.1.2.9 table 77'):
                node.run(['ip', *line.split()])
            done = node.run([PROGRAM, 'collide', '10.1.2.0/24', '10.1.0.0/16', '10.1.2.64/26',
                             '10.1.3.0/24', '172.20.1.0/24', '203.0.113.0/24', '192.0.2.128/25',
                             '2001:db8:1::/64', '2001:db8::/32', '2001:db8:2::/64', '224.0.0.0/4',
                             '127.0.0.0/8', 'fe80::/10'])
        lines = done.stdout.splitlines()
        clear = ': no error'
        self.assertEqual([s.split(': ')[1] for s in lines[:3]], ['10.1.2.0/24'] * 3)
        self.assertEqual(lines[3:6], ['10.1.3.0/24' + clear, '172.20.1.0/24: 172.16.0.0/12',
                                      '203.0.113.0/24' + clear])
        self.assertEqual(lines[6], '192.0.2.128/25: 192.0.2.0/24')
        self.assertNotIn(clear, lines[7])
        self.assertNotIn(clear, lines[8])
        self.assertEqual(lines[9:], [p + clear for p in ('2001:db8:2::/64', '224.0.0.0/4',
                                                         '127.0.0.0/8', 'fe80::/10')])


if __name__ == '__main__':
    require_root()
    unittest.main()
