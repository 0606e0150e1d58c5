# SPDX-License-Identifier: MIT
"""tools/storm throws as many as it was told, each seed once, and passes over no run that is not
clean."""
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
PATH = str(pathlib.Path(__file__).with_name('storm'))
LOADER = importlib.machinery.SourceFileLoader('storm', PATH)
SPEC = importlib.util.spec_from_loader('storm', LOADER)
storm = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(storm)


class Storm(unittest.TestCase):
    def throw(self, script, packets=25, run=10, keep_going=False):
        """Runs of a program that is that shell script; its arguments are kept, one run a line."""
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / 'program'
            program.write_text('#!/bin/sh\necho "$@" >>' + folder + '/runs\n' + script)
            program.chmod(0o755)
            args = types.SimpleNamespace(packets=packets, run=run, first_seed=7,
                                         keep_going=keep_going)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                self.storm = storm.Storm(str(program), args)
                self.storm.work()
            self.runs = (pathlib.Path(folder) / 'runs').read_text().splitlines()
        return out.getvalue()

    def test_all_clean__as_many_as_told(self):
        out = self.throw('echo thrown 1, resident 100 KiB; echo thrown 9, resident 120 KiB')
        self.assertEqual(self.runs, ['--packets 10 --seed 7', '--packets 10 --seed 8',
                                     '--packets 5 --seed 9'])
        self.assertEqual((self.storm.thrown, self.storm.fine), (25, True))
        self.assertIn('seed 9: 5 packets, 100 to 120 KiB, no fault; in all 25,', out)

    def test_a_fault__ends_it_and_is_shown(self):
        out = self.throw('echo resident 100 KiB; echo what broke; exit 1')
        self.assertEqual((len(self.runs), self.storm.thrown, self.storm.fine), (1, 0, False))
        self.assertIn('NOT CLEAN (status 1); in all 0,', out)
        self.assertIn('what broke', out)

    def test_a_fault__counts_for_nothing_when_it_goes_on(self):
        self.throw('echo resident 100 KiB; test $4 != 8', keep_going=True)
        self.assertEqual((len(self.runs), self.storm.thrown, self.storm.fine), (3, 15, False))

    def test_memory_that_grows__is_a_fault(self):
        self.throw('echo resident 100 KiB; echo resident 5000 KiB')
        self.assertFalse(self.storm.fine)

    def test_a_run_that_says_nothing__is_a_fault(self):
        self.throw('exit 0')
        self.assertFalse(self.storm.fine)


if __name__ == '__main__':
    unittest.main()
