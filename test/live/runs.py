# SPDX-License-Identifier: MIT
"""Runs of the command and of its peers in a node, and what they said."""

import concurrent.futures
import json
import os
import re
import threading

from cases import Skip
from net import ICMP

PING = "/usr/bin/ping" if os.path.exists("/usr/bin/ping") else "/bin/ping"


def _load_schema():
    path = os.environ.get("RECORDS_SCHEMA") or os.path.join(os.path.dirname(ICMP), "doc",
                                                            "records.schema.json")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Schema:
    """The generated schema; one validator a kind, so that an error names the field."""

    def __init__(self):
        try:
            from jsonschema import Draft202012Validator
        except ImportError as error:
            raise Skip("python3-jsonschema is not installed") from error
        schema = _load_schema()
        self.of = {kind: Draft202012Validator({"$ref": "#/$defs/" + kind, "$defs": schema["$defs"]})
                   for kind in (ref["$ref"].rsplit("/", 1)[1] for ref in schema["oneOf"])}

    def check(self, record):
        error = next(self.of[record["record"]].iter_errors(record), None)
        if error:
            raise AssertionError("%r\n  is not valid: %s" % (record, error.message))


_schema = []


def schema():
    if not _schema:
        _schema.append(Schema())
    return _schema[0]


VALIDATED = 300  # of a kind in one stream; the rest only has to parse


class Records(list):
    """The records of a stream, held against the schema."""

    def __init__(self, text):
        super().__init__()
        if text and not text.endswith("\n"):
            raise AssertionError("the last line has no end: %r" % text[-200:])
        seen = {}
        for line in text.split("\n")[:-1]:
            record = json.loads(line)
            kind = record["record"]
            seen[kind] = seen.get(kind, 0) + 1
            if seen[kind] <= VALIDATED:
                schema().check(record)
            self.append(record)

    def of(self, kind, **fields):
        return [r for r in self if r["record"] == kind
                and all(r.get(key) == value for key, value in fields.items())]

    def one(self, kind, **fields):
        found = self.of(kind, **fields)
        if len(found) != 1:
            raise AssertionError("%d records %s %r in %r" % (len(found), kind, fields, list(self)))
        return found[0]


def check_totals(summary):
    """sent = received + late + lost + unknown + in_flight, always."""
    parts = sum(summary[k] for k in ("received", "late", "lost", "unknown", "in_flight"))
    if summary["sent"] != parts:
        raise AssertionError("sent is not the sum of its parts: %r" % summary)
    base = summary["sent"] - summary["in_flight"] - summary["unknown"]
    want = summary["lost"] / base if base > 0 else None
    got = summary["loss_ratio"]
    if (got is None) != (want is None) or (got is not None and abs(got - want) > 1e-9):
        raise AssertionError("loss_ratio: %r" % summary)


def ping_json(node, args, user=None, command=ICMP, status=None, timeout=30):
    """Runs `icmp ping --json`; every record is valid and every summary adds up."""
    done = node.run([command, "ping", "--json"] + args, user=user, timeout=timeout)
    if status is not None and done.returncode != status:
        raise AssertionError("status %d, not %d: %s\n%s%s"
                             % (done.returncode, status, args, done.stdout[-2000:], done.stderr))
    records = Records(done.stdout)
    records.status, records.stderr = done.returncode, done.stderr
    for summary in records.of("ping_summary"):
        check_totals(summary)
    return records


def trace_json(node, args, user=None, command=ICMP, status=None, timeout=60):
    done = node.run([command, "trace", "--json"] + args, user=user, timeout=timeout)
    if status is not None and done.returncode != status:
        raise AssertionError("status %d, not %d: %s\n%s%s"
                             % (done.returncode, status, args, done.stdout[-2000:], done.stderr))
    records = Records(done.stdout)
    records.status, records.stderr = done.returncode, done.stderr
    return records


_NUMBERS = [
    (re.compile(r"^\[\d+\.\d{6}\] ", re.M), "[TIME] "),
    (re.compile(r"time=[0-9.]+ ms"), "time=N ms"),
    (re.compile(r", time \d+ms"), ", time Nms"),
    (re.compile(r"= [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+ ms"), "= N/N/N/N ms"),
    (re.compile(r"min/avg/ewma/max = [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+ ms"),
     "min/avg/ewma/max = N/N/N/N ms"),
    (re.compile(r"ipg/ewma [0-9.]+/[0-9.]+ ms"), "ipg/ewma N/N ms"),
    (re.compile(r", pipe \d+"), ", pipe N"),
    (re.compile(r"  [0-9.]+ ms"), "  N ms"),
    (re.compile(r"\t\d+ absolute"), "\tN absolute"),
    (re.compile(r"^(\t[0-9.]+\t)-?\d+$", re.M), r"\1N"),
    (re.compile(r" ident=\d+"), " ident=N"),
]


def normal(text):
    """The text with its measured numbers replaced."""
    for pattern, by in _NUMBERS:
        text = pattern.sub(by, text)
    return text


class Pairs:
    """Commands run as we and as the peer, several pairs at a time: what they say is waited for in the
    cases."""

    def __init__(self, workers=6):
        self.pool = concurrent.futures.ThreadPoolExecutor(workers)

    def ping(self, node, peers_node, args):
        """A function that gives (ours, theirs): finished processes."""
        futures = [self.pool.submit(node.run, [ICMP, "ping"] + args, timeout=20),
                   self.pool.submit(peers_node.run, [PING] + args, timeout=20)]
        return lambda: [f.result() for f in futures]


def rest_of(child, timeout=30):
    """What a child still prints after lines of it were read, to its end: (stdout, stderr). Not
    communicate(), which would miss what those reads left in their buffers."""
    watchdog = threading.Timer(timeout, child.kill)
    watchdog.start()
    try:
        out = child.stdout.read()
        err = child.stderr.read()
        child.wait()
    finally:
        watchdog.cancel()
    return out, err


def interrupt_after(node, argv, lines, signals, **kw):
    """Starts argv, waits until it has printed that many lines, sends the signals in turn (waiting for
    no more than the process takes them in order), and gives what it printed and its status."""
    child = node.start(argv, **kw)
    said = [child.stdout.readline() for _ in range(lines)]
    for number in signals:
        child.send_signal(number)  # ip and setpriv have become the command: the pid is its own
        if number != signals[-1]:
            # the summary on the way goes to stderr: its arrival is the condition to go on
            said.append(child.stderr.readline())
    out, err = rest_of(child)
    return "".join(said) + out, err, child.returncode
