# SPDX-License-Identifier: MIT
"""Does a packet that came look like the one that is expected? Only what is named is compared."""

import build
import dissect
from formats import IP4_OPTIONS, IP6_OPTIONS, LAYOUTS, ND_OPTIONS, checksum
from syntax import Wrong, group, octets, packet, split
from world import address_text, mac_text


class Mismatch(Exception):
    """Why it is not the one; `depth` says how far it was right, for choosing what to tell."""

    def __init__(self, text, depth=0):
        super().__init__(text)
        self.depth = depth


def show(value, kind):
    if kind == "ip4":
        return address_text(value, 4)
    if kind == "ip6":
        return address_text(value, 6)
    if kind == "mac":
        return mac_text(value)
    return "%d (%#x)" % (value, value) if value > 9 else str(value)


class Matcher:
    def __init__(self, env):
        self.env = env
        self.captured, self.depth = {}, 0

    def match(self, layers, seen):
        """Raises Mismatch; else what was captured stands in env.variables."""
        self.captured, self.depth = {}, 0
        self._layers(layers, [s for s in seen.layers if s.name != "ether"
                              or layers[0].name == "ether"])
        self.env.variables.update(self.captured)

    def _layers(self, layers, seen):
        for i, layer in enumerate(layers):
            if layer.name == "raw":
                below = seen[i - 1] if i and i <= len(seen) else None
                if below is None:
                    raise Mismatch("no octets there", self.depth)
                self._octets("data", layer.fields.get("data"), below.data)
                continue
            if i >= len(seen) or seen[i].name != layer.name:
                raise Mismatch("%s expected, %s came" % (
                    layer.name, seen[i].name if i < len(seen) else "nothing more"), self.depth)
            self.depth += 1
            self._layer(layer, seen[i])

    def _layer(self, layer, seen):
        kinds = {f[0]: f[2] if len(f) > 2 else "int"
                 for f in LAYOUTS[layer.name] + getattr(seen, "body", [])}
        self._words(layer, seen)
        for field in layer.fields.values():
            if field.name == "data":
                self._octets("data", field, seen.data)
            elif field.name == "quote":
                self._quote_same(field, seen)
            elif field.name == "quotelen":
                self._compare(layer, field, len(seen.quote or b""), "int")
            elif field.name in ("opts", "ext"):
                if field.text != "none":
                    raise Wrong("write opts=none or ext=none")
                if (seen.options if field.name == "opts" else seen.objects):
                    raise Mismatch("%s are there" % field.name, self.depth)
            elif field.name not in kinds:
                raise Wrong("%s has no field %s (known: %s)"
                            % (layer.name, field.name, " ".join(sorted(kinds))))
            elif field.name not in seen.values:
                raise Mismatch("%s.%s is not there" % (layer.name, field.name), self.depth)
            else:
                self._compare(layer, field, seen.values[field.name], kinds[field.name])
            self.depth += 1
        self._groups(layer, seen)

    def _words(self, layer, seen):
        if layer.name in ("ip4", "ip6") and layer.words:
            if len(layer.words) != 3 or layer.words[1] != ">":
                raise Wrong("write %s SOURCE > DESTINATION" % layer.name)
            for word, name in ((layer.words[0], "src"), (layer.words[2], "dst")):
                if name not in seen.values:
                    raise Mismatch("%s is not there" % name, self.depth)
                self._value(layer, name, "=", word, seen.values[name], layer.name, None)
                self.depth += 1
        elif layer.name in ("icmp4", "icmp6") and layer.words:
            wanted = build.icmp_type(self.env, layer)
            if seen.values.get("type") != wanted:
                raise Mismatch("type %d (%s) expected, %s came" % (
                    wanted, layer.words[0], seen.values.get("type")), self.depth)
            self.depth += 3

    def _compare(self, layer, field, came, kind):
        self._value(layer, field.name, field.op, field.text, came, kind, field.mask)

    def _value(self, layer, name, op, text, came, kind, mask):
        if text == "*":
            return
        if mask is not None:
            came &= mask
        if text.startswith("?"):
            self.captured[text[1:]] = came
            return
        right = self._holds(layer, name, op, text, came, kind)
        if not right:
            raise Mismatch("%s.%s: %s%s expected, %s came" % (
                layer.name, name, "" if op == "=" else op, text, show(came, kind)), self.depth)

    def _holds(self, layer, name, op, text, came, kind):
        def value(piece):
            known = {**self.env.variables, **self.captured}
            held, self.env.variables = self.env.variables, known
            try:
                return build.field_value(self.env, layer, name, piece, kind)
            finally:
                self.env.variables = held
        if op in ("=", "!="):
            found = False
            for piece in text.split("|"):
                low, dots, high = piece.partition("..")
                if dots:
                    found = found or value(low) <= came <= value(high)
                else:
                    found = found or value(piece) == came
            return found == (op == "=")
        wanted = value(text)
        if op == "~=":  # a time of day, in milliseconds: within five minutes
            apart = (came - wanted) % 86400000
            return min(apart, 86400000 - apart) <= 300000
        return {"<": came < wanted, ">": came > wanted, "<=": came <= wanted,
                ">=": came >= wanted}[op]

    def _octets(self, name, field, came):
        if field is None:
            return
        if field.text.startswith("?"):
            self.captured[field.text[1:]] = "0x" + came.hex()
            return
        if field.text.startswith("$"):
            wanted = octets(self.env.variables[field.text[1:]], {})
        else:
            wanted = octets(field.text, self.env.variables)
        same = came == wanted
        if same != (field.op == "="):
            at = next((i for i, (a, b) in enumerate(zip(came, wanted)) if a != b),
                      min(len(came), len(wanted)))
            raise Mismatch("%s: %d octets expected, %d came, differing from octet %d"
                           % (name, len(wanted), len(came), at), self.depth)

    def _quote_same(self, field, seen):
        """quote=LABEL: octet for octet. quote=forwarded[:LABEL]: save what forwarding changes."""
        label = field.text
        forwarded = label == "forwarded" or label.startswith("forwarded:")
        if forwarded:
            label = label.partition(":")[2] or "same"
        wanted, came = self.env.packet(label), seen.quote or b""
        if forwarded:
            wanted, came = _without_ttl(wanted), _without_ttl(came)
        if len(came) > len(wanted) and seen.objects is None or came != wanted[:len(came)]:
            at = next((i for i, (a, b) in enumerate(zip(came, wanted)) if a != b), len(wanted))
            raise Mismatch("the quote differs from what was received at octet %d" % at, self.depth)

    # ---- groups ---------------------------------------------------------------------------------

    def _groups(self, layer, seen):
        places = {}
        for name, text in layer.groups:
            if name == "quote":
                if seen.quote is None:
                    raise Mismatch("nothing is quoted", self.depth)
                inside = dissect.packet(seen.quote, partial=True)
                self._layers(packet(split(text)), inside.layers)
            elif name == "ext":
                self._objects(text, seen)
            elif name == "router":
                self._router(text, seen, places)
            elif layer.name == "icmp6":
                self._nd_option(name, text, seen)
            elif name == "opt":
                self._option(layer, text, seen, places)
            else:
                raise Wrong("%s(...) cannot stand in %s" % (name, layer.name))
            self.depth += 1

    def _objects(self, text, seen):
        objects = list(seen.objects or [])
        for name, inner in group(text, "ext").groups:
            words = group(inner, "obj").words
            wanted = (self.env.value(words[0]), self.env.value(words[1]))
            payload = build.Builder(self.env)._pieces(words[2:], 4)
            payload += bytes(-len(payload) % 4)
            for i, (class_number, ctype, came) in enumerate(objects):
                if (class_number, ctype) == wanted and (len(words) == 2 or came == payload):
                    del objects[:i + 1]
                    break
            else:
                raise Mismatch("no extension object %d/%d %s" % (wanted + (payload.hex(),)),
                               self.depth)

    def _router(self, text, seen, places):
        words = split(text)
        place = places.get("router", 0)
        if place >= len(seen.routers):
            raise Mismatch("only %d routers" % place, self.depth)
        places["router"] = place + 1
        address, preference = seen.routers[place]
        fake = type("L", (), {"name": "router"})
        self._value(fake, "address", "=", words[0], address, "ip4", None)
        if words[1:]:
            self._value(fake, "preference", "=", words[1], preference, "int", None)

    def _nd_option(self, name, text, seen):
        kind = ND_OPTIONS[name] if name != "opt" else self.env.value(split(text)[0])
        found = [body for number, body in seen.options if number == kind]
        if not found:
            raise Mismatch("no option %s" % name, self.depth)
        if name == "rh":
            inside = dissect.packet(found[0][6:], partial=True)
            self._layers(packet(split(text)), inside.layers)
        elif text and name != "opt":
            made = build.Builder(self.env)._nd_option(name, text)
            if made[2:] not in found:
                raise Mismatch("option %s has other content: %s" % (name, found[0].hex()),
                               self.depth)

    def _option(self, layer, text, seen, places):
        option = group(text, "opt")
        name, four = option.words[0], layer.name == "ip4"
        kind = (IP4_OPTIONS if four else IP6_OPTIONS).get(name)
        kind = self.env.value(name) if kind is None else kind
        place = places.get("opt", 0)
        for i in range(place, len(seen.options)):
            if seen.options[i][0] == kind:
                break
        else:
            raise Mismatch("no option %s" % name, self.depth)
        places["opt"] = i + 1
        body = seen.options[i][1]
        values = {"len": len(body) + (2 if four else 0)}
        if four and kind in (7, 68, 131, 137) and body:
            values["ptr"], body = body[0], body[1:]
        if four and kind == 68 and body:
            values["of"], values["flag"], body = body[0] >> 4, body[0] & 15, body[1:]
        for field in option.fields.values():
            if field.name not in values:
                raise Mismatch("option %s has no %s" % (name, field.name), self.depth)
            self._compare(option, field, values[field.name], "int")
        self._pieces(name, option.words[1:], body, 4 if four else 6)

    def _pieces(self, name, words, body, family):
        """Each word is an address, hex, or * for four octets of anything; then the rest is free."""
        at = 0
        for word in words:
            if word == "*":
                at += 4
                continue
            wanted = build.Builder(self.env)._pieces([word], family)
            if body[at:at + len(wanted)] != wanted:
                raise Mismatch("option %s: %s expected at octet %d, %s came"
                               % (name, word, at, body[at:at + len(wanted)].hex()), self.depth)
            at += len(wanted)


