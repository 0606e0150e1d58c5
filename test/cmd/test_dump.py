#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""icmp dump as a process, on capture files that scapy makes: whole, damaged, growing and packed.

Usage: test_dump.py ICMP"""
import gzip
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from scapy.all import (Dot1Q, Ether, GRE, ICMP, ICMPv6EchoRequest, IP, IPv6, IPv6ExtHdrDestOpt,
                       IPv6ExtHdrHopByHop, PcapNgWriter, Raw, TCP, UDP, fragment, wrpcap)

ICMP_CMD = sys.argv.pop(1)
A, B, R = '10.0.0.1', '10.0.0.2', '10.0.9.9'
ETHER = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
START = 1700000000  # 2023-11-14 22:13:20 UTC
HEADER = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)


def frames():
    ask = IP(src=A, dst=B, id=1) / ICMP(id=7, seq=1) / b'abcdefgh'
    tell = IP(src=B, dst=A, id=2) / ICMP(type=0, id=7, seq=1) / b'abcdefgh'
    probe = IP(src=A, dst=B, ttl=1, id=17) / UDP(sport=40000, dport=33434) / b'xyz'
    list_ = [ETHER / ask, ETHER / IP(src=A, dst=B) / TCP(), ETHER / tell,
             ETHER / IP(src=R, dst=A) / ICMP(type=11) / bytes(probe),
             ETHER / IP(src=B, dst=A) / ICMP(type=3, code=3) / bytes(probe),
             ETHER / IP(src=A, dst=B) / ICMP(id=7, seq=2, chksum=0x1234) / b'bad']
    for i, f in enumerate(list_):
        f.time = START + i * 0.001
    return list_


def record(frame, at=START, claims=None):
    data = bytes(frame)
    n = len(data) if claims is None else claims
    return struct.pack('<IIII', int(at), 0, n, n) + data


class Dump(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='ik-dump-')
        self.addCleanup(shutil.rmtree, self.folder)
        self.pcap = self.path('a.pcap')
        wrpcap(self.pcap, frames())

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), 'wb') as f:
            f.write(data)
        return self.path(name)

    def run_dump(self, *args, **kw):
        kw.setdefault('timeout', 60)
        env = {'PATH': os.environ['PATH'], 'TZ': 'UTC'}
        return subprocess.run([ICMP_CMD, 'dump', *args], text=True, capture_output=True, env=env,
                              **kw)

    def lines(self, *args, status=0):
        done = self.run_dump(*args)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout.splitlines()

    # ---- what is shown ------------------------------------------------------------------------

    def test_lines_are_paired_and_numbered_over_all_frames(self):
        lines = self.lines('-r', self.pcap)
        self.assertEqual(len(lines), 5)
        self.assertEqual(lines[0], '22:13:20.000000 IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, '
                                   'seq 1, length 16 [1]')
        self.assertTrue(lines[1].endswith('[3: reply to 1, 2.000 ms]'), lines[1])
        self.assertIn('quotes 31 bytes: IP 10.0.0.1.40000 > 10.0.0.2.33434: UDP', lines[2])
        self.assertTrue(lines[4].endswith('[6; flaw bad-checksum at byte 36]'), lines[4])

    def test_quiet_lines_are_those_of_tcpdump(self):
        if not shutil.which('tcpdump'):
            self.skipTest('needs tcpdump')
        want = subprocess.run(['tcpdump', '-nn', '-r', self.pcap, 'icmp'], text=True, timeout=60,
                              capture_output=True, env={'PATH': os.environ['PATH'], 'TZ': 'UTC'})
        self.assertEqual('\n'.join(self.lines('-q', '-r', self.pcap)) + '\n', want.stdout)

    def test_count_only_and_filter_choose_among_messages(self):
        self.assertEqual(len(self.lines('-c', '2', '-r', self.pcap)), 2)
        self.assertEqual(len(self.lines('--only', 'port-unreachable', '-r', self.pcap)), 1)
        self.assertEqual(len(self.lines('-r', self.pcap, 'src', 'host', R)), 1)
        self.assertEqual(len(self.lines('-r', self.pcap, 'icmp[icmptype] = icmp-echo')), 2)
        # The reply knows its request though the request was not asked for.
        only = self.lines('--only', 'echo-reply', '-r', self.pcap)
        self.assertIn('reply to 1', only[0])

    def test_icmp_is_found_where_libpcap_does_not_look(self):
        six = IPv6(src='2001:db8::1', dst='2001:db8::2')
        echo = ICMPv6EchoRequest(id=1, seq=1, data=b'x' * 2000)
        whole = IP(src=A, dst=B, id=9) / ICMP(id=3, seq=3) / (b'y' * 3000)
        inner = IP(src=A, dst=B) / ICMP(id=4, seq=4)
        list_ = [ETHER / six / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / echo]
        list_ += [ETHER / f for f in fragment(whole, 1480)]
        list_ += [ETHER / Dot1Q(vlan=5) / Dot1Q(vlan=6) / inner,
                  ETHER / IP(src=R, dst=B) / GRE() / inner]
        wrpcap(self.path('deep.pcap'), list_)
        lines = self.lines('-e', '-r', self.path('deep.pcap'), 'icmp or icmp6')
        self.assertEqual(len(lines), 6)
        self.assertIn('HBH DSTOPT ICMP6, echo request', lines[0])
        self.assertIn('frag (1480|1480)+ id 9', lines[2])
        self.assertIn('length 3008 [4; of 3 fragments]', lines[3])
        self.assertIn('vlan 5, vlan 6, length', lines[4])
        self.assertIn('inside ipv4 gre', lines[5])

    def test_json_is_a_run_and_packets(self):
        done = [json.loads(line) for line in self.lines('--json', '-r', self.pcap)]
        self.assertEqual([r['record'] for r in done], ['run'] + ['packet'] * 5)
        self.assertEqual(done[2]['pair'], {'kind': 'reply', 'n': 1, 'rtt_ns': 2000000})
        self.assertEqual(done[4]['icmp']['quote']['dport'], 33434)
        self.assertEqual(done[5]['flaws'], [{'what': 'bad-checksum', 'at': 36}])
        totals = [json.loads(line) for line in self.lines('--json', '--summary', '-r', self.pcap)]
        self.assertEqual([r['record'] for r in totals], ['run', 'dump_summary'])
        self.assertEqual((totals[1]['frames'], totals[1]['packets'], totals[1]['replies']), (6, 5, 1))
        self.assertTrue(totals[1]['final'])

    def test_summary_counts_each_frame_once(self):
        lines = self.lines('--summary', '-r', self.pcap)
        self.assertTrue(lines[0].startswith('5 ICMP packets of 6 frames, '), lines[0])
        self.assertIn('  2 requests, 1 reply, 0 errors about requests, 0 duplicates, 0 repeated, 0 '
                      'replies without a request', lines)
        self.assertIn('  unanswered: 1', lines)

    def test_too_short_for_a_message_is_shown_with_its_flaw(self):
        wrpcap(self.path('short.pcap'), [ETHER / IP(src=A, dst=B, proto=1) / Raw(b'\x08\x00'),
                                         ETHER / IP(src=A, dst=B, proto=17) / Raw(b'\x08')])
        self.assertEqual(len(self.lines('-r', self.path('short.pcap'))), 1)
        self.assertIn('ICMP too short, length 2 [1; flaw short at byte 3',
                      self.lines('-r', self.path('short.pcap'))[0])
        self.assertIn('<-- short', '\n'.join(self.lines('-V', '-r', self.path('short.pcap'))))

    def test_hex_marks_the_flaw(self):
        lines = self.lines('-x', '-r', self.pcap)
        mark = [i for i, line in enumerate(lines) if '^^' in line]
        self.assertEqual(len(mark), 1)
        self.assertEqual(lines[mark[0] - 1][lines[mark[0]].index('^^'):][:4], '1234')
        self.assertTrue(lines[mark[0]].endswith('^^ bad-checksum'))

    # ---- where it comes from ------------------------------------------------------------------

    def test_standard_input_gzip_and_pcapng_give_the_same(self):
        want = self.lines('-r', self.pcap)
        with open(self.pcap, 'rb') as f:
            data = f.read()
        with open(self.pcap, 'rb') as f:
            done = self.run_dump('-r', '-', stdin=f)
        self.assertEqual(done.stdout.splitlines(), want)
        packed = self.path('a.gz')
        with gzip.open(packed, 'wb') as f:
            f.write(data)
        self.assertEqual(self.lines('-r', packed), want)
        with PcapNgWriter(self.path('a.pcapng')) as w:
            for f in frames():
                w.write(f)
        self.assertEqual(self.lines('-r', self.path('a.pcapng')), want)

    # ---- damage -------------------------------------------------------------------------------

    def test_what_is_cut_off_is_shown_as_far_as_it_is_there(self):
        with open(self.pcap, 'rb') as f:
            data = f.read()
        done = self.run_dump('-r', self.write('cut', data[:-10]))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stdout.splitlines()), 5)
        self.assertIn('ICMP too short, length 1 [6; captured 35 of 45 bytes]',
                      done.stdout.splitlines()[-1])
        self.assertRegex(done.stderr, r'^dump: .*cut: byte [0-9]+: the file ends inside')
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_a_length_that_cannot_be_ends_reading_after_what_was_right(self):
        data = HEADER + record(frames()[0]) + record(frames()[2], claims=1 << 30)
        done = self.run_dump('-r', self.write('length', data))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertIn('byte %d: ' % (24 + 16 + len(frames()[0])), done.stderr)

    def test_every_cut_of_a_file_ends_without_noise(self):
        with open(self.pcap, 'rb') as f:
            data = f.read()
        for n in range(0, len(data), 37):
            done = self.run_dump('-V', '-x', '-r', self.write('cut', data[:n]))
            self.assertIn(done.returncode, (0, 1, 2), (n, done.stderr))
            self.assertLessEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_frames_of_a_link_type_that_is_not_read_are_counted_aloud(self):
        data = HEADER[:20] + struct.pack('<I', 147) + record(frames()[0]) * 3
        done = self.run_dump('-r', self.write('type', data))
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('not looked at: 3 frames of link types that icmp does not read, such as 147\n', done.stderr)
        data = HEADER[:20] + struct.pack('<I', 147) + record(frames()[0])
        done = self.run_dump('-r', self.write('one', data))
        self.assertIn('not looked at: 1 frame of a link type that icmp does not read, 147\n', done.stderr)

    def test_what_is_no_capture_is_an_error(self):
        for data in (b'hello, this is text\n' * 10, b'\0' * 100):
            done = self.run_dump('-r', self.write('none', data))
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(done.stdout, '')
        done = self.run_dump('-r', self.path('missing'))
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, 'dump: cannot read %s: No such file or directory\n' %
                         self.path('missing'))

    def test_names_of_files_and_filters_of_strangers_are_harmless(self):
        done = self.run_dump('-r', self.path('\x1b[2J'))
        self.assertNotIn('\x1b', done.stderr)
        done = self.run_dump('-r', self.pcap, 'nonsense here')
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, '')
        done = self.run_dump('-r', self.pcap, 'host example.org')
        self.assertEqual(done.returncode, 2)

    # ---- ends ---------------------------------------------------------------------------------

    def big(self, n):
        one = record(frames()[0])
        return self.write('big', HEADER + one * n)

    def test_a_closed_pipe_ends_quietly(self):
        big = self.big(20000)
        for args in ('', '--json', '-V'):
            done = subprocess.run(['sh', '-c', '{ "$0" dump %s -r "$1"; echo "$?" >&2; } | head -n 1' %
                                   args, ICMP_CMD, big], text=True, capture_output=True, timeout=60)
            self.assertEqual(done.stderr, '0\n', args)
            self.assertEqual(len(done.stdout.splitlines()), 1)

    def test_a_full_disk_is_said(self):
        with open('/dev/full', 'w') as full:
            done = subprocess.run([ICMP_CMD, 'dump', '-r', self.pcap], stdout=full, text=True,
                                  stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn('No space left on device', done.stderr)

    def test_a_growing_file_is_followed_until_the_interrupt(self):
        path = self.write('grows', HEADER + record(frames()[0])[:30])
        child = subprocess.Popen([ICMP_CMD, 'dump', '--follow', '-r', path], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            time.sleep(0.3)  # so that it has seen the half
            with open(path, 'ab') as f:
                f.write(record(frames()[0])[30:] + record(frames()[2]))
            self.assertIn('echo request', child.stdout.readline())
            self.assertIn('reply to 1', child.stdout.readline())
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=20)
        finally:
            child.kill()
            child.wait()
        self.assertEqual((out, child.returncode), ('', 0), err)
        self.assertIn('dump: 2 packets captured\n', err)

    def test_memory_does_not_grow_with_the_file(self):
        def peak(n):
            path = self.big(n)
            pid = os.fork()
            if pid == 0:
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, 1)
                os.execv(ICMP_CMD, ['icmp', 'dump', '--json', '-r', path])
            return os.wait4(pid, 0)[2].ru_maxrss
        self.assertLess(peak(200000), peak(2000) + 4096)

    # ---- writing ------------------------------------------------------------------------------

    def test_the_file_that_is_read__is_not_written_over(self):
        with open(self.pcap, 'rb') as f:
            was = f.read()
        for args in (('-w', self.pcap), ('-w', self.pcap, '-C', '1'),
                     ('-w', self.pcap, '-G', '1')):
            done = self.run_dump('-r', self.pcap, *args)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn('it is the file that is read', done.stderr)
            with open(self.pcap, 'rb') as f:
                self.assertEqual(f.read(), was, args)

    def test_partners_and_flaws_are_comments_that_wireshark_shows(self):
        if not shutil.which('tshark'):
            self.skipTest('needs tshark')
        out = self.path('out.pcapng')
        self.assertEqual(self.lines('-r', self.pcap, '-w', out), [])
        done = subprocess.run(['tshark', '-r', out, '-T', 'fields', '-e', 'frame.number', '-e',
                               'frame.comment'], text=True, capture_output=True, timeout=60)
        self.assertEqual(done.stdout.splitlines(),
                         ['1\t', '2\treply to 1, 2.000 ms', '3\t', '4\t',
                          '5\tbad-checksum at byte 36: the checksum does not verify'])
        self.assertEqual([line.split(' [')[0] for line in self.lines('-r', out)],
                         [line.split(' [')[0] for line in self.lines('-r', self.pcap)])

    def test_standard_output_takes_a_capture(self):
        first = subprocess.Popen([ICMP_CMD, 'dump', '-r', self.pcap, '-w', '-'],
                                 stdout=subprocess.PIPE)
        done = self.run_dump('-q', '-r', '-', stdin=first.stdout)
        first.stdout.close()
        self.assertEqual(first.wait(timeout=20), 0)
        self.assertEqual(done.stdout.splitlines(), self.lines('-q', '-r', self.pcap))

    def test_a_write_that_fails_leaves_a_file_that_can_be_read(self):
        big, out = self.big(5000), self.path('out.pcapng')

        def little_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100001, 100001))
        done = self.run_dump('-r', big, '-w', out, preexec_fn=little_room)
        self.assertEqual(done.returncode, 2)
        self.assertIn('cannot write %s: File too large' % out, done.stderr)
        back = self.lines('-r', out)
        self.assertGreater(len(back), 100)


if __name__ == '__main__':
    unittest.main()
