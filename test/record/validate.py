# SPDX-License-Identifier: MIT
"""Holds sample lines of every record kind against the generated JSON Schema, and the schema against
lines that it must refuse.   usage: validate.py SAMPLES SCHEMA"""
import copy
import json
import os
import subprocess
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


def no_constant(name):
    raise ValueError("not JSON: " + name)


def no_twins(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), "a key twice: %s" % keys
    return dict(pairs)


def parse(line):
    text = line.decode("utf-8")
    for char in text:
        assert char.isprintable() or char in "\u00a0", "%r stands unescaped in %r" % (char, text)
    return json.loads(text, parse_constant=no_constant, object_pairs_hook=no_twins)


def must_refuse(validator, record, kind_schema):
    """Each required field missing, each field of another type, a field too many."""
    broken = []
    for key in kind_schema["required"]:
        without = copy.deepcopy(record)
        del without[key]
        broken.append(("without " + key, without))
    for key in record:
        wrong = copy.deepcopy(record)
        wrong[key] = {"no": ["such", "value"]}
        broken.append(("wrong type of " + key, wrong))
    broken.append(("unknown field", dict(record, surplus=1)))
    for what, bad in broken:
        assert not validator.is_valid(bad), "the schema accepts a %s %s" % (record["record"], what)
    return len(broken)


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    out = subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, check=True, timeout=60).stdout
    seen, refused = {}, 0
    for raw in out.split(b"\n")[:-1]:
        what, line = raw.split(b"\t", 1)
        what, record = what.decode(), parse(line)
        kind_schema = schema["$defs"][record["record"]]
        if what == "spoiled":  # of these there are many: JSON they must be
            continue
        for error in validator.iter_errors(record):
            raise AssertionError("%s %s: %s" % (what, line.decode(), error))
        if what == "full":
            assert set(record) == set(kind_schema["properties"]), line
            refused += must_refuse(validator, record, kind_schema)
        if what == "absent":
            assert set(record) == set(kind_schema["required"]), line
        if what != "vector":
            seen.setdefault(record["record"], set()).add(what)
    kinds = {ref["$ref"].rsplit("/", 1)[1] for ref in schema["oneOf"]}
    assert set(seen) == kinds, "kinds without a sample: %s" % (kinds - set(seen))
    for kind, whats in seen.items():
        assert whats == {"full", "absent", "hostile", "alone"}, (kind, whats)
    print("%d kinds, %d lines valid, %d refused" % (len(kinds), out.count(b"\n"), refused))


main()
