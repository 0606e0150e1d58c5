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
        return done.stdout

    def test_functions__are_measured_from_brace_to_brace(self):
        out = self.run_limits({'src/wire/x.c': 'static int table[] = {\n    1,\n};\n\n'
                               'int ik_a(int b,\n         int c)\n{\n    return b;\n}\n'
                               'void ik_b(void)\n{\n}\n'})
        self.assertIn('functions 2  lines median/p90/max 3/3/3', out)

    def test_long_function__is_named(self):
        body = '    f();\n' * 61
        out = self.run_limits({'src/wire/x.c': 'int ik_long(int b,\n            int c)\n{\n' + body
                               + '}\n'})
        self.assertIn('long function: src/wire/x.c ik_long 63', out)
        self.assertIn('over 60: 100.0%', out)

    def test_long_file__is_named(self):
        self.assertIn('long file: src/wire/x.c 601', self.run_limits({'src/wire/x.c': '\n' * 601}))

    def test_empty_tree__is_no_error(self):
        self.assertIn('files 0', self.run_limits({}))


if __name__ == '__main__':
    unittest.main()
