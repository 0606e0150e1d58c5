/* SPDX-License-Identifier: MIT
 * Findings as alert events of EVE, the JSON of Suricata, so that what reads those reads these. The
 * generator (gid) is our own; the signature's number is that of the detector. */
#include "guard.h"

#include "communityid.h"

#include <icmpkit/wire.h>

#include <string.h>

enum { GENERATOR = 792, REVISION = 1 };

/* ---- JSON ------------------------------------------------------------------------------------ */

static void key(struct ik_put *w, const char *name)
{
    if (w->at > w->start && w->at[-1] != '{')
        ik_put_c(w, ',');
    ik_put_c(w, '"');
    ik_put_s(w, name);
    ik_put_s(w, "\":");
}

static void string(struct ik_put *w, const char *text)
{
    ik_put_c(w, '"');
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < ' ' || c >= 0x7f) {
            ik_put_s(w, "\\u00");
            ik_put_hex(w, c, 2);
            continue;
        }
        if (c == '"' || c == '\\')
            ik_put_c(w, '\\');
        ik_put_c(w, *text);
    }
    ik_put_c(w, '"');
}

static void member(struct ik_put *w, const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    key(w, name);
    string(w, text);
}

static void member_u64(struct ik_put *w, const char *name, uint64_t v)
{
    key(w, name);
    ik_put_u64(w, v);
}

/* Metadata of rules are lists of strings. */
static void meta(struct ik_put *w, const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    key(w, name);
    ik_put_c(w, '[');
    string(w, text);
    ik_put_c(w, ']');
}

static void member_addr(struct ik_put *w, const char *name, const struct ik_addr *a)
{
    char text[IK_ADDR_TEXT];
    if (a->family)
        member(w, name, ik_addr_text(a, text));
}

/* "2023-11-14T22:13:20.000123+0000" */
static void member_time(struct ik_put *w, const char *name, ik_ns time)
{
    struct ik_dump_stamp stamp;
    if (time == IK_NEVER)
        return;
    key(w, name);
    ik_put_c(w, '"');
    char *const from = w->at;
    ik_dump_stamp_init(&stamp, IK_DUMP_DATE, false, true);
    ik_dump_stamp_put(&stamp, w, time);
    char *blank = w->at > from ? memchr(from, ' ', (size_t)(w->at - from)) : NULL;
    if (blank)
        *blank = 'T';
    if (w->at > from && w->at[-1] == ' ')
        w->at--;
    ik_put_s(w, "+0000\"");
}

/* ---- the parts of an event ------------------------------------------------------------------- */

/* Of classification.config, by what the detector finds. */
static const char *category(enum ik_detector d)
{
    switch (d) {
    case IK_DETECT_FLOOD_DST:
    case IK_DETECT_FLOOD_SRC:
    case IK_DETECT_ERROR_FLOOD:
    case IK_DETECT_SMURF:
        return "Detection of a Denial of Service Attack";
    case IK_DETECT_FRAG_OVERSIZE:
    case IK_DETECT_FRAG_ABUSE:
    case IK_DETECT_SOURCE_QUENCH:
    case IK_DETECT_BLIND_RESET:
    case IK_DETECT_PMTU:
    case IK_DETECT_ND_MALFORMED:
        return "Attempted Denial of Service";
    case IK_DETECT_TUNNEL_MISMATCH:
    case IK_DETECT_TUNNEL_ORPHAN:
    case IK_DETECT_IP_IN_ICMP:
    case IK_DETECT_TEMPLATES:
    case IK_DETECT_COVERT_FIELD:
        return "Potential Corporate Privacy Violation";
    case IK_DETECT_TOOL:
        return "Malware Command and Control Activity Detected";
    case IK_DETECT_SWEEP:
        return "Detection of a Network Scan";
    case IK_DETECT_RECON:
    case IK_DETECT_RATE_PROBE:
        return "Attempted Information Leak";
    default:
        return "Potentially Bad Traffic";
    }
}

/* 1 is the most severe. */
static unsigned priority(enum ik_severity s)
{
    return s >= IK_SEVERITY_HIGH ? 1 : s == IK_SEVERITY_MEDIUM ? 2 : s == IK_SEVERITY_LOW ? 3 : 4;
}

/* As the rules of Emerging Threats say it. */
static const char *signature_severity(enum ik_severity s)
{
    return s == IK_SEVERITY_CRITICAL ? "Critical"
           : s >= IK_SEVERITY_MEDIUM ? "Major"
           : s == IK_SEVERITY_LOW    ? "Minor"
                                     : "Informational";
}

static void number(struct ik_put *w, const char *name, double v)
{
    char text[32];
    snprintf(text, sizeof text, "%.10g", v);
    meta(w, name, text);
}

