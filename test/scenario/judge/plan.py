# SPDX-License-Identifier: MIT
"""What tools/conformance does: reads, runs, writes the table."""

import glob
import os
import sys

import linux
import ours
import runs
import script
import table
from runs import BROKEN, FAIL, PASS, UNSEEN, Pool, Result

# A scenario whose waits add up to more is not run in real time.
VETH_LIMIT = 6 * 10**9
AGAIN_WIDTH, AGAIN_LONGEST = 6, 30 * 10**9
SECOND = 10**9


def scenarios(folder, names):
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "*.txt"))):
        for scenario in script.read(path):
            if not names or any(n in scenario.name or n in " ".join(scenario.ids) for n in names):
                found.append(scenario)
    return found


def real_subjects(args):
    """Those that can run here, and for each that cannot, why."""
    if os.geteuid() == 0:
        return args.on or list(table.SUBJECTS)
    if args.on:
        return [s for s in args.on if s == "ours"]
    print("conformance: Linux and veth are left out: network namespaces need root",
          file=sys.stderr)
    return ["ours"]


def excuse(scenario, subject, longest):
    """Why the scenario is not tried on that subject, or None."""
    if subject == "ours":
        return None
    if scenario.observe == "inside":
        return "seen from inside our stack only"
    if subject == "linux":
        for note in ("lacks", "skip"):
            if note in scenario.notes:
                return scenario.notes[note]
        if scenario.longest > longest * SECOND:
            return "takes %d s, too long for real time" % (scenario.longest // SECOND)
    elif scenario.longest > VETH_LIMIT:
        return "takes %d s, skipped in real time" % (scenario.longest // SECOND)
    return None


def subject_class(subject):
    if subject == "veth":
        import veth  # only where it is asked for
        return veth.Veth
    return {"ours": ours.Ours, "linux": linux.Linux}[subject]


def run_all(found, subjects, args):
    """{subject: [Result]}. All that runs in real time runs at once, the longest first."""
    results = {subject: [] for subject in subjects}
    todo = []
    for subject in subjects:
        for scenario in found:
            why = excuse(scenario, subject, args.longest)
            if why:
                results[subject].append(Result(scenario, UNSEEN, why))
            else:
                todo.append((scenario, subject))
    batch([t for t in todo if t[1] == "ours"], 2, results)
    batch([t for t in todo if t[1] != "ours"], args.width, results)
    again = [t for t in todo if t[1] != "ours" and worth_another(t, results)]
    for scenario, subject in again:
        results[subject] = [r for r in results[subject] if r.name != scenario.name]
    batch(again, AGAIN_WIDTH, results)
    return results


def worth_another(pair, results):
    """All namespaces of a machine share what the kernel may have under way as ICMP, and the processor:
    what failed in the crowd gets a second chance away from it, unless it is known to fail; what did not
    come to an end tells nothing, and always gets one."""
    scenario, subject = pair
    verdict = next(r.verdict for r in results[subject] if r.name == scenario.name)
    known = subject == "linux" and "deviates" in scenario.notes
    return (verdict == BROKEN or verdict == FAIL and not known) and scenario.longest < AGAIN_LONGEST


def batch(pairs, width, results):
    jobs = [(s, lambda s=s, n=n: (n, runs.run_one(s, subject_class(n))),
             90 + (0 if n == "ours" else s.longest / SECOND), n) for s, n in pairs]
    for subject, result in Pool(width).run(jobs):
        results[subject].append(result)


def run(args):
    try:
        found = scenarios(args.scenarios, args.names)
        rows = table.duties(args.rules)
    except (script.Wrong, OSError, ValueError) as err:
        print("conformance: %s" % err, file=sys.stderr)
        return 1
    strange = table.judge(rows, found, {})
    for text in strange:
        print("conformance: " + text, file=sys.stderr)
    if args.check or strange:
        if not strange:
            print("%d scenarios of %d duties" % (len(found), sum(1 for d in rows if d.scenarios)))
        return 1 if strange else 0
    if not found:
        print("conformance: no scenario is called so", file=sys.stderr)
        return 2
    ours.PROGRAM = args.subject if os.access(args.subject, os.X_OK) else ""
    subjects = real_subjects(args)
    if not subjects:
        print("skipped: network namespaces need root")
        return 1 if os.environ.get("CI") == "true" else 77
    results = run_all(found, subjects, args)
    for duty in rows:
        duty.scenarios = []
    table.judge(rows, found, results)
    if args.log:
        _logs(results)
    return _write(args, rows, subjects, results)


def _logs(results):
    for subject, of_subject in results.items():
        for result in sorted(of_subject, key=lambda r: r.name):
            print("== %s on %s: %s %s" % (result.name, subject, result.verdict, result.why))
            print("\n".join(result.log))


def _write(args, rows, subjects, results):
    if args.names:
        rows = [d for d in rows if d.scenarios]
    if args.brief:
        return _brief(subjects, results)
    if args.json:
        table.json_lines(rows, subjects, results, sys.stdout)
    else:
        table.text_table(rows, subjects, sys.stdout)
    wrong = table.wrong_rows(rows)
    if wrong:
        print("conformance: %d duties are not in order: %s"
              % (len(wrong), " ".join(d.id for d, _ in wrong)), file=sys.stderr)
    return 1 if wrong else 0


def _brief(subjects, results):
    """For the test suites: a failure of ours is a failure, and so is whatever the judge cannot
    judge; what Linux does otherwise is its own affair."""
    bad = 0
    for subject in subjects:
        counts = {}
        for result in sorted(results[subject], key=lambda r: r.name):
            known = subject == "linux" and result.verdict == FAIL and result.note
            told = table.DEVIATES if known else result.verdict
            counts[told] = counts.get(told, 0) + 1
            if result.verdict == BROKEN or result.verdict == FAIL and subject != "linux":
                bad += 1
                print("%s on %s: %s: %s" % (result.name, subject, result.verdict, result.why))
                print("\n".join(result.log))
            elif subject == "ours" and result.verdict != PASS:
                bad += 1
                print("%s on ours: %s: %s" % (result.name, result.verdict, result.why))
        print("%s: %s" % (subject, ", ".join("%d %s" % (n, v) for v, n in sorted(counts.items()))))
    return 1 if bad else 0
