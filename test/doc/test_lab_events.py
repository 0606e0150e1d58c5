#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What commands tell of a lab, with --events: each case is a lab, a command, and lines that have to be in
what it prints, in their order.

Usage: lab_events.py ICMP
"""
import json
import os
import re
import subprocess
import sys
import tempfile

SEGMENT = """
vantage: me
nodes:
  me: {kind: host}
  gw: {kind: router}
  b: {kind: host}
links:
  - {between: [me, gw, b], net: 10.0.1.0/24, net6: "2001:db8:1::/64", delay: 1ms}
"""


def run(icmp, lab, *args):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'lab.yaml')
        with open(path, 'w', encoding='ascii') as file:
            file.write(lab)
        done = subprocess.run([icmp, args[0], '--lab', path, *args[1:]], text=True, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True)
    if done.stderr:
        raise SystemExit(f'{args}: {done.stderr}')
    return done.stdout


def in_order(out, *patterns):
    """Each pattern is found in a line after that of the one before."""
    lines = iter(out.splitlines())
    for p in patterns:
        if not any(re.search(p, line) for line in lines):
            raise SystemExit(f'no line with {p!r}, in that order, in:\n{out}')


def absent(out, pattern):
    if re.search(pattern, out):
        raise SystemExit(f'{pattern!r} is in:\n{out}')


def group_of_the_link_is_spoken_to_from_the_link(icmp):
    out = run(icmp, SEGMENT, 'ping', '-n', '-c1', '--events', 'ff02::1')
    in_order(out, r'me/eth0 sent: .*\(fe80::[0-9a-f:]+ > ff02::1 ICMPv6 128/0',
             r'b/eth0 sent: .*\(fe80::[0-9a-f:]+ > fe80::[0-9a-f:]+ ICMPv6 129/0',
             r'^64 bytes from fe80::')


CASES = [group_of_the_link_is_spoken_to_from_the_link]

for case in CASES:
    case(sys.argv[1])
    print('ok', case.__name__)
