# SPDX-License-Identifier: MIT
"""tools/detectors must see a table that is old, a section that is missing, a key that there is not."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
FILES = ["doc/detectors.md", "doc/icmp-guard.1.scd", "include/icmpkit/detectors.def", "include/icmpkit/detect_limits.def"]


class Detectors(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for file in FILES:
            (self.root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HERE.parent / file, self.root / file)

    def change(self, file, was, now):
        text = (self.root / file).read_text()
        self.assertIn(was, text)
        (self.root / file).write_text(text.replace(was, now))

    def run_tool(self, *args):
        return subprocess.run([sys.executable, HERE / "detectors", *args, self.root], text=True,
                              capture_output=True, check=False)

    def expect(self, part):
        done = self.run_tool()
        self.assertEqual(done.returncode, 1)
        self.assertIn(part, done.stdout)

    def test_as_it_is(self):
        done = self.run_tool()
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_another_default_is_seen_and_written(self):
        self.change("include/icmpkit/detect_limits.def", '"ttl-storm", IK_LIMIT_PPS, 50,',
                    '"ttl-storm", IK_LIMIT_PPS, 51,')
        self.expect("tables are not those")
        self.assertEqual(self.run_tool("--update").returncode, 0)
        self.assertIn("| `ttl-storm` | 51/s |", (self.root / "doc/detectors.md").read_text())
        self.assertIn("*ttl-storm* (51/s)\n", (self.root / "doc/icmp-guard.1.scd").read_text())
        self.test_as_it_is()

    def test_manual_without_a_table(self):
        self.change("doc/icmp-guard.1.scd", "; table: limits\n", "")
        done = self.run_tool()
        self.assertEqual(done.returncode, 1)
        self.assertIn("no place for the table of limits", done.stderr)

    def test_manual_of_another_default(self):
        self.change("doc/icmp-guard.1.scd", "*ttl-storm* (50/s)", "*ttl-storm* (49/s)")
        self.expect("doc/icmp-guard.1.scd: its tables are not those")

    def test_section_missing(self):
        self.change("doc/detectors.md", "### recon\n", "")
        self.expect("0 sections of recon")

    def test_section_of_nothing(self):
        self.change("doc/detectors.md", "### recon\n", "### recon\n\n### rekon\n")
        self.expect("a section of rekon")

    def test_key_misspelt(self):
        self.change("doc/detectors.md", "`recon-kinds` kinds", "`recon-kind` kinds")
        self.expect("`recon-kind` is no key")
        self.expect("`recon-kinds` stands in the table alone")


if __name__ == "__main__":
    unittest.main()
