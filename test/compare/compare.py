#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Decodes captures with icmpkit and with tshark and tcpdump, and compares them field by field. Prints
a table: packets, fields, equal, explained, unexplained. A difference is explained by a rule of
explained.py; one that is not makes the exit status 1, as does, with generated captures, a rule that
no difference needed.

Usage: compare.py [--icmp COMMAND] [--seed N] [--details N] [--rules] [FOLDER]
Without a folder, captures are generated.
"""
import argparse
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import explained
import fields

HERE = pathlib.Path(__file__).resolve().parent
SUFFIXES = {'.pcap', '.pcapng', '.cap', '.gz'}


class Difference(collections.namedtuple('Difference', 'tool capture n field ours theirs rec all')):
    """`rec` is our record or None, `all` what the other said about the packet."""

    def __str__(self):
        say = lambda value: 'nothing' if value is None else value
        kind = f'{self.rec["icmp"]["type"]}/{self.rec["icmp"]["code"]}' if self.rec else '-'
        return (f'{self.capture} {self.n} ({kind}) {self.field}: {say(self.ours)}, '
                f'{self.tool} {say(self.theirs)}')


class Table:
    """What was counted, and what was not explained."""

    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)
        self.open, self.used = [], collections.Counter()

    def judge(self, diff):
        rule = next((r for r in explained.RULES if r.covers(diff)), None)
        row = self.rows[diff.capture, diff.tool]
        row['explained' if rule else 'unexplained'] += 1
        if rule:
            self.used[rule] += 1
        else:
            self.open.append(diff)

    def add(self, tool, capture, ours, recs, theirs):
        row = self.rows[capture, tool]
        for n in sorted(ours.keys() | theirs.keys()):
            mine, other = ours.get(n), theirs.get(n)
            row['packets'] += 1
            if mine is None or other is None:
                row['fields'] += 1
                self.judge(Difference(tool, capture, n, 'packet', mine and 'there',
                                      other and 'there', recs.get(n), other or {}))
                continue
            # what tcpdump leaves out it leaves out for brevity
            keys = other.keys() if tool == 'tcpdump' else mine.keys() | other.keys()
            for key in sorted(keys - {'malformed', 'part', 'protocols'}):
                row['fields'] += 1
                if mine.get(key) == other.get(key):
                    row['equal'] += 1
                    continue
                self.judge(Difference(tool, capture, n, key, mine.get(key), other.get(key),
                                      recs[n], other))

    def total(self):
        out = collections.Counter()
        for row in self.rows.values():
            out.update(row)
        return out

    def print(self):
        columns = ('packets', 'fields', 'equal', 'explained', 'unexplained')
        print(f'{"capture":34} {"beside":8}' + ''.join(f'{c:>12}' for c in columns))
        for (capture, tool), row in sorted(self.rows.items()):
            print(f'{capture:34.34} {tool:8}' + ''.join(f'{row[c]:12}' for c in columns))
        total = self.total()
        print(f'{"all":34} {"":8}' + ''.join(f'{total[c]:12}' for c in columns))


def captures(folder):
    return sorted(p for p in folder.iterdir() if p.suffix in SUFFIXES)


def compare(command, folder):
    table = Table()
    for path in captures(folder):
        strange = fields.link_types(path) - fields.READ
        if strange:
            print(f'not compared: {path.name}: dump reads no link type {min(strange)}')
            continue
        mine, recs = fields.ours(command, path)
        table.add('tshark', path.name, mine, recs, fields.tshark(path))
        said = fields.tcpdump(path)
        table.add('tcpdump', path.name, {n: m for n, m in mine.items() if n in said}, recs, said)
    return table


def report(table, details, generated):
    """Exit status."""
    table.print()
    for diff in table.open[:details]:
        print(f'unexplained: {diff}')
    if len(table.open) > details:
        print(f'and {len(table.open) - details} more')
    idle = [r for r in explained.RULES if r.generated and not table.used[r]] if generated else []
    for rule in idle:
        print(f'no difference needs the rule: {rule.tool} {rule.field}: {rule.reason}')
    if not table.total()['equal']:
        print('nothing was compared')
        return 1
    return 1 if table.open or idle else 0


def main():
    parser = argparse.ArgumentParser(description='compares icmpkit with tshark and tcpdump')
    parser.add_argument('--icmp', default=os.environ.get('ICMP', str(HERE / '../../build/icmp')))
    parser.add_argument('--seed', default='1')
    parser.add_argument('--details', type=int, default=40, help='differences printed in full')
    parser.add_argument('--rules', action='store_true', help='print the rules that were needed')
    parser.add_argument('folder', nargs='?', type=pathlib.Path)
    args = parser.parse_args()
    if not all(map(shutil.which, ('tshark', 'tcpdump'))):
        print('no tshark or tcpdump: nothing to compare with')
        return 77
    with tempfile.TemporaryDirectory() as made:
        if not args.folder:
            subprocess.run([sys.executable, HERE / 'generate.py', '--seed', args.seed, made],
                           check=True)
        table = compare(args.icmp, args.folder or pathlib.Path(made))
    if args.rules:
        for rule, n in table.used.most_common():
            print(f'{n:6} {rule.tool} {rule.field} ({rule.source}): {rule.reason}')
    return report(table, args.details, not args.folder)


if __name__ == '__main__':
    sys.exit(main())
