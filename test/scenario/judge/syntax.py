# SPDX-License-Identifier: MIT
"""The text of packets: `ip4 A > S ttl=1 opt(rr slots=3) / udp dport=9 data="x"` into layers."""

import ast
import operator
import re

from formats import LAYOUTS


class Wrong(Exception):
    """What is wrong with a scenario file."""


def split(text, at=None):
    """Tokens apart at spaces (or at the word `at`), save inside quotes and brackets."""
    tokens, word, depth, quoted = [], "", 0, False
    for char in text:
        if char == '"':
            quoted = not quoted
        elif not quoted and char == "(":
            depth += 1
        elif not quoted and char == ")":
            depth -= 1
        if char.isspace() and not quoted and depth == 0:
            if word:
                tokens.append(word)
            word = ""
        else:
            word += char
    if quoted or depth:
        raise Wrong("quotes or brackets left open: " + text)
    if word:
        tokens.append(word)
    if at is None:
        return tokens
    parts, part = [], []
    for token in tokens:
        if token == at:
            parts.append(part)
            part = []
        else:
            part.append(token)
    return parts + [part]


class Field:
    """NAME[&MASK] OP VALUE"""

    SHAPE = re.compile(r"([a-z][a-z0-9-]*)(?:&([0-9a-fx]+))?(!=|<=|>=|~=|=|<|>)(.*)", re.S)

    def __init__(self, name, mask, op, text):
        self.name, self.mask, self.op, self.text = name, mask, op, text

    @classmethod
    def read(cls, token):
        shape = cls.SHAPE.fullmatch(token)
        if not shape:
            return None
        return cls(shape[1], int(shape[2], 0) if shape[2] else None, shape[3], shape[4])

    def __str__(self):
        mask = "&%#x" % self.mask if self.mask is not None else ""
        return self.name + mask + self.op + self.text


class Layer:
    """name, words (what has no shape), fields by name, groups [(name, inner text)]."""

    def __init__(self, name):
        self.name, self.words, self.fields, self.groups = name, [], {}, []

    @property
    def family(self):
        return 6 if self.name in ("ip6", "icmp6") else 4

    def text(self, name, default=None):
        return self.fields[name].text if name in self.fields else default

    def add(self, token):
        group = re.fullmatch(r"([a-z][a-z0-9-]*)\((.*)\)", token, re.S)
        field = None if group else Field.read(token)
        if group and group[1] != "sn":  # sn(NAME) is an address
            self.groups.append((group[1], group[2]))
        elif field:
            if field.name in self.fields:
                raise Wrong("%s twice in %s" % (field.name, self.name))
            self.fields[field.name] = field
        else:
            self.words.append(token)


def group(text, name):
    """What stands in the brackets of opt(...), ext's objects and the like, as a layer."""
    layer = Layer(name)
    for token in split(text):
        layer.add(token)
    return layer


def packet(tokens):
    """Tokens of a packet into layers."""
    layers, layer = [], None
    for token in tokens:
        if token == "/":
            if layer is None:
                raise Wrong("a layer is missing before /")
            layer = None
        elif layer is None:
            if token not in LAYOUTS:
                raise Wrong("unknown layer %s (known: %s)" % (token, " ".join(sorted(LAYOUTS))))
            layer = Layer(token)
            layers.append(layer)
        else:
            layer.add(token)
    if layer is None:
        raise Wrong("a layer is missing")
    return layers


OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
             ast.FloorDiv: operator.floordiv, ast.Div: operator.floordiv, ast.Mod: operator.mod,
             ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.LShift: operator.lshift,
             ast.RShift: operator.rshift, ast.BitXor: operator.xor}


def fill_in(text, variables):
    """$name replaced by its value; a name that nothing captured is an error."""
    def value(found):
        if found[1] not in variables:
            raise Wrong("$%s is not known yet" % found[1])
        return str(variables[found[1]])
    return re.sub(r"\$([A-Za-z_][A-Za-z0-9_]*)", value, text)


def number(text, variables):
    """An integer expression; None when the text is none."""
    text = fill_in(text, variables)

    def work(node):
        if isinstance(node, ast.Expression):
            return work(node.body)
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](work(node.left), work(node.right))
        raise ValueError
    try:
        return work(ast.parse(text.strip(), mode="eval"))
    except (ValueError, SyntaxError):
        return None


def octets(text, variables):
    """data: "text", 0xHEX, or a number N: N octets of a pattern (0 1 2 ... 250, round and round:
    251 is prime, so that no octet is right by an offset that is a power of two)."""
    if text.startswith('"') and text.endswith('"') and len(text) >= 2:
        return text[1:-1].encode().decode("unicode_escape").encode("latin-1")
    if re.fullmatch(r"0x([0-9a-fA-F]{2})*", text):
        return bytes.fromhex(text[2:])
    count = number(text, variables)
    if count is None:
        raise Wrong("no octets: " + text)
    return bytes(i % 251 for i in range(count))
