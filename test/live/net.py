# SPDX-License-Identifier: MIT
"""Networks of namespaces for the live tests and the bench: made here, removed here, private.

    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.0.0.0/24", "2001:db8::/64")
        done = a.run([ICMP, "ping", "-c1", "10.0.0.2"])

Each Net has names of its own, so runs do not meet. Everything is removed when the block is left, and
also when this process ends in any other way: a keeper, told of every namespace and folder before it
is made, removes what is left once the pipe to it closes. Every command has a time limit."""

import atexit
import ipaddress
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ICMP = os.environ.get("ICMP") or os.path.join(ROOT, "build", "icmp")
NOBODY = 65534
CAPLESS_ROOT = -1  # uid 0 that may open no raw socket: datagram sockets without a user's limits
SKIP = 77

_serial = itertools.count()


def require_root():
    """Ends the program with the code for "skipped" where namespaces cannot be made (where CI=true:
    as failed)."""
    why = None
    if os.geteuid() != 0:
        why = "needs root to make network namespaces"
    elif not shutil.which("ip"):
        why = "needs iproute2"
    elif subprocess.run(["ip", "netns", "list"], capture_output=True).returncode != 0:
        why = "network namespaces are not available here"
    if why:
        print("skipped: " + why)
        print("0 passed, 0 failed, 1 skipped", flush=True)
        sys.exit(1 if os.environ.get("CI") == "true" else SKIP)


