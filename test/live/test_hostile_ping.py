# SPDX-License-Identifier: MIT
"""`icmp ping` against a responder that misbehaves, as root (raw sockets) and as an ordinary user
(datagram sockets): nothing crashes, every sum adds up, nothing is credited to the wrong probe, and
nothing that a stranger wrote reaches a terminal."""

from cases import add, case, equal, main
from hostile import STRANGER, Hostile, faults
from net import ICMP, NOBODY, Net, require_root
from runs import ping_json

require_root()

net = Net()
node = net.node("victim")
node.ping_sockets(True)
hostile = Hostile(node)
command = net.command_for_all()

COUNT = 2
ARGS = ["-c", str(COUNT), "-i", "0.3", "-W", "0.3"]
MODES = {"raw": None, "datagram": NOBODY}

# What becomes of the two probes. Faults that are in no set may end in any of these ways.
RECEIVED = {"normal", "duplicate", "triple", "longer", "other-source", "in-fragments",
            "min-then-zero", "options-full", "redirect", "quench", "deep-chain"}
NOBODYS = {"wrong-token", "wrong-ident", "wrong-seq", "no-payload", "four-bytes", "time-min",
           "time-max", "time-min-max", "time-zero", "wrong-family", "too-long", "overlap",
           "nested-fragments", "silent"}
ERRORS = {"error", "quote-8", "quote-options", "quote-length-huge", "mpls", "mpls-interface",
          "ext-checksum", "ext-zero-length", "ext-past-end", "ext-unknown", "ext-name-past-end",
          "parameter", "too-big", "too-big-zero", "unknown-code", "prohibited"}
NO_ERRORS = {"quote-ident", "quote-token", "quote-destination", "quote-253", "quote-noise",
             "quote-empty", "quote-header", "quote-cut-header", "eight-bytes"}
# A type that nobody knows is for nobody (RFC 1122 section 3.2.2) or, as an error of ICMPv6, for whom
# its quote names (RFC 4443 section 2.4 (a)).
ERROR = {4: ERRORS, 6: ERRORS | {"unknown-type"}}
NO_ERROR = {4: NO_ERRORS | {"unknown-type"}, 6: NO_ERRORS}
# What the kernel gives to one kind of socket only: a checksum that is wrong, a code of IPv4 that it
# does not know.
WITHHELD = {4: {"bad-checksum", "unknown-code"}, 6: {"bad-checksum"}}


def all_faults(family):
    """But for the storm, which would drop answers to the others."""
    return sorted(set(faults(family)) - {"storm", "after-storm"})


def run_all(family, mode):
    targets = [hostile.address(name, family) for name in all_faults(family)]
    return ping_json(node, [*ARGS, *targets], user=MODES[mode], command=command, status=1)


runs = {(family, mode): run_all(family, mode) for family in (4, 6) for mode in MODES}


def summary(family, mode, name):
    return runs[family, mode].one("ping_summary", addr=hostile.address(name, family), final=True)


def fate(family, mode, name):
    def run():
        records, address = runs[family, mode], hostile.address(name, family)
        got = summary(family, mode, name)
        equal(got["sent"], COUNT, "sent")
        equal((got["in_flight"], got["unknown"], got["send_errors"], got["local_drops"]),
              (0, 0, 0, 0), "nothing else became of them: %r" % got)
        errors = records.of("icmp_error", addr=address)
        for record in errors:
            equal(record["seq"] in range(1, COUNT + 1), True, "the probe it is about: %r" % record)
        for record in records.of("reply", addr=address):
            if record["rtt_ns"] is not None and not 0 <= record["rtt_ns"] < 5 * 10**9:
                raise AssertionError("no clock but ours counts: %r" % record)
        if name in RECEIVED:
            equal((got["received"], got["lost"]), (COUNT, 0), name)
        if name in NOBODYS:
            equal((got["received"], got["late"], got["lost"]), (0, 0, COUNT), name)
            equal(records.of("reply", addr=address), [], name)
        if name in WITHHELD[family]:
            equal(got["received"], 0, name)
        elif name in ERROR[family]:
            equal((got["received"], got["lost"], got["errors"]), (0, COUNT, COUNT), name)
            equal(sorted(r["seq"] for r in errors), list(range(1, COUNT + 1)), name)
        elif name in NO_ERROR[family]:
            equal((got["received"], got["lost"], got["errors"], errors), (0, COUNT, 0, []), name)
    return run


for a_family in (4, 6):
    for a_mode in MODES:
        for a_fault in all_faults(a_family):
            add("%s_%s_%d" % (a_fault.replace("-", "_"), a_mode, a_family),
                fate(a_family, a_mode, a_fault))


def both_modes_agree(family):
    """DESIGN: the same replies, losses and known errors, but for what the kernel withholds."""
    def run():
        keys = ("sent", "received", "lost", "late", "duplicates", "errors")
        differ = {}
        for name in all_faults(family):
            raw, datagram = (summary(family, mode, name) for mode in MODES)
            mine = {k: (raw[k], datagram[k]) for k in keys if raw[k] != datagram[k]}
            if mine and name not in WITHHELD[family]:
                differ[name] = mine
        equal(differ, {})
    return run


for a_family in (4, 6):
    add("both_modes_agree_%d" % a_family, both_modes_agree(a_family))


def replies(name, family=4, mode="raw"):
    return runs[family, mode].of("reply", addr=hostile.address(name, family))


