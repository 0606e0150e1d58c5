# SPDX-License-Identifier: MIT
"""`set`, `neighbour`, `name` and `mute` lines: what they do to the world, and what is left for the
subject to understand."""

import ipaddress

from script import duration
from syntax import Wrong

# Options of a node, beside what makes the topology: name -> kind of value. The names are those of
# the stack with dashes; `flag` is on or off.
NODE_OPTIONS = {
    "echo": "flag", "timestamp": "flag", "echo-broadcast": "flag", "echo-multicast6": "flag",
    "mask": "flag", "mask-learn": "flag", "clock-offset": "time", "silent": "flag",
    "unreachable": "flag", "time-exceeded": "flag", "prohibited": "flag", "error-rate": "number",
    "error-burst": "number", "error-rate-all": "number", "error-burst-all": "number",
    "error-unlimited": "flag", "quote-bytes": "number", "from": "word", "mpls-labels": "numbers",
    "mpls-hides": "flag", "ifinfo": "number", "error-tos": "number", "redirects": "flag",
    "quench-send": "flag", "quench-obey": "flag", "advertise4": "flag", "advertise6": "flag",
    "solicit4": "flag", "solicit6": "flag", "advertise-interval": "time",
    "advertise-lifetime": "number", "preference4": "number", "advertise-prefix-bits": "number",
    "pmtud": "flag", "pmtu-timeout": "time", "reassembly4": "time", "reassembly6": "time",
    "reassembly-max": "number", "ttl": "number", "balance": "word", "source-routes": "flag",
    "directed-broadcast": "flag", "forwarding": "flag", "precedence-cutoff": "number",
    "udp-open": "numbers", "tcp-open": "numbers", "neighbours-max": "number",
    "queue-max": "number", "destinations-max": "number", "point-to-point": "word",
    "probe": "words", "nat": "words", "filter": "words", "prefixes": "words",
}


def apply(scenario, world):
    """Changes the world; returns the options, in order: [(name, value)]."""
    options = []
    for line, words in scenario.settings:
        try:
            _apply_one(words, world, options)
        except (Wrong, ValueError, IndexError) as err:
            raise Wrong("%s:%d: %s" % (scenario.path, line, err)) from None
    return options


def _apply_one(words, world, options):
    verb = words[0]
    if verb == "neighbour":
        world.neighbour(words[1], words[2], *words[3:])
    elif verb == "name":
        world.name(words[1], *words[2:])
    elif verb == "mute":
        world.muted |= set(words[1:])
        strange = world.muted - set(world.neighbours)
        if strange:
            raise Wrong("no neighbour is called " + " ".join(strange))
    elif words[1] in TOPOLOGY:
        TOPOLOGY[words[1]](world, words[2:])
    elif words[1] in NODE_OPTIONS:
        options.append((words[1], _value(NODE_OPTIONS[words[1]], words[2:])))
    else:
        raise Wrong("unknown setting %s (known: %s)"
                    % (words[1], " ".join(sorted(list(NODE_OPTIONS) + list(TOPOLOGY)))))


def _value(kind, words):
    if kind == "words":
        return words
    if kind == "numbers":
        return [int(n, 0) for w in words for n in w.split(",") if n]
    if len(words) != 1:
        raise Wrong("one value is needed")
    if kind == "flag":
        if words[0] not in ("on", "off"):
            raise Wrong("on or off?")
        return words[0] == "on"
    if kind == "time":
        if words[0] == "never":
            return None
        negative = words[0].startswith("-")
        return duration(words[0].lstrip("-")) * (-1 if negative else 1)
    return int(words[0], 0) if kind == "number" else words[0]


def _mtu(world, words):
    world.mtu[words[0]] = int(words[1])


def _address(world, words):
    if words[0] not in world.interfaces:
        raise Wrong("no interface " + words[0])
    for text in words[1:]:
        world.add_address(words[0], text)


def _noaddress(world, words):
    """set noaddress eth0 [4|6]"""
    world.drop_addresses(words[0], int(words[1]) if words[1:] else None)
    world.prefixes[words[0]] = [p for p in world.prefixes[words[0]]
                                if words[1:] and p.version != int(words[1])]


def _route(world, words):
    """set route PREFIX via NAME | PREFIX dev IFACE | PREFIX drop|unreachable|reject, [tos=N]"""
    prefix = ipaddress.ip_network(words[0])
    tos = next((int(w[4:], 0) for w in words if w.startswith("tos=")), None)
    if words[1] == "via":
        via = world.address(words[2], prefix.version)
        name = next((n for n, (_, _, mine) in world.neighbours.items()
                     if (prefix.version, via) in mine), None)
        if name is None:
            raise Wrong("no neighbour: " + words[2])
        row = (str(prefix), via, world.neighbours[name][0], "unicast", tos)
    elif words[1] == "dev":
        row = (str(prefix), None, words[2], "unicast", tos)
    elif words[1] in ("drop", "unreachable", "reject"):
        row = (str(prefix), None, None, words[1], tos)
    else:
        raise Wrong("via NAME, dev INTERFACE, drop, unreachable or reject?")
    world.routes.append(row if tos is not None else row[:4])


def _noroute(world, words):
    """set noroute PREFIX | default"""
    gone = {"0.0.0.0/0", "::/0"} if words[0] == "default" else {str(ipaddress.ip_network(words[0]))}
    world.routes = [r for r in world.routes if r[0] not in gone]


def _default(world, words):
    """set default via NAME: both families"""
    _noroute(world, ["default"])
    _route(world, ["0.0.0.0/0"] + words)
    _route(world, ["::/0"] + words)


TOPOLOGY = {"mtu": _mtu, "address": _address, "noaddress": _noaddress, "route": _route,
            "noroute": _noroute, "default": _default}
