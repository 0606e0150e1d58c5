#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The unit of systemd and the configuration that are installed: systemd takes the unit and finds it
well shut in, guard takes the configuration, with and without its comments."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

UNIT, CONFIG, ICMP, DROPIN = (pathlib.Path(p).resolve() for p in sys.argv[1:5])
# Tenths of what `systemd-analyze security` calls exposure: "OK" is what it says of less than 40.
EXPOSURE = 30


def run(*argv):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=60)


class Unit(unittest.TestCase):
    def setUp(self):
        if not shutil.which('systemd-analyze'):
            self.skipTest('needs systemd-analyze')
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        # As it would be where icmp is installed.
        self.unit = pathlib.Path(self.folder.name) / 'icmp-guard.service'
        text = UNIT.read_text()
        self.unit.write_text(re.sub(r'^ExecStart=\S+', 'ExecStart=%s' % ICMP, text, flags=re.M))

    def test_verify(self):
        done = run('systemd-analyze', '--man=no', 'verify', self.unit)
        said = [line for line in (done.stdout + done.stderr).splitlines() if 'icmp-guard' in line]
        self.assertEqual(said, [])

    def test_security(self):
        done = run('systemd-analyze', 'security', '--offline=true', '--no-pager',
                   '--threshold=%d' % EXPOSURE, self.unit)
        self.assertEqual(done.returncode, 0, done.stdout[-300:] + done.stderr)

    def test_its_options_are_those_of_guard(self):
        words = re.search(r'^ExecStart=\S+ (.*)$', UNIT.read_text(), re.M)[1].split()
        self.assertEqual(words, ['guard', '--config', '/etc/icmpkit/guard.yaml',
                                 '$ICMP_GUARD_OPTIONS'])
        self.assertIn('--enforce', run(ICMP, 'guard', '--help').stdout)


class Dropin(Unit):
    """The unit with what --enforce xdp needs."""

    def setUp(self):
        super().setUp()
        folder = self.unit.with_name('icmp-guard.service.d')
        folder.mkdir()
        shutil.copy(DROPIN, folder)

    def test_its_options_are_those_of_guard(self):
        words = re.search(r'ICMP_GUARD_OPTIONS=([^"]*)', DROPIN.read_text())[1].split()
        with tempfile.NamedTemporaryFile(suffix='.pcap') as capture:
            done = run(ICMP, 'guard', '-r', capture.name, *words)
        self.assertIn('--enforce is for an interface', done.stderr)

    def test_capabilities(self):
        text = UNIT.read_text() + DROPIN.read_text()
        for key in ('AmbientCapabilities', 'CapabilityBoundingSet'):
            held = ' '.join(re.findall(rf'^{key}=(.*)$', text, re.M)).split()
            self.assertEqual(sorted(held), ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_NET_RAW'])


class Config(unittest.TestCase):
    """With -r nothing else is needed, and an empty capture is quickly read."""

    def check(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path, capture = pathlib.Path(folder) / 'guard.yaml', pathlib.Path(folder) / 'x.pcap'
            path.write_text(text)
            capture.write_bytes(bytes.fromhex('d4c3b2a1020004000000000000000000000004000100') +
                                b'\0\0')
            done = run(ICMP, 'guard', '-r', capture, '--config', path)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_as_it_is(self):
        self.check(CONFIG.read_text())

    def test_with_all_that_it_offers(self):
        text = CONFIG.read_text()
        keys = re.findall(r'^# (\w+:.*\n(?:#   .*\n)*)', text, re.M)
        self.assertEqual(len(keys), 6, keys)
        offered = [re.sub(r'^# ?', '', k, flags=re.M) for k in keys]
        self.check('interface: any\n' + ''.join(offered))


if __name__ == '__main__':
    sys.argv[1:] = sys.argv[5:]
    unittest.main()
