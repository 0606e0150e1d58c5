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


def run(icmp, lab, *args, code=0):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'lab.yaml')
        with open(path, 'w', encoding='ascii') as file:
            file.write(lab)
        done = subprocess.run([icmp, args[0], '--lab', path, *args[1:]], text=True, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True)
    if done.stderr or done.returncode not in (code if isinstance(code, tuple) else (code,)):
        raise SystemExit(f'{args}: {done.returncode} {done.stderr}')
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
             r'b/eth0 (sent|waiting): .*\(fe80::[0-9a-f:]+ > fe80::[0-9a-f:%]+ ICMPv6 129/0',
             r'^64 bytes from fe80::[0-9a-f:]+: icmp_seq')


def neighbours_are_asked_for_before_what_waits_leaves(icmp):
    """A round trip is 2 ms; another 2 ms passed before, and b asks nobody: it learnt from the question."""
    out = run(icmp, SEGMENT, 'ping', '-4', '-n', '-c1', '--events', 'b')
    in_order(out, r'\[0\.000000\] me/eth0 waiting: from this node, for the address of 10\.0\.1\.3 .*8/0',
             r'\[0\.000000\] me/eth0 sent: ARP: who has 10\.0\.1\.3\? asks 10\.0\.1\.1$',
             r'\[0\.001000\] b/eth0 delivered: ARP: who has',
             r'\[0\.001000\] b/eth0 sent: ARP: 10\.0\.1\.3 is at 02:',
             r'\[0\.002000\] me/eth0 delivered: ARP: 10\.0\.1\.3 is at',
             r'\[0\.002000\] me/eth0 sent: to 10\.0\.1\.3, after 2\.000 ms for its address .*8/0',
             r'time=2\.00 ms')
    absent(out, r'gw.*delivered: ARP')
    reply = json.loads(run(icmp, SEGMENT, 'ping', '-6', '--json', '-c1', 'b').splitlines()[1])
    if (reply['rtt_ns'], reply['wait_ns']) != (2000000, 2000000):
        raise SystemExit(reply)
    out = run(icmp, SEGMENT, 'ping', '-6', '-n', '-c1', '--events', 'b')
    in_order(out, r'me/eth0 waiting: .*for the address of 2001:db8:1::3',
             r'me/eth0 sent: .* 135/0 neighbor-solicitation for 2001:db8:1::3',
             r'b/eth0 sent: .* 136/0 neighbor-advertisement for 2001:db8:1::3',
             r'me/eth0 sent: to 2001:db8:1::3, after 2\.000 ms for its address .*128/0')


def probes_that_wait_are_stamped_when_they_leave(icmp):
    """Sixteen probes of a trace leave together when the neighbour is known; each took 2 ms."""
    out = run(icmp, SEGMENT, 'trace', '-4', '--json', '-q3', 'b')
    hops = [json.loads(line) for line in out.splitlines() if '"record":"hop"' in line]
    for hop in hops:
        if (hop['rtt_ns'], hop['wait_ns']) != (2000000, 2000000):
            raise SystemExit(hop)


def forwarded_is_told_when_it_leaves(icmp):
    lab = """
vantage: me
nodes:
  me: {kind: host}
  gw: {kind: router}
  b: {kind: host}
links:
  - {between: [me, gw], net: 10.0.1.0/24, delay: 1ms}
  - {between: [gw, b], net: 10.0.2.0/24, delay: 1ms, resolve: on}
"""
    out = run(icmp, lab, 'ping', '-n', '-c1', '--events', 'b')
    in_order(out, r'gw/eth0 waiting: TTL 64 -> 63, for the address of 10\.0\.2\.2 by eth1 ',
             r'gw/eth1 sent: ARP',
             r'\[0\.003000\] gw/eth1 forwarded: to 10\.0\.2\.2, after 2\.000 ms for its address .*TTL 63')
    absent(out, r'gw/eth0 forwarded: TTL 64')
    # nobody has .9: an error, and who and where is told when too many wait
    lab = lab.replace('gw: {kind: router}', 'gw: {kind: router, neighbour_queue: 1}')
    out = run(icmp, lab, 'ping', '-n', '-c3', '-i0.2', '--events', '10.0.2.9', code=1)
    in_order(out, r'gw/eth1 dropped: too many wait for this neighbour: the oldest goes  '
                  r'\(10\.0\.1\.1 > 10\.0\.2\.9 ICMP 8/0')