def _without_ttl(octets_of_packet):
    made = bytearray(octets_of_packet)
    if made and made[0] >> 4 == 4:
        made[8:9] = b"\0"
        made[10:12] = b"\0\0"
    elif made:
        made[7:8] = b"\0"
    return bytes(made)


def forwarded_alike(came, sent):
    """None when `came` is what a router makes of `sent`: TTL one less, checksum accordingly; else
    what differs."""
    if _without_ttl(came) != _without_ttl(sent):
        at = next((i for i, (a, b) in enumerate(zip(_without_ttl(came), _without_ttl(sent)))
                   if a != b), min(len(came), len(sent)))
        return "differs from what came in at octet %d (%d octets in, %d out)" % (
            at, len(sent), len(came))
    place = 8 if came[0] >> 4 == 4 else 7
    if came[place] != sent[place] - 1:
        return "TTL %d in, %d out" % (sent[place], came[place])
    if came[0] >> 4 == 4 and checksum(came[:(came[0] & 15) * 4]) != 0:
        return "header checksum is wrong"
    return None


def describe(seen):
    """A packet in a line, for people."""
    words = []
    for layer in seen.layers:
        values = layer.values
        if layer.name in ("ip4", "ip6") and "dst" in values:
            family = 4 if layer.name == "ip4" else 6
            words.append("%s %s > %s %s=%d" % (
                layer.name, address_text(values["src"], family),
                address_text(values["dst"], family), "ttl" if family == 4 else "hlim",
                values["ttl" if family == 4 else "hlim"]))
            words[-1] += "".join(" %s=%d" % (name, values[name]) for name in ("tos", "df", "off", "mf")
                                 if values.get(name))
        elif layer.name == "ether":
            words.append("ether %s > %s" % (mac_text(values.get("src", 0)),
                                            mac_text(values.get("dst", 0))))
        else:
            shown = [layer.name] + ["%s=%d" % (k, v) for k, v in values.items()
                                    if k not in ("sum", "nh", "hlen") and v < 1 << 64]
            words.append(" ".join(shown))
        if layer.options:
            words[-1] += " options=" + ",".join("%d:%s" % (k, o.hex()) for k, o in layer.options)
    last = seen.layers[-1] if seen.layers else None
    if last is not None and last.quote is not None:
        words.append("quoting %d octets: %s" % (len(last.quote), last.quote.hex()))
    elif last is not None and last.data:
        words.append("%d octets: %s" % (len(last.data), last.data[:64].hex()))
    return " / ".join(words)
