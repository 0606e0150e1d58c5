/* SPDX-License-Identifier: MIT
 * The packet inside an ICMP error as JSON. */
#include "record/quoted.h"

#include "record/json.h"
#include "record/objects.h"

static void put_transport(struct ik_wr *w, const struct ik_quote *q)
{
    if (q->has & IK_QUOTE_PORTS) {
        ik_json_put_member_u64(w, "sport", q->sport);
        ik_json_put_member_u64(w, "dport", q->dport);
    }
    if (q->has & IK_QUOTE_ICMP) {
        ik_json_put_member_u64(w, "type", q->icmp_type);
        ik_json_put_member_u64(w, "code", q->icmp_code);
    }
    if (q->has & IK_QUOTE_ICMP_ECHO) {
        ik_json_put_member_u64(w, "ident", q->icmp_id);
        ik_json_put_member_u64(w, "seq", q->icmp_seq);
    }
}

void ik_quoted_put(struct ik_wr *w, struct ik_rd quote)
{
    struct ik_quote q;
    const enum ik_err err = ik_quote_decode(&q, quote, NULL);
    ik_wr_put8(w, '{');
    if (err) {
        ik_objects_put_flaw(w, err, quote);
    } else {
        ik_json_put_member_addr(w, "src", &q.ip.src);
        ik_json_put_member_addr(w, "dst", &q.ip.dst);
        ik_json_put_member_u64(w, "proto", q.ip.proto);
        ik_json_put_member_u64(w, "ttl", q.ip.ttl);
        ik_json_put_member_u64(w, "id", q.ip.id);
        put_transport(w, &q);
        ik_json_put_member_bool(w, "truncated", q.ip.truncated);
    }
    ik_wr_put8(w, '}');
}
