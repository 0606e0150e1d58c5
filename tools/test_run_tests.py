# SPDX-License-Identifier: MIT
"""The sum that `make test` closes with: nothing that failed may be lost in it."""
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

sys.dont_write_bytecode = True
PATH = str(pathlib.Path(__file__).with_name('run-tests'))
LOADER = importlib.machinery.SourceFileLoader('run_tests', PATH)
SPEC = importlib.util.spec_from_loader('run_tests', LOADER)
run_tests = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(run_tests)


def log(*results):
    return ''.join(json.dumps({'name': f't{n}', 'result': r}) + '\n' for n, r in enumerate(results))


def closed(count, strict):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = count.close(strict)
    return status, out.getvalue().splitlines()


class RunTests(unittest.TestCase):
    def count(self, *results):
        count = run_tests.Count()
        count.read('gcc', log(*results))
        return count

    def test_all_passed(self):
        self.assertEqual(closed(self.count('OK', 'OK', 'EXPECTEDFAIL'), True),
                         (0, ['3 passed, 0 failed, 0 skipped']))

    def test_every_way_to_fail__is_one(self):
        ways = ['FAIL', 'TIMEOUT', 'ERROR', 'UNEXPECTEDPASS', 'INTERRUPT']
        for way in ways:
            with self.subTest(way):
                status, lines = closed(self.count('OK', way), False)
                self.assertEqual((status, lines[-1]), (1, '1 passed, 1 failed, 0 skipped'))
                self.assertIn('failed: gcc: t1', lines)

    def test_skip__passes_at_home_and_fails_under_ci(self):
        status, lines = closed(self.count('OK', 'SKIP'), False)
        self.assertEqual((status, lines[-1]), (0, '1 passed, 0 failed, 1 skipped'))
        status, lines = closed(self.count('OK', 'SKIP'), True)
        self.assertEqual((status, lines[-1]), (1, '1 passed, 0 failed, 1 skipped'))

    def test_several_configurations__are_summed(self):
        count = self.count('OK', 'OK')
        count.read('asan', log('OK', 'FAIL'))
        count.add('clang: builds without warnings', False)
        status, lines = closed(count, False)
        self.assertEqual((status, lines[-1]), (1, '3 passed, 2 failed, 0 skipped'))

    def test_nothing_ran__is_a_failure(self):
        self.assertEqual(closed(self.count(), False), (1, ['0 passed, 0 failed, 0 skipped']))

    def test_build_that_fails__is_counted_and_its_tests_are_not_run(self):
        count, build = run_tests.Count(), run_tests.build
        run_tests.build = lambda *_: False
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                run_tests.run('gcc', count)
        finally:
            run_tests.build = build
        self.assertEqual(closed(count, False)[1][-1], '0 passed, 1 failed, 0 skipped')

    def test_tests_that_break_off__are_a_failure(self):
        """meson ends with an error of its own, after rows that all passed."""
        with tempfile.TemporaryDirectory() as folder:
            logs = pathlib.Path(folder, 'build-gcc', 'meson-logs')
            logs.mkdir(parents=True)

            def call(*argv, **_):
                (logs / 'testlog.json').write_text(log('OK', 'OK'))
                return False
            count = run_tests.Count()
            with unittest.mock.patch.multiple(run_tests, ROOT=pathlib.Path(folder), call=call,
                                              build=lambda *_: True), \
                    contextlib.redirect_stdout(io.StringIO()):
                run_tests.run('gcc', count)
        self.assertEqual(closed(count, False)[1][-1], '3 passed, 1 failed, 0 skipped')


if __name__ == '__main__':
    unittest.main()
