#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each rule that a finding may have is one that nftables takes: all of them, checked by nft in a network namespace
of its own, where nothing is loaded."""
import os
import re
import shutil
import subprocess
import sys
import unittest

PROGRAMS = os.environ['PROGRAMS']
HEAD = 'table inet icmpkit_test {\n chain early {\n  type filter hook prerouting priority -450\n'


def check(text):
    """What nft says of a rule set, without loading it; '' is nothing."""
    done = subprocess.run(['unshare', '-n', 'nft', '-c', '-f', '-'], input=text, capture_output=True, text=True,
                          timeout=120)
    return done.stderr if done.returncode else ''


class Rules(unittest.TestCase):
    def setUp(self):
        done = subprocess.run([f'{PROGRAMS}/live_detect_rules'], capture_output=True, text=True, check=True, timeout=60)
        # The names of meters are numbers of findings: one of each form is enough.
        by_form = {re.sub(r'guard_\d+', 'guard_N', line): line for line in done.stdout.splitlines()}
        self.rules = list(by_form.values())

    def test_there_are_some_of_each_kind(self):
        for word in ['limit rate over', 'meter', 'ct state invalid', 'icmp mtu 1-551', 'fib daddr', 'hoplimit != 255',
                     'frag frag-off', 'ip frag-off', 'ip6 saddr', 'source-quench']:
            self.assertTrue(any(word in rule for rule in self.rules), word)

    def test_nft_takes_each(self):
        said = check(HEAD + ''.join(f'  {rule}\n' for rule in self.rules) + ' }\n}\n')
        self.assertEqual(said, '')

    def test_nft_refuses_what_is_none(self):
        self.assertNotEqual(check(HEAD + '  icmp type no-such-type drop\n }\n}\n'), '')


if __name__ == '__main__':
    if os.geteuid() or not shutil.which('nft') or \
            subprocess.run(['unshare', '-n', 'true'], capture_output=True).returncode:
        sys.exit(77)
    unittest.main(verbosity=2)