def wait_for(condition, what, limit=10.0):
    """Waits until condition() is true and returns its value; fails after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %.0f s for %s" % (limit, what))
        time.sleep(0.005)


class Keeper:
    """A process that outlives ours, by however we end, and removes what was made: namespaces with all
    that runs in them, and files. It leaves our process group, so that no signal meant for us ends it."""

    def __init__(self):
        read_end, self.pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            kept = os.dup2(read_end, 3)  # and nothing else: pipes to other keepers have to close
            os.closerange(4, os.sysconf("SC_OPEN_MAX"))
            nothing = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(nothing, fd)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            with os.fdopen(kept) as told:
                self._remove(told.read().splitlines())
            os._exit(0)
        os.close(read_end)

    def tell(self, kind, name):
        os.write(self.pipe, ("%s %s\n" % (kind, name)).encode())

    def close(self):
        os.close(self.pipe)
        os.waitpid(self.pid, 0)

    @staticmethod
    def _remove(lines):
        for line in lines:
            kind, name = line.split(" ", 1)
            if kind == "path":
                shutil.rmtree(name, ignore_errors=True)
                continue
            pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
            for pid in pids.stdout.split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Node:
    """One namespace."""

    def __init__(self, net, name):
        self.net, self.name = net, name
        self.ns = "%s-%s" % (net.prefix, name)
        self.n_links = 0

    def argv(self, cmd, user=None):
        prefix = ["ip", "netns", "exec", self.ns]
        if user == CAPLESS_ROOT:
            prefix += ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]
        elif user is not None:
            prefix += ["setpriv", "--reuid=%d" % user, "--regid=%d" % user, "--clear-groups"]
        return prefix + [str(c) for c in cmd]

    def run(self, cmd, user=None, timeout=30, check=False, **kw):
        """Runs to its end in the namespace; text in and out, C locale."""
        kw.setdefault("env", dict(os.environ, LC_ALL="C"))
        done = subprocess.run(self.argv(cmd, user), text=True, capture_output=True,
                              timeout=timeout, **kw)
        if check and done.returncode != 0:
            raise AssertionError("%s: %s\n%s%s" % (self.name, cmd, done.stdout, done.stderr))
        return done

    def start(self, cmd, user=None, **kw):
        """Starts in the background; ended with the net at the latest."""
        kw.setdefault("env", dict(os.environ, LC_ALL="C"))
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        child = subprocess.Popen(self.argv(cmd, user), text=True, **kw)
        self.net.children.append(child)
        return child

    def ip(self, *lines):
        """A batch of `ip` commands inside the namespace."""
        self.net.ip(*lines, ns=self.ns)

    def sysctl(self, **values):
        """Sets keys, dots written as two underscores: net__ipv4__ip_forward=1."""
        script = ["set -e"]
        for key, value in values.items():
            script.append('printf %%s "%s" > /proc/sys/%s' % (value, key.replace("__", "/")))
        self.run(["sh", "-c", "\n".join(script)], check=True)

    def nft(self, rules):
        self.run(["nft", "-f", "-"], input=rules, check=True)

    def forward(self):
        self.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)

    def ping_sockets(self, open_to_all):
        """Who may use datagram ICMP sockets here."""
        self.sysctl(net__ipv4__ping_group_range="0 2147483647" if open_to_all else "1 0")

    def etc(self, name, *lines):
        """What commands in this namespace see as that file of /etc."""
        path = "/etc/netns/" + self.ns
        self.net.keeper.tell("path", path)
        os.makedirs(path, exist_ok=True)
        with open(path + "/" + name, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")

    def resolver(self, *lines):
        self.etc("resolv.conf", *lines)

    def hosts(self, *lines):
        self.etc("hosts", *lines)


class Net:
    """A set of nodes and links, gone when the block is left."""

    def __init__(self):
        self.prefix = "%s%d-%d" % (os.environ.get("NETNS_PREFIX", "ik"), os.getpid(), next(_serial))
        self.nodes, self.children = [], []
        self.keeper = Keeper()
        atexit.register(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout, child.stderr):
                if pipe:
                    pipe.close()
        self.nodes, self.children = [], []
        if self.keeper:
            self.keeper.close()
            self.keeper = None
        atexit.unregister(self.close)

    def ip(self, *lines, ns=None):
        cmd = ["ip"] + (["-n", ns] if ns else []) + ["-batch", "-"]
        done = subprocess.run(cmd, input="\n".join(lines) + "\n", text=True, capture_output=True,
                              timeout=30)
        if done.returncode != 0:
            raise AssertionError("ip: %s\n%s" % (lines, done.stderr))

    def node(self, name):
        """A namespace with loopback up, no duplicate address detection, and no limits on the rate of
        its own ICMP errors (tests of limits set their own). No type is limited at all: the limit over
        all types is one for the whole machine on older kernels."""
        node = Node(self, name)
        self.keeper.tell("netns", node.ns)
        self.ip("netns add " + node.ns)
        self.nodes.append(node)
        node.sysctl(net__ipv6__conf__default__accept_dad=0, net__ipv6__conf__all__accept_dad=0,
                    net__ipv6__conf__default__router_solicitations=0,
                    net__ipv4__icmp_ratelimit=0, net__ipv4__icmp_ratemask=0,
                    net__ipv6__icmp__ratelimit=0)
        node.ip("link set lo up")
        return node

    def link(self, a, b, net4=None, net6=None, mtu=None):
        """A veth pair; a has the first address of each net, b the second. Returns the interface
        names on a and on b."""
        names = []
        for node in (a, b):
            names.append("eth%d" % node.n_links)
            node.n_links += 1
        extra = " mtu %d" % mtu if mtu else ""
        self.ip("link add name %s%s netns %s type veth peer name %s%s netns %s"
                % (names[0], extra, a.ns, names[1], extra, b.ns))
        for place, (node, dev) in enumerate(zip((a, b), names), 1):
            lines = ["link set %s up" % dev]
            for text in (net4, net6):
                if text:
                    net = ipaddress.ip_network(text)
                    nodad = " nodad" if net.version == 6 else ""
                    lines.append("addr add %s/%d dev %s%s" % (net[place], net.prefixlen, dev, nodad))
            node.ip(*lines)
        return names

    def chain(self, routers):
        """src - r1 - ... - rN - dst, both families. Link i (from 0) is 10.9.i.0/24 and
        2001:db8:9:i::/64; returns the nodes in order, and the addresses of dst."""
        tag = "-c%d" % next(_serial)
        nodes = ([self.node("src" + tag)] + [self.node("r%d%s" % (i, tag))
                                             for i in range(1, routers + 1)]
                 + [self.node("dst" + tag)])
        for i in range(routers + 1):
            self.link(nodes[i], nodes[i + 1], "10.9.%d.0/24" % i, "2001:db8:9:%x::/64" % i)
        for k, node in enumerate(nodes):
            lines = []
            for i in range(routers + 1):
                if i in (k - 1, k):
                    continue
                left = i < k
                via = k - 1 if left else k
                lines.append("route add 10.9.%d.0/24 via 10.9.%d.%d" % (i, via, 1 if left else 2))
                lines.append("route add 2001:db8:9:%x::/64 via 2001:db8:9:%x::%d"
                             % (i, via, 1 if left else 2))
            node.ip(*lines)
            if 0 < k <= routers:
                node.forward()
        return nodes, "10.9.%d.2" % routers, "2001:db8:9:%x::2" % routers

    def folder(self):
        """A temporary folder that everybody may enter."""
        path = tempfile.mkdtemp(prefix="icmpkit-")
        self.keeper.tell("path", path)
        os.chmod(path, 0o755)
        return path

    def copy_for_all(self, original):
        """A copy where an ordinary user can run and read it."""
        path = os.path.join(self.folder(), os.path.basename(original))
        shutil.copy(original, path)
        os.chmod(path, 0o755)
        return path

    def command_for_all(self):
        """A copy of the command, without capabilities."""
        return self.copy_for_all(ICMP)