LINKS = """
vantage: me
nodes:
  me: {kind: host}
  gw: {kind: router}
  b: {kind: host}
links:
  - {between: [me, gw], net: 10.0.1.0/24, delay: 1ms}
  - {between: [gw, b], net: 10.0.2.0/24, delay: 1ms, forward: {%s}}
"""


def links_tell_what_they_do(icmp):
    out = run(icmp, LINKS % 'loss: 100%', 'ping', '-n', '-c1', '-W1', '--events', 'b', code=1)
    in_order(out, r'gw link gw-b dropped: lost on the way  \(10\.0\.1\.1 > 10\.0\.2\.2 ICMP 8/0.*TTL 63')
    out = run(icmp, LINKS % 'duplicate: 100%', 'ping', '-n', '-c1', '--events', 'b')
    in_order(out, r'gw link gw-b carried: twice  \(10')
    out = run(icmp, LINKS % 'corrupt: 100%', 'ping', '-n', '-c1', '-W1', '--events', 'b', code=(0, 1))
    in_order(out, r'gw link gw-b carried: a bit of byte \d+ of the packet is turned over')
    out = run(icmp, LINKS % 'black_hole: 1000', 'ping', '-n', '-c1', '-W1', '-s1200', '--events', 'b', code=1)
    in_order(out, r'gw link gw-b dropped: longer than 1000 bytes')
    out = run(icmp, LINKS % 'rate: 10kbit, queue: 1', 'ping', '-n', '-c4', '-l4', '--events', 'b', code=(0, 1))
    in_order(out, r'gw link gw-b dropped: the queue is full: 1 wait already')
    event = [json.loads(line) for line in
             run(icmp, LINKS % 'loss: 100%', 'ping', '-c1', '-W1', '--json', '--events', 'b', code=1).splitlines()
             if '"link"' in line][0]
    if (event['node'], event['link'], event['kind']) != ('gw', 'gw-b', 'dropped'):
        raise SystemExit(event)


def timers_of_probes_start_and_end(icmp):
    out = run(icmp, LINKS % 'delay: 1ms', 'ping', '-n', '-c1', '--events', 'b')
    in_order(out, r'\[0\.000000\] me timer: probe 1 starts its timer of 10000\.000 ms',
             r'\[0\.004000\] me timer: probe 1 is answered after 4\.000 ms  \(b\)')
    out = run(icmp, LINKS % 'loss: 100%', 'ping', '-n', '-c1', '-W1', '--events', 'b', code=1)
    in_order(out, r'me timer: probe 1 starts', r'\[1\.000000\] me timer: probe 1 expires after 1000\.000 ms')
    out = run(icmp, LINKS % 'loss: 100%', 'trace', '-n', '-q1', '-w1', '-m2', '--events', 'b', code=1)
    in_order(out, r'\[0\.000000\] me timer: probe 1 of TTL 1 starts its timer of 1000\.000 ms',
             r'\[0\.002000\] me timer: probe 1 of TTL 1 is answered after 2\.000 ms  \(b\)',
             r'\[1\.000000\] me timer: probe 1 of TTL 2 expires after 1000\.000 ms')


CASES = [group_of_the_link_is_spoken_to_from_the_link, neighbours_are_asked_for_before_what_waits_leaves,
         probes_that_wait_are_stamped_when_they_leave, forwarded_is_told_when_it_leaves,
         links_tell_what_they_do, timers_of_probes_start_and_end]

for case in CASES:
    case(sys.argv[1])
    print('ok', case.__name__)
