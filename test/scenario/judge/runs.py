# SPDX-License-Identifier: MIT
"""Many scenarios against a subject: each in a process of its own, so many at a time."""

import os
import pickle
import select
import signal
import time
import traceback

import settings
from script import Wrong
from trial import Cannot, Failed, Trial, clock_text
from world import World

PASS, FAIL, UNSEEN, BROKEN = "pass", "FAIL", "not observable", "BROKEN"


class Result:
    """What became of a scenario on a subject; `why` of all but a pass; `log` tells each frame."""

    def __init__(self, scenario, verdict, why="", log=()):
        self.name, self.ids = scenario.name, scenario.ids
        self.path, self.verdict, self.why = scenario.path, verdict, why
        self.note = scenario.notes.get("deviates")
        self.log = ["%12s %-8s %s" % (clock_text(t), what, text) for t, what, text in log]


def run_one(scenario, subject_class):
    """`subject_class(world, options, scenario)` starts the subject."""
    trial = None
    try:
        world = World(scenario.kind)
        options = settings.apply(scenario, world)
        subject = subject_class(world, options, scenario)
        try:
            trial = Trial(scenario, world, subject)
            trial.run()
        finally:
            subject.close()
    except Cannot as err:
        return Result(scenario, PASS if scenario.may_refuse else UNSEEN, str(err))
    except Failed as err:
        return Result(scenario, FAIL, str(err), trial.log if trial else ())
    except Wrong as err:
        return Result(scenario, BROKEN, str(err), trial.log if trial else ())
    except Exception:  # the judge itself: never mistaken for a verdict
        return Result(scenario, BROKEN, traceback.format_exc(), trial.log if trial else ())
    return Result(scenario, PASS, "", trial.log)


class Pool:
    """Runs jobs in forked processes, `width` at a time; a job that takes longer than its limit is
    broken."""

    def __init__(self, width):
        self.width, self.running, self.results = width, {}, []

    def run(self, jobs):
        """jobs: [(scenario, function -> (tag, Result), limit in seconds, tag)], run longest first;
        [(tag, Result)]."""
        jobs = sorted(jobs, key=lambda j: -j[2])
        try:
            while jobs or self.running:
                while jobs and len(self.running) < self.width:
                    self._start(*jobs.pop(0))
                self._collect()
        finally:
            for pid, *_ in self.running.values():
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        return self.results

    def _start(self, scenario, function, limit, tag):
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read_end)
            try:
                result = function()
            except BaseException:
                result = (tag, Result(scenario, BROKEN, traceback.format_exc()))
            with os.fdopen(write_end, "wb") as file:
                pickle.dump(result, file)
            os._exit(0)
        os.close(write_end)
        self.running[read_end] = (pid, scenario, time.monotonic() + limit, [], tag)

    def _collect(self):
        ready, _, _ = select.select(list(self.running), [], [], 0.2)
        now = time.monotonic()
        for fd in list(self.running):
            pid, scenario, end, chunks, tag = self.running[fd]
            if fd in ready:
                chunk = os.read(fd, 1 << 16)
                if chunk:
                    chunks.append(chunk)
                    continue
            elif now < end:
                continue
            else:
                os.kill(pid, signal.SIGKILL)
            os.close(fd)
            del self.running[fd]
            os.waitpid(pid, 0)
            try:
                self.results.append(pickle.loads(b"".join(chunks)))
            except (EOFError, pickle.UnpicklingError):
                why = "it did not end in time, or crashed"
                self.results.append((tag, Result(scenario, BROKEN, why)))
