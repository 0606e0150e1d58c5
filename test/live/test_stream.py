# SPDX-License-Identifier: MIT
"""A `--json` stream cut at any moment by SIGKILL: every complete line parses and is valid; and streams
end whole by every milder signal."""

import fcntl
import json
import os
import random
import signal
import struct
import termios
import time

from cases import add, case, equal, main
from hostile import Hostile, faults
from net import ICMP, Net, require_root, wait_for
from runs import Records, check_totals, rest_of, schema

require_root()

net = Net()
node = net.node("src")
node.ping_sockets(True)
hostile = Hostile(node)
folder = net.folder()
chance = random.Random(20261121)  # the same moments in every run

STREAMS = {
    "flood": ["ping", "--json", "-f", "127.0.0.1", "::1"],
    "preload": ["ping", "--json", "-i", "0.001", "-l", "50", "127.0.0.1"],
    "hostile": ["ping", "--json", "-i", "0.01", "-W", "0.1",
                *[hostile.address(name) for name in sorted(faults(4))]],
    "hostile_6": ["ping", "--json", "-i", "0.01", "-W", "0.1",
                  *[hostile.address(name, 6) for name in sorted(faults(6))]],
    "trace": ["trace", "--json", "-q", "10", "-N", "2", "-z", "0.002", "127.0.0.1",
              *[hostile.address(name) for name in ("mpls", "quote-8", "error", "silent")]],
}
CUTS = 12


def complete_lines(data):
    """The lines that have their end; a last one without is what the kill cut."""
    return data.split(b"\n")[:-1]


def cut(name, number):
    """Through a pipe and into a file, after a random time of up to 150 ms from the first byte."""
    path = os.path.join(folder, "%s-%d" % (name, number))
    with open(path, "wb") as file:
        child = node.start([ICMP, *STREAMS[name]], stdout=file)
        end = time.monotonic() + 5
        while os.path.getsize(path) == 0 and child.poll() is None and time.monotonic() < end:
            time.sleep(0.001)
        moment = time.monotonic() + chance.random() * 0.15
        while time.monotonic() < moment and child.poll() is None:
            time.sleep(0.0005)
        child.send_signal(signal.SIGKILL)
        child.communicate()
    with open(path, "rb") as file:
        return complete_lines(file.read())


def killed(name):
    def run():
        seen = 0
        for number in range(CUTS):
            for line in cut(name, number):
                record = json.loads(line.decode("utf-8"))
                if seen < 5000:  # validation is the slow part; parsing is checked for all
                    schema().check(record)
                seen += 1
        equal(seen > CUTS, True, "lines before the cuts: %d" % seen)
    return run


for stream_name in STREAMS:
    add("killed_" + stream_name, killed(stream_name))


def ended_by(number):
    def run():
        child = node.start([ICMP, "ping", "--json", "-i", "0.02", "127.0.0.1"])
        said = [child.stdout.readline() for _ in range(10)]
        child.send_signal(number)
        rest, _ = rest_of(child)
        records = Records("".join(said) + rest)
        equal(child.returncode, 0, "answered, then interrupted")
        equal(records[0]["record"], "run")
        equal(records[-1]["record"], "ping_summary")
        equal(records[-1]["final"], True)
        check_totals(records[-1])
    return run


for a_signal in ("SIGINT", "SIGTERM"):
    add("ended_by_" + a_signal.lower(), ended_by(getattr(signal, a_signal)))


@case
def quit_says_a_summary_on_the_way():
    child = node.start([ICMP, "ping", "--json", "-i", "0.02", "127.0.0.1"])
    said = [child.stdout.readline() for _ in range(10)]
    child.send_signal(signal.SIGQUIT)
    while '"final":false' not in said[-1]:
        said.append(child.stdout.readline())
        equal(len(said) < 1000, True, "no summary on the way")
    said.append(child.stdout.readline())
    child.send_signal(signal.SIGINT)
    rest, _ = rest_of(child)
    records = Records("".join(said) + rest)
    equal(len(records.of("ping_summary", final=False)), 1)
    equal(len(records.of("ping_summary", final=True)), 1)


def waiting_bytes(pipe):
    return struct.unpack("i", fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b"\0" * 4))[0]


@case
def a_slow_reader_gets_whole_lines():
    """The pipe is full for a while: nothing is lost of what is said, and every line is whole."""
    child = node.start([ICMP, "ping", "--json", "-c", "3000", "-f", "127.0.0.1"])
    seen = [0] * 10
    wait_for(lambda: seen.append(waiting_bytes(child.stdout)) or 0 < seen[-10] == seen[-1],
             "a pipe that takes no more")
    equal(seen[-1] > 10000, True, "bytes in the pipe: %d" % seen[-1])
    records = Records(rest_of(child, 60)[0])
    summary = records.one("ping_summary", final=True)
    equal(summary["sent"], 3000)
    equal(len(records.of("reply")), summary["received"] + summary["duplicates"])


with net:
    main()
