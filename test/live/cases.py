# SPDX-License-Identifier: MIT
"""Cases of a live test: run in order, told one a line, summed in a closing line
`N passed, N failed, N skipped`.

    @case
    def loopback_answers(): ...

    main()

A case fails by an exception; it raises Skip(reason) when it cannot run here. The exit status is 1
when one failed (or, where CI=true, was skipped), 77 when all were skipped, else 0. Arguments choose
cases by a part of their name."""

import os
import sys
import time
import traceback

SKIP = 77
_cases = []


class Skip(Exception):
    """This case cannot run here, and why."""


def case(function):
    _cases.append(function)
    return function


def add(name, function):
    """A case made from a row of a table."""
    function.__name__ = name
    return case(function)


def strict():
    return os.environ.get("CI") == "true"


def skip_all(why):
    """Ends the program where no case can run."""
    print("skipped: " + why)
    print("0 passed, 0 failed, 1 skipped", flush=True)
    sys.exit(1 if strict() else SKIP)


def equal(got, want, what=""):
    if got != want:
        raise AssertionError("%s\n  got:  %r\n  want: %r" % (what or "not equal", got, want))


def contains(text, part, what=""):
    if part not in text:
        raise AssertionError("%s\n  no %r\n  in %s" % (what or "missing", part, text))


def run_one(function, count):
    name, start, failure = function.__name__, time.monotonic(), None
    try:
        function()
        outcome = "passed"
    except Skip as skip:
        outcome, failure = "skipped", "  " + str(skip)
    except Exception:  # a failed case must not keep the others from running
        outcome, failure = "failed", traceback.format_exc()
    count[outcome] += 1
    print("%-7s %5.1f s  %s" % (outcome, time.monotonic() - start, name), flush=True)
    if failure:
        print(failure, flush=True)


def main(cases=None):
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for function in cases or _cases:
        if len(sys.argv) > 1 and not any(part in function.__name__ for part in sys.argv[1:]):
            continue
        run_one(function, count)
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count, flush=True)
    if count["failed"] or (strict() and count["skipped"]):
        sys.exit(1)
    sys.exit(0 if count["passed"] else SKIP)
