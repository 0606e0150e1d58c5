# SPDX-License-Identifier: MIT
"""tools/catalogue must see each way in which sources and catalogues can part."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
HEADER = ('msgid ""\nmsgstr ""\n"Language: ko\\n"\n"MIME-Version: 1.0\\n"\n'
          '"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n')
PO = HEADER + ('msgid "not found"\nmsgstr "없음"\n\n'
               'msgid "help:\\n"\nmsgstr ""\n"도움말:\\n"\n\n'
               '#, c-format\nmsgid "%s at %d"\nmsgstr "%2$d: %1$s"\n')
SOURCE = 'const char *const head = N_("help:\\n");\nint f(void)\n{\n    say(_("%s "\n          "at %d"), a, b);\n}\n'
BASE = '#define IK_ERRS(X) \\\n    X(E_NOT_FOUND, "not found")\n\nint x;\n'


@unittest.skipUnless(shutil.which('xgettext'), 'no gettext here')
class Catalogue(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write('po/LINGUAS', 'ko\n')
        self.write('po/POTFILES.in', 'po/library.c\nsrc/cmd/a.c\n')
        self.write('po/library.c', 'N_("not found")\n')
        self.write('po/ko.po', PO)
        self.write('src/cmd/a.c', SOURCE)
        self.write('include/icmpkit/base.h', BASE)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def assert_says(self, *lines):
        done = subprocess.run([sys.executable, HERE / 'catalogue', self.root], text=True,
                              capture_output=True)
        self.assertEqual(done.stderr, '')
        self.assertEqual(done.stdout.rstrip('\n').split('\n'), list(lines) or [''])
        self.assertEqual(done.returncode, 1 if lines else 0)

    def test_equal__passes(self):
        self.assert_says()

    def test_message_that_nobody_translated(self):
        self.write('src/cmd/a.c', SOURCE + 'const char *more = N_("more");\n')
        self.assert_says('ko.po: lacks "more"')

    def test_message_that_nobody_says_any_more(self):
        self.write('src/cmd/a.c', SOURCE.replace('%s "', '%s is "'))
        self.assert_says('ko.po: lacks "%s is at %d"', 'ko.po: nothing says "%s at %d"')

    def test_what_detectors_say__is_listed(self):
        self.write('src/detect/a.c', '/* "not a word of it" */\n'
                   'r.why = "One source "\n        "sends more."; s = "RFC 791 section 3.1, RFC 792";')
        self.write('src/detect/b.def', 'X(A, "a name", "It is what it is.")\n')
        self.assert_says('po/library.c: lacks "One source sends more." of src/detect/a.c',
                         'po/library.c: lacks "It is what it is." of src/detect/b.def')

    def test_obsolete_entry(self):
        self.write('po/ko.po', PO + '\n#~ msgid "old"\n#~ msgstr "옛것"\n')
        self.assert_says('ko.po: nothing says "old"')

    def test_untranslated_entry(self):
        self.write('po/ko.po', PO.replace('"없음"', '""'))
        self.assert_says('ko.po: not translated: "not found"')

    def test_what_is_counted(self):
        self.write('src/cmd/a.c', SOURCE + 'say(ngettext("%u host",\n    "%u hosts", n), n);\n')
        self.assert_says('ko.po: lacks "%u host | %u hosts"')
        counted = PO + '\n#, c-format\nmsgid "%u host"\nmsgid_plural "%u hosts"\nmsgstr[0] "호스트 %u개"\n'
        counted = counted.replace('Content-Type', 'Plural-Forms: nplurals=1; plural=0;\\n"\n"Content-Type')
        self.write('po/ko.po', counted)
        self.assert_says()
        self.write('po/ko.po', counted.replace('호스트 %u개', ''))
        self.assert_says('ko.po: not translated: "%u host | %u hosts"')
        self.write('po/ko.po', counted.replace('u hosts', 'u of them'))
        self.assert_says('ko.po: lacks "%u host | %u hosts"',
                         'ko.po: nothing says "%u host | %u of them"')

    def test_file_that_counts_alone(self):
        self.write('src/cmd/b.c', 'say(ngettext("%u host", "%u hosts", n), n);\n')
        self.assert_says('po/POTFILES.in: src/cmd/b.c is missing')

    def test_fuzzy_entry(self):
        self.write('po/ko.po', PO.replace('#, c-format', '#, fuzzy, c-format'))
        self.assert_says('ko.po: fuzzy: "%s at %d"')

    def test_directives_in_another_order__without_saying_which(self):
        self.write('po/ko.po', PO.replace('%2$d: %1$s', '%d: %s'))
        done = subprocess.run([sys.executable, HERE / 'catalogue', self.root], text=True,
                              capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn('ko.po: msgfmt --check: ', done.stdout)

    def test_end_of_line_that_a_translation_lost(self):
        self.write('po/ko.po', PO.replace('"도움말:\\n"', '"도움말:"'))
        done = subprocess.run([sys.executable, HERE / 'catalogue', self.root], text=True,
                              capture_output=True)
        self.assertIn('ko.po: begins or ends otherwise: "help:\n"', done.stdout)

    def test_file_that_nobody_looks_into(self):
        self.write('src/cmd/b.h', '#define B N_("b")\n')
        self.write('src/cmd/c.c', 'int N_, x = f_("no message");\n')
        self.assert_says('po/POTFILES.in: src/cmd/b.h is missing')

    def test_fault_of_a_document_that_nobody_looks_into(self):
        self.write('src/lab/d.c', 'int f(void)\n{\n    return ik_say_at(fault, NULL,\n        "d");\n}\n')
        self.write('src/conf/say.h', 'int ik_say_at(void *fault, const void *at, ...);\n')
        self.assert_says('po/POTFILES.in: src/lab/d.c is missing')

    def test_fault_of_a_document_that_nobody_translated(self):
        self.write('po/POTFILES.in', 'po/library.c\nsrc/cmd/a.c\nsrc/lab/d.c\n')
        self.write('src/lab/d.c', 'int x = ik_say_at(f, at, "d"), y = ik_say_place(f, 1, 2, 3, "e"),\n'
                   '    z = ik_keys_wrong(c, v, "no message", "f");\n')
        self.assert_says('ko.po: lacks "d"', 'ko.po: lacks "e"', 'ko.po: lacks "f"')

    def test_error_that_the_list_lacks(self):
        self.write('include/icmpkit/base.h',
                   BASE.replace('")\n', '") \\\n    X(E_NEW, "a new "  "one")\n'))
        self.assert_says('po/library.c: lacks "a new one" of include/icmpkit/base.h')

    def test_table_in_a_form_that_is_not_known(self):
        self.write('src/host/resolve.c', 'say("Name or service not known");\n')
        self.assert_says('src/host/resolve.c: no texts found; tools/catalogue does not know its '
                         'form any more')

    def test_text_that_the_library_does_not_say_any_more(self):
        self.write('po/library.c', 'N_("not found")\nN_("gone")\n'
                   f'N_("{os.strerror(2)}")\n')
        self.write('po/ko.po', PO + '\nmsgid "gone"\nmsgstr "감"\n\n'
                   f'msgid "{os.strerror(2)}"\nmsgstr "없는 파일"\n')
        self.assert_says('po/library.c: nothing below the command says "gone"')


if __name__ == '__main__':
    unittest.main()
