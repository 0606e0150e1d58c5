# SPDX-License-Identifier: MIT
"""Many targets: no loss where there is none, what was dropped here is told as such, and no answer is
credited to the wrong session when a thousand share one identifier."""

import concurrent.futures
import os
import shutil
import signal

from cases import Skip, add, case, contains, equal, main
from hostile import Hostile
from net import CAPLESS_ROOT, ICMP, NOBODY, Net, require_root, wait_for
from runs import Records, check_totals, ping_json

require_root()

net = Net()
src, dst = net.node("src"), net.node("dst")
net.link(src, dst, "10.0.0.0/24", "2001:db8::/64")
# Every address of 10.64.0.0/15 and 2001:db8:64::/48 lives on dst, but for 10.65.0.0/16 and
# 2001:db8:64:dead::/64, which swallow everything.
src.ip("route add 10.64.0.0/15 via 10.0.0.2", "route add 2001:db8:64::/48 via 2001:db8::2")
dst.ip("route add local 10.64.0.0/15 dev lo", "route add local 2001:db8:64::/48 dev lo")
dst.nft("""table inet dead {
  chain p { type filter hook prerouting priority -300
    ip daddr 10.65.0.0/16 drop
    ip6 daddr 2001:db8:64:dead::/64 drop
  }
}""")
src.ping_sockets(True)
command = net.command_for_all()
STEP_CLOCK = os.environ.get("STEP_CLOCK") and net.copy_for_all(os.environ["STEP_CLOCK"])
N = 10000


