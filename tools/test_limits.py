# SPDX-License-Identifier: MIT
"""tools/limits counts right: lengths of functions, what is too long, and it fails nothing."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent


class Limits(unittest.TestCase):
    def run_limits(self, sources):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in sources.items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run([sys.executable, HERE / 'limits', folder], capture_output=True,
                                  text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.out = done.stdout
        return {line[:24].strip(): line[25:] for line in done.stdout.splitlines()}

    def test_functions__are_measured_from_brace_to_brace(self):
        row = self.run_limits({'src/wire/x.c': 'static int table[] = {\n    1,\n};\n\n'
                               'int ik_a(int b,\n         int c)\n{\n    return b;\n}\n'
                               'void ik_b(void)\n{\n}\n'})
        self.assertEqual(row['function median/p90/max'], '3/3/3')

    def test_long_function__is_named(self):
        body = '    f();\n' * 61
        row = self.run_limits({'src/wire/x.c': 'int ik_long(int b,\n            int c)\n{\n' + body
                               + '}\n'})
        self.assertIn('long function: src/wire/x.c ik_long 63', self.out)
        self.assertEqual(row['over 60'], '100%')

    def test_long_file__is_named(self):
        self.run_limits({'src/wire/x.c': '\n' * 601})
        self.assertIn('long file: src/wire/x.c 601', self.out)

    def test_full_room__is_named(self):
        self.run_limits({f'src/wire/x{n}.c': '\n' for n in range(26)})
        self.assertIn('full room: wire 26 sources', self.out)

    def test_prototypes__with_a_comment_of_their_own_or_of_their_group(self):
        row = self.run_limits({'include/icmpkit/x.h': '/* says */\nint ik_a(const char *a, char *b);\n'
                               'int ik_b(void);\n\nint ik_bare(const char *c,\n            int d);\n'
                               '/* says */\nint ik_d(int (*fn)(char *e));\n'})
        self.assertEqual(row['documented'], '75%')
        self.assertEqual(row['const'], '67%')

    def test_objects_that_can_change__are_counted_and_tables_are_not(self):
        row = self.run_limits({'src/wire/x.c': 'static int a;\nint b = 3;\nstatic struct s c[4];\n'
                               'static const int d = 1;\nconst char *const e[] = {0};\n'
                               'struct s;\nenum e f(void);\nint g(void);\n' + '\n' * 92})
        self.assertEqual(row['mutable/kLOC'], '30.0')

    def test_conditions_casts_and_clocks(self):
        row = self.run_limits({'src/wire/x.c': '#if A\n#endif\n  # ifdef B\n#endif\n/* #if */\n'
                               'x = (const struct icmphdr *)p;\nclock_gettime(0, 0);\n' + '\n' * 93})
        self.assertEqual((row['#if/kLOC'], row['casts/kLOC'], row['files that read a clock']),
                         ('20.0', '10.0', '1'))

    def test_empty_tree__is_no_error(self):
        self.assertEqual(self.run_limits({})['files/folders'], '0/0')


if __name__ == '__main__':
    unittest.main()
