# SPDX-License-Identifier: MIT
"""Scenario files into steps. The language is told in test/scenario/README."""

import copy
import os
import re

import syntax
from syntax import Wrong

UNITS = {"ns": 1, "us": 1000, "ms": 10**6, "s": 10**9, "min": 60 * 10**9}
FRAME_STEPS = ("in", "out", "next", "maybe")
OPTIONS = {"in": {"via", "every", "as", "frag", "order", "only"},
           "out": {"via", "as", "count", "whole", "forwarded"},
           "next": {"via", "as", "whole", "forwarded"},
           "maybe": {"via", "as", "count", "whole", "forwarded"},
           "ignore": {"whole"}, "app": {"as"}}
CHATTER = {"dad", "arp", "nd", "mld", "ra", "rdisc", "igmp"}


def duration(text):
    if text == "0":
        return 0
    shape = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s|min)", text)
    if not shape:
        raise Wrong("no duration: %s (write 50ms, 1s, 2min)" % text)
    return round(float(shape[1]) * UNITS[shape[2]])


class Step:
    def __init__(self, line, kind, low=0, high=0):
        self.line, self.kind, self.low, self.high = line, kind, low, high
        self.interface, self.options, self.layers = None, {}, []
        self.times, self.alternatives, self.words = 1, [], []
        self.text = ""

    @property
    def longest(self):
        """How long it may take, in nanoseconds."""
        if self.kind == "in":
            return self.high + duration(self.options.get("every", "0")) * self.times
        return self.high


class Scenario:
    def __init__(self, path):
        self.path, self.ids, self.duty = path, [], ""
        self.kind, self.settings, self.steps = None, [], []
        self.observe, self.notes, self.listen, self.case = "everywhere", {}, set(), None
        self.may_refuse = False  # a subject that refuses the configuration does right

    @property
    def name(self):
        base = os.path.splitext(os.path.basename(self.path))[0]
        return base + (" (%s)" % self.case if self.case else "")

    @property
    def longest(self):
        return sum(step.longest for step in self.steps)

    def uses(self, verb):
        """Whether the user of the subject does that."""
        return any(step.kind == "app" and step.words[0] == verb for step in self.steps)


def read(path):
    """The scenarios of a file: one, or one for each `case`."""
    with open(path, encoding="utf-8") as file:
        return parse(path, file.read())


def parse(path, text):
    lines = [(n, line) for n, line in enumerate(text.split("\n"), 1)]
    try:
        base, rest = _header(path, lines)
        return _cases(base, _expand(rest))
    except Wrong as err:
        if not str(err).startswith(path):
            raise Wrong("%s: %s" % (path, err)) from None
        raise


def _header(path, lines):
    """The comment at the top: `# ID [ID...]`, then the duty in a sentence."""
    scenario = Scenario(path)
    words = []
    for place, (number, line) in enumerate(lines):
        line = line.strip()
        if not line.startswith("#"):
            break
        line = line[1:].strip()
        if line.startswith("SPDX-License-Identifier"):
            continue
        if not scenario.ids:
            scenario.ids = line.split()
            for one in scenario.ids:
                if not re.fullmatch(r"(R[0-9]+|DF)-[A-Za-z0-9.-]+", one):
                    raise Wrong("%s:%d: no id of a duty: %s" % (path, number, one))
        elif line:
            words.append(line)
    scenario.duty = " ".join(words)
    if not scenario.ids or not scenario.duty:
        raise Wrong("%s: begin with `# ID`, then the duty in a sentence" % path)
    return scenario, [(n, re.sub(r"(^|\s)#.*", "", t).rstrip()) for n, t in lines[place:]]


def _expand(lines):
    """for NAME in VALUE... / end: the lines between, once for each value ($NAME in them)."""
    made, at = [], 0
    while at < len(lines):
        number, text = lines[at]
        words = text.split()
        if words[:1] != ["for"]:
            made.append((number, text))
            at += 1
            continue
        if len(words) < 4 or words[2] != "in":
            raise Wrong("line %d: write for NAME in VALUE..." % number)
        depth, stop = 1, at + 1
        while stop < len(lines) and depth:
            first = lines[stop][1].split()[:1]
            depth += (first == ["for"]) - (first == ["end"])
            stop += 1
        if depth:
            raise Wrong("line %d: for without end" % number)
        for value in _values(words[3:]):
            inner = [(n, re.sub(r"\$(%s\b|\{%s\})" % (words[1], words[1]), value, t))
                     for n, t in lines[at + 1:stop - 1]]
            made += _expand(inner)
        at = stop
    return made


def _values(words):
    for word in words:
        low, dots, high = word.partition("..")
        if dots and low.isdigit() and high.isdigit():
            yield from (str(i) for i in range(int(low), int(high) + 1))
        else:
            yield word


def _cases(base, lines):
    """Lines before the first `case` are common to all."""
    common, cases = [], []
    for number, text in lines:
        if text.split()[:1] == ["case"]:
            cases.append((text.split(None, 1)[1] if " " in text else "", []))
        elif text.strip():
            (cases[-1][1] if cases else common).append((number, text))
    names = [name for name, _ in cases]
    if len(set(names)) < len(names):
        raise Wrong("%s: two cases have one name" % base.path)
    made = []
    for name, own in cases or [(None, [])]:
        scenario = copy.deepcopy(base)
        scenario.case = name
        for number, text in common + own:
            try:
                _line(scenario, number, text.strip())
            except (Wrong, ValueError, IndexError) as err:
                raise Wrong("%s:%d: %s" % (base.path, number, err)) from None
        if scenario.kind is None:
            raise Wrong("%s: no `subject host|router|nat`" % base.path)
        if not any(s.kind in ("in", "app", "out", "silence") for s in scenario.steps):
            raise Wrong("%s: nothing happens in it" % base.path)
        made.append(scenario)
    return made


