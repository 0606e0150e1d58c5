#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Korean, however it is asked for and without a generated locale: help, errors and notices; but never
what programs read.

Usage: test_korean.py ICMP"""
import gzip
import json
import re
import subprocess
import sys
import tempfile
import unicodedata
import unittest

ICMP = sys.argv.pop(1)
COLUMN, WIDTH = 30, 110
HANGUL = re.compile('[가-힣]')
KOREAN = {'LANG': 'ko_KR.UTF-8'}
# Each of them asks for Korean; where a locale is named, this machine need not have it.
WAYS = [(['--lang', 'ko'], {}), (['--lang=ko'], {'LC_ALL': 'C'}), ([], KOREAN),
        ([], {'LC_ALL': 'ko_KR.eucKR', 'LANG': 'en_US.UTF-8'}), ([], {'LC_MESSAGES': 'ko'}),
        ([], {'LANG': 'C.UTF-8', 'LANGUAGE': 'ko:en'}), (['--lang', 'ko'], {'LANGUAGE': 'en'})]
# Each of them does not.
OTHERWISE = [([], {}), (['--lang', 'en'], KOREAN), (['--lang=en'], {'LC_ALL': 'ko_KR.UTF-8'}),
             ([], {**KOREAN, 'LC_ALL': 'C'}), ([], {**KOREAN, 'LANGUAGE': 'en'}),
             (['--lang', 'ko', '--lang', 'en'], KOREAN)]


def run(args, env=None):
    return subprocess.run([ICMP, *args], env=env or {}, capture_output=True, encoding='utf-8',
                          timeout=60)


def width(text):
    """The columns of a terminal that it takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1
               for c in text)


def verbs():
    return [v for v in re.findall(r'^  (\w+)', run(['help']).stdout, re.M)
            if v not in ('help', 'version')]


def options(text):
    """(option with its argument, column of its description) of each option of a help."""
    out = []
    for line in text.splitlines():
        m = re.match(r'(  (?:-|    --)\S.*?)(?:  +(\S.*))?$', line)
        if m:
            out.append([m[1], width(line[:m.start(2)]) if m[2] else None])
        elif out and line.startswith(' ' * COLUMN) and out[-1][1] in (None, COLUMN):
            out[-1][1] = width(line[:len(line) - len(line.lstrip())])
    return out


class Help(unittest.TestCase):
    def test_every_way_of_asking(self):
        want = None
        for args, env in WAYS:
            done = run(['ping', *args, '--help'], env)
            self.assertEqual((done.returncode, done.stderr), (0, ''), (args, env))
            self.assertTrue(done.stdout.startswith('사용법: icmp ping [옵션]... 대상...\n'), (args, env))
            want = want or done.stdout
            self.assertEqual(done.stdout, want, (args, env))

    def test_every_way_of_not_asking(self):
        for args, env in OTHERWISE:
            done = run(['ping', *args, '--help'], env)
            self.assertTrue(done.stdout.startswith('Usage: icmp ping [OPTION]... TARGET...\n'),
                            (args, env))
            self.assertIsNone(HANGUL.search(done.stdout), (args, env))

    def test_of_verbs__same_options_in_the_same_columns(self):
        self.assertIn('trace', verbs())
        for verb in verbs():
            en, ko = (options(run(['help', verb], env).stdout) for env in ({}, KOREAN))
            self.assertGreater(len(ko), 5, verb)
            self.assertEqual([o[0] for o in ko], [o[0] for o in en], verb)
            for option, column in ko:
                self.assertEqual(column, COLUMN, (verb, option))

    def test_of_verbs__no_line_is_too_wide(self):
        for verb in verbs():
            for line in run(['help', verb], KOREAN).stdout.splitlines():
                self.assertLessEqual(width(line), WIDTH, (verb, line))

    def test_list_of_verbs(self):
        done = run(['help'], KOREAN)
        rows = done.stdout.split('명령:\n')[1].splitlines()
        self.assertEqual(len(rows), len(verbs()) + 2)
        self.assertRegex(rows[0], HANGUL)
        for row in rows:
            self.assertEqual(re.match(r'  \w+ +', row).end(), 12, row)

    def test_words_of_node_information_stay(self):
        en, ko = (run(['ping', '-N', 'help'], env).stdout for env in ({}, KOREAN))
        self.assertRegex(ko, HANGUL)
        self.assertEqual([w for w in ko.splitlines() if w.startswith('  ')],
                         [w for w in en.splitlines() if w.startswith('  ')])


