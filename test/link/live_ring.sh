#!/bin/sh
# SPDX-License-Identifier: MIT
# Live capture, in a network namespace of its own: root only. Without IPv6, whose stack speaks
# unasked.
[ "$(id -u)" = 0 ] || { echo "skipped: namespaces need root"; exit 77; }
command -v ip >/dev/null || { echo "skipped: needs ip"; exit 77; }
exec unshare --net -- sh -c '
    [ ! -e /proc/sys/net/ipv6/conf/all/disable_ipv6 ] ||
        echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
    [ ! -e /proc/sys/net/ipv6/conf/default/disable_ipv6 ] ||
        echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
    ip link set lo up && "$PROGRAMS/live_link_ring" && exec "$PROGRAMS/live_link_ring_beside"'
