# SPDX-License-Identifier: MIT
"""Duties from rules.def, results by duty, and the table of both."""

import datetime
import json
import os
import re

from runs import BROKEN, FAIL, PASS, UNSEEN

DEVIATES, UNTRIED = "deviates", "-"
SUBJECTS = ("ours", "linux", "veth")
TITLES = {"ours": "ours", "linux": "Linux", "veth": "veth"}


class Duty:
    def __init__(self, number, rfc, section, level, role, status, reason):
        self.id, self.rfc, self.section, self.role = number, rfc, section, role.lower()
        self.level, self.status, self.reason = level.replace("_", " "), status, reason
        self.scenarios, self.verdicts, self.whys = [], {}, {}

    @property
    def applies(self):
        return self.status == "HOLDS"

    @property
    def binding(self):
        return self.level in ("MUST", "MUST NOT")


def duties(path):
    """The rows X(symbol, id, RFC, section, level, role, status, reason), in order."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    string = r'"((?:[^"\\]|\\.)*)"'
    row = re.compile(r"X\(\s*\w+,\s*%s,\s*%s,\s*%s,\s*(\w+),\s*(\w+),\s*(\w+),\s*((?:%s\s*)+)\)"
                     % (string, string, string, string), re.S)
    found = []
    for match in row.finditer(text):
        reason = "".join(re.findall(string, match[7]))
        found.append(Duty(*match.groups()[:6], reason))
    if len(found) != len(re.findall(r"\bX\(", text)):
        raise ValueError("%s: %d rows of %d are understood"
                         % (path, len(found), len(re.findall(r"\bX\(", text))))
    return found


def judge(rows, scenarios, results):
    """Fills verdicts and whys of the duties. results: {subject: [Result]}."""
    by_id = {duty.id: duty for duty in rows}
    strange = []
    for scenario in scenarios:
        for number in scenario.ids:
            if number in by_id:
                by_id[number].scenarios.append(scenario)
            else:
                strange.append("%s: no duty is called %s" % (scenario.path, number))
    for subject, of_subject in results.items():
        by_name = {result.name: result for result in of_subject}
        for duty in rows:
            mine = [(s, by_name[s.name]) for s in duty.scenarios if s.name in by_name]
            duty.verdicts[subject], duty.whys[subject] = _combine(mine, subject)
    return strange


def _combine(pairs, subject):
    """One verdict of several scenarios: the worst that was seen."""
    if not pairs:
        return UNTRIED, ""
    for verdict in (BROKEN, FAIL):
        for scenario, result in pairs:
            if result.verdict == verdict:
                note = scenario.notes.get("deviates")
                if verdict == FAIL and subject == "linux" and note:
                    return DEVIATES, note
                return verdict, "%s: %s" % (result.name, result.why)
    if any(result.verdict == PASS for _, result in pairs):
        return PASS, ""
    return UNSEEN, pairs[0][1].why


def wrong_rows(rows):
    """[(duty, what is wrong)] for which the whole is not in order: binding rows that ours does not
    pass, rows with neither scenario nor reason, and whatever the judge could not judge."""
    found = []
    for duty in rows:
        if not duty.applies:
            if not duty.reason:
                found.append((duty, "not applicable without a reason"))
            continue
        verdict = duty.verdicts.get("ours")
        if not duty.scenarios:
            found.append((duty, "no scenario"))
        elif BROKEN in duty.verdicts.values():
            which = [s for s, v in duty.verdicts.items() if v == BROKEN]
            found.append((duty, "cannot be judged on %s: %s" % (which[0], duty.whys[which[0]])))
        elif verdict is not None and verdict != PASS and (duty.binding or verdict != FAIL):
            found.append((duty, "%s: %s" % (verdict, duty.whys["ours"])))
    return found


def _first_line(text):
    """The first line, and the nearest miss where one is told."""
    lines = text.strip().split("\n")
    nearest = [line.strip() for line in lines[1:] if line.strip().startswith("nearest:")]
    return " ".join(lines[:1] + nearest)


def evidence(duty):
    files = sorted({os.path.basename(s.path) for s in duty.scenarios})
    words = [" ".join(files)]
    for subject in SUBJECTS:
        if duty.whys.get(subject):
            words.append("%s: %s" % (TITLES[subject], _first_line(duty.whys[subject])))
    return "; ".join(words)


def text_table(rows, subjects, out):
    shown = [TITLES[s] for s in subjects]
    out.write("%-24s %-10s %s evidence\n" % ("id", "level",
                                             " ".join("%-14s" % t for t in shown)))
    for duty in rows:
        if not duty.applies or not duty.scenarios:
            continue
        out.write("%-24s %-10s %s %s\n" % (
            duty.id, duty.level, " ".join("%-14s" % duty.verdicts.get(s, UNTRIED) for s in subjects),
            evidence(duty)))
    _totals(rows, subjects, out)
    _lists(rows, out)


def _totals(rows, subjects, out):
    out.write("\n%-12s %10s %14s" % ("", "applicable", "with scenario"))
    out.write("".join(" %13s" % (TITLES[s] + " passed") for s in subjects) + "\n")
    for title, levels in (("MUST", ("MUST",)), ("MUST NOT", ("MUST NOT",)),
                          ("SHOULD (NOT)", ("SHOULD", "SHOULD NOT")), ("MAY", ("MAY",))):
        mine = [d for d in rows if d.applies and d.level in levels]
        out.write("%-12s %10d %14d" % (title, len(mine), sum(1 for d in mine if d.scenarios)))
        for subject in subjects:
            out.write(" %13d" % sum(1 for d in mine if d.verdicts.get(subject) == PASS))
        out.write("\n")


def _lists(rows, out):
    parts = [
        ("Not applicable", [(d.id, d.reason) for d in rows if not d.applies]),
        ("Without a scenario", [(d.id, d.level) for d in rows if d.applies and not d.scenarios]),
        ("Known deviations of Linux", [(d.id, d.whys["linux"]) for d in rows
                                       if d.verdicts.get("linux") == DEVIATES]),
        ("Other differences of Linux", [(d.id, _first_line(d.whys["linux"])) for d in rows
                                        if d.verdicts.get("linux") == FAIL]),
        ("Not observable on Linux", [(d.id, _first_line(d.whys["linux"])) for d in rows
                                     if d.verdicts.get("linux") == UNSEEN]),
        ("Ours fails", [(d.id, d.whys["ours"]) for d in rows
                        if d.verdicts.get("ours") not in (None, PASS, UNTRIED)]),
        ("Ours behind a veth pair fails", [(d.id, d.whys["veth"]) for d in rows
                                           if d.verdicts.get("veth") in (FAIL, BROKEN)]),
    ]
    for title, lines in parts:
        if lines:
            out.write("\n%s (%d)\n" % (title, len(lines)))
            for number, text in lines:
                out.write("  %-24s %s\n" % (number, text))


def json_lines(rows, subjects, results, out):
    """A `duty` record for each row, with what each subject did."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    logs = {s: {r.name: r.log for r in results[s]} for s in subjects}
    names = {PASS: "pass", FAIL: "fail", BROKEN: "unknown", UNSEEN: "unknown", UNTRIED: "unknown",
             DEVIATES: "fail"}
    for duty in rows:
        record = {"record": "duty", "time": now, "v": 1, "id": duty.id, "rfc": duty.rfc,
                  "section": duty.section, "level": duty.level, "role": duty.role,
                  "requirement": next((s.duty for s in duty.scenarios), None)}
        if not duty.applies:
            out.write(json.dumps({**record, "observed": duty.reason, "verdict": "not-applicable",
                                  "proof": []}) + "\n")
            continue
        if not duty.scenarios:
            out.write(json.dumps({**record, "observed": "no scenario", "verdict": "unknown",
                                  "proof": []}) + "\n")
            continue
        for subject in subjects:
            verdict = duty.verdicts.get(subject, UNTRIED)
            proof = [line for s in duty.scenarios for line in logs[subject].get(s.name, ())]
            out.write(json.dumps({**record, "subject": subject,
                                  "observed": duty.whys.get(subject) or verdict,
                                  "verdict": names[verdict], "proof": proof}) + "\n")
