# SPDX-License-Identifier: MIT
"""tools/format must see a misformatted file, leave it alone unless told, and put it right then."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent


class Format(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        shutil.copy(HERE.parent / '.clang-format', self.root)
        (self.root / 'src/wire').mkdir(parents=True)
        self.source = self.root / 'src/wire/x.c'

    def run_format(self, *options):
        return subprocess.run([sys.executable, HERE / 'format', '--root', self.root, *options],
                              capture_output=True, text=True)

    def test_sound_source__passes(self):
        self.source.write_text('int f(void)\n{\n    return 1;\n}\n')
        self.assertEqual(self.run_format().returncode, 0)

    def test_misformatted_source__is_named_and_kept(self):
        text = 'int f(void) {\n  return 1;\n}\n'
        self.source.write_text(text)
        done = self.run_format()
        self.assertEqual(done.returncode, 1)
        self.assertIn('x.c:1', done.stderr)
        self.assertEqual(self.source.read_text(), text)

    def test_misformatted_source__is_rewritten_when_told(self):
        self.source.write_text('int f(void) {\n  return 1;\n}\n')
        self.assertEqual(self.run_format('-i').returncode, 0)
        self.assertEqual(self.source.read_text(), 'int f(void)\n{\n    return 1;\n}\n')

    def test_tree_without_sources__fails(self):
        self.assertEqual(self.run_format().returncode, 1)


if __name__ == '__main__':
    unittest.main()