class Errors(unittest.TestCase):
    def assert_says(self, args, text, status=2):
        for extra, env in WAYS[:3]:
            done = run([*args, *extra], env)
            self.assertEqual((done.returncode, done.stderr), (status, text + '\n'), (extra, env))

    def test_options(self):
        self.assert_says(['ping', '-c', 'x', '127.0.0.1'], "ping: '-c'의 COUNT 값 'x'이(가) 잘못되었다: "
                         '1부터 9223372036854775807까지의 정수여야 한다')
        self.assert_says(['trace', '--quries', '1', '::1'],
                         "trace: 알 수 없는 옵션 '--quries'. '--queries'을(를) 뜻했는가?")
        self.assert_says(['ping'], 'ping: 대상이 없다. 이름, 주소, 프리픽스 또는 --targets FILE을 지정한다')

    def test_numbers__are_those_of_C(self):
        """A locale would have its own decimal sign."""
        self.assert_says(['ping', '-i', '0,5', '127.0.0.1'], "ping: '-i'의 SECONDS 값 '0,5'이(가) "
                         '잘못되었다: 0부터 2147483까지의 초 단위 수(예: 0.5)여야 한다')

    def test_texts_of_the_library_and_of_the_system(self):
        self.assert_says(['ping', '--targets', '/nowhere/list'],
                         'ping: /nowhere/list을(를) 읽을 수 없다: 그런 파일이나 디렉터리 없음')
        self.assert_says(['ping', '--lab', 'internet', '240.0.0.1/8'],
                         'ping: 240.0.0.1/8: 주소가 16777214개이다. 한 번에 대상은 최대 1048576개이다')

    def test_faults_of_a_lab_file(self):
        """Whole sentences with the arguments where Korean has them, at their place in the file."""
        start = 'vantage: a\nnodes: {a: {kind: host}, b: {kind: router}}\nlinks:\n'
        link = start + '- {between: [a, b], net: 10.0.0.0/24}\n'
        for text, want in [
                (start + '- {between: [a, b], net: 10.0.0.0/24, dealy: 1s}', '4:39: 링크에 "dealy"(이)라는 '
                 '키는 없다. delay을(를) 뜻했는가?'),
                (start + '- {between: [a, b], net: 10.0.0.0/24, delay: 1}', '4:46: delay의 값 "1"이(가) '
                 '잘못되었다. 올바른 값: 0부터 1h까지, 단위를 붙인 시간(500us, 5ms, 2s, 1min)'),
                (start + '- {between: [a, b], net: 10.0.0.5/24}', '4:26: net의 값 "10.0.0.5/24"이(가) '
                 '잘못되었다. 올바른 값: 10.0.0.0/24. 프리픽스 뒤의 비트는 모두 0이어야 한다'),
                (start + '- {between: [a, x], net: 10.0.0.0/24}', '4:17: "x"(이)라는 노드는 없다. '
                 '있는 노드: a, b'),
                (link + 'routes: [{node: a, to: default, via: a}]', '5:38: a은(는) 자신에게 보낼 수 없다. '
                 'via는 그 이웃이다: b'),
                (link + 'vantage: b', '5:1: "vantage"이(가) 두 번 나온다. 처음 나온 곳은 1번째 줄이다'),
                ('nodes: [\n', "2:1: YAML이 아니다: did not find expected node content, while "
                 'parsing a flow node(2번째 줄부터)'),
                (link + 'events: 5', '5:9: events은(는) [{at: 5s, node: gw, restart: 2s}] 같은 목록이어야 '
                 '하는데 5이다')]:
            with tempfile.NamedTemporaryFile('w', suffix='.yaml') as file:
                file.write(text)
                file.flush()
                self.assert_says(['lab', 'check', file.name], f'lab: {file.name}:{want}')
        self.assert_says(['ping', '--lab', '/nowhere/lab', 'x'],
                         'ping: /nowhere/lab: 읽을 수 없다: 그런 파일이나 디렉터리 없음')
        self.assert_says(['ping', '--lab', 'internt', 'x'],
                         'ping: internt: 그런 파일도, 내장된 랩도 없다. internet을(를) 뜻했는가?')

    def test_faults_of_a_packed_capture(self):
        """A file without packets, packed: cut, and with a byte of its checksum turned."""
        packed = gzip.compress(bytes.fromhex('d4c3b2a1020004000000000000000000ffff000065000000'), mtime=0)
        turned = bytearray(packed)
        turned[-8] ^= 1
        for content, at, want in [
                (packed[:-8], len(packed) - 8, 'gzip으로 압축된 데이터 중간에서 파일이 끝남'),
                (turned, len(packed) - 4, 'gzip으로 압축된 데이터가 손상됨')]:
            with tempfile.NamedTemporaryFile(suffix='.pcap.gz') as file:
                file.write(content)
                file.flush()
                if 'zlib' in run(['dump', '-r', file.name]).stderr:
                    self.skipTest('built without zlib')
                self.assert_says(['dump', '-r', file.name],
                                 f'dump: {file.name}: 바이트 {at}: {want}', 1)

    def test_filter__with_a_name(self):
        self.assert_says(['dump', '-r', '/dev/null', 'host', 'nowhere'], 'dump: nowhere: 필터 언어에 없는 '
                         '단어이고, 이름은 조회하지 않는다. 주소를 쓴다')

    def test_argument_in_utf_8__stays_whole(self):
        done = run(['ping', '-c', '하나', '127.0.0.1'], KOREAN)
        self.assertIn("'하나'", done.stderr)

    def test_notice__is_for_people_on_stderr_and_for_programs_on_stdout(self):
        for verb in ('ping', 'trace'):
            done = run([verb, '--json', '--lab', 'internet', 'nosuch'], KOREAN)
            self.assertEqual(done.stderr, f'{verb}: nosuch: 랩에 그런 이름의 노드가 없다. '
                             "목록은 'icmp lab check'로 본다\n")
            notices = [r for r in map(json.loads, done.stdout.splitlines())
                       if r['record'] == 'notice']
            self.assertEqual([n['text'] for n in notices],
                             ["no node of that name in the lab; 'icmp lab check' lists them"])


