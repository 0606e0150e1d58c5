# SPDX-License-Identifier: MIT
"""tools/install-packages against a pretended Debian: what it asks of dpkg-query, apt-get and sudo."""
import os
import pathlib
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
DPKG_QUERY = '''#!/bin/sh
for name; do :; done
echo "dpkg-query $name" >>"$LOG"
grep -qx "$name" "$INSTALLED" && echo 'install ok installed'
'''
# Knows nothing before `update` where $FRESH is set; fails in all where $OFFLINE is.
APT_GET = '''#!/bin/sh
echo "apt-get $*" >>"$LOG"
case " $* " in
*' update '*) [ -z "$OFFLINE" ] && rm -f "$FRESH" ;;
*' -s '*) [ ! -e "$FRESH" ] ;;
*) [ -z "$OFFLINE" ] && [ ! -e "$FRESH" ] ;;
esac
'''
ID = '#!/bin/sh\necho "$FAKE_UID"\n'
SUDO = '''#!/bin/sh
echo "sudo $*" >>"$LOG"
[ -z "$NO_SUDO" ] || exit 1
[ "$1" != -n ] || shift
exec "$@"
'''


class InstallPackages(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.at = pathlib.Path(self.folder.name)
        (self.at / 'bin').mkdir()
        self.program('dpkg-query', DPKG_QUERY)
        self.program('apt-get', APT_GET)
        self.program('id', ID)
        self.program('sudo', SUDO)
        self.log = self.at / 'log'
        self.list = self.at / 'list.txt'
        self.list.write_text('# comment\none  # why\ntwo\n\nthree\n')
        (self.at / 'installed').write_text('two\n')
        self.env = {'PATH': f'{self.at}/bin:{os.environ["PATH"]}', 'LOG': str(self.log),
                    'INSTALLED': str(self.at / 'installed'), 'FRESH': str(self.at / 'fresh'),
                    'OFFLINE': '', 'NO_SUDO': '', 'FAKE_UID': '0',
                    'ICMPKIT_STAMPS': str(self.at / 'stamps')}

    def program(self, name, text):
        path = self.at / 'bin' / name
        path.write_text(text)
        path.chmod(0o755)

    def call(self, **env):
        self.log.write_text('')
        done = subprocess.run([HERE / 'install-packages', self.list], env={**self.env, **env},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.called = self.log.read_text().splitlines()
        self.apt = [line for line in self.called if line.startswith('apt-get')]
        return done

    def test_only_the_missing_are_installed__without_update(self):
        self.assertEqual(self.call().returncode, 0)
        self.assertEqual(len(self.apt), 2)
        self.assertIn('-o DPkg::Lock::Timeout=300', self.apt[1])
        self.assertTrue(self.apt[1].endswith('install -y --no-install-recommends one three'))

    def test_fresh_index__is_updated_once(self):
        (self.at / 'fresh').touch()
        self.assertEqual(self.call().returncode, 0)
        self.assertEqual([a for a in self.apt if a.endswith(' update')], self.apt[1:2])

    def test_second_call__looks_at_nothing(self):
        self.call()
        self.assertEqual(self.call(OFFLINE='1').returncode, 0)
        self.assertEqual(self.called, [])

    def test_changed_list__is_looked_at_again(self):
        self.call()
        self.list.write_text('one\ntwo\nthree\nfour\n')
        self.call()
        self.assertIn('dpkg-query four', self.called)

    def test_all_installed_and_offline__needs_no_apt(self):
        (self.at / 'installed').write_text('one\ntwo\nthree\n')
        self.assertEqual(self.call(OFFLINE='1', FAKE_UID='1000', NO_SUDO='1').returncode, 0)
        self.assertEqual(self.apt, [])

    def test_offline_and_missing__fails_and_leaves_no_stamp(self):
        done = self.call(OFFLINE='1')
        self.assertEqual(done.returncode, 1)
        self.assertIn('could not install one three', done.stderr)
        self.assertFalse((self.at / 'stamps').exists())

    def test_ordinary_user__calls_sudo(self):
        self.assertEqual(self.call(FAKE_UID='1000').returncode, 0)
        self.assertIn('sudo env DEBIAN_FRONTEND=noninteractive apt-get',
                      ' '.join(line for line in self.called))

    def test_ordinary_user_who_may_not__is_told_the_command(self):
        done = self.call(FAKE_UID='1000', NO_SUDO='1')
        self.assertEqual(done.returncode, 1)
        self.assertIn('apt-get install --no-install-recommends one three', done.stderr)
        self.assertEqual(self.apt, [])

    def test_told_to_leave_the_system_alone__looks_at_nothing(self):
        self.assertEqual(self.call(ICMPKIT_PACKAGES='no').returncode, 0)
        self.assertEqual(self.called, [])


if __name__ == '__main__':
    unittest.main()
