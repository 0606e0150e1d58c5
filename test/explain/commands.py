#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The commands that explain tells people to try: verbs and options of icmp that exist, filters that
tcpdump compiles.

Usage: commands.py ICMP
"""

import json
import re
import shlex
import shutil
import subprocess
import sys

IN_HELP = re.compile(r"^  (?:(-\w|-#)(?:, )?|    )(--[\w-]+)?", re.M)


def run(*args):
    return subprocess.run(args, text=True, capture_output=True, timeout=60)


def commands(icmp):
    done = run(icmp, "explain", "--all", "--json")
    if done.returncode:
        raise SystemExit(done.stderr)
    for line in done.stdout.splitlines():
        record = json.loads(line)
        for check in record.get("checks", []):
            yield record["name"], check.split("  # ")[0]


def options_of(icmp, verb):
    done = run(icmp, "help", verb)
    return {o for pair in IN_HELP.findall(done.stdout) for o in pair if o} if not done.returncode else None


def wrong_icmp(icmp, command, known):
    words = shlex.split(command)
    if words[1] not in known:
        known[words[1]] = options_of(icmp, words[1])
    if known[words[1]] is None:
        return "no such verb"
    given = [w.split("=")[0] for w in words[2:] if w.startswith("-")]
    return " ".join(o for o in given if o not in known[words[1]])


def wrong_filter(command):
    for text in re.findall(r"^(?:tcpdump|icmp dump) [^']*'([^']*)'", command):
        done = run("tcpdump", "-y", "EN10MB", "-d", text)
        if done.returncode:
            return done.stderr.strip()
    return ""


def main():
    icmp, known, tried, failed = sys.argv[1], {}, 0, 0
    for name, command in commands(icmp):
        tried += 1
        wrong = wrong_icmp(icmp, command, known) if command.startswith("icmp ") else ""
        if not wrong and shutil.which("tcpdump"):
            wrong = wrong_filter(command)
        if wrong:
            failed += 1
            print(f"{name}: {command}: {wrong}")
    print(f"{tried} commands, {failed} wrong")
    return 1 if failed or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