class Results(unittest.TestCase):
    """In a lab, so that they are the same each time."""

    def assert_same(self, *args):
        en, ko = (run(args, env) for env in ({}, KOREAN))
        self.assertEqual((ko.returncode, ko.stdout), (en.returncode, en.stdout))
        self.assertIsNone(HANGUL.search(ko.stdout))
        self.assertGreater(len(ko.stdout.splitlines()), 3)
        return ko.stdout

    def test_ping(self):
        out = self.assert_same('ping', '-c', '3', '--percentiles', '--lab', 'internet', '8.8.8.8')
        self.assertRegex(out, r'(?m)^64 bytes from 8\.8\.8\.8: icmp_seq=1 ttl=59 time=\d+\.\d+ ms$')
        self.assert_same('ping', '-c', '2', '-O', '-v', '-D', '--lab', 'internet', '8.8.8.8', 'far')
        self.assert_same('ping', '-c', '1', '-t', '2', '-v', '--lab', 'internet', '8.8.8.8')

    def test_trace(self):
        out = self.assert_same('trace', '-e', '--lab', 'internet', 'far')
        self.assertRegex(out, r'(?m)^14  far \(203\.0\.113\.9\)  \d+\.\d+ ms')

    def test_events(self):
        self.assert_same('trace', '-q1', '-m2', '--events', '--lab', 'internet', 'far')

    def test_json(self):
        for verb in (['ping', '-c2'], ['trace', '-q1']):
            en, ko = ([json.loads(line) for line in
                       run([*verb, '--json', '--lab', 'internet', 'far'], env).stdout.splitlines()]
                      for env in ({}, KOREAN))
            self.assertEqual(ko, en)

    def test_targets_of_standard_input(self):
        done = [subprocess.run([ICMP, 'ping', '-q', '-c1', '-i0', '--lab', 'internet', '--targets',
                                '-'], env=env, capture_output=True, encoding='utf-8', timeout=60,
                               input='8.8.8.8\n' * 65) for env in ({}, KOREAN)]
        self.assertIn('PING standard input (65 targets)', done[0].stdout)
        self.assertEqual(done[1].stdout, done[0].stdout)

    def test_lab(self):
        self.assert_same('lab', 'check', 'internet')


class Alone(unittest.TestCase):
    def test_empty_argument_is_no_header_of_a_catalogue(self):
        """gettext has the catalogue's header as the translation of ""."""
        for args in (['ping', ''], ['trace', ''], ['explain', ''], ['lab', ''], ['']):
            done = run(args, KOREAN)
            self.assertEqual(done.returncode, 2)
            self.assertNotIn('Content-Type', done.stdout + done.stderr)

    def test_command_without_its_catalogue__says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(['cp', ICMP, folder], check=True)
            done = subprocess.run([f'{folder}/icmp', 'version'], env=KOREAN, capture_output=True,
                                  encoding='utf-8', timeout=60)
        if done.stderr:  # else it is installed on this machine
            self.assertEqual(done.stderr, 'icmp: no catalogue of messages in that language here; '
                             'going on in English\n')
        self.assertRegex(done.stdout, r'^icmp from icmpkit ')


if __name__ == '__main__':
    unittest.main()
