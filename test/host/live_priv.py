#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Privileges that were dropped do not come back, whatever they came from: root, setuid, a file's
capability. Each way back is first seen to work where nothing was dropped."""
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
from net import NOBODY, SKIP, Net, require_root  # noqa: E402

PRIV = os.path.join(os.environ['PROGRAMS'], 'live_host_priv')


class Priv(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Net().__enter__()
        cls.plain, cls.setuid, cls.capable = (cls.copy(n) for n in ('plain', 'setuid', 'capable'))
        os.chmod(cls.setuid, 0o4755)
        subprocess.run(['setcap', 'cap_net_raw=ep', cls.capable], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.net.__exit__()

    @classmethod
    def copy(cls, name):
        path = os.path.join(cls.net.folder(), name)
        shutil.copy(PRIV, path)
        os.chmod(path, 0o755)
        return path

    def call(self, program, how, user=None, then=None):
        prefix = [] if user is None else ['setpriv', f'--reuid={user}', f'--regid={user}',
                                          '--clear-groups']
        done = subprocess.run([*prefix, program, how, *([then] if then else [])], text=True,
                              capture_output=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, ''), done.stdout)
        rows = {}
        for line in done.stdout.splitlines():
            when, rest = line.split(' ', 1)
            rows[when] = {k: int(v) for k, v in re.findall(r'(\w+) (\d)\b', rest)}
            caps = re.search(r'caps "(.*)"', rest)
            if caps:
                rows[when]['caps'] = caps[1]
        return rows

    def assert_bare(self, row):
        self.assertEqual((row['net_raw'], row['raw_works'], row['same_uid']), (0, 0, 1), row)
        # cap_to_text says "=" for the empty set.
        self.assertIn(row['caps'], ('', '='))

    def test_root__loses_all_and_an_exec_gives_nothing_back(self):
        kept = self.call(self.plain, 'keep', then=self.plain)
        self.assertEqual((kept['start']['root'], kept['start']['net_raw']), (1, 1))
        self.assertEqual(kept['exec']['net_raw'], 1)
        dropped = self.call(self.plain, 'drop', then=self.plain)
        self.assertEqual(dropped['start']['net_raw'], 1)
        self.assert_bare(dropped['after'])
        self.assertEqual(dropped['back']['cap'], 0)
        self.assert_bare(dropped['exec'])

    def test_root__keeps_the_making_of_interfaces_alone(self):
        row = self.call(self.plain, 'admin')['after']
        self.assertEqual((row['net_raw'], row['raw_works'], row['caps']), (0, 0, 'cap_net_admin=ep'))
        self.assert_bare(self.call(self.plain, 'admin', NOBODY)['after'])
        self.assert_bare(self.call(self.capable, 'admin', NOBODY)['after'])
        self.assert_bare(self.call(self.setuid, 'admin', NOBODY)['after'])

    def test_setuid_root__loses_the_identity(self):
        kept = self.call(self.setuid, 'keep', NOBODY, self.setuid)
        self.assertEqual((kept['start']['secure'], kept['start']['root']), (1, 0))
        self.assertEqual((kept['start']['raw_works'], kept['back']['setuid']), (1, 1))
        self.assertEqual(kept['exec']['raw_works'], 1)
        dropped = self.call(self.setuid, 'drop', NOBODY, self.setuid)
        self.assert_bare(dropped['after'])
        self.assertEqual(dropped['back'], {'setuid': 0, 'cap': 0})
        self.assert_bare(dropped['exec'])

    def test_file_capability__is_gone_and_does_not_come_back_by_exec(self):
        kept = self.call(self.capable, 'keep', NOBODY, self.capable)
        self.assertEqual((kept['start']['secure'], kept['start']['net_raw']), (1, 1))
        self.assertEqual((kept['start']['raw_works'], kept['exec']['raw_works']), (1, 1))
        dropped = self.call(self.capable, 'drop', NOBODY, self.capable)
        self.assert_bare(dropped['after'])
        self.assertEqual(dropped['back'], {'setuid': 0, 'cap': 0})
        self.assert_bare(dropped['exec'])

    def test_ordinary_user__has_nothing_to_lose(self):
        rows = self.call(self.plain, 'drop', NOBODY)
        self.assertEqual((rows['start']['root'], rows['start']['secure']), (0, 0))
        self.assert_bare(rows['start'])
        self.assert_bare(rows['after'])


def require_setuid():
    """A folder mounted nosuid gives neither setuid nor capabilities."""
    with Net() as net:
        flags = os.statvfs(net.folder()).f_flag
    if flags & os.ST_NOSUID:
        print('skipped: the folder for temporary files is mounted nosuid')
        sys.exit(SKIP)


if __name__ == '__main__':
    require_root()
    require_setuid()
    unittest.main()
