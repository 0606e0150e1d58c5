/* SPDX-License-Identifier: MIT
 * What numbers are called. */
#include "wire/tell_int.h"

struct word {
    uint8_t means;
    uint32_t num;
    const char *text;
};

static const struct word words[] = {
#define X(id, name) {IK_MEANS_PROBE_STATE, IK_EXT_ECHO_##id, name},
    IK_EXT_ECHO_STATES(X)
#undef X
        {IK_MEANS_LIFETIME, UINT32_MAX, "infinity"},
    {IK_MEANS_LIFETIME8, UINT8_MAX, "infinity"},
    {IK_MEANS_COMPONENT, UINT16_MAX, "all"},
    {IK_MEANS_HOPS, UINT16_MAX, "outbound-packet"},
    {IK_MEANS_NI_QTYPE, 0, "noop"},
    {IK_MEANS_NI_QTYPE, 2, "node-name"},
    {IK_MEANS_NI_QTYPE, 3, "node-addresses"},
    {IK_MEANS_NI_QTYPE, 4, "ipv4-addresses"},
    {IK_MEANS_MLD_RECORD, IK_MLD2_IS_INCLUDE, "is-include"},
    {IK_MEANS_MLD_RECORD, IK_MLD2_IS_EXCLUDE, "is-exclude"},
    {IK_MEANS_MLD_RECORD, IK_MLD2_TO_INCLUDE, "to-include"},
    {IK_MEANS_MLD_RECORD, IK_MLD2_TO_EXCLUDE, "to-exclude"},
    {IK_MEANS_MLD_RECORD, IK_MLD2_ALLOW_NEW, "allow-new"},
    {IK_MEANS_MLD_RECORD, IK_MLD2_BLOCK_OLD, "block-old"},
    {IK_MEANS_PREFERENCE, 0, "medium"},
    {IK_MEANS_PREFERENCE, 1, "high"},
    {IK_MEANS_PREFERENCE, 2, "reserved"},
    {IK_MEANS_PREFERENCE, 3, "low"},
    {IK_MEANS_FMIP, IK_FMIP_RTSOLPR, "router-solicitation-for-proxy"},
    {IK_MEANS_FMIP, IK_FMIP_PRRTADV, "proxy-router-advertisement"},
    {IK_MEANS_FMIP, 4, "handover-initiate"},
    {IK_MEANS_FMIP, 5, "handover-acknowledge"},
    {IK_MEANS_ILNP, 1, "advertisement"},
    {IK_MEANS_ILNP, 2, "acknowledgement"},
    {IK_MEANS_ARO_STATUS, 0, "success"},
    {IK_MEANS_ARO_STATUS, 1, "duplicate-address"},
    {IK_MEANS_ARO_STATUS, 2, "neighbor-cache-full"},
    {IK_MEANS_ARO_STATUS, 3, "moved"},
    {IK_MEANS_ARO_STATUS, 4, "removed"},
    {IK_MEANS_ARO_STATUS, 5, "validation-requested"},
    {IK_MEANS_ARO_STATUS, 6, "duplicate-source-address"},
    {IK_MEANS_ARO_STATUS, 7, "invalid-source-address"},
    {IK_MEANS_ARO_STATUS, 8, "topologically-incorrect"},
    {IK_MEANS_ARO_STATUS, 9, "registry-saturated"},
    {IK_MEANS_ARO_STATUS, 10, "validation-failed"},
    {IK_MEANS_RPL_MODE, 0, "no-downward-routes"},
    {IK_MEANS_RPL_MODE, 1, "non-storing"},
    {IK_MEANS_RPL_MODE, 2, "storing"},
    {IK_MEANS_RPL_MODE, 3, "storing-with-multicast"},
    {IK_MEANS_RPL_MODE, 4, "p2p-route-discovery"},
    {IK_MEANS_RPL_OPTION, 0, "pad1"},
    {IK_MEANS_RPL_OPTION, 1, "padn"},
    {IK_MEANS_RPL_OPTION, 2, "dag-metric-container"},
    {IK_MEANS_RPL_OPTION, 3, "route-information"},
    {IK_MEANS_RPL_OPTION, 4, "dodag-configuration"},
    {IK_MEANS_RPL_OPTION, 5, "rpl-target"},
    {IK_MEANS_RPL_OPTION, 6, "transit-information"},
    {IK_MEANS_RPL_OPTION, 7, "solicited-information"},
    {IK_MEANS_RPL_OPTION, 8, "prefix-information"},
    {IK_MEANS_RPL_OPTION, 9, "rpl-target-descriptor"},
    {IK_MEANS_RPL_OPTION, 10, "p2p-route-discovery"},
    {IK_MEANS_ANCHOR, 1, "der-x501-name"},
    {IK_MEANS_ANCHOR, 2, "domain-name"},
    {IK_MEANS_CERTIFICATE, 1, "x509v3"},
    {IK_MEANS_PREF64, 0, "/96"},
    {IK_MEANS_PREF64, 1, "/64"},
    {IK_MEANS_PREF64, 2, "/56"},
    {IK_MEANS_PREF64, 3, "/48"},
    {IK_MEANS_PREF64, 4, "/40"},
    {IK_MEANS_PREF64, 5, "/32"},
    {IK_MEANS_SEED_ID, 0, "source-address"},
    {IK_MEANS_SEED_ID, 1, "16-bit"},
    {IK_MEANS_SEED_ID, 2, "64-bit"},
    {IK_MEANS_SEED_ID, 3, "128-bit"},
    {IK_MEANS_RENUM_OP, 1, "add"},
    {IK_MEANS_RENUM_OP, 2, "change"},
    {IK_MEANS_RENUM_OP, 3, "set-global"},
    {IK_MEANS_EXT_CLASS, 1, "mpls-label-stack"},
    {IK_MEANS_EXT_CLASS, 2, "interface-information"},
    {IK_MEANS_EXT_CLASS, 3, "interface-identification"},
    {IK_MEANS_EXT_CLASS, 4, "extended-information"},
    {IK_MEANS_IF_ROLE, 0, "incoming"},
    {IK_MEANS_IF_ROLE, 1, "sub-ip"},
    {IK_MEANS_IF_ROLE, 2, "outgoing"},
    {IK_MEANS_IF_ROLE, 3, "next-hop"},
    {IK_MEANS_AFI, 1, "ipv4"},
    {IK_MEANS_AFI, 2, "ipv6"},
    {IK_MEANS_ECN, 0, "not-ect"},
    {IK_MEANS_ECN, 1, "ect-1"},
    {IK_MEANS_ECN, 2, "ect-0"},
    {IK_MEANS_ECN, 3, "ce"},
    {IK_MEANS_PROTO, 0, "hop-by-hop"},
    {IK_MEANS_PROTO, 1, "icmp"},
    {IK_MEANS_PROTO, 2, "igmp"},
    {IK_MEANS_PROTO, 4, "ipv4"},
    {IK_MEANS_PROTO, 6, "tcp"},
    {IK_MEANS_PROTO, 17, "udp"},
    {IK_MEANS_PROTO, 33, "dccp"},
    {IK_MEANS_PROTO, 41, "ipv6"},
    {IK_MEANS_PROTO, 43, "ipv6-route"},
    {IK_MEANS_PROTO, 44, "ipv6-frag"},
    {IK_MEANS_PROTO, 46, "rsvp"},
    {IK_MEANS_PROTO, 47, "gre"},
    {IK_MEANS_PROTO, 50, "esp"},
    {IK_MEANS_PROTO, 51, "ah"},
    {IK_MEANS_PROTO, 58, "ipv6-icmp"},
    {IK_MEANS_PROTO, 59, "ipv6-nonxt"},
    {IK_MEANS_PROTO, 60, "ipv6-opts"},
    {IK_MEANS_PROTO, 88, "eigrp"},
    {IK_MEANS_PROTO, 89, "ospf"},
    {IK_MEANS_PROTO, 103, "pim"},
    {IK_MEANS_PROTO, 112, "vrrp"},
    {IK_MEANS_PROTO, 115, "l2tp"},
    {IK_MEANS_PROTO, 132, "sctp"},
    {IK_MEANS_PROTO, 135, "mobility"},
    {IK_MEANS_PROTO, 136, "udplite"},
    {IK_MEANS_PROTO, 137, "mpls-in-ip"},
    {IK_MEANS_PROTO, 139, "hip"},
    {IK_MEANS_PROTO, 140, "shim6"},
    {IK_MEANS_IP4_OPTION, IK_IPOPT_END, "end-of-list"},
    {IK_MEANS_IP4_OPTION, IK_IPOPT_NOP, "no-operation"},
    {IK_MEANS_IP4_OPTION, IK_IPOPT_RECORD_ROUTE, "record-route"},
    {IK_MEANS_IP4_OPTION, IK_IPOPT_TIMESTAMP, "timestamp"},
    {IK_MEANS_IP4_OPTION, IK_IPOPT_TRACEROUTE, "traceroute"},
    {IK_MEANS_IP4_OPTION, IK_IPOPT_SECURITY, "security"},
    {IK_MEANS_IP4_OPTION, IK_IPOPT_LSRR, "loose-source-route"},
    {IK_MEANS_IP4_OPTION, 133, "extended-security"},
    {IK_MEANS_IP4_OPTION, 134, "commercial-security"},
    {IK_MEANS_IP4_OPTION, 136, "stream-id"},
    {IK_MEANS_IP4_OPTION, IK_IPOPT_SSRR, "strict-source-route"},
    {IK_MEANS_IP4_OPTION, IK_IPOPT_ROUTER_ALERT, "router-alert"},
    {IK_MEANS_IP6_OPTION, 0, "pad1"},
    {IK_MEANS_IP6_OPTION, 1, "padn"},
    {IK_MEANS_IP6_OPTION, 4, "tunnel-encapsulation-limit"},
    {IK_MEANS_IP6_OPTION, 5, "router-alert"},
    {IK_MEANS_IP6_OPTION, 7, "calipso"},
    {IK_MEANS_IP6_OPTION, 8, "smf-dpd"},
    {IK_MEANS_IP6_OPTION, 15, "performance-metrics"},
    {IK_MEANS_IP6_OPTION, 0x23, "rpl"},
    {IK_MEANS_IP6_OPTION, 0x30, "minimum-path-mtu"},
    {IK_MEANS_IP6_OPTION, 0x31, "ioam"},
    {IK_MEANS_IP6_OPTION, 0x63, "rpl-deprecated"},
    {IK_MEANS_IP6_OPTION, 0x6d, "mpl"},
    {IK_MEANS_IP6_OPTION, 0x8b, "ilnp-nonce"},
    {IK_MEANS_IP6_OPTION, 0xc2, "jumbo-payload"},
    {IK_MEANS_IP6_OPTION, 0xc9, "home-address"},
    {IK_MEANS_IP6_ROUTE, 0, "source-route"},
    {IK_MEANS_IP6_ROUTE, 2, "home-address"},
    {IK_MEANS_IP6_ROUTE, 3, "rpl-source-route"},
    {IK_MEANS_IP6_ROUTE, 4, "segment-routing"},
    {IK_MEANS_TS_FLAG, 0, "timestamps"},
    {IK_MEANS_TS_FLAG, 1, "addresses-and-timestamps"},
    {IK_MEANS_TS_FLAG, 3, "prespecified-addresses"},
};

static const char *word_find(enum ik_means means, uint64_t num)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].means == means && words[i].num == num)
            return words[i].text;
    return NULL;
}

const char *ik_tell_word(const struct ik_tell_walk *w, enum ik_means means, uint64_t num)
{
    switch (means) {
    case IK_MEANS_NONE:
    case IK_MEANS_MLD_TIME:
    case IK_MEANS_MLD_INTERVAL:
        return NULL;
    case IK_MEANS_ICMP_TYPE:
        return w->msg ? ik_icmp_type_name(w->msg->family, (uint8_t)num) : NULL;
    case IK_MEANS_ICMP_CODE:
        return w->msg ? ik_icmp_code_name(w->msg->family, w->msg->type, (uint8_t)num) : NULL;
    case IK_MEANS_ND_OPTION:
        return ik_ndopt_name((uint8_t)num);
    case IK_MEANS_UT: /* RFC 792: not since midnight UT, or not in ms */
        return num >> 31 ? "non-standard" : NULL;
    case IK_MEANS_NOT_DEFAULT:
        return num == (uint64_t)INT32_MIN ? "never-a-default-router" : NULL;
    default:
        return word_find(means, num);
    }
}