def _line(scenario, number, text):
    words = text.split()
    if words[0] == "subject":
        if words[1:] not in (["host"], ["router"], ["nat"]):
            raise Wrong("write subject host, router or nat")
        scenario.kind = words[1]
    elif words[0] in ("set", "neighbour", "name", "mute"):
        scenario.settings.append((number, words))
    elif words[0] == "observe":
        if words[1:] not in (["inside"], ["everywhere"]):
            raise Wrong("write observe inside")
        scenario.observe = words[1]
    elif words == ["may", "refuse"]:
        scenario.may_refuse = True
    elif words[0] == "linux":
        if words[1] not in ("deviates", "lacks", "skip"):
            raise Wrong("write linux deviates|lacks|skip REASON")
        scenario.notes[words[1]] = " ".join(words[2:])
    elif words[0] == "listen":
        if not words[1:] or set(words[1:]) - CHATTER:
            raise Wrong("listen to %s" % " ".join(sorted(CHATTER)))
        scenario.listen |= set(words[1:])
    elif words[0] == "or":
        _alternative(scenario, number, text)
    elif words[0] == "ignore":
        step = Step(number, "ignore")
        _frame(step, syntax.split(text)[1:])
        scenario.steps.append(step)
    else:
        scenario.steps.append(one_step(number, text))


def _alternative(scenario, number, text):
    last = scenario.steps[-1] if scenario.steps else None
    if last is None or last.kind not in ("out", "next", "maybe"):
        raise Wrong("`or` follows out, next or maybe")
    step = Step(number, last.kind, last.low, last.high)
    step.text = text
    _frame(step, syntax.split(text)[1:])
    last.alternatives.append(step)


def one_step(number, text):
    """One step of that text."""
    tokens = syntax.split(text)
    if len(tokens) < 2:
        raise Wrong("a step is a time and what happens: +0 in ..., <50ms out ..., +1s silence")
    low, high = _time(tokens[0])
    kind = tokens[1]
    made = Step(number, kind, low, high)
    made.text = " ".join(text.split())
    if kind in FRAME_STEPS:
        if tokens[0].startswith("+") != (kind == "in"):
            raise Wrong("in happens at +TIME; out, next, maybe within <TIME or TIME..TIME")
        _frame(made, tokens[2:])
    elif kind in ("silence", "wait", "drain"):
        if len(tokens) > 2 or not tokens[0].startswith("+"):
            raise Wrong("write +TIME %s" % kind)
    elif kind == "do":
        made.words = tokens[2:]
    elif kind == "app":
        _app(made, tokens[2:])
    else:
        raise Wrong("unknown step %s (known: in out next maybe silence wait drain do app)" % kind)
    return made


def _time(token):
    if token.startswith("+"):
        return 0, duration(token[1:])
    if token.startswith("<"):
        return 0, duration(token[1:])
    low, dots, high = token.partition("..")
    if not dots:
        raise Wrong("begin with a time: +1s, <50ms, 3s..5s")
    low, high = duration(low), duration(high)
    if low > high:
        raise Wrong("the time ends before it begins")
    return low, high


def _frame(step, tokens):
    """[INTERFACE] [OPTION...] PACKET"""
    at = 0
    if at < len(tokens) and re.fullmatch(r"eth[0-9]", tokens[at]):
        step.interface = tokens[at]
        at += 1
    elif step.kind in ("in",):
        raise Wrong("which interface?")
    while at < len(tokens) and tokens[at] not in syntax.LAYOUTS:
        name, equals, value = tokens[at].partition("=")
        if re.fullmatch(r"x[0-9]+", name) and not equals and step.kind == "in":
            step.times = int(name[1:])
        elif name in ("via", "as") and not equals:
            at += 1
            name, value = name, tokens[at]
            _option(step, name, value)
        else:
            _option(step, name, value)
        at += 1
    if at < len(tokens):
        step.layers = syntax.packet(tokens[at:])
    elif "forwarded" not in step.options:
        raise Wrong("no packet")


def _option(step, name, value):
    if name not in OPTIONS.get(step.kind, ()):
        raise Wrong("unknown option %s (known: %s, xN)"
                    % (name, " ".join(sorted(OPTIONS.get(step.kind, ())))))
    step.options[name] = value


def _app(step, tokens):
    """What the user of the subject does or sees; the first word says what."""
    verb = tokens[0]
    if verb in ("send", "told"):
        rest = tokens[1:]
        while rest and rest[0] not in syntax.LAYOUTS:
            if rest[0] != "as":
                raise Wrong("app %s PACKET" % verb)
            step.options["as"] = rest[1]
            rest = rest[2:]
        step.words = [verb]
        step.layers = syntax.packet(rest)
    elif verb == "untold":
        step.words = [verb]
        step.layers = syntax.packet(tokens[1:]) if tokens[1:] else []
    else:
        step.words = tokens
