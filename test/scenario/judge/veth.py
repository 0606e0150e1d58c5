# SPDX-License-Identifier: MIT
"""Our stack as a subject in real time: the program `subject` on packet sockets, behind veth pairs."""

import select
import time

import netns
from ours import Ours
from trial import Cannot


class Veth(Ours):
    real_time = True
    name = "veth"
    arguments = ("--packet",)

    def __init__(self, world, options, scenario):
        self.cables = netns.Cables(world.interfaces, world.mtu)
        try:
            netns.sysctl(net__ipv6__conf__all__disable_ipv6=1)
            try:
                netns.ip_batch(["link set %s mtu %d up arp off" % (name, world.mtu[name])
                                for name in world.interfaces])
            except OSError as err:
                raise Cannot("veth refuses: %s" % str(err).split("\n")[0]) from None
            self.cables.await_up()
            # the stamps of what comes are taken by the clock of the day
            self.start = time.monotonic_ns()
            super().__init__(world, options, scenario)
        except BaseException:
            self.cables.close()
            raise
        self.start = time.monotonic_ns()
        self.offset = time.time_ns() - self.start

    def now(self):
        return time.monotonic_ns() - self.start

    def real_time_of_day(self):
        return time.time_ns() // 10**6 % 86400000

    def send(self, interface, frame):
        try:
            self.cables.send(interface, frame)
        except OSError as err:
            raise Cannot("the packet socket does not send that frame: %s" % err) from None

    def app_send(self, packet):
        super().app_send(packet)
        self.program.stdin.flush()

    def link(self, interface, up):
        super().link(interface, up)
        self.program.stdin.flush()

    def poll(self, until):
        files = list(self.cables.sockets.values()) + [self.program.stdout]
        while True:
            poller = select.poll()
            for file in files:
                poller.register(file, select.POLLIN)
            ready = poller.poll(max(until - self.now(), 0) / 1e6)
            events = []
            for name in self.world.interfaces:
                events += [("frame", max(stamp - self.start - self.offset, 0), name, frame)
                           for stamp, frame in self.cables.receive(name)]
            events.sort(key=lambda e: e[1])
            if any(fd == self.program.stdout.fileno() for fd, _ in ready):
                events += self._told_now()
            if events or self.now() >= until:
                return events

    def _told_now(self):
        """Whole lines that are there; their times are of the program's clock: now will do."""
        events = []
        while True:
            words = self._line()
            words[1] = str(self.now())
            events += self._events(words)
            if b"\n" not in self.buffer:
                return events

    def close(self):
        super().close()
        self.cables.close()
