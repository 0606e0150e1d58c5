# SPDX-License-Identifier: MIT
"""Layers into octets. Lengths, checksums, protocol numbers and defaults are filled in; a field that
is named stands as it is written (`sum=bad` is the right one with a bit turned over)."""

import formats
from formats import (DEFAULTS, ETHERTYPES, ICMP_NAMES, IP4_OPTIONS, IP6_OPTIONS, LAYOUTS, ND_OPTIONS,
                     PROTOS, TCP_FLAGS, checksum, pack, pseudo_header)
from syntax import Wrong, fill_in, group, number, octets, packet, split


class Environment:
    """What names mean while a scenario runs: the world, captured variables, and labelled packets
    (label -> octets of IP packets, in the order in which they went by)."""

    def __init__(self, world):
        self.world, self.variables, self.labels = world, {}, {}

    def value(self, text, kind="int", names=None):
        text = fill_in(text, self.variables)
        if kind == "mac":
            return self.world.mac(text) if not text.isdigit() else int(text)
        if names and text in names:
            return names[text]
        value = number(text, self.variables)
        if value is not None:
            return value
        if kind in ("ip4", "ip6"):
            try:
                return self.world.address(text, 4 if kind == "ip4" else 6)
            except ValueError as err:
                raise Wrong(str(err)) from None
        raise Wrong("no number: " + text)

    def packet(self, label):
        if label not in self.labels:
            raise Wrong("no packet is called " + label)
        return self.labels[label][0]


def names_for(layer_name, field):
    if field in ("proto", "nh"):
        return PROTOS
    if layer_name in ("icmp4", "icmp6") and field == "type":
        return ICMP_NAMES[4 if layer_name == "icmp4" else 6]
    if layer_name == "tcp" and field == "flags":
        return {"".join(sorted(s)): n for s, n in _flag_sets()}
    return None


def _flag_sets():
    letters = sorted(TCP_FLAGS)
    for mask in range(1 << len(letters)):
        chosen = [c for i, c in enumerate(letters) if mask >> i & 1]
        yield chosen, sum(TCP_FLAGS[c] for c in chosen)


FLAG_NAMES = {"".join(s): n for s, n in _flag_sets()}


def field_value(env, layer, name, text, kind="int"):
    if layer.name == "tcp" and name == "flags" and text.isalpha():
        return FLAG_NAMES["".join(sorted(text))]
    names = PROTOS if name in ("proto", "nh") else None
    if layer.name in ("icmp4", "icmp6") and name == "type":
        names = ICMP_NAMES[layer.family]
    return env.value(text, kind, names)


def given(env, layer, layout):
    """The fields of the layout that are named; `=` only. bad checksums and automatic ones stay out."""
    values = {}
    for name, _, *kind in layout:
        field = layer.fields.get(name)
        if field is None or field.text == "bad":
            continue
        if field.op != "=" or field.mask is not None:
            raise Wrong("only = in what is sent: %s" % field)
        values[name] = field_value(env, layer, name, field.text, kind[0] if kind else "int")
    return values


def check_names(layer, layouts, more=()):
    known = {f[0] for layout in layouts for f in layout} | set(more)
    for name in layer.fields:
        if name not in known:
            raise Wrong("%s has no field %s (known: %s)"
                        % (layer.name, name, " ".join(sorted(known))))


def icmp_type(env, layer):
    """From the word (`icmp4 echo`) or type=N."""
    if layer.words:
        name = layer.words[0]
        if name not in ICMP_NAMES[layer.family]:
            raise Wrong("unknown message %s (known: %s)"
                        % (name, " ".join(sorted(ICMP_NAMES[layer.family]))))
        return ICMP_NAMES[layer.family][name]
    if "type" not in layer.fields:
        raise Wrong(layer.name + " needs a message name or type=")
    return field_value(env, layer, "type", layer.text("type"))


def ends(env, layer):
    """Source and destination: `ip4 A > S`."""
    kind = "ip4" if layer.name == "ip4" else "ip6"
    if len(layer.words) != 3 or layer.words[1] != ">":
        raise Wrong("write %s SOURCE > DESTINATION" % layer.name)
    src, dst = (env.value(layer.words[i], kind) for i in (0, 2))
    if "src" in layer.fields or "dst" in layer.fields:
        raise Wrong("addresses stand before and after >")
    return src, dst


