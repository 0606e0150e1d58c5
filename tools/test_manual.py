# SPDX-License-Identifier: MIT
"""tools/manual must see an option that only one of page and help names."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
COMMAND = '''#!/bin/sh
case $2 in
ping) cat <<EOF
Usage: icmp ping [OPTION]...

What to send:
  -c, --count N               stop after N; never -z
      --json                  machines read it
  -h                          this
EOF
;;
flood)
  echo '      --rate N                packets' ;;
*) echo 'Verbs:
  ping      round trips
  help      this list' ;;
esac
'''
PAGE = '*-c*, *--count* _N_\n\tNot *-z*.\n\n*--json*\n\tYes.\n\n*-h*\n'


class Manual(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.at = self.root / 'doc'
        self.at.mkdir()
        (self.at / 'icmp').write_text(COMMAND)
        (self.at / 'icmp').chmod(0o755)
        (self.at / 'icmp.1.scd').write_text('*ping*, *help*\n')
        self.page = self.at / 'icmp-ping.1.scd'
        self.page.write_text(PAGE)

    def assert_says(self, status, *lines):
        done = subprocess.run([sys.executable, HERE / 'manual', self.at / 'icmp', self.at],
                              capture_output=True, text=True)
        self.assertEqual((done.stdout.split('\n')[:-1] or [''], done.returncode, done.stderr),
                         (list(lines) or [''], status, ''))

    def test_same_options__passes(self):
        self.assert_says(0)

    def test_option_that_the_page_lacks(self):
        self.page.write_text(PAGE.replace('*--json*', '*--other*'))
        self.assert_says(1, 'icmp-ping.1.scd: --json is missing',
                         'icmp-ping.1.scd: --other is not in `icmp help ping`')

    def test_short_option_that_the_page_lacks(self):
        self.page.write_text(PAGE.replace('*-c*, ', ''))
        self.assert_says(1, 'icmp-ping.1.scd: -c is missing')

    def test_word_of_the_synopsis__has_options_too(self):
        self.page.write_text(f'*icmp ping flood* _TARGET_\n\n{PAGE}')
        self.assert_says(1, 'icmp-ping.1.scd: --rate is missing')
        self.page.write_text(f'*icmp ping flood* _TARGET_\n\n{PAGE}\n*--rate* _N_\n')
        self.assert_says(0)

    def lab(self, page):
        (self.root / 'src' / 'lab').mkdir(parents=True)
        (self.root / 'src' / 'lab' / 'x.c').write_text(
            '{"delay", IK_KEY_TIME, x},\n{"loss",\n IK_KEY_RATIO},\n{"other", 3}')
        (self.at / 'icmp-lab.5.scd').write_text(page)

    def test_keys_of_labs__passes(self):
        self.lab('*delay*\n\tA map with *loss*.\n\n*icmp*(1)\n')
        self.assert_says(0)

    def test_keys_of_labs__that_the_page_lacks_or_invents(self):
        self.lab('*delay*, *dely*\n\tSee _loss_.\n')
        self.assert_says(1, 'icmp-lab.5.scd: the key loss is missing',
                         'icmp-lab.5.scd: dely is no key of a lab file')

    def test_page_that_is_missing(self):
        self.page.unlink()
        self.assert_says(1, 'icmp-ping.1.scd: there is no such page')

    def test_verb_that_the_overview_lacks(self):
        (self.at / 'icmp.1.scd').write_text('*help*\n')
        self.assert_says(1, 'icmp.1.scd: the verb ping is missing')


if __name__ == '__main__':
    unittest.main()
