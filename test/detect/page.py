# SPDX-License-Identifier: MIT
"""What the commands have in common that run a bed and write a page: tools/detection, tools/enforcement."""

import argparse
import subprocess
import sys


def arguments(text, *more):
    """Those of the command line, by its description; `more`: of add_argument."""
    args = argparse.ArgumentParser(description=text.split('\n\n')[0])
    for name, kind, default, metavar in more:
        args.add_argument(name, type=kind, default=default, metavar=metavar)
    args.add_argument('--write', metavar='FILE')
    args.add_argument('--check', metavar='FILE')
    return args.parse_args()


def say(line):
    """How it goes, for who waits."""
    print(line, file=sys.stderr, flush=True)


class Fair:
    """Lets what went wrong be measured once more, which a busy machine can do; not more often than SECONDS
    times in a run: what guard gets wrong now and then shows all the same."""

    SECONDS = 3

    def __init__(self):
        self.used = []

    def measure(self, made, is_as_wished, line_of, *args):
        """What made(*args) returns; once more when a tool failed or it is not as wished."""
        try:
            got = made(*args)
            if is_as_wished(got):
                return got
            why = line_of(got)
        except (AssertionError, subprocess.TimeoutExpired) as fault:
            why = '%s: %s' % (args, fault)
        self.used.append(why)
        if len(self.used) > self.SECONDS:
            raise AssertionError('too much went wrong to be chance: ' + '; '.join(self.used))
        say('once more: ' + why)
        return made(*args)


def differences(old, new, verdicts, known=()):
    """Where two pages are of different verdicts; what begins with one of `known` could not be tried."""
    was, now = verdicts(old), verdicts(new)
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name) and not name.startswith(tuple(known)):
            yield f'{name}: the page says {was.get(name)}, now it is {now.get(name)}'


def settle(args, text, wrong, verdicts, known=()):
    """Writes the page, or compares it, or prints it; the exit status. What is wrong is told last."""
    if args.write:
        with open(args.write, 'w', encoding='utf-8') as file:
            file.write(text)
    elif args.check:
        with open(args.check, encoding='utf-8') as file:
            wrong = wrong + list(differences(file.read(), text, verdicts, known))
    else:
        print(text, end='', flush=True)
    for line in wrong:
        say(line)
    return 1 if wrong else 0
