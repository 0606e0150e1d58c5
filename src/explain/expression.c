/* SPDX-License-Identifier: MIT
 * What selects an entry in other tools: made from its numbers. */
#include "explain/entries.h"

#include "base/fmt.h"

/* What stands before the number of the type, and before that of the code. */
static const struct words {
    const char *type, *code;
} words[][2] = {
    [IK_EXPLAIN_WIRESHARK] = {{"icmp.type == ", " && icmp.code == "},
                              {"icmpv6.type == ", " && icmpv6.code == "}},
    [IK_EXPLAIN_TCPDUMP] = {{"icmp[0] == ", " and icmp[1] == "},
                            {"icmp6[0] == ", " and icmp6[1] == "}},
    [IK_EXPLAIN_NFT] = {{"icmp type ", " icmp code "}, {"icmpv6 type ", " icmpv6 code "}},
};

const char *ik_explain_expression(const struct ik_explain *e, enum ik_explain_tool tool,
                                  char buf[static IK_EXPLAIN_EXPRESSION_MAX])
{
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)buf, IK_EXPLAIN_EXPRESSION_MAX - 1);
    if (e->family) {
        const struct words *of = &words[tool][e->family == 6];
        ik_fmt_put_text(&w, of->type);
        ik_fmt_put_u64(&w, e->type);
        if (e->code >= 0) {
            ik_fmt_put_text(&w, of->code);
            ik_fmt_put_u64(&w, (uint64_t)e->code);
        }
    }
    buf[w.used] = '\0';
    return buf;
}
