#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The checker of documented commands finds what is wrong, and nothing else."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).with_name('examples.py')


class Examples(unittest.TestCase):
    def check(self, text, *options):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / 'examples').mkdir()
            (root / 'examples' / 'lab.yaml').write_text('seed: 7\n')
            (root / 'a.md').write_text(text)
            done = subprocess.run([sys.executable, TOOL, *options, '/bin/true', root, 'a.md'],
                                  text=True, capture_output=True, timeout=60)
            return done.returncode, (root / 'a.md').read_text(), done.stdout + done.stderr

    def translate(self, name, english, korean):
        """Checks both files alone, so that it is the translation that fails."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / 'examples').mkdir()
            (root / name).write_text(english)
            (root / 'a.ko.md').write_text(korean)
            done = subprocess.run([sys.executable, TOOL, '/bin/true', root, name, 'a.ko.md'],
                                  text=True, capture_output=True, timeout=60)
            return done.returncode, done.stdout + done.stderr

    def block(self, body):
        return f'# T\n\ntext\n\n```console\n{body}\n```\nmore\n'

    def test_output_as_shown_passes(self):
        self.assertEqual(self.check(self.block('$ cat examples/lab.yaml\nseed: 7'))[0], 0)

    def test_a_different_line_fails(self):
        self.assertEqual(self.check(self.block('$ cat examples/lab.yaml\nseed: 8'))[0], 1)

    def test_a_missing_line_fails(self):
        self.assertEqual(self.check(self.block('$ echo a; echo b\na'))[0], 1)

    def test_a_line_too_many_fails(self):
        self.assertEqual(self.check(self.block('$ echo a\na\nb'))[0], 1)

    def test_dots_stand_for_lines_only_where_they_are(self):
        self.assertEqual(self.check(self.block('$ seq 9\n1\n...\n9'))[0], 0)
        self.assertEqual(self.check(self.block('$ seq 9\n1\n...\n8'))[0], 1)

    def test_status_has_to_be_said(self):
        self.assertEqual(self.check(self.block('$ echo a; false\na'))[0], 1)
        self.assertEqual(self.check(self.block('$ echo a; false\na\n[exit status 1]'))[0], 0)

    def test_error_output_counts(self):
        self.assertEqual(self.check(self.block('$ echo a >&2'))[0], 1)

    def test_second_command_is_run_too(self):
        self.assertEqual(self.check(self.block('$ echo a\na\n$ echo b\nc'))[0], 1)

    def test_nothing_to_run_is_no_success(self):
        self.assertEqual(self.check('no blocks\n')[0], 1)

    def test_update_writes_only_what_differs(self):
        status, text, _ = self.check(self.block('$ seq 9\n...\n$ echo a \\\n  b\nc'), '--update')
        self.assertEqual(status, 1)
        self.assertEqual(text, self.block('$ seq 9\n...\n$ echo a \\\n  b\na b'))

    def test_translation_with_the_same_blocks_passes(self):
        for name in 'a.md', 'a.en.md':
            with self.subTest(name):
                text = self.block('$ echo a\na')
                self.assertEqual(self.translate(name, text, text.replace('text', '글'))[0], 0)

    def test_translation_with_another_command_fails(self):
        status, said = self.translate('a.md', self.block('$ echo a\na'), self.block('$ echo b\nb'))
        self.assertEqual(status, 1)
        self.assertIn('block 1', said)

    def test_translation_with_a_block_less_or_more_fails(self):
        one = self.block('$ echo a\na')
        self.assertEqual(self.translate('a.md', one + one, one)[0], 1)
        self.assertEqual(self.translate('a.en.md', one, one + one)[0], 1)

    def test_translation_with_other_dots_fails(self):
        self.assertEqual(self.translate('a.md', self.block('$ seq 3\n...\n3'),
                                        self.block('$ seq 3\n1\n...\n3'))[0], 1)

    def test_a_command_of_several_files_runs_once(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            count = f'$ echo x >>{folder}/n; wc -l <{folder}/n\n1'
            for name in 'a.md', 'a.ko.md':
                (root / name).write_text(self.block(count))
            done = subprocess.run([sys.executable, TOOL, '/bin/true', root, 'a.md', 'a.ko.md'],
                                  text=True, capture_output=True, timeout=60)
            self.assertEqual((done.returncode, (root / 'n').read_text()), (0, 'x\n'), done.stdout)

    def test_open_block_is_an_error(self):
        self.assertNotEqual(self.check('```console\n$ true\n')[0], 0)


if __name__ == '__main__':
    unittest.main()