class Builder:
    def __init__(self, env):
        self.env = env

    def build(self, layers):
        """Octets from the first layer on."""
        return self._from(layers, 0, None)

    def _from(self, layers, at, outer):
        """Octets of layers[at:]; outer is (family, src, dst) of the IP layer around them."""
        if at == len(layers):
            return b""
        layer = layers[at]
        if layer.name == "ip4":
            outer = (4,) + self._route_ends(layer)
        elif layer.name == "ip6":
            outer = (6,) + self._final_ends(layers, at)
        rest = self._from(layers, at + 1, outer)
        following = layers[at + 1].name if at + 1 < len(layers) else None
        made = getattr(self, "_" + layer.name)(layer, rest, following, outer)
        if "cut" in layer.fields:
            made = made[:self.env.value(layer.text("cut"))]
        return made

    def _route_ends(self, layer):
        """The pseudo-header has the last address of a source route that is not yet at its end."""
        src, dst = ends(self.env, layer)
        for name, text in layer.groups:
            option = group(text, name)
            if option.words[:1] in (["lsrr"], ["ssrr"]) and option.words[1:]:
                length = 3 + 4 * len(option.words[1:])
                if self.env.value(option.text("ptr", "4")) <= length:
                    last = option.words[-1]
                    dst = dst if last.startswith("0x") else self.env.value(last, "ip4")
        return src, dst

    def _final_ends(self, layers, at):
        """The pseudo-header has the last address of a routing header (RFC 8200 section 8.1)."""
        src, dst = ends(self.env, layers[at])
        for layer in layers[at + 1:]:
            if layer.name == "routing" and layer.text("left", "0") != "0":
                addresses = [w for w in layer.words if not w.startswith("0x")]
                if addresses:
                    dst = self.env.value(addresses[-1], "ip6")
        return src, dst

    def _data(self, layer):
        made = b""
        if "data" in layer.fields:
            made = octets(layer.text("data"), self.env.variables)
        for word in layer.words if layer.name == "raw" else []:
            made += octets(word, self.env.variables)
        return made

    def _ether(self, layer, rest, following, outer):
        check_names(layer, [LAYOUTS["ether"]], ["cut"])
        values = {"type": ETHERTYPES.get(following, 0)}
        values.update(given(self.env, layer, LAYOUTS["ether"]))
        return pack(LAYOUTS["ether"], values) + rest

    def _arp(self, layer, rest, following, outer):
        check_names(layer, [LAYOUTS["arp"]], ["cut"])
        return pack(LAYOUTS["arp"], {**DEFAULTS["arp"],
                                     **given(self.env, layer, LAYOUTS["arp"])}) + rest

    def _raw(self, layer, rest, following, outer):
        check_names(layer, [], ["data", "cut"])
        return self._data(layer) + rest

    # ---- IPv4 -----------------------------------------------------------------------------------

    def _ip4(self, layer, rest, following, outer):
        check_names(layer, [LAYOUTS["ip4"]], ["cut"])
        options = b"".join(self._ip4_option(text) for name, text in layer.groups if name == "opt")
        options += bytes(-len(options) % 4)
        values = {**DEFAULTS["ip4"], "ihl": 5 + len(options) // 4,
                  "len": 20 + len(options) + len(rest), "proto": PROTOS.get(following, 253),
                  "id": self._identification()}
        values.update(given(self.env, layer, LAYOUTS["ip4"]))
        values["src"], values["dst"] = ends(self.env, layer)
        named = "sum" in layer.fields and layer.text("sum") != "bad"
        if not named:
            values["sum"] = 0
        head = pack(LAYOUTS["ip4"], values) + options
        if not named:
            # over as many octets as the header says it has: with a false IHL it still verifies
            right = checksum((head + rest)[:max(values["ihl"], 4) * 4])
            values["sum"] = right ^ (0x0100 if "sum" in layer.fields else 0)
            head = pack(LAYOUTS["ip4"], values) + options
        return head + rest

    def _identification(self):
        count = self.env.variables.get("_id", 0x4B00) + 1
        self.env.variables["_id"] = count
        return count & 0xFFFF

    def _ip4_option(self, text):
        option = group(text, "opt")
        if not option.words:
            raise Wrong("opt() needs a type")
        name = option.words[0]
        kind = IP4_OPTIONS.get(name)
        kind = self.env.value(name) if kind is None else kind
        if kind < 2 and len(option.words) == 1 and not option.fields:
            return bytes([kind])
        check_names(option, [], ["len", "ptr", "of", "flag", "slots"])
        body = b""
        if "ptr" in option.fields or kind in (7, 68, 131, 137):
            body += bytes([self.env.value(option.text("ptr", "5" if kind == 68 else "4"))])
        if kind == 68:
            body += bytes([self.env.value(option.text("of", "0")) << 4
                           | self.env.value(option.text("flag", "0"))])
        body += self._pieces(option.words[1:], 4)
        body += bytes(4 * self.env.value(option.text("slots", "0")))
        return bytes([kind, self.env.value(option.text("len", str(len(body) + 2)))]) + body

    def _pieces(self, words, family):
        """Hex, text, or addresses, one after the other."""
        made = b""
        for word in words:
            if word.startswith(("0x", '"')):
                made += octets(word, self.env.variables)
            else:
                value = self.env.value(word, "ip4" if family == 4 else "ip6")
                made += value.to_bytes(4 if family == 4 else 16, "big")
        return made

    # ---- IPv6 -----------------------------------------------------------------------------------

    def _ip6(self, layer, rest, following, outer):
        check_names(layer, [LAYOUTS["ip6"]], ["cut"])
        values = {**DEFAULTS["ip6"], "len": len(rest), "nh": PROTOS.get(following, 59)}
        values.update(given(self.env, layer, LAYOUTS["ip6"]))
        values["src"], values["dst"] = ends(self.env, layer)
        return pack(LAYOUTS["ip6"], values) + rest

    def _options_header(self, layer, rest, following):
        check_names(layer, [LAYOUTS[layer.name]], ["cut", "data"])
        body = b"".join(self._ip6_option(text) for name, text in layer.groups if name == "opt")
        body += self._data(layer)
        short = -(len(body) + 2) % 8
        if short == 1:
            body += b"\0"
        elif short:
            body += bytes([1, short - 2]) + bytes(short - 2)
        values = {"nh": PROTOS.get(following, 59), "hlen": (len(body) + 2) // 8 - 1}
        values.update(given(self.env, layer, LAYOUTS[layer.name]))
        return pack(LAYOUTS[layer.name], values) + body + rest

    def _hopopts(self, layer, rest, following, outer):
        return self._options_header(layer, rest, following)

    def _dstopts(self, layer, rest, following, outer):
        return self._options_header(layer, rest, following)

    def _ip6_option(self, text):
        option = group(text, "opt")
        name = option.words[0]
        kind = IP6_OPTIONS.get(name)
        kind = self.env.value(name) if kind is None else kind
        if kind == 0:
            return b"\0"
        check_names(option, [], ["len"])
        if kind == 1 and len(option.words) > 1:  # padn N: N octets in all
            body = bytes(self.env.value(option.words[1]) - 2)
        else:
            body = self._pieces(option.words[1:], 6)
            if kind == 5 and not body:
                body = bytes(2)
        return bytes([kind, self.env.value(option.text("len", str(len(body))))]) + body

    def _routing(self, layer, rest, following, outer):
        check_names(layer, [LAYOUTS["routing"]], ["cut", "data"])
        body = self._pieces(layer.words, 6) + self._data(layer)
        body = body if len(layer.words) == 0 and body else bytes(4) + body
        body += bytes(-(len(body) - 4) % 8)
        values = {"nh": PROTOS.get(following, 59), "hlen": (len(body) + 4) // 8 - 1}
        values.update(given(self.env, layer, LAYOUTS["routing"]))
        return pack(LAYOUTS["routing"], values) + body + rest

    def _frag(self, layer, rest, following, outer):
        check_names(layer, [LAYOUTS["frag"]], ["cut"])
        values = {"nh": PROTOS.get(following, 59)}
        values.update(given(self.env, layer, LAYOUTS["frag"]))
        return pack(LAYOUTS["frag"], values) + rest

    # ---- transport ------------------------------------------------------------------------------

    def _summed(self, layer, layout, values, tail, proto, outer, zero_is_ffff=False):
        """The octets with the checksum over the pseudo-header, unless the field is named."""
        if "sum" in layer.fields and layer.text("sum") != "bad":
            return pack(layout, values) + tail
        values["sum"] = 0
        made = pack(layout, values) + tail
        pseudo = pseudo_header(*outer, proto, len(made)) if proto is not None else b""
        right = checksum(pseudo + made)
        if zero_is_ffff and right == 0:
            right = 0xFFFF
        values["sum"] = right ^ (0x0100 if "sum" in layer.fields else 0)
        return pack(layout, values) + tail

    def _udp(self, layer, rest, following, outer):
        check_names(layer, [LAYOUTS["udp"]], ["data", "cut"])
        rest = self._data(layer) + rest
        values = {"sport": 40000, "len": 8 + len(rest)}
        values.update(given(self.env, layer, LAYOUTS["udp"]))
        return self._summed(layer, LAYOUTS["udp"], values, rest, 17, outer, True)

    def _tcp(self, layer, rest, following, outer):
        check_names(layer, [LAYOUTS["tcp"]], ["data", "cut", "options"])
        options = octets(layer.text("options", "0x"), self.env.variables)
        values = {"sport": 40000, **DEFAULTS["tcp"], "doff": 5 + len(options) // 4}
        values.update(given(self.env, layer, LAYOUTS["tcp"]))
        return self._summed(layer, LAYOUTS["tcp"], values, options + self._data(layer) + rest, 6,
                            outer)

    # ---- ICMP -----------------------------------------------------------------------------------

    def _icmp4(self, layer, rest, following, outer):
        return self._icmp(layer, rest, None, outer)

    def _icmp6(self, layer, rest, following, outer):
        return self._icmp(layer, rest, 58, outer)

    def _icmp(self, layer, rest, proto, outer):
        family = layer.family
        number_of_type = icmp_type(self.env, layer)
        body, tail_kind = formats.body_of(family, number_of_type)
        layout = LAYOUTS[layer.name] + body
        check_names(layer, [layout], ["data", "quote", "quotelen", "cut", "extsum", "extv"])
        values = {"type": number_of_type}
        tail, length = self._tail(layer, tail_kind, family)
        if length is not None:
            values["length"] = length
        if tail_kind == "routers":
            routers = [t for n, t in layer.groups if n == "router"]
            values.update(count=len(routers), size=2, lifetime=1800)
        head_only = layer.text("sum") == "quote"
        if head_only:
            layer.fields["sum"].text = "bad"  # stays out of what is given
        values.update({k: v for k, v in given(self.env, layer, layout).items() if k != "type"})
        if head_only:
            layer.fields["sum"].text = "quote"
            quoted = tail[:length * (4 if family == 4 else 8)] if length else tail
            values["sum"] = checksum(pack(layout, values) + quoted)
            return pack(layout, values) + tail
        return self._summed(layer, layout, values, tail + self._data(layer) + rest, proto, outer)

    def _tail(self, layer, kind, family):
        """What follows the fixed part; and the RFC 4884 length where extensions follow."""
        if kind == "routers":
            return b"".join(self._router(t) for n, t in layer.groups if n == "router"), None
        if kind == "options":
            return b"".join(self._nd_option(n, t) for n, t in layer.groups), None
        quote = self._quote(layer)
        objects = [t for n, t in layer.groups if n == "ext"]
        if not objects:
            return quote, None
        structure = self._extensions(layer, objects[0], family)
        if kind != "quote":
            return structure, None
        unit = 4 if family == 4 else 8
        quote = quote.ljust(128, b"\0")
        quote += bytes(-len(quote) % unit)
        return quote + structure, len(quote) // unit

    def _quote(self, layer):
        quoted = b""
        for name, text in layer.groups:
            if name == "quote":
                quoted = self.build(packet(split(text)))
        if "quote" in layer.fields:
            quoted = self.env.packet(layer.text("quote"))
        if "quotelen" in layer.fields:
            quoted = quoted[:self.env.value(layer.text("quotelen"))]
        return quoted

    def _extensions(self, layer, text, family):
        """ext(obj(CLASS CTYPE OCTETS) ...): RFC 4884 section 7."""
        made = b""
        for name, inner in group(text, "ext").groups:
            if name != "obj":
                raise Wrong("ext() holds obj(CLASS CTYPE OCTETS)")
            words = group(inner, "obj")
            payload = self._pieces(words.words[2:], family)
            payload += bytes(-len(payload) % 4)
            length = self.env.value(words.text("len", str(4 + len(payload))))
            made += length.to_bytes(2, "big") + bytes([self.env.value(words.words[0]),
                                                       self.env.value(words.words[1])]) + payload
        head = bytes([self.env.value(layer.text("extv", "2")) << 4, 0])
        total = checksum(head + bytes(2) + made)
        if "extsum" in layer.fields:
            total = (total ^ 0x0100 if layer.text("extsum") == "bad"
                     else self.env.value(layer.text("extsum")))
        return head + total.to_bytes(2, "big") + made

    def _router(self, text):
        """router(ADDRESS PREFERENCE [0xMORE])"""
        words = split(text)
        made = self._pieces(words[:1], 4)
        made += (self.env.value(words[1]) & 0xFFFFFFFF).to_bytes(4, "big") if words[1:] else bytes(4)
        return made + b"".join(octets(w, self.env.variables) for w in words[2:])

    def _nd_option(self, name, text):
        option = group(text, name)
        if name in ("slla", "tlla"):
            body = self.env.value(option.words[0], "mac").to_bytes(6, "big")
        elif name == "mtu":
            body = bytes(2) + self.env.value(option.words[0]).to_bytes(4, "big")
        elif name == "prefix":
            body = self._prefix(option)
        elif name == "rh":
            body = bytes(6) + self.build(packet(split(text)))
        elif name == "opt":
            body = b"".join(octets(w, self.env.variables) for w in option.words[1:])
        else:
            raise Wrong("no option %s (known: slla tlla mtu prefix rh opt)" % name)
        kind = ND_OPTIONS[name] if name != "opt" else self.env.value(option.words[0])
        body += bytes(-(len(body) + 2) % 8)
        length = self.env.value(option.text("len", str((len(body) + 2) // 8)))
        return bytes([kind, length]) + body

    def _prefix(self, option):
        """prefix(2001:db8::/64 flags=0xc0 valid=N preferred=N)"""
        address, _, bits = option.words[0].partition("/")
        fields = {name: self.env.value(option.text(name, default))
                  for name, default in (("flags", "0xc0"), ("valid", "2592000"),
                                        ("preferred", "604800"))}
        return (bytes([int(bits), fields["flags"]]) + fields["valid"].to_bytes(4, "big")
                + fields["preferred"].to_bytes(4, "big") + bytes(4)
                + self.env.value(address, "ip6").to_bytes(16, "big"))


def fragments(octets_of_packet, mtu):
    """An IPv4 or IPv6 packet cut into fragments of at most mtu octets each."""
    if octets_of_packet[0] >> 4 == 4:
        return _fragments4(octets_of_packet, mtu)
    return _fragments6(octets_of_packet, mtu)


def _fragments4(whole, mtu):
    head_bytes = (whole[0] & 15) * 4
    head, data = whole[:head_bytes], whole[head_bytes:]
    step = (mtu - head_bytes) // 8 * 8
    word = int.from_bytes(head[6:8], "big")
    made = []
    for at in range(0, len(data), step):
        piece = data[at:at + step]
        more = 0x2000 if at + len(piece) < len(data) else word & 0x2000
        flags = word & 0xC000 | more | (word & 0x1FFF) + at // 8
        first = head[:2] + (head_bytes + len(piece)).to_bytes(2, "big") + head[4:6]
        first += flags.to_bytes(2, "big") + head[8:10] + bytes(2) + head[12:]
        total = checksum(first)
        made.append(first[:10] + total.to_bytes(2, "big") + first[12:] + piece)
    return made


_serial = iter(range(0x5EED0001, 0x7FFFFFFF))


def _fragments6(whole, mtu):
    """Hop-by-Hop Options stay in front of every fragment."""
    front, next_header = 40, whole[6]
    at_next = 6
    while next_header in (0, 43):
        at_next, next_header = front, whole[front]
        front += (whole[front + 1] + 1) * 8
    head, data = bytearray(whole[:front]), whole[front:]
    head[at_next] = 44
    step = (mtu - front - 8) // 8 * 8
    ident = next(_serial).to_bytes(4, "big")
    made = []
    for at in range(0, len(data), step):
        piece = data[at:at + step]
        more = 1 if at + len(piece) < len(data) else 0
        head[4:6] = (front - 40 + 8 + len(piece)).to_bytes(2, "big")
        made.append(bytes(head) + bytes([next_header, 0]) + (at | more).to_bytes(2, "big") + ident
                    + piece)
    return made
