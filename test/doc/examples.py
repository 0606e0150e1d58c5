#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the commands that the documentation shows and holds their output against what it prints.

Usage: examples.py [--update] ICMP ROOT FILE...        (FILE: Markdown, relative to ROOT)

A block opened by ```console holds commands ("$ ..." lines, continued after a backslash), each followed by
what it prints, standard output and error together. A line "..." stands for any lines. A command that ends
with another status than 0 has "[exit status N]" as its last line. Commands run in an empty folder beside
which only examples/ is there, with the icmp that was built first in PATH; a command that stands in several
files runs once. --update writes what was printed into the files: to be read before it is committed.

The blocks of a translation (X.ko.md) have to be those of the original (X.md, or X.en.md), in their order.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

LIMIT_S = 60


def blocks(lines):
    """Yields (first, end) of the bodies of console blocks: lines[first:end]."""
    first = None
    for i, line in enumerate(lines):
        if first is None and line.strip() == '```console':
            first = i + 1
        elif first is not None and line.strip() == '```':
            yield first, i
            first = None
    if first is not None:
        raise SystemExit(f'a console block that opens at line {first} does not close')


def commands(body):
    """Splits the body of a block into (lines of the command, lines of output)."""
    out = []
    i = 0
    while i < len(body):
        if not body[i].startswith('$ '):
            raise SystemExit(f'output without a command: {body[i]!r}')
        start = i
        while body[i].endswith('\\') and i + 1 < len(body):
            i += 1
        i += 1
        output = i
        while i < len(body) and not body[i].startswith('$ '):
            i += 1
        out.append((body[start:output], body[output:i]))
    return out


def run(command, icmp, root):
    """What a reader of the command would see, as lines."""
    text = '\n'.join(command)[2:]
    env = {'PATH': f'{icmp.parent}:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8', 'TZ': 'UTC'}
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(root / 'examples', pathlib.Path(folder) / 'examples')
        done = subprocess.run(['sh', '-c', text], cwd=folder, env=env, timeout=LIMIT_S, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    lines = done.stdout.splitlines()
    if done.returncode:
        lines.append(f'[exit status {done.returncode}]')
    return lines


def matches(want, got):
    """Whether the lines are what is wanted, "..." standing for any of them."""
    if not want:
        return not got
    if want[0] == '...':
        return any(matches(want[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and want[0].rstrip() == got[0].rstrip() and matches(want[1:], got[1:])


def original(path):
    """The file that a translation translates; None for what is no translation."""
    if not path.name.endswith('.ko.md'):
        return None
    stem = path.with_name(path.name.removesuffix('.ko.md'))
    english = stem.with_name(stem.name + '.en.md')
    return english if english.exists() else stem.with_name(stem.name + '.md')


def same_blocks(path, root):
    """Whether a translation shows what its original shows."""
    of = original(path)
    if of is None:
        return True
    here, there = ([lines[a:b] for a, b in blocks(lines)] for lines in
                   (p.read_text().splitlines() for p in (path, of)))
    if here == there:
        return True
    n = next((i for i, pair in enumerate(zip(here, there)) if pair[0] != pair[1]), min(len(here), len(there)))
    print(f'{path.relative_to(root)}: block {n + 1} of {len(here)} is not that of {of.relative_to(root)}, '
          f'which has {len(there)}')
    return False


def check(path, icmp, root, update, seen):
    lines = path.read_text().splitlines()
    failed = ran = 0
    for first, end in reversed(list(blocks(lines))):
        body = []
        for command, want in commands(lines[first:end]):
            text = '\n'.join(command)
            if text not in seen:
                seen[text] = run(command, icmp, root)
            got = seen[text]
            ran += 1
            if not matches(want, got):
                failed += 1
                print(f'{path.relative_to(root)}: {" ".join(command)}')
                print('  wanted:', *want, sep='\n    ')
                print('  printed:', *got, sep='\n    ')
            body += command + (got if update and not matches(want, got) else want)
        lines[first:end] = body
    if update and failed:
        path.write_text('\n'.join(lines) + '\n')
    return ran, failed


def main():
    args = sys.argv[1:]
    update = args[:1] == ['--update']
    icmp, root, *files = args[update:]
    icmp, root = pathlib.Path(icmp).resolve(), pathlib.Path(root).resolve()
    ran = failed = other = 0
    seen = {}
    for name in files:
        r, f = check(root / name, icmp, root, update, seen)
        ran, failed = ran + r, failed + f
    for name in files:
        other += not same_blocks(root / name, root)
    print(f'{ran} commands, {failed} not as shown; {other} translations with other blocks')
    return 1 if failed or other or not ran else 0


if __name__ == '__main__':
    sys.exit(main())