def errors_of(name, family=4, mode="raw"):
    return runs[family, mode].of("icmp_error", addr=hostile.address(name, family))


@case
def duplicates_are_counted_and_not_received_again():
    """DF-ping-02"""
    for family in (4, 6):
        for mode in MODES:
            equal(summary(family, mode, "duplicate")["duplicates"], COUNT)
            equal(summary(family, mode, "triple")["duplicates"], 2 * COUNT)
            states = [r["state"] for r in replies("triple", family, mode)]
            equal(sorted(states), ["duplicate"] * 4 + ["received"] * 2)


@case
def late_answers_are_late_and_never_lost_twice():
    for family in (4, 6):
        for mode in MODES:
            got = summary(family, mode, "late")
            equal(got["received"], 0)
            equal(got["late"] + got["lost"], COUNT)
            equal(got["late"] >= 1, True, "an answer after its time: %r" % got)


@case
def a_changed_byte_is_named():
    """DF-ping-03"""
    for family in (4, 6):
        for mode in MODES:
            for record in replies("flip", family, mode):
                equal((record["mismatch_at"], record["mismatch_got"], record["mismatch_sent"]),
                      (30, 0x1E ^ 0xFF, 0x1E))
            equal(len(replies("flip", family, mode)), COUNT)


@case
def a_cut_payload_is_said():
    for family in (4, 6):
        for mode in MODES:
            equal([r["cut_bytes"] for r in replies("cut", family, mode)], [24] * COUNT)


@case
def another_source_is_flagged():
    for family in (4, 6):
        for mode in MODES:
            for record in replies("other-source", family, mode):
                equal((record["other_source"], record["from"]), (True, STRANGER[family]))
            equal([r["other_source"] for r in replies("normal", family, mode)], [False] * COUNT)


@case
def a_bad_checksum_is_never_an_answer():
    for mode in MODES:
        for family in (4, 6):
            equal(summary(family, mode, "bad-checksum")["received"], 0)
    run = runs[4, "datagram"].one("run")
    equal(any("checksum" in what for what in run["unseen"]), True,
          "what datagram sockets do not show is said: %r" % run)


@case
def extensions_are_decoded_or_said_to_be_broken():
    for family in (4, 6):
        labels = [{"label": 16001, "tc": 5, "s": 0, "ttl": 1},
                  {"label": 16002, "tc": 0, "s": 1, "ttl": 254}]
        for record in errors_of("mpls", family):
            equal(record["extensions"], [{"class": 1, "ctype": 1, "mpls": labels}])
        for record in errors_of("mpls-interface", family):
            equal(record["extensions"][1]["name"].startswith(";$(x)\x1b"), True)
        for record in errors_of("ext-unknown", family):
            equal(record["extensions"], [{"class": 200, "ctype": 9, "hex": "deadbeef"}])
        for name in ("ext-checksum", "ext-zero-length", "ext-past-end", "ext-name-past-end"):
            equal(len(errors_of(name, family)), COUNT)
            for record in errors_of(name, family):
                for item in record.get("extensions", []):
                    equal("flaw" in item, True, "%s: %r" % (name, record))


@case
def quotes_are_decoded_behind_their_options():
    for name in ("error", "quote-8", "quote-options"):
        for record in errors_of(name):
            quote = record["quote"]
            equal((quote["dst"], quote["proto"], quote["type"], quote["seq"]),
                  (hostile.address(name), 1, 8, record["seq"]), name)


@case
def mtu_pointer_and_gateway_are_told():
    equal([r["mtu"] for r in errors_of("too-big")], [1400] * COUNT)
    equal([r["mtu"] for r in errors_of("too-big", 6)], [1280] * COUNT)
    equal([r["pointer"] for r in errors_of("parameter")], [20] * COUNT)
    equal([r["pointer"] for r in errors_of("parameter", 6)], [6] * COUNT)
    for record in errors_of("redirect"):
        equal(record["gateway"], "198.51.100.251")


def text_is_printable(family, mode):
    """All faults in one run, as text: what strangers wrote is escaped, and nothing falls over."""
    def run():
        targets = [hostile.address(name, family) for name in all_faults(family)]
        done = node.run([command, "ping", "-v", *ARGS, *targets], user=MODES[mode])
        equal(done.returncode, 1, done.stderr)
        for line in (done.stdout + done.stderr).splitlines():
            if not line.replace("\t", "").isprintable():
                raise AssertionError("unprintable: %r" % line)
    return run


for a_family in (4, 6):
    for a_mode in MODES:
        add("text_is_printable_%s_%d" % (a_mode, a_family), text_is_printable(a_family, a_mode))


def record_route(name):
    """RR and timestamp options of any length in the answer: the run ends, and one line per address at
    most is printed (2010-2529)."""
    def run():
        done = node.run([ICMP, "ping", "-R", "-c", "1", "-W", "0.3", hostile.address(name)], timeout=5)
        equal(done.returncode in (0, 1), True, done.stderr)
        equal(len(done.stdout.splitlines()) < 60, True, done.stdout)
    return run


for a_fault in ("rr-length-0", "rr-length-1", "rr-pointer-0", "rr-pointer-255", "rr-past-end",
                "ts-length-0", "ts-length-1", "ts-past-end", "options-full"):
    add("record_route_" + a_fault.replace("-", "_"), record_route(a_fault))


@case
def the_responder_survived():
    equal(hostile.child.poll(), None)


with net:
    main()