static void put_also(struct ik_put *w, const struct ik_finding *f)
{
    if (!f->n_also)
        return;
    key(w, "icmpkit_also");
    for (unsigned i = 0; i < f->n_also; i++) {
        ik_put_c(w, i ? ',' : '[');
        string(w, ik_detector_name(f->also[i].detector));
    }
    ik_put_c(w, ']');
}

static void put_metadata(struct ik_put *w, const struct ik_finding *f)
{
    const struct ik_limit_row *row = ik_limit_row(f->limit);
    const struct ik_addr src = ik_finding_src(f);
    char id[24], source[IK_SOURCE_TEXT];
    key(w, "metadata");
    ik_put_c(w, '{');
    meta(w, "mitre_technique_id", ik_detector_attack(f->detector));
    meta(w, "signature_severity", signature_severity(f->severity));
    snprintf(id, sizeof id, "%llu", (unsigned long long)f->id);
    meta(w, "icmpkit_finding", id);
    meta(w, "icmpkit_detector", ik_detector_name(f->detector));
    meta(w, "icmpkit_severity", ik_severity_name(f->severity));
    meta(w, "icmpkit_text", f->why);
    number(w, "icmpkit_value", f->value);
    number(w, "icmpkit_threshold", f->threshold);
    if (f->stopped)
        number(w, "icmpkit_stopped", (double)f->stopped);
    meta(w, "icmpkit_limit", row ? row->key : NULL);
    meta(w, "icmpkit_tool", f->tool);
    put_also(w, f);
    if (src.family && ik_source_bits(&src) < 8 * ik_addr_bytes(src.family))
        meta(w, "icmpkit_source", ik_source_text(&src, source));
    ik_put_c(w, '}');
}

static void put_alert(struct ik_put *w, const struct ik_finding *f)
{
    char signature[160];
    snprintf(signature, sizeof signature, "ICMPKIT %s: %s", ik_detector_name(f->detector),
             ik_detector_text(f->detector));
    key(w, "alert");
    ik_put_c(w, '{');
    member(w, "action", "allowed");
    member_u64(w, "gid", GENERATOR);
    member_u64(w, "signature_id", f->detector);
    member_u64(w, "rev", REVISION);
    member(w, "signature", signature);
    member(w, "category", category(f->detector));
    member_u64(w, "severity", priority(f->severity));
    put_metadata(w, f);
    ik_put_c(w, '}');
}

static void put_flow(struct ik_put *w, const struct ik_finding *f, const struct ik_guard_flow *flow)
{
    const struct ik_addr src = ik_finding_src(f), dst = ik_finding_dst(f);
    const bool net = ik_source_bits(&src) < 8 * ik_addr_bytes(src.family);
    key(w, "flow");
    ik_put_c(w, '{');
    member_u64(w, "pkts_toserver", f->packets);
    member_time(w, "start", f->first);
    /* Consumers take an address here, no network: that of a packet that came from it. */
    member_addr(w, "src_ip", net && flow->family == 6 ? &flow->src : &src);
    member_addr(w, "dest_ip", &dst);
    ik_put_c(w, '}');
}

size_t ik_guard_eve(const struct ik_finding *f, const struct ik_guard_known *known, bool pcap,
                    char *out, size_t cap)
{
    const struct ik_guard_flow *flow = &known->flow;
    char id[IK_COMMUNITYID_TEXT];
    struct ik_put w;
    ik_put_init(&w, out, cap);
    ik_put_c(&w, '{');
    member_time(&w, "timestamp", f->last);
    /* One finding is one flow to those who put events together; no other run has the same, and what
     * reads numbers as doubles keeps it. */
    member_u64(&w, "flow_id", (uint64_t)(f->first < 0 ? 0 : f->first / IK_NS_PER_US) + f->id);
    if (pcap && f->n_evidence)
        member_u64(&w, "pcap_cnt", f->evidence[f->n_evidence - 1].n);
    member(&w, "in_iface", flow->interface);
    member(&w, "event_type", "alert");
    const struct ik_addr src = ik_finding_src(f), dst = ik_finding_dst(f);
    member_addr(&w, "src_ip", flow->family ? &flow->src : &src);
    member_addr(&w, "dest_ip", flow->family ? &flow->dst : &dst);
    member(&w, "proto", flow->family == 6 ? "IPv6-ICMP" : "ICMP");
    if (flow->has_type) {
        member_u64(&w, "icmp_type", flow->type);
        member_u64(&w, "icmp_code", flow->code);
    }
    member(&w, "community_id", ik_guard_flow_id(flow, id));
    put_alert(&w, f);
    put_flow(&w, f, flow);
    ik_put_s(&w, "}\n");
    return w.cut ? 0 : ik_put_used(&w);
}
