# SPDX-License-Identifier: MIT
"""One scenario against one subject: sends what is sent, holds what comes against what is expected,
and plays the neighbours meanwhile."""

import dissect
import script
from build import Builder, Environment, ends, fragments
from formats import LAYOUTS, pack
from match import Matcher, Mismatch, describe, forwarded_alike
from script import duration
from syntax import Field, Layer, Wrong
from world import BROADCAST, SUBJECT_MACS, mac_text

SETTLE = 10**9  # what may still come after the last step, in virtual time
# In real time: how much later a thing may be seen than it happened, and how much earlier a timer may
# seem to end (the clock of the tester starts after the subject's).
SLACK_LATE, SLACK_EARLY, SETTLE_REAL = 1000 * 10**6, 100 * 10**6, 200 * 10**6


class Failed(Exception):
    """The subject did not do what the scenario says."""


class Cannot(Exception):
    """This subject cannot be put into that situation, or the thing cannot be seen there."""


class Arrival:
    """A frame of the subject. `hop` is the hardware address it goes to; `whole` is what it looks
    like (after reassembly, where that was asked for), `parts` the arrivals it is made of."""

    def __init__(self, time, interface, seen, parts=None):
        self.time, self.interface, self.seen = time, interface, seen
        self.parts = parts or [self]


def clock_text(ns):
    return "%.6fs" % (ns / 1e9)


