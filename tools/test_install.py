# SPDX-License-Identifier: MIT
"""What `meson install` lays down is enough for a stranger's program: headers, archive, pkg-config.

Usage: test_install.py BUILD_FOLDER"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BUILD = sys.argv.pop(1)
PROGRAM = '''
#include <icmpkit/host.h>
#include <icmpkit/link.h>
#include <icmpkit/loop.h>
#include <icmpkit/net.h>
#include <icmpkit/probe.h>
#include <icmpkit/record.h>
#include <icmpkit/wire.h>
#include <stdio.h>

int main(void)
{
    struct ik_names *names;
    char text[IK_ADDR_TEXT];
    struct ik_addr a;
    if (ik_names_open(&names) || ik_addr_parse("::1", &a) || ik_clock_now().mono <= 0)
        return 1;
    ik_names_close(names);
    puts(ik_addr_text(&a, text));
    return ik_priv_drop();
}
'''


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.dest = pathlib.Path(cls.folder.name, 'dest')
        # Builds what only an installation needs (manual pages), where `meson test` did not.
        subprocess.run(['meson', 'install', '-C', BUILD, '--quiet'], check=True,
                       env={**os.environ, 'DESTDIR': str(cls.dest)}, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def found(self, pattern):
        return sorted(p.name for p in self.dest.rglob(pattern))

    def test_strangers_program__compiles_links_and_runs(self):
        config = next(self.dest.rglob('libicmpkit.pc')).parent
        env = {**os.environ, 'PKG_CONFIG_SYSROOT_DIR': str(self.dest),
               'PKG_CONFIG_PATH': str(config)}
        flags = subprocess.run(['pkg-config', '--static', '--cflags', '--libs', 'libicmpkit'],
                               check=True, env=env, capture_output=True, text=True).stdout.split()
        source = pathlib.Path(self.folder.name, 'stranger.c')
        source.write_text(PROGRAM)
        program = source.with_suffix('')
        subprocess.run(['cc', '-Wall', '-Werror', '-o', program, source, *flags], check=True)
        done = subprocess.run([program], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, '::1\n'))

    def test_every_public_header__is_there(self):
        here = pathlib.Path(__file__).parent.parent / 'include' / 'icmpkit'
        self.assertEqual(self.found('*.h') + self.found('*.def'),
                         sorted(p.name for p in here.glob('*.h'))
                         + sorted(p.name for p in here.glob('*.def')))

    def test_messages_in_other_languages__are_there(self):
        built = sorted(p.name for p in pathlib.Path(BUILD, 'po').rglob('*.mo'))
        self.assertEqual(self.found('*.mo'), built)

    def test_nothing_of_the_tests_or_the_tools__is_there(self):
        self.assertEqual(self.found('bin'), ['bin'])
        self.assertEqual([p.name for p in self.dest.rglob('bin/*')], ['icmp'])
        self.assertEqual(self.found('*.a'), ['libicmpkit.a'])


if __name__ == '__main__':
    unittest.main()
