# SPDX-License-Identifier: MIT
# A page over meson. Each goal first installs what is missing (packages/*.txt); ICMPKIT_PACKAGES=no
# leaves the system alone. The command lands at build/icmp, manual pages (where scdoc is) at build/doc.
PREFIX ?= /usr/local
DESTDIR ?=
need = tools/install-packages packages/run.txt

.PHONY: all run test bench asan storm conformance compare detection enforcement install format clean
all:
	@$(need)
	@[ -e build/build.ninja ] || meson setup build
	ninja -C build programs pages catalogues

# The command in an internet of its own, without root or network, and what to try next.
run: all
	@tools/demo build/icmp

# Everything but what needs hours: both compilers, sanitizers, checks, live tests (these as root).
test:
	@$(need) packages/test.txt
	@tools/run-tests

asan:
	@$(need) packages/test.txt
	@tools/run-tests asan

# Forged, cut, fragmented, looping and oversized packets at host, router and translator under ASan; an
# independent checker reads all that leaves. A billion takes hours; PACKETS=1000000 does not.
PACKETS ?= 1000000000
storm:
	@$(need) packages/test.txt
	@tools/storm --packets '$(PACKETS)'

# Every duty of rules.def against our stack, the Linux kernel, and our stack behind a veth pair, as one
# table. The latter two need root; without it they are left out.
conformance: all
	@$(need) packages/test.txt
	ninja -C build test/scenario/subject
	@tools/conformance

# The tools of abuse and of every day in namespaces of their own, and what guard makes of them: writes
# doc/detection.md. Needs root, and some ten minutes.
detection: all
	@$(need) packages/test.txt
	@tools/detection --write doc/detection.md

# The same tools against a guard that enforces, in each way there is: writes doc/enforcement.md. Needs
# root, and some five minutes; for XDP, a build that was set up after its packages were there.
enforcement:
	@$(need) packages/test.txt
	@$(MAKE) all
	ninja -C build test/detect/deluge
	@tools/enforcement --write doc/enforcement.md

# Each field that dump reads beside what tshark and tcpdump read, as a table: of captures that a
# generator makes, or of those in a folder, PCAPS=DIR.
PCAPS ?=
compare: all
	@$(need) packages/test.txt
	@/usr/bin/python3 test/compare/compare.py --rules $(if $(PCAPS),'$(PCAPS)')

# Beside the peers that are installed, as ratios.
bench: all
	@$(need) packages/bench.txt
	ninja -C build
	bench/run

# As root, or with DESTDIR. Without cap_net_raw the command still works where
# net.ipv4.ping_group_range lets it.
install: all
	@meson configure build -Dprefix='$(PREFIX)'
	ninja -C build
	DESTDIR='$(DESTDIR)' meson install -C build --no-rebuild
	@setcap cap_net_raw=ep '$(DESTDIR)$(PREFIX)/bin/icmp' || echo 'no file capability set;' \
	  'to grant it: setcap cap_net_raw=ep $(DESTDIR)$(PREFIX)/bin/icmp'

format:
	tools/format -i

clean:
	rm -rf build build-*