class Trial:
    def __init__(self, scenario, world, subject):
        self.scenario, self.world, self.subject = scenario, world, subject
        self.env = Environment(world)
        self.builder, self.matcher = Builder(self.env), Matcher(self.env)
        self.pending, self.inside, self.ignored, self.log = [], [], [], []
        self.cursor, self.taken = 0, 0
        late = SLACK_LATE if subject.real_time else 0
        early = SLACK_EARLY if subject.real_time else 0
        self.slack = (early, late)

    def run(self):
        """Raises Failed."""
        for step in self.scenario.steps:
            self.env.variables["ut"] = self.subject.real_time_of_day()
            try:
                getattr(self, "_step_" + step.kind)(step)
            except Mismatch as err:
                raise Failed(self._at(step, str(err))) from None
            except Failed as err:
                raise Failed(self._at(step, str(err))) from None
            except Wrong as err:
                raise Wrong("%s:%d: %s" % (self.scenario.path, step.line, err)) from None
        self._advance(self.cursor + (SETTLE_REAL if self.subject.real_time else SETTLE))
        self._nothing_left("after the last step")
        if not self.taken:
            self._alive()

    def _alive(self):
        """Silence proves something only of a subject that can speak: where nothing else came from it,
        it has to answer an echo request at the end, unless its settings forbid that."""
        forbidding = {"echo", "silent", "filter", "noaddress", "nat"}
        if any(words[1] in forbidding for _, words in self.scenario.settings if len(words) > 1):
            return
        six = any(layer.name == "ip6" for step in self.scenario.steps for layer in step.layers)
        layer, icmp = ("ip6", "icmp6") if six else ("ip4", "icmp4")
        who = next((n for n in ("A", "B", "R", "R2") if n not in self.world.muted), None)
        if who is None:
            return
        step = script.one_step(0, '+0 in eth0 %s %s > S / %s echo id=0xa11 seq=1' % (layer, who, icmp))
        self._step_in(step)
        step = script.one_step(0, '<1s out eth0 %s S > %s / %s echo-reply id=0xa11 seq=1'
                           % (layer, who, icmp))
        if self._await(step) is None:
            raise Failed("nothing came from it, and it answers no echo request either: its silence "
                         "proves nothing")

    def _at(self, step, text):
        return "line %d: %s: %s" % (step.line, step.text, text)

    # ---- time and arrivals ----------------------------------------------------------------------

    def _advance(self, until):
        """Takes what comes until that instant."""
        while self.subject.now() < until:
            self._take(until)
        self._take(until)
        self.cursor = max(self.cursor, until)

    def _take(self, until):
        for event in self.subject.poll(until):
            if event[0] == "frame":
                self._arrived(*event[1:])
            else:
                self.inside.append(event)
                self.log.append((event[1], "told", str(event[2:])))

    def _arrived(self, time, interface, octets):
        seen = dissect.frame(octets)
        text = describe(seen)
        self.log.append((time, "out " + interface, text))
        if seen.problems:
            raise Failed("at %s %s sent what is no right packet: %s\n    %s"
                         % (clock_text(time), interface, "; ".join(seen.problems), text))
        if seen.layers[0].values["src"] != SUBJECT_MACS[interface]:
            raise Failed("a frame from a strange hardware address: " + text)
        if self._answered(interface, seen) or self._is_chatter(seen):
            return
        for step in self.ignored:
            if step.interface not in (None, interface):
                continue
            try:
                self.matcher.match(step.layers, seen)
                return
            except Mismatch:
                pass
        self.pending.append(Arrival(time, interface, seen))

    def _is_chatter(self, seen):
        return _chatter(seen) not in ({None} | self.scenario.listen)

    def _answered(self, interface, seen):
        """Plays the neighbours: answers address resolution. True when it did."""
        arp, ns = seen.layer("arp"), seen.layer("icmp6")
        mac = SUBJECT_MACS[interface]
        if arp and arp.values["op"] == 1:
            who = self.world.owner(interface, 4, arp.values["tpa"])
            if who is None or who in self.world.muted:
                return False
            mine = self.world.neighbours[who][1]
            self._inject(interface, pack(LAYOUTS["ether"], {"dst": mac, "src": mine, "type": 0x806})
                         + pack(LAYOUTS["arp"], {
                             "htype": 1, "ptype": 0x800, "hlen": 6, "plen": 4, "op": 2, "sha": mine,
                             "spa": arp.values["tpa"], "tha": mac, "tpa": arp.values["spa"]}))
            return True
        if ns and ns.values.get("type") == 135 and seen.layer("ip6").values["src"]:
            who = self.world.owner(interface, 6, ns.values["target"])
            if who is None or who in self.world.muted:
                return False
            self._advertise(interface, who, ns.values["target"], seen.layer("ip6").values["src"])
            return True
        return False

    def _advertise(self, interface, who, target, to):
        ip6 = Layer("ip6")
        ip6.words = [str(target), ">", str(to)]
        ip6.fields["hlim"] = Field("hlim", None, "=", "255")
        na = Layer("icmp6")
        na.words = ["na"]
        router = "1" if who.startswith(("R", "Q")) else "0"
        for name, value in (("s", "1"), ("ov", "1"), ("r", router), ("target", str(target))):
            na.fields[name] = Field(name, None, "=", value)
        na.groups = [("tlla", who)]
        head = pack(LAYOUTS["ether"], {"dst": SUBJECT_MACS[interface],
                                       "src": self.world.neighbours[who][1], "type": 0x86DD})
        self._inject(interface, head + self.builder.build([ip6, na]))

    def _inject(self, interface, frame):
        seen = dissect.Dissector(partial=True).frame(frame)
        self.log.append((self.subject.now(), "in " + interface, describe(seen)))
        self.subject.send(interface, frame)

    def _nothing_left(self, when):
        if self.pending:
            raise Failed("%s the subject had sent what nothing expects:%s"
                         % (when, self._came()))

    def _came(self):
        return "".join("\n    %s %s %s" % (clock_text(p.time), p.interface, describe(p.seen))
                       for p in self.pending[:6]) or " nothing"

    # ---- in -------------------------------------------------------------------------------------

    def _step_in(self, step):
        if step.interface not in self.world.interfaces:
            raise Wrong("this subject has no " + step.interface)
        self._advance(self.cursor + step.high)
        sent = []
        for i in range(step.times):
            if i and "every" in step.options:
                self._advance(self.cursor + duration(step.options["every"]))
            self.env.variables["n"] = i
            for frame, packet in self._frames(step):
                self._inject(step.interface, frame)
                sent.append(packet)
        self.env.labels["same"] = sent
        if "as" in step.options:
            self.env.labels[step.options["as"]] = sent
        self._take(self.subject.now())

    def _frames(self, step):
        """[(frame, IP packet)] of one `in`."""
        layers = step.layers
        ether = layers[0] if layers[0].name == "ether" else None
        if ether:
            layers = layers[1:]
        packet = self.builder.build(layers) if layers else b""
        packets = [packet]
        if "frag" in step.options:
            packets = fragments(packet, self.env.value(step.options["frag"]))
            for option in ("order", "only"):
                if option in step.options:
                    packets = [packets[int(i)] for i in step.options[option].split(",")]
        head = self._ether(step, ether, layers)
        return [(head + p, p) for p in packets]

    def _ether(self, step, ether, layers):
        src, dst, kind = self._hops(step, layers)
        values = {"src": src, "dst": dst, "type": kind}
        for name in ether.fields if ether else ():
            if name not in values:
                raise Wrong("ether has dst, src and type")
            values[name] = self.env.value(ether.text(name), "int" if name == "type" else "mac")
        return pack(LAYOUTS["ether"], values)

    def _hops(self, step, layers):
        """Hardware source and destination, as the network would have them."""
        where, first = step.interface, layers[0] if layers else None
        src = self.world.neighbours[self.world.next_hop[where]][1]
        dst = SUBJECT_MACS[where]
        kind = 0
        if first is not None and first.name == "arp":
            kind = 0x806
            if "sha" in first.fields:
                src = self.env.value(first.text("sha"), "mac")
            if first.text("op", "1") == "1":
                dst = BROADCAST
        elif first is not None and first.name in ("ip4", "ip6"):
            family = first.family
            kind = 0x800 if family == 4 else 0x86DD
            source, target = ends(self.env, first)
            owner = self.world.owner(where, family, source)
            if owner:
                src = self.world.neighbours[owner][1]
            dst = self.world.group_mac(where, family, target) or dst
        if "via" in step.options:
            src = self.world.mac(step.options["via"])
        return src, dst, kind

    # ---- out ------------------------------------------------------------------------------------

    def _step_out(self, step):
        if "count" in step.options:
            return self._count(step)
        found = self._await(step)
        if found is None:
            raise Failed("it did not come within %s; came:%s%s"
                         % (clock_text(step.high), self._came(), self._why(step)))
        self._consume(step, found)
        return None

    _step_next = _step_out

    def _step_maybe(self, step):
        if "count" in step.options:
            return self._count(step)
        found = self._await(step)
        if found is not None:
            self._consume(step, found)
        return None

    def _consume(self, step, found):
        elapsed = found.time - self.cursor
        early, late = self.slack
        if elapsed < step.low - early:
            raise Failed("it came after %s, too early" % clock_text(elapsed))
        if elapsed > step.high + late:
            raise Failed("it came after %s, too late" % clock_text(elapsed))
        for part in found.parts:
            self.pending.remove(part)
        self.taken += 1
        self.cursor = max(self.cursor, found.time)
        self.env.labels["sent"] = [found.seen.ip]
        if "as" in step.options:
            self.env.labels[step.options["as"]] = [found.seen.ip]

    def _await(self, step):
        deadline = self.cursor + step.high + self.slack[1]
        while True:
            found = self._find(step)
            if found is not None:
                return found
            if self.subject.now() >= deadline:
                return None
            self._take(deadline)
            if self.subject.now() >= deadline:
                found = self._find(step)
                if found is None:
                    self.cursor += step.high
                return found

    def _count(self, step):
        low, _, high = step.options["count"].partition("..")
        low, high = int(low), int(high or low)
        end = self.cursor + step.high
        self._advance(end + self.slack[1])
        self.cursor = end
        n, times = 0, []
        while True:
            found = self._find(step)
            if found is None:
                break
            for part in found.parts:
                self.pending.remove(part)
            times.append(found.time)
            n += 1
        self.taken += n
        if not low <= n <= high:
            raise Failed("%d came, %s expected%s" % (n, step.options["count"],
                                                     "" if n else ":" + self._came()))
        if times:
            self.env.variables["count"] = n

    def _candidates(self, step):
        if step.kind == "next":
            return self.pending[:1] if "whole" not in step.options else self._wholes()[:1]
        return self._wholes() if "whole" in step.options else self.pending

    def _wholes(self):
        """Arrivals, those of one fragmented datagram joined as soon as it is complete."""
        groups, made = {}, []
        for arrival in self.pending:
            if arrival.seen.fragment is None:
                made.append(arrival)
                continue
            key = (arrival.interface,) + arrival.seen.fragment[:1]
            groups.setdefault(key, []).append(arrival)
        for (interface, _), parts in groups.items():
            octets = dissect.reassemble([p.seen for p in parts])
            if octets is None:
                continue
            seen = dissect.frame(parts[0].seen.octets[:14] + octets)
            if seen.problems:
                raise Failed("what it sent in fragments is no right packet: "
                             + "; ".join(seen.problems))
            made.append(Arrival(parts[-1].time, interface, seen, parts))
        return made

    def _find(self, step):
        for candidate in self._candidates(step):
            for one in [step] + step.alternatives:
                if self._mismatch(one, candidate) is None:
                    return candidate
        return None

    def _mismatch(self, step, arrival):
        """None when the arrival is what the step says."""
        try:
            if step.interface and step.interface != arrival.interface:
                raise Mismatch("on %s" % arrival.interface)
            if "forwarded" in step.options:
                self._forwarded(step, arrival)
            if step.layers:
                self.matcher.match(step.layers, arrival.seen)
            self._check_hop(step, arrival)
        except Mismatch as err:
            return err
        return None

    def _forwarded(self, step, arrival):
        label = step.options["forwarded"] or "same"
        if label not in self.env.labels:
            raise Wrong("no packet is called " + label)
        why = None
        for packet in self.env.labels[label]:
            why = forwarded_alike(arrival.seen.ip, packet)
            if why is None:
                return
        raise Mismatch(why, 5)

    def _check_hop(self, step, arrival):
        """The frame goes to whom the packet has to go next."""
        layer = arrival.seen.layer("ip4", "ip6")
        if layer is None or step.layers and step.layers[0].name == "ether":
            return
        family, target = arrival.seen.family, layer.values["dst"]
        hop, where = arrival.seen.layers[0].values["dst"], arrival.interface
        wanted = self.world.group_mac(where, family, target)
        if "via" in step.options:
            wanted = self.world.mac(step.options["via"])
        elif wanted is None:
            name = self.world.owner(where, family, target)
            if name is None and not self.world.on_link(where, family, target):
                name = self.world.next_hop[where]
            if name is None:
                return
            wanted = self.world.neighbours[name][1]
        if hop != wanted:
            raise Mismatch("it went to hardware address %s, not to %s"
                           % (mac_text(hop), mac_text(wanted)), 9)

    def _why(self, step):
        """The nearest miss in words."""
        best = None
        for candidate in self._candidates(step):
            for one in [step] + step.alternatives:
                miss = self._mismatch(one, candidate)
                if miss is not None and (best is None or miss.depth >= best.depth):
                    best = miss
        return "\n    nearest: %s" % best if best else ""

    # ---- time alone -----------------------------------------------------------------------------

    def _step_wait(self, step):
        self._advance(self.cursor + step.high)

    def _step_silence(self, step):
        self._advance(self.cursor + step.high)
        self._nothing_left("in silence")

    def _step_drain(self, step):
        self._advance(self.cursor + step.high)
        self.pending, self.inside = [], []

    def _step_ignore(self, step):
        self.ignored.append(step)

    def _step_do(self, step):
        """do link eth1 down|up; do stop"""
        self._advance(self.cursor + step.high)
        if step.words == ["stop"]:
            self.subject.stop()
            return
        if step.words[:1] != ["link"] or len(step.words) != 3:
            raise Wrong("write do link INTERFACE up|down, or do stop")
        self.subject.link(step.words[1], step.words[2] == "up")

    # ---- the user of the subject ----------------------------------------------------------------

    def _step_app(self, step):
        verb = step.words[0]
        if verb == "send":
            self._advance(self.cursor + step.high)
            packet = self.builder.build(step.layers)
            self.env.labels[step.options.get("as", "handed")] = [packet]
            self.subject.app_send(packet)
            self._take(self.subject.now())
        elif verb in ("told", "untold"):
            self._told(step, verb == "told")
        elif verb in ("udp", "udp6"):
            self._advance(self.cursor + step.high)
            self.subject.app_open(step.words[1], 6 if verb == "udp6" else 4,
                                  self._app_fields(step.words[2:], 6 if verb == "udp6" else 4))
        elif step.words[1] == "send":
            self._advance(self.cursor + step.high)
            family = self.subject.app_family(verb)
            self.subject.app_sendto(verb, self._app_fields(step.words[2:], family))
            self._take(self.subject.now())
        elif step.words[1] in ("error", "recv", "quiet"):
            self._socket_event(step)
        else:
            raise Wrong("app send|told|untold|udp|udp6, or a socket's send|error|recv|quiet")

    def _app_fields(self, words, family):
        fields = {}
        for word in words:
            name, _, text = word.partition("=")
            if name in ("to", "from"):
                fields[name] = self.env.value(text, "ip4" if family == 4 else "ip6")
            elif name == "data":
                from syntax import octets
                fields[name] = octets(text, self.env.variables)
            elif name == "df":
                fields[name] = text
            else:
                fields[name] = self.env.value(text)
        return fields

    def _told(self, step, wanted):
        deadline = self.cursor + step.high + (self.slack[1] if wanted else 0)
        misses = []
        while True:
            misses = []
            for event in [e for e in self.inside if e[0] == "told"]:
                try:
                    if step.layers:
                        self.matcher.match(step.layers, event[2])
                except Mismatch as err:
                    misses.append(str(err))
                    continue
                if not wanted:
                    raise Failed("its user was told: " + describe(event[2]))
                self.inside.remove(event)
                self.cursor = max(self.cursor, event[1])
                if "as" in step.options:
                    self.env.labels[step.options["as"]] = [event[2].ip]
                return
            if self.subject.now() >= deadline:
                break
            self._take(deadline)
        self.cursor += step.high
        if wanted:
            raise Failed("its user was not told; %s" % ("; ".join(misses) or "of nothing at all"))

    def _socket_event(self, step):
        name, what = step.words[:2]
        fields = [Field.read(w) for w in step.words[2:]]
        if None in fields:
            raise Wrong("NAME=VALUE...")
        quiet = what == "quiet"
        deadline = self.cursor + step.high + (0 if quiet else self.slack[1])
        why = "nothing came"
        while True:
            for event in [e for e in self.inside if e[0] in ("error", "recv") and e[2] == name]:
                if quiet:
                    raise Failed("socket %s got %s" % (name, event))
                why = self._event_differs(event, what, fields)
                if why is None:
                    self.inside.remove(event)
                    self.cursor = max(self.cursor, event[1])
                    return
            if self.subject.now() >= deadline:
                break
            self._take(deadline)
        self.cursor += step.high
        if not quiet:
            raise Failed("socket %s: %s" % (name, why))

    def _event_differs(self, event, what, fields):
        if event[0] != what:
            return "%s came: %s" % (event[0], event[3])
        family = self.subject.app_family(event[2])
        for field in fields:
            came = event[3].get(field.name)
            if came is None:
                return "%s is not told" % field.name
            layer = Layer("app")
            try:
                if field.name == "data":
                    self.matcher._octets("data", field, came)
                else:
                    kind = ("ip4" if family == 4 else "ip6") if field.name == "from" else "int"
                    self.matcher._compare(layer, field, came, kind)
            except Mismatch as err:
                return str(err)
        return None


def _chatter(seen):
    """The word for what is only heard when a scenario listens to it; None for all else."""
    if seen.layer("arp"):
        return "arp"
    four = seen.layer("icmp4")
    if four and four.values.get("type") in (9, 10):
        return "rdisc"
    six = seen.layer("icmp6")
    if six:
        number = six.values.get("type")
        if number == 135 and seen.layer("ip6").values["src"] == 0:
            return "dad"
        return {133: "ra", 134: "ra", 135: "nd", 136: "nd", 130: "mld", 131: "mld", 132: "mld",
                143: "mld"}.get(number)
    ip4 = seen.layer("ip4")
    return "igmp" if ip4 and ip4.values.get("proto") == 2 else None
