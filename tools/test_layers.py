# SPDX-License-Identifier: MIT
"""Each breach that tools/layers looks for, planted in a tree that is otherwise sound."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

LAYERS = pathlib.Path(__file__).with_name('layers')
SOUND = {
    'include/icmpkit/base.h': '#pragma once\n#include <stdint.h>\n',
    'include/icmpkit/wire.h': '#pragma once\n#include <icmpkit/base.h>\nint ik_wire_one(void);\n',
    'include/icmpkit/link.h': '#pragma once\n#include <icmpkit/base.h>\n',
    'src/base/bytes.h': '#pragma once\n#include <stdint.h>\n',
    'src/wire/cksum.h': '#pragma once\n#include "base/bytes.h"\nuint8_t ik_cksum(void);\n',
    'src/wire/cksum.c': '#include "wire/cksum.h"\n#include "base/bytes.h"\n'
                        'uint8_t ik_cksum(void)\n{\n    return 1;\n}\n',
    'src/link/raw.c': '#include "wire/cksum.h"\n#include <icmpkit/link.h>\n'
                      'struct __attribute__((packed)) raw {\n    char c;\n};\n',
    'src/host/clock.c': 'int clock_gettime(int c);\nint f(void);\n'
                        'int f(void)\n{\n    return clock_gettime(0);\n}\n',
    'src/cmd/opt.h': '#pragma once\n',
    'src/cmd/opt.c': '#include "opt.h"\n#include <icmpkit/link.h>\n',
}


class Layers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        for name, text in SOUND.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        readme = path.with_name('README')
        if path.parent.parent == self.root / 'src' and not readme.exists():
            readme.write_text('one sentence\n')

    cc = 'true'  # compiles every header, so that the tests of other things are quick

    def run_layers(self, *archives):
        done = subprocess.run([sys.executable, LAYERS, '--root', self.root, '--cc', self.cc, *archives],
                              capture_output=True, text=True)
        self.assertEqual(done.stderr, '')
        return done.returncode, done.stdout

    def assert_breach(self, what, *archives):
        status, out = self.run_layers(*archives)
        self.assertIn(what, out)
        self.assertEqual(len(out.splitlines()), 1, out)
        self.assertEqual(status, 1)

    def archive(self, room, source):
        self.write('obj.c', source)
        obj, archive = self.root / 'obj.o', self.root / f'libik_{room}.a'
        subprocess.run(['cc', '-O0', '-c', self.root / 'obj.c', '-o', obj], check=True)
        subprocess.run(['ar', 'rcs', archive, obj], check=True)
        return archive

    def test_sound_tree__has_no_breach(self):
        self.cc = 'cc'
        self.assertEqual(self.run_layers(), (0, ''))

    def test_include_of_a_higher_room(self):
        self.write('src/base/x.c', '#include "wire/cksum.h"\n')
        self.assert_breach('src/base/x.c: base may not include "wire/cksum.h"')

    def test_include_of_a_room_of_the_same_level(self):
        self.write('src/net/x.h', '#pragma once\n')
        self.write('src/record/x.c', '#include "net/x.h"\n')
        self.assert_breach('record may not include "net/x.h"')

    def test_link_sees_no_probe_though_it_is_lower(self):
        self.write('src/probe/x.h', '#pragma once\n')
        self.write('src/link/x.c', '#include "probe/x.h"\n')
        self.assert_breach('link may not include "probe/x.h"')

    def test_loop_sees_base_only(self):
        self.write('src/loop/x.c', '#include <icmpkit/link.h>\n')
        self.assert_breach('loop may not include <icmpkit/link.h>')

    def test_public_header_of_a_higher_room(self):
        self.write('src/wire/x.c', '#include <icmpkit/link.h>\n')
        self.assert_breach('wire may not include <icmpkit/link.h>')

    def test_command_that_reaches_inside(self):
        self.write('src/cmd/x.c', '#include "base/bytes.h"\n')
        self.assert_breach('cmd may not include "base/bytes.h"')

    def test_spaces_before_and_after_the_hash(self):
        self.write('src/base/x.c', '  #  include "wire/cksum.h"\n')
        self.assert_breach('base may not include "wire/cksum.h"')

    def test_include_in_a_comment__is_none(self):
        self.write('src/base/x.c', '/*\n#include "wire/cksum.h"\n*/\n')
        self.assertEqual(self.run_layers(), (0, ''))

    def test_include_of_a_source(self):
        self.write('src/base/x.c', '#include "base/y.c"\n')
        self.assert_breach('includes the source base/y.c')

    def test_include_without_a_room(self):
        self.write('src/wire/x.c', '#include "cksum.h"\n')
        self.assert_breach('"cksum.h" names no room')

    def test_include_out_of_the_tree(self):
        self.write('src/base/x.c', '#include "../wire/cksum.h"\n')
        self.assert_breach('no such room')

    def test_own_header_second(self):
        self.write('src/wire/cksum.c', '#include "base/bytes.h"\n#include "wire/cksum.h"\n')
        self.assert_breach('its own header wire/cksum.h is not included first')

    def test_own_public_header_second(self):
        self.write('src/wire/wire.c', '#include "base/bytes.h"\n#include <icmpkit/wire.h>\n')
        self.assert_breach('its own header icmpkit/wire.h is not included first')

    def test_header_that_needs_another(self):
        self.cc = 'cc'
        self.write('src/base/x.h', '#pragma once\nstruct x {\n    uint8_t a;\n};\n')
        self.assert_breach('src/base/x.h: does not compile alone')

    def test_public_header_that_includes_a_private_one(self):
        self.cc = 'cc'
        self.write('include/icmpkit/link.h', '#pragma once\n#include "base/bytes.h"\n')
        status, out = self.run_layers()
        self.assertIn('include/icmpkit/link.h: includes the private "base/bytes.h"', out)
        self.assertIn('include/icmpkit/link.h: does not compile alone', out)
        self.assertEqual(status, 1)

    def test_public_header_that_looks_up(self):
        self.write('include/icmpkit/wire.h', '#pragma once\n#include <icmpkit/link.h>\n')
        self.assert_breach('wire may not include <icmpkit/link.h>')

    def test_public_header_that_no_room_includes(self):
        self.write('include/icmpkit/stray.def', 'X(1)\n')
        self.assert_breach('include/icmpkit/stray.def: a public header that belongs to no room')

    def test_public_table__belongs_to_the_room_that_includes_it(self):
        self.write('include/icmpkit/types.def', 'enum { IK_X };\n')
        self.write('include/icmpkit/views.h', '#pragma once\n#include <icmpkit/types.def>\n')
        self.write('include/icmpkit/wire.h', '#pragma once\n#include <icmpkit/views.h>\n')
        self.write('src/wire/x.c', '#include <icmpkit/types.def>\n')
        self.assertEqual(self.run_layers(), (0, ''))
        self.write('src/base/x.c', '#include <icmpkit/types.def>\n')
        self.assert_breach('src/base/x.c: base may not include <icmpkit/types.def>')

    def test_packed_outside_link(self):
        self.write('src/wire/x.c', 'struct __attribute__((packed)) x {\n    char c;\n};\n')
        self.assert_breach('packed structs belong in link alone')

    def test_packed_in_a_comment__is_none(self):
        self.write('src/wire/x.c', '/* packed */\n')
        self.assertEqual(self.run_layers(), (0, ''))

    def test_quote_as_a_character__begins_no_string(self):
        self.write('src/link/x.c', 'int q = \'"\', t = time(0), r = \'"\';\n')
        self.assert_breach('only host/clock.c reads a clock')

    def test_clock_read_elsewhere(self):
        self.write('src/link/x.c', 'long f(void)\n{\n    return time(0);\n}\n')
        self.assert_breach('only host/clock.c reads a clock')

    def test_randomness_elsewhere(self):
        self.write('src/cmd/x.c', 'long f(void)\n{\n    return random();\n}\n')
        self.assert_breach('only host/entropy.c draws randomness')

    def test_unknown_room(self):
        self.write('src/util/x.c', '\n')
        self.assert_breach('src/util: a room that has no level')

    def test_room_without_a_readme(self):
        (self.root / 'src/wire/README').unlink()
        self.assert_breach('src/wire/README: each room opens with a README')

    def test_room_with_a_long_readme(self):
        self.write('src/wire/README', 'line\n' * 21)
        self.assert_breach('src/wire/README: each room opens with a README')

    def test_room_with_a_folder(self):
        self.write('src/wire/deep/x.c', '\n')
        self.assert_breach('src/wire/deep: rooms are flat')

    def test_pure_room_that_allocates(self):
        archive = self.archive('wire', '#include <stdlib.h>\nvoid *ik_x(void);\n'
                               'void *ik_x(void)\n{\n    return malloc(9);\n}\n')
        self.assert_breach('wire may not call malloc', archive)

    def test_pure_room_that_copies_into_the_heap(self):
        archive = self.archive('probe', '#include <string.h>\nchar *ik_x(const char *s);\n'
                               'char *ik_x(const char *s)\n{\n    return (strdup)(s);\n}\n')
        self.assert_breach('probe may not call strdup', archive)

    def test_pure_room_that_copies_memory__may(self):
        archive = self.archive('wire', '#include <string.h>\nint ik_y(void);\n'
                               'int ik_x(char *a, const char *b);\n'
                               'int ik_x(char *a, const char *b)\n'
                               '{\n    memcpy(a, b, strlen(b));\n    return ik_y();\n}\n')
        self.assertEqual(self.run_layers(archive), (0, ''))

    def test_pure_room_whose_compiler_compares_for_equality__may(self):
        archive = self.archive('wire', 'int other(const void *, const void *, unsigned long) '
                               '__asm__("bcmp");\nint ik_x(const char *a);\n'
                               'int ik_x(const char *a)\n{\n    return other(a, a + 1, 4);\n}\n')
        self.assertEqual(self.run_layers(archive), (0, ''))

    def test_kernel_room_that_allocates__may(self):
        archive = self.archive('link', '#include <stdlib.h>\nvoid *ik_x(void);\n'
                               'void *ik_x(void)\n{\n    return malloc(9);\n}\n')
        self.assertEqual(self.run_layers(archive), (0, ''))

    def test_name_without_our_prefix(self):
        archive = self.archive('wire', 'int checksum(void);\nint checksum(void)\n'
                               '{\n    return 1;\n}\n')
        self.assert_breach('checksum is exported without our prefix', archive)

    def test_object_that_can_change(self):
        for source in ('int ik_x;\n', 'int ik_x = 4;\n',
                       'int ik_f(void);\nint ik_f(void)\n'
                       '{\n    static int ik_x;\n    return ++ik_x;\n}\n'):
            with self.subTest(source):
                archive = self.archive('link', source)
                self.assert_breach('is a mutable object of file scope', archive)

    def test_table_that_cannot_change__may(self):
        archive = self.archive('link', 'const char *const ik_x[] = {"a", "b"};\n')
        self.assertEqual(self.run_layers(archive), (0, ''))


if __name__ == '__main__':
    unittest.main()
