#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Look-ups against a name server of our own: what is answered, in which words, how many at once, and
that a server that says nothing neither blocks nor spins."""
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
from net import Net, require_root  # noqa: E402

NAMES = os.path.join(os.environ['PROGRAMS'], 'live_host_names')
A, CNAME, PTR, AAAA = 1, 5, 12, 28
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def wire_name(name):
    return b''.join(bytes([len(x)]) + x.encode() for x in name.rstrip('.').split('.') if x) + b'\0'


def rdata(kind, value):
    if kind == A:
        return socket.inet_pton(socket.AF_INET, value)
    if kind == AAAA:
        return socket.inet_pton(socket.AF_INET6, value)
    return wire_name(value)


class Server:
    """A name server on 127.0.0.1 of a namespace. zone: (name, type) -> [(name, type, value)...] or
    a response code; what is not there does not exist; None is silence."""

    def __init__(self, node, zone, delay=0.0):
        self.zone, self.delay = zone, delay
        self.asked, self.open, self.most_open = [], 0, 0
        self.lock = threading.Lock()
        self.sockets = []
        with Inside(node):
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                s = socket.socket(socket.AF_INET, kind)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(('127.0.0.1', 53))
                self.sockets.append(s)
        self.udp, self.tcp = self.sockets
        self.tcp.listen(8)
        for target in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=target, daemon=True).start()

    def close(self):
        for s in self.sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def respond(self, query):
        """The response, whole; None to say nothing."""
        ident, labels, at = query[:2], [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode('latin-1'))
            at += 1 + query[at]
        kind = struct.unpack('!H', query[at + 1:at + 3])[0]
        name = '.'.join(labels).lower()
        with self.lock:
            self.asked.append((name, kind))
        known = any(key[0] == name for key in self.zone)
        found = self.zone.get((name, kind), [] if known else NXDOMAIN)
        if callable(self.zone.get('any')):
            found = self.zone['any'](name, kind)
        if found is None:
            return None
        code, rows = (found, []) if isinstance(found, int) else (NOERROR, found)
        out = ident + struct.pack('!HHHHH', 0x8180 | code, 1, len(rows), 0, 0) + query[12:at + 5]
        for owner, row_kind, value in rows:
            data = rdata(row_kind, value)
            out += wire_name(owner) + struct.pack('!HHIH', row_kind, 1, 60, len(data)) + data
        return out

    def serve_udp(self):
        while True:
            try:
                query, peer = self.udp.recvfrom(4096)
            except OSError:
                return
            if not query:
                return
            answer = self.respond(query)
            if answer is None:
                continue
            with self.lock:
                self.open += 1
                self.most_open = max(self.most_open, self.open)
            if len(answer) > 512:  # truncated: to be asked again over TCP
                answer = answer[:2] + bytes([answer[2] | 2]) + answer[3:6] + bytes(6) + query[12:]
            threading.Timer(self.delay, self.send, (answer, peer)).start()

    def send(self, answer, peer):
        with self.lock:
            self.open -= 1
        try:
            self.udp.sendto(answer, peer)
        except OSError:
            pass

    def serve_tcp(self):
        while True:
            try:
                s, _ = self.tcp.accept()
            except OSError:
                return
            with s:
                s.settimeout(5)
                n = struct.unpack('!H', s.recv(2, socket.MSG_WAITALL))[0]
                answer = self.respond(s.recv(n, socket.MSG_WAITALL))
                s.sendall(struct.pack('!H', len(answer)) + answer)


class Inside:
    """This thread in the network of a node; sockets that it makes stay there."""

    def __init__(self, node):
        self.node = node

    def __enter__(self):
        self.home = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        self.move(f'/run/netns/{self.node.ns}')

    def __exit__(self, *_):
        self.setns(self.home)
        os.close(self.home)

    def move(self, path):
        fd = os.open(path, os.O_RDONLY)
        self.setns(fd)
        os.close(fd)

    def setns(self, fd):
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(fd, 0x40000000):  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), 'setns')


class Names(unittest.TestCase):
    def setUp(self):
        self.net = Net().__enter__()
        self.addCleanup(self.net.__exit__)
        self.node = self.net.node('a')
        self.folder = self.net.folder()
        self.write('resolv.conf', 'nameserver 127.0.0.1\noptions timeout:1 attempts:2\n')
        self.write('hosts', '')

    def write(self, name, text):
        with open(os.path.join(self.folder, name), 'w', encoding='utf-8') as f:
            f.write(text)

    def serve(self, zone, delay=0.0):
        server = Server(self.node, zone, delay)
        self.addCleanup(server.close)
        return server

    def argv(self, questions):
        """With our hosts and resolv.conf in place of the machine's, for this program only."""
        mounts = ' && '.join(f'mount --bind {self.folder}/{n} /etc/{n}'
                             for n in ('hosts', 'resolv.conf'))
        return ['unshare', '-m', 'sh', '-c', mounts + ' && exec "$0" "$@"', NAMES, *questions]

    def ask(self, *questions, **env):
        done = self.node.run(self.argv([*questions, 'wait']), timeout=60,
                             env={**os.environ, **env})
        self.assertEqual((done.returncode, done.stderr), (0, ''), done.stdout)
        return self.parse(done.stdout)

    def parse(self, text):
        lines = text.splitlines()
        last = lines.pop().split()
        self.turns, self.longest_us, self.elapsed_ms = (int(last[i]) for i in (1, 3, 5))
        rows = {}
        for line in lines:
            if '\t' in line:
                question, err, words, name, addrs = line.split('\t')
                rows[question] = {'err': int(err), 'text': words, 'name': name,
                                  'addrs': addrs.split()}
        return rows

    def test_both_families__are_in_the_order_to_try(self):
        self.serve({('host.test', A): [('host.test', A, '10.1.0.2')],
                    ('host.test', AAAA): [('host.test', AAAA, '2001:db8:1::2')]})
        # No way to the IPv6 address: it is the last to try (RFC 6724 section 5, rule 1).
        peer = self.net.node('b')
        dev = self.net.link(self.node, peer, '10.1.0.0/24')[0]
        self.assertEqual(self.ask('f:host.test')['f:host.test']['addrs'],
                         ['10.1.0.2', '2001:db8:1::2'])
        # With one, its precedence is the higher (rule 6).
        self.node.ip(f'addr add 2001:db8:1::1/64 dev {dev} nodad')
        rows = self.ask('f:host.test', 'f4:host.test', 'f6:host.test')
        self.assertEqual(rows['f:host.test']['addrs'], ['2001:db8:1::2', '10.1.0.2'])
        self.assertEqual(rows['f4:host.test']['addrs'], ['10.1.0.2'])
        self.assertEqual(rows['f6:host.test']['addrs'], ['2001:db8:1::2'])
        self.assertEqual(rows['f:host.test']['name'], 'host.test')

    def test_alias__gives_the_canonical_name(self):
        self.serve({('www.test', A): [('www.test', CNAME, 'web.test'),
                                      ('web.test', CNAME, 'real.test'),
                                      ('real.test', A, '192.0.2.5')]})
        row = self.ask('f4:www.test')['f4:www.test']
        self.assertEqual((row['name'], row['addrs']), ('real.test', ['192.0.2.5']))

    def test_failures__are_told_in_the_words_of_getaddrinfo(self):
        self.serve({('v4only.test', A): [('v4only.test', A, '192.0.2.5')],
                    ('broken.test', A): SERVFAIL, ('refused.test', A): REFUSED})
        rows = self.ask('f4:nothere.test', 'f6:v4only.test', 'f4:broken.test', 'f4:refused.test')
        self.assertEqual(rows['f4:nothere.test']['text'], 'Name or service not known')
        self.assertEqual(rows['f6:v4only.test']['text'], 'No address associated with hostname')
        self.assertEqual(rows['f4:broken.test']['text'], 'Temporary failure in name resolution')
        self.assertEqual(rows['f4:refused.test']['text'], 'Temporary failure in name resolution')
        self.assertEqual(rows['f4:nothere.test']['err'], rows['f6:v4only.test']['err'])
        self.assertNotEqual(rows['f4:nothere.test']['err'], rows['f4:broken.test']['err'])

    def test_no_server__fails_at_once(self):
        row = self.ask('f:host.test')['f:host.test']
        self.assertEqual(row['text'], 'Temporary failure in name resolution')
        self.assertLess(self.elapsed_ms, 1000)

    def test_silent_server__neither_blocks_nor_spins(self):
        self.serve({'any': lambda name, kind: None})
        row = self.ask('f:host.test')['f:host.test']
        self.assertEqual(row['text'], 'Temporary failure in name resolution')
        # 1 s, then doubled, for each of two attempts; then it gives up.
        self.assertGreater(self.elapsed_ms, 1900)
        self.assertLess(self.elapsed_ms, 8000)
        self.assertLess(self.turns, 20)
        # One turn gives control back in far less than the least interval between probes.
        self.assertLess(self.longest_us, 100000)

    def test_server_out_of_reach__neither_blocks_nor_spins(self):
        self.write('resolv.conf', 'nameserver 192.0.2.53\noptions timeout:1 attempts:2\n')
        row = self.ask('f:host.test')['f:host.test']
        self.assertEqual(row['text'], 'Temporary failure in name resolution')
        self.assertLess(self.turns, 20)
        self.assertLess(self.longest_us, 100000)

    def test_thousand_names__all_answered_and_few_at_once(self):
        def zone(name, kind):
            n = int(name[1:-5])
            return [(name, A, f'10.9.{n >> 8}.{n & 255}')]
        server = self.serve({'any': zone}, delay=0.05)
        rows = self.ask('many:1000')
        self.assertEqual(len(rows), 1000)
        for n in range(1000):
            self.assertEqual(rows[f'f4:n{n}.test']['addrs'], [f'10.9.{n >> 8}.{n & 255}'])
        self.assertLessEqual(server.most_open, 64)
        self.assertGreater(server.most_open, 16)
        self.assertLess(self.longest_us, 500000)

    def test_reverse(self):
        self.serve({('2.0.1.10.in-addr.arpa', PTR):
                    [('2.0.1.10.in-addr.arpa', PTR, 'gw.test')]})
        rows = self.ask('r:10.1.0.2', 'r:10.1.0.3', 'r:2001:db8::9')
        self.assertEqual(rows['r:10.1.0.2']['name'], 'gw.test')
        self.assertEqual((rows['r:10.1.0.3']['name'], rows['r:10.1.0.3']['err'] != 0), ('-', True))
        self.assertEqual(rows['r:2001:db8::9']['name'], '-')

    def test_hosts_file__comes_first_in_both_directions(self):
        server = self.serve({})
        self.write('hosts', '10.7.7.7 printer\n10.7.7.8 camera.home camera\n2001:db8:7::7 printer\n')
        rows = self.ask('f4:printer', 'f6:printer', 'f4:camera', 'r:10.7.7.8', 'r:2001:db8:7::7')
        self.assertEqual(rows['f4:printer']['addrs'], ['10.7.7.7'])
        self.assertEqual(rows['f6:printer']['addrs'], ['2001:db8:7::7'])
        self.assertEqual((rows['f4:camera']['addrs'], rows['f4:camera']['name']),
                         (['10.7.7.8'], 'camera.home'))
        self.assertEqual(rows['r:10.7.7.8']['name'], 'camera.home')
        self.assertEqual(rows['r:2001:db8:7::7']['name'], 'printer')
        self.assertEqual(server.asked, [])

    def test_localhost__needs_neither_file_nor_server(self):
        # c-ares 1.18 loses its copy of the name here, ten bytes a look-up.
        rows = self.ask('f4:localhost', 'f6:localhost', 'f:localhost',
                        LSAN_OPTIONS='detect_leaks=0')
        self.assertEqual(rows['f4:localhost']['addrs'], ['127.0.0.1'])
        self.assertEqual(rows['f6:localhost']['addrs'], ['::1'])
        self.assertEqual(sorted(rows['f:localhost']['addrs']), ['127.0.0.1', '::1'])

    def test_single_label__is_searched(self):
        self.write('resolv.conf', 'nameserver 127.0.0.1\nsearch lan.test\n')
        self.serve({('nas.lan.test', A): [('nas.lan.test', A, '10.3.3.3')]})
        row = self.ask('f4:nas')['f4:nas']
        self.assertEqual((row['addrs'], row['name']), (['10.3.3.3'], 'nas.lan.test'))

    def test_long_answer__comes_over_tcp(self):
        self.serve({('many.test', A): [('many.test', A, f'10.4.0.{i}') for i in range(1, 101)]})
        self.assertEqual(len(self.ask('f4:many.test')['f4:many.test']['addrs']), 100)

    def test_name_beyond_ascii__is_asked_in_its_ascii_form(self):
        server = self.serve({('xn--bcher-kva.test', A): [('xn--bcher-kva.test', A, '10.5.5.5')]})
        self.assertEqual(self.ask('f4:bücher.test')['f4:bücher.test']['addrs'], ['10.5.5.5'])
        self.assertEqual(server.asked, [('xn--bcher-kva.test', A)])

    def test_changed_resolv_conf__is_read_again(self):
        self.serve({('late.test', A): [('late.test', A, '10.6.6.6')]})
        self.write('resolv.conf', 'nameserver 127.0.0.9\noptions timeout:1 attempts:1\n')
        child = self.node.start(self.argv(['f4:late.test', 'wait', 'read', 'f4:late.test', 'wait']),
                                stdin=subprocess.PIPE)
        self.assertIn('Temporary failure', child.stdout.readline())
        time.sleep(0.02)  # so that the time of the file is another even where it is coarse
        self.write('resolv.conf', 'nameserver 127.0.0.1\n')
        out, err = child.communicate('go\n', timeout=30)
        self.assertEqual(err, '')
        self.assertEqual(self.parse(out)['f4:late.test']['addrs'], ['10.6.6.6'])

    def test_nothing_pending__at_close_with_look_ups_under_way(self):
        """Closing with answers outstanding calls nobody and leaks nothing (seen under ASan)."""
        self.serve({'any': lambda name, kind: None})
        done = self.node.run(self.argv(['many:200']))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(len(done.stdout.splitlines()), 1)


if __name__ == '__main__':
    require_root()
    unittest.main()
