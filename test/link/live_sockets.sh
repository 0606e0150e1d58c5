#!/bin/sh
# SPDX-License-Identifier: MIT
# Two namespaces of our own, and in them the programs that try the links:
#   here 10.99.0.1 fd99::1  ---  10.99.0.2 fd99::2 there
# 10.77.1/24 and fd77:1::/64 answer there, 2 is rejected there, 3 is swallowed there, 4 is filtered
# here, 5 has an unreachable route here, 9 is routed (and comes back); 10.88 and fd88:: have no route at all, but for a slow one to 66.
set -e
[ "$(id -u)" = 0 ] || { echo "skipped: namespaces need root"; exit 77; }
for tool in ip nft sysctl tc; do
    command -v $tool >/dev/null || { echo "skipped: needs $tool"; exit 77; }
done
here=ik-link-$$-a there=ik-link-$$-b
trap 'ip netns del $here 2>/dev/null; ip netns del $there 2>/dev/null' EXIT
ip netns add $here && ip netns add $there || { echo "skipped: no namespaces here"; exit 77; }
ip link add veth-a netns $here type veth peer name veth-b netns $there
ip -n $here addr add 10.99.0.1/30 dev veth-a
ip -n $here addr add fd99::1/64 dev veth-a nodad
ip -n $there addr add 10.99.0.2/30 dev veth-b
ip -n $there addr add fd99::2/64 dev veth-b nodad
ip -n $here link set lo up
ip -n $there link set lo up
ip -n $here link set veth-a up
ip -n $there link set veth-b up
ip -n $here route add 10.77.0.0/16 via 10.99.0.2
ip -n $here route add unreachable 10.77.5.0/24
ip -n $here -6 route add fd77::/16 via fd99::2
ip -n $here -6 route add unreachable fd77:5::/64
ip -n $there route add local 10.77.1.0/24 dev lo
ip -n $there -6 route add local fd77:1::/64 dev lo
ip -n $there route add 10.77.9.0/24 via 10.99.0.1
ip -n $there -6 route add fd77:9::/64 via fd99::1
ip netns exec $there sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 \
    net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
# Absent in namespaces of older kernels, where the global default is high enough.
ip netns exec $there sysctl -qw net.ipv4.icmp_msgs_per_sec=100000 \
    net.ipv4.icmp_msgs_burst=10000 2>/dev/null || true
ip netns exec $here sysctl -qw net.ipv4.ping_group_range="0 2147483647"
ip netns exec $there nft -f - <<END
table inet t {
    chain in {
        type filter hook prerouting priority -10;
        ip daddr 10.77.3.0/24 drop
        ip6 daddr fd77:3::/64 drop
        ip daddr 10.77.2.0/24 reject with icmp host-unreachable
        ip6 daddr fd77:2::/64 reject with icmpv6 addr-unreachable
    }
}
END
ip netns exec $here nft -f - <<END
table inet t {
    chain out {
        type filter hook output priority 0;
        ip daddr 10.77.4.0/24 drop
        ip6 daddr fd77:4::/64 drop
    }
}
END
# A slow interface: what does not fit into its queue is refused.
ip link add veth-s netns $here type veth peer name veth-t netns $there
ip -n $here link set veth-s arp off up
ip -n $there link set veth-t up
ip -n $here route add 10.88.66.0/24 dev veth-s src 10.99.0.1
ip -n $here -6 route add fd88:66::/64 dev veth-s
ip netns exec $here tc qdisc add dev veth-s root tbf rate 64kbit burst 1600 limit 3000
# Until duplicate address detection is through, IPv6 is not quite there.
for i in $(seq 50); do
    ip -n $here -6 addr show tentative | grep -q . || ip -n $there -6 addr show tentative |
        grep -q . || break
    sleep 0.1
done
ip netns exec $here "$PROGRAMS/live_link_sockets"
ip netns exec $here "$PROGRAMS/live_link_traces"
