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


def run_all(found, subject, args):
    """Results of all scenarios on that subject."""
    classes = {"ours": ours.Ours, "linux": linux.Linux}
    if subject == "veth":
        import veth
        classes["veth"] = veth.Veth
    results, todo = [], []
    for scenario in found:
        why = excuse(scenario, subject, args.longest)
        if why:
            results.append(Result(scenario, UNSEEN, why))
        else:
            todo.append(scenario)
    if subject == "ours":
        return results + batch(todo, classes[subject], 2)
    # All namespaces of a machine share what the kernel may have under way as ICMP, and the processor:
    # what fails in the crowd gets a second chance away from it.
    again = []
    for result in batch(todo, classes[subject], args.width):
        if result.verdict == FAIL:
            again.append(next(s for s in todo if s.name == result.name))
        else:
            results.append(result)
    return results + batch(again, classes[subject], 4)


def batch(todo, subject_class, width):
    jobs = [(s, lambda s=s: runs.run_one(s, subject_class),
             60 if subject_class is ours.Ours else s.longest / SECOND + 40) for s in todo]
    return Pool(width).run(jobs)


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
    results = {}
    for subject in subjects:
        results[subject] = run_all(found, subject, args)
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
            counts[result.verdict] = counts.get(result.verdict, 0) + 1
            if result.verdict == BROKEN or result.verdict == FAIL and subject != "linux":
                bad += 1
                print("%s on %s: %s: %s" % (result.name, subject, result.verdict, result.why))
                print("\n".join(result.log))
            elif subject == "ours" and result.verdict != PASS:
                bad += 1
                print("%s on ours: %s: %s" % (result.name, result.verdict, result.why))
        print("%s: %s" % (subject, ", ".join("%d %s" % (n, v) for v, n in sorted(counts.items()))))
    return 1 if bad else 0
