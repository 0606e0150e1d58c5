#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""icmp guard as a process, on capture files that scapy makes.

Usage: test_guard.py ICMP"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from scapy.all import Ether, ICMP, IP, rdpcap, wrpcap

ICMP_CMD = sys.argv.pop(1)
A, B, OUTSIDE = '10.0.0.1', '192.0.2.7', '198.51.100.3'
ETHER = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
START = 1700000000  # 2023-11-14 22:13:20 UTC


def at(seconds, packet):
    frame = ETHER / packet
    frame.time = START + seconds
    return frame


def talk(n, same):
    """Echoes whose replies return what was sent, or something else."""
    out = []
    for i in range(n):
        ask = b'ask once' * 9
        tell = ask if same else b'other %03d ' % i * 20
        out += [at(i * .1, IP(src=A, dst=B, id=i) / ICMP(id=7, seq=i) / ask),
                at(i * .1 + .01, IP(src=B, dst=A, id=i) / ICMP(type=0, id=7, seq=i) / tell)]
    return out


def death(seconds=4):
    return at(seconds, IP(src=OUTSIDE, dst=A, proto=1, frag=8189, id=5) / (b'x' * 100))


class Guard(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='ik-guard-')
        self.addCleanup(shutil.rmtree, self.folder)
        self.bad, self.good = self.path('bad.pcap'), self.path('good.pcap')
        wrpcap(self.bad, talk(20, False) + [death()])
        wrpcap(self.good, talk(20, True))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)
        return self.path(name)

    def run_it(self, *args, **more):
        return subprocess.run([ICMP_CMD, 'guard', *args], timeout=60, capture_output=True,
                              env={'TZ': 'UTC'}, check=False, **more)

    def said(self, *args, status=0):
        done = self.run_it(*args)
        self.assertEqual((done.returncode, done.stderr.decode()), (status, ''), done.stdout)
        return done.stdout.decode()

    def refused(self, *args):
        done = self.run_it(*args)
        self.assertEqual((done.returncode, done.stdout), (2, b''))
        self.assertEqual(done.stderr.count(b'\n'), 1)
        return done.stderr.decode()

    def records(self, *args, status=1):
        return [json.loads(line) for line in self.said('--json', *args, status=status).splitlines()]

    # ---- sources and options

    def test_without_a_source__says_how_to_call_it(self):
        self.assertIn('icmp guard -r FILE', self.refused())
        self.assertIn('icmp guard -r FILE', self.refused('--json'))

    def test_proof_into_the_capture_that_is_read__leaves_it_as_it_was(self):
        with open(self.bad, 'rb') as f:
            was = f.read()
        os.link(self.bad, self.path('again.pcap'))
        for name in (self.bad, self.path('again.pcap'), os.path.join(self.folder, '.', 'bad.pcap')):
            self.assertIn('it is the file that is read', self.refused('-r', self.bad, '--pcapng', name))
            with open(self.bad, 'rb') as f:
                self.assertEqual(f.read(), was)
        os.remove(self.path('again.pcap'))
        with open(self.bad, 'rb') as f:
            done = self.run_it('-r', '-', '--pcapng', self.bad, stdin=f)
        self.assertEqual(done.returncode, 2)
        with open(self.bad, 'rb') as f:
            self.assertEqual(f.read(), was)

    def test_what_is_not_there__is_refused_in_a_line(self):
        self.assertIn('no-such', self.refused('-r', self.path('no-such')))
        self.assertIn('is no option', self.refused(self.bad))
        self.assertIn('contradict', self.refused('-r', self.bad, '-i', 'lo'))
        self.assertIn('contradict', self.refused('-r', self.bad, '--json', '--format', 'eve'))
        self.assertIn('bad NET', self.refused('-r', self.bad, '--home', '10.0.0.0/33'))
        self.assertIn('give --pcapng a file', self.refused('-r', self.bad, '--pcapng', '-'))
        self.assertIn("interface 'no0'", self.refused('-i', 'no0'))
        self.assertIn("did you mean 'icmp guard status'?", self.refused('statsu'))
        self.assertIn('is no option', self.refused('eth0'))
        self.assertIn('add --enforce', self.refused('-r', self.bad, '--on-exit', 'expire'))
        self.assertIn('eve has no event', self.refused('-r', self.bad, '--dry-run', '--format', 'eve'))
        device = self.refused('-r', self.bad, '--pcapng', '/dev/null')
        self.assertIn('no ordinary file', device)
        self.assertNotIn('remove', device)
        self.assertIn('names no interface', self.refused('--config', self.write('c.yaml', 'off: []')))

    def test_whom_a_dry_run_spares__is_told_first(self):
        done = self.run_it('-r', self.bad, '--dry-run')
        self.assertEqual(done.stderr, b'')  # of a file nobody knows
        spare = ', '.join('2001:db8::%x' % i for i in range(1, 61))
        path = self.write('spare.yaml', 'enforce: {spare: [192.0.2.7, %s]}\n' % spare)
        done = self.run_it('-r', self.bad, '--dry-run', '--config', path)
        line = done.stderr.decode()
        self.assertTrue(line.startswith('guard: enforcement spares 192.0.2.7 (the configuration spares it), '
                                        '2001:db8::1 (the configuration spares it), '), line)
        # Of a long list the beginning, and how many more there are.
        shown = line.count('spares it')
        self.assertTrue(line.endswith('), and %d more\n' % (61 - shown)), line)
        self.assertLess(shown, 20)
        self.assertIn(b'not done: the configuration spares it', done.stdout)
        korean = self.run_it('--lang', 'ko', '-r', self.bad, '--dry-run', '--config', path).stderr.decode()
        self.assertTrue(korean.startswith('guard: '), korean)
        self.assertTrue(korean.endswith('\n') and korean.count('\n') == 1, korean)
        self.assertIn('192.0.2.7 (설정이 제외했다), ', korean)

    # ---- text

    def test_nothing_found__is_one_line(self):
        self.assertEqual(self.said('-r', self.good),
                         '40 ICMP packets among 40 frames in 1.910 s, nothing found\n')

    def test_a_finding__has_its_measure_its_proof_and_its_rule(self):
        text = self.said('-r', self.bad, '--home', '10.0.0.0/8', status=1)
        for want in ('high tunnel-mismatch: 10.0.0.1 -> 192.0.2.7 [1]\n',
                     'measured   100%\n', 'threshold  50% (tunnel-mismatch-share): ',
                     'ICMPv4 0/0 echo-reply\n', 'ATT&CK     T1095\n',
                     'frame 16, 2023-11-14 22:13:20.710000, from byte 42:\n              6f74686572',
                     'nft rule   ip saddr { 10.0.0.1, 192.0.2.7 }',
                     'frag-oversize: 198.51.100.3 -> 10.0.0.1 [2]\n',
                     'Findings: 2 high\n   1  high      tunnel-mismatch     10.0.0.1 -> 192.0.2.7',
                     '40 ICMP packets among 41 frames in 4.000 s\n'):
            self.assertIn(want, text)
        self.assertEqual(text.count('tunnel-mismatch:'), 1, 'one cause is told once')

    def test_of_many_findings__the_worst_stand_first(self):
        list_ = self.said('-r', self.bad, status=1).split('Findings:')[1].splitlines()[1:3]
        self.assertEqual([line.split()[0] for line in list_], ['1', '2'])

    # ---- for programs

    def test_json__is_run_findings_and_summary(self):
        done = self.records('-r', self.bad)
        self.assertEqual([r['record'] for r in done],
                         ['run'] + ['finding'] * 4 + ['guard_summary'])
        states = [(r['id'], r['state']) for r in done[1:5]]
        self.assertEqual(sorted(states), [(1, 'ended'), (1, 'new'), (2, 'ended'), (2, 'new')])
        last = [r for r in done if r.get('state') == 'ended' and r['id'] == 1][0]
        self.assertEqual((last['detector'], last['packets'], last['attack'], last['action']),
                         ('tunnel-mismatch', 20, 'T1095', 'block-pair'))
        self.assertEqual([e['n'] for e in last['evidence']], [16, 18, 20])
        # As the reference implementation of community id gives for this pair and echo.
        self.assertEqual(last['community_id'], '1:onrg0PkryXq2waYBsCpWrO44RNY=')
        self.assertIn('icmp type { echo-request, echo-reply } drop', last['rule'])
        self.assertEqual(done[-1]['severities'], [{'what': 'high', 'n': 2}])
        self.assertEqual((done[-1]['frames'], done[-1]['packets']), (41, 40))

    def test_eve__is_an_alert_a_finding(self):
        events = [json.loads(line)
                  for line in self.said('--format', 'eve', '-r', self.bad, status=1).splitlines()]
        self.assertEqual([e['alert']['signature_id'] for e in events], [8, 6])
        e = events[0]
        self.assertEqual((e['event_type'], e['timestamp'], e['proto'], e['src_ip'], e['dest_ip'],
                          e['icmp_type'], e['icmp_code'], e['pcap_cnt'], e['community_id']),
                         ('alert', '2023-11-14T22:13:20.710000+0000', 'ICMP', B, A, 0, 0, 16,
                          '1:onrg0PkryXq2waYBsCpWrO44RNY='))
        self.assertEqual((e['alert']['severity'], e['alert']['metadata']['mitre_technique_id']),
                         (1, ['T1095']))
        self.assertEqual((e['flow']['src_ip'], e['flow']['dest_ip'], e['flow']['pkts_toserver']),
                         (A, B, 8))
        self.assertNotIn('icmp_type', events[1], 'a part of a message has no type')
        self.assertNotEqual(e['flow_id'], events[1]['flow_id'])

    def test_evidence__is_kept_with_its_finding(self):
        kept = self.path('proof.pcapng')
        self.said('-r', self.bad, '--pcapng', kept, status=1)
        self.assertEqual([bytes(p) for p in rdpcap(kept)],
                         [bytes(rdpcap(self.bad)[i]) for i in (15, 17, 19, 40)])
        with open(kept, 'rb') as f:
            self.assertIn(b'finding 2, high frag-oversize: ', f.read())

    # ---- labs

    def lab(self, **more):
        keys = {'vantage': 'gw', 'stop': ', stop: 4s', **more}
        return self.write('lab.yaml', f"""seed: 1
vantage: {keys['vantage']}
nodes: {{me: {{kind: host}}, loud: {{kind: host}}, gw: {{kind: router}}, web: {{kind: host}}}}
links:
  - {{between: [me, gw],   net: 10.0.1.0/24, delay: 1ms}}
  - {{between: [loud, gw], net: 10.0.3.0/24, delay: 1ms}}
  - {{between: [gw, web],  net: 10.0.2.0/24, delay: 4ms}}
traffic:
  - {{from: loud, to: web, kind: echo, rate: 1000/s, start: 2s{keys['stop']}}}
  - {{from: me, to: web, kind: echo, rate: 5/s, start: 1s{keys['stop']}}}
""")

    def test_lab__is_seen_from_its_vantage__the_same_each_time(self):
        text = self.said('--lab', self.lab(), status=1)
        self.assertEqual(self.said('--lab', self.lab(), status=1), text)
        self.assertIn('flood-dst: 10.0.3.1 -> 10.0.2.2', text)
        self.assertNotIn('10.0.1.1', text, 'the quiet one is not named')
        self.assertIn('icmp ping (2015)', text, 'what is forwarded counts once')
        self.assertIn('0 ICMP packets among 0 frames',
                      self.said('--lab', self.lab(vantage='me'), '--for', '1'))

    def test_lab__in_json_begins_at_1970(self):
        done = self.records('--lab', self.lab(), '--seed', '9')
        self.assertEqual((done[0]['clock'], done[0]['seed'], done[0]['time'][:10]),
                         ('virtual', '9', '1970-01-01'))
        self.assertIsNone(done[0]['kernel'])
        new = [r for r in done if r.get('state') == 'new']
        self.assertTrue(all('1970-01-01T00:00:02' <= r['first'] < '1970-01-01T00:00:04'
                            for r in new), new)

    def test_lab__whose_traffic_never_stops__needs_an_end(self):
        self.assertIn('--for TIME', self.refused('--lab', self.lab(stop='')))
        self.assertIn('flood-src', self.said('--lab', self.lab(stop=''), '--for', '5', status=1))

    def test_lab__contradicts_the_machine(self):
        self.assertIn('contradict', self.refused('--lab', self.lab(), '-i', 'lo'))
        self.assertIn('contradict', self.refused('--lab', self.lab(), '-r', self.bad))
        self.assertIn('--lab FILE', self.refused('-r', self.bad, '--seed', '1'))
        self.assertIn('lab.yaml', self.refused('--lab', self.path('lab.yaml') + 'x'))

    # ---- configuration

    def test_config__moves_thresholds_and_turns_off(self):
        off = self.write('off.yaml', 'off: [tunnel-mismatch, frag-oversize]\n')
        self.assertIn('nothing found', self.said('-r', self.bad, '--config', off))
        late = self.write('late.yaml', 'limits: {tunnel-replies: 21}\noff: [frag-oversize]\n')
        self.assertIn('nothing found', self.said('-r', self.bad, '--config', late))
        just = self.write('just.yaml', 'limits: {tunnel-replies: 20}\noff: [frag-oversize]\n')
        self.assertIn('tunnel-mismatch', self.said('-r', self.bad, '--config', just, status=1))
        allow = self.write('allow.yaml', f'allow: [{{source: {OUTSIDE}}}]\noff: [tunnel-mismatch]\n')
        self.assertIn('nothing found', self.said('-r', self.bad, '--config', allow))

    def test_config__an_unknown_key_has_its_line(self):
        said = self.refused('-r', self.bad, '--config', self.write('c.yaml', 'off: []\nhmoe: []\n'))
        self.assertIn('c.yaml:2:1: ', said)
        self.assertIn('home', said)

    # ---- time, damage, signals

    def test_for__is_of_the_packets_time(self):
        text = self.said('-r', self.bad, '--for', '0.7')
        self.assertEqual(text, '14 ICMP packets among 14 frames in 0.610 s, nothing found\n')

    def test_a_damaged_file__that_shows_nothing__is_no_clean_one(self):
        for name, status in (('good.pcap', 2), ('bad.pcap', 1)):
            with open(self.path(name), 'rb') as f:
                data = f.read()[:-5]
            with open(self.path('cut.pcap'), 'wb') as f:
                f.write(data)
            done = self.run_it('-r', self.path('cut.pcap'))
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn(b'byte', done.stderr)
            self.assertEqual(done.stdout.endswith(b', nothing found in what could be read\n'), status == 2)

    def test_frames_of_a_link_type_that_is_not_read__are_not_called_clean(self):
        with open(self.good, 'rb') as f:
            data = f.read()
        for linktype, status in ((147, 2), (12, 0)):  # a private one; raw IP as BSD has it
            with open(self.path('type.pcap'), 'wb') as f:
                f.write(data[:20] + linktype.to_bytes(4, 'little') + data[24:])
            done = self.run_it('-r', self.path('type.pcap'))
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual(b'40 frames of link types that icmp does not read, such as 147' in done.stderr, status == 2)
            self.assertEqual(b'nothing found in what could be read' in done.stdout, status == 2)

    def test_what_is_no_capture__is_not_said_to_have_nothing_in_it(self):
        for text, said in (('', ': the file is empty\n'), ('no capture', ': byte 0: ')):
            self.assertIn(said, self.refused('-r', self.write('x.txt', text)))
            done = self.run_it('--json', '-r', self.path('x.txt'))
            run, total = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual((done.returncode, total['frames']), (2, 0))
            self.assertEqual([why.split(':')[0] for why in run['unseen']], ['directions, and what shows by them'])
            done = self.run_it('--json', '-r', self.path('x.txt'), '--home', '10.0.0.0/8')
            self.assertEqual(json.loads(done.stdout.splitlines()[0])['unseen'], [])
            self.assertGreaterEqual(total['time'], run['time'])

    def test_hangup__reads_the_configuration_again__and_forgets_nothing(self):
        config = self.write('c.yaml', 'limits: {tunnel-replies: 100}\noff: [frag-oversize]\n')
        pipe = subprocess.Popen([ICMP_CMD, 'guard', '--json', '-r', '-', '--config', config],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        with open(self.bad, 'rb') as f:
            data = f.read()
        half = 24 + sum(16 + len(p) for p in talk(10, False))
        with pipe:
            pipe.stdin.write(data[:half])
            pipe.stdin.flush()
            self.assertIn(b'"record":"run"', pipe.stdout.readline())
            time.sleep(.3)
            self.write('c.yaml', 'limits: {tunnel-replies: [}\n')
            pipe.send_signal(signal.SIGHUP)
            self.assertIn(b'c.yaml:1:', pipe.stderr.readline())
            self.assertIn(b'as it was', pipe.stderr.readline())
            self.write('c.yaml', 'limits: {tunnel-replies: 20}\noff: [frag-oversize]\n')
            pipe.send_signal(signal.SIGHUP)
            self.assertIn(b'read again', pipe.stderr.readline())
            pipe.stdin.write(data[half:])
            pipe.stdin.close()
            found = [json.loads(line) for line in pipe.stdout.read().splitlines()]
        # Only with the ten replies from before there are twenty.
        self.assertEqual([r['detector'] for r in found if r['record'] == 'finding'],
                         ['tunnel-mismatch'] * 2)
        self.assertEqual(pipe.returncode, 1)

    def test_korean__is_for_people_alone(self):
        if b'no catalogue' in self.run_it('-r', self.good, '--lang', 'ko').stderr:
            self.skipTest('built without messages in Korean')
        text = self.said('-r', self.good, '--lang', 'ko')
        self.assertRegex(text, '[가-힣]')
        text = self.said('-r', self.bad, '--lang', 'ko', status=1)
        self.assertIn('요청에 담긴 것과 다른 데이터를', text)
        self.assertIn('정상 쌍 92개 중 0개', text)
        self.assertNotRegex(self.said('-r', self.bad, '--lang', 'ko', '--json', status=1), '[가-힣]')

    def test_results_that_cannot_be_written__are_an_error(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([ICMP_CMD, 'guard', '-r', self.bad], stdout=full,
                                  stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)


if __name__ == '__main__':
    unittest.main()