def live_targets():
    return ["10.64.%d.%d" % (n // 250, 1 + n % 250) for n in range(N)]


def live_targets_6():
    return ["2001:db8:64::%x" % (n + 1) for n in range(N)]


def ten_thousand(targets, user):
    def run():
        folder = net.folder()
        path = os.path.join(folder, "targets")
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(targets()) + "\n")
        records = ping_json(src, ["-q", "-c", "1", "-W", "2", "-i", "1", "--targets", path], user=user,
                            command=command, status=0, timeout=60)
        equal(records.one("run")["socket"], "raw" if user is None else "datagram")
        summaries = records.of("ping_summary", final=True)
        equal(len(summaries), N)
        for key, want in (("sent", N), ("received", N), ("lost", 0), ("unknown", 0), ("late", 0),
                          ("local_drops", 0), ("send_errors", 0), ("duplicates", 0)):
            equal(sum(s[key] for s in summaries), want, key)
    return run


add("ten_thousand_live_raw", ten_thousand(live_targets, None))
add("ten_thousand_live_datagram", ten_thousand(live_targets, CAPLESS_ROOT))
add("ten_thousand_live_raw_6", ten_thousand(live_targets_6, None))
add("ten_thousand_live_datagram_6", ten_thousand(live_targets_6, CAPLESS_ROOT))


def dropped_here(path):
    """The drops of all sockets in a table of /proc/net."""
    lines = victim.run(["cat", path], check=True).stdout.splitlines()[1:]
    return sum(int(line.split()[-1]) for line in lines)


def shrunk_buffer(user, table):
    """A receive buffer for a few answers, and the process stopped while 300 copies of one answer come,
    and then the answer to another probe. That one is unknown: the network lost nothing."""
    def run():
        if not STEP_CLOCK:
            raise Skip("the preloaded library was not built")
        if not shutil.which("tcpdump"):
            raise Skip("tcpdump is not installed")
        tap = victim.start(["tcpdump", "-c", "2", "-nli", "hostile", "icmp[0] == 8"])
        contains(tap.stderr.readline() + tap.stderr.readline(), "listening")
        env = dict(os.environ, LC_ALL="C", LD_PRELOAD=STEP_CLOCK, SHRINK_RCVBUF="16384")
        targets = [hostile.address("storm"), hostile.address("after-storm")]
        child = victim.start([command, "ping", "--json", "-c", "1", "-i", "0.01", "-W", "3",
                              *targets], user=user, env=env)
        tap.communicate(timeout=10)  # both have left
        child.send_signal(signal.SIGSTOP)
        wait_for(lambda: dropped_here(table) > 100, "drops")
        tap = victim.start(["tcpdump", "-c", "1", "-nli", "hostile", "src", targets[1]])
        tap.communicate(timeout=10)  # its answer has come, to a full buffer
        child.send_signal(signal.SIGCONT)
        records = Records(child.communicate(timeout=10)[0])
        for summary in records.of("ping_summary", final=True):
            check_totals(summary)
        got = {s["addr"]: (s["sent"], s["received"], s["lost"], s["unknown"])
               for s in records.of("ping_summary", final=True)}
        equal(got, {targets[0]: (1, 1, 0, 0), targets[1]: (1, 0, 0, 1)})
        equal(sum(n["count"] for n in records.of("notice", what="drops")) > 100, True,
              "the drop counter is told: %r" % records.of("notice"))
        equal([r["state"] for r in records.of("lost")], ["unknown"])
    return run


victim = net.node("victim")
victim.ping_sockets(True)
hostile = Hostile(victim)
add("shrunk_buffer_raw", shrunk_buffer(None, "/proc/net/raw"))
add("shrunk_buffer_datagram", shrunk_buffer(NOBODY, "/proc/net/icmp"))


@case
def a_thousand_sessions_with_one_identifier():
    """20 processes of 50 targets, half of them down, all with identifier 4242: each raw socket could
    see the answers of all the others."""
    processes, each = 20, 50

    def one(number):
        up = ["10.64.%d.%d" % (100 + number, n) for n in range(1, each // 2 + 1)]
        down = ["10.65.%d.%d" % (100 + number, n) for n in range(1, each // 2 + 1)]
        mixed = [t for pair in zip(up, down) for t in pair]
        return ping_json(src, ["-e", "4242", "-c", "3", "-i", "0.3", "-W", "1", *mixed], status=1,
                         timeout=60)

    with concurrent.futures.ThreadPoolExecutor(processes) as pool:
        results = list(pool.map(one, range(processes)))
    for records in results:
        summaries = records.of("ping_summary", final=True)
        equal(len(summaries), each)
        for s in summaries:
            live = s["addr"].startswith("10.64.")
            equal((s["sent"], s["received"], s["lost"], s["duplicates"]),
                  (3, 3, 0, 0) if live else (3, 0, 3, 0), s["addr"])
        for reply in records.of("reply"):
            equal(reply["from"], reply["addr"])


@case
def same_targets_from_many_processes():
    """The same addresses, the same identifier, the same sequence numbers at the same time."""
    def one(_):
        return ping_json(src, ["-e", "4242", "-c", "5", "-i", "0.1", "-W", "1", "10.64.0.1",
                               "10.65.0.1"], status=1, timeout=60)

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        results = list(pool.map(one, range(20)))
    for records in results:
        sums = {s["addr"]: (s["sent"], s["received"], s["duplicates"])
                for s in records.of("ping_summary", final=True)}
        equal(sums, {"10.64.0.1": (5, 5, 0), "10.65.0.1": (5, 0, 0)})


@case
def prefix_and_all_answered_exit_status():
    equal(ping_json(src, ["-q", "-c", "1", "-W", "1", "10.64.7.0/28"]).status, 0)
    records = ping_json(src, ["-q", "-c", "1", "-W", "0.5", "10.64.7.1", "10.65.7.1"])
    equal(records.status, 1, "0 only if every one answered")


@case
def sequence_numbers_wrap():
    """DF-ping-04: 70,000 probes of one target."""
    done = src.run([ICMP, "ping", "--json", "-q", "-f", "-c", "70000", "10.64.0.1"], timeout=60)
    records = Records(done.stdout)
    summary = records.one("ping_summary", final=True)
    check_totals(summary)
    equal((summary["sent"], summary["received"] + summary["unknown"], summary["duplicates"]),
          (70000, 70000, 0), repr(summary))


with net:
    main()
