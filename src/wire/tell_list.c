/* SPDX-License-Identifier: MIT
 * The walk over what messages list: options, addresses, records. What cannot be parsed is told as
 * bytes, as the last item. */
#include "wire/tell_int.h"

#include <string.h>

/* What `rest` has lost since it was `was`. */
static struct ik_rd taken(struct ik_rd was, struct ik_rd rest)
{
    return ik_rd_head(was, was.left - rest.left);
}

static void item_open(const struct ik_tell_walk *w, const char *label, struct ik_rd span)
{
    ik_tell_open(w, IK_TELL_GROUP, NULL, label, span);
}

static void leftover(const struct ik_tell_walk *w, struct ik_rd rest)
{
    ik_tell_bytes(w, IK_TELL_BYTES, NULL, "undecodable bytes", rest);
}

/* ---- options --------------------------------------------------------------------------------- */

static void nd_option(const struct ik_tell_walk *w, const struct ik_ndopt *option,
                      struct ik_rd span)
{
    struct ik_ndopt_view view;
    const char *const name = ik_ndopt_name(option->type);
    const enum ik_err err = ik_ndopt_decode(&view, option, NULL);
    (void)err; /* then it is bytes, and they are told */
    item_open(w, name ? name : "option", span);
    const struct ik_rd body = ik_tell_rows(w, IK_TELL_L_ND_HEAD, span, NULL);
    ik_tell_rows(w, ik_tell_rows_option(view.kind), body, &view);
    ik_tell_close(w, span);
}

static void nd_options(const struct ik_tell_walk *w, struct ik_rd rest)
{
    for (;;) {
        const struct ik_rd was = rest;
        struct ik_ndopt option;
        const enum ik_err err = ik_ndopt_take(&rest, &option, NULL);
        if (err) {
            leftover(w, was);
            return;
        }
        nd_option(w, &option, taken(was, rest));
    }
}

/* Layouts of options by type, with the bytes that they need; what differs is told as bytes. */
static enum ik_tell_layout_id rpl_layout(uint8_t type, size_t bytes)
{
    switch (type) {
    case 1:
        return IK_TELL_L_RPL_OPT_PAD;
    case 3:
        return bytes >= 6 && bytes <= 22 ? IK_TELL_L_RPL_OPT_ROUTE : IK_TELL_L_RPL_OPT_BYTES;
    case 4:
        return bytes == 14 ? IK_TELL_L_RPL_OPT_CONFIG : IK_TELL_L_RPL_OPT_BYTES;
    case 5:
        return bytes >= 2 && bytes <= 18 ? IK_TELL_L_RPL_OPT_TARGET : IK_TELL_L_RPL_OPT_BYTES;
    case 6:
        return bytes == 4 || bytes == 20 ? IK_TELL_L_RPL_OPT_TRANSIT : IK_TELL_L_RPL_OPT_BYTES;
    case 7:
        return bytes == 19 ? IK_TELL_L_RPL_OPT_SOLICITED : IK_TELL_L_RPL_OPT_BYTES;
    case 8:
        return bytes == 30 ? IK_TELL_L_RPL_OPT_PREFIX : IK_TELL_L_RPL_OPT_BYTES;
    case 9:
        return bytes == 4 ? IK_TELL_L_RPL_OPT_DESCRIPTOR : IK_TELL_L_RPL_OPT_BYTES;
    default:
        return IK_TELL_L_RPL_OPT_BYTES;
    }
}

static void rpl_options(const struct ik_tell_walk *w, struct ik_rd rest)
{
    for (;;) {
        const struct ik_rd was = rest;
        struct ik_rpl_option option;
        if (ik_icmp_list_take_rpl(&rest, &option)) {
            leftover(w, was);
            return;
        }
        const struct ik_rd span = taken(was, rest);
        const char *const name = ik_tell_word(w, IK_MEANS_RPL_OPTION, option.type);
        item_open(w, name ? name : "option", span);
        if (option.type == 0) { /* Pad1 */
            ik_tell_rows(w, IK_TELL_L_RPL_OPT_PAD1, span, NULL);
        } else {
            const struct ik_rd body = ik_tell_rows(w, IK_TELL_L_RPL_OPT_HEAD, span, NULL);
            ik_tell_rows(w, rpl_layout(option.type, body.left), body, NULL);
        }
        ik_tell_close(w, span);
    }
}

/* ---- addresses and names --------------------------------------------------------------------- */

/* `bytes`: of each, 4 or 16. */
static void addrs(const struct ik_tell_walk *w, struct ik_rd rest, size_t bytes)
{
    struct ik_rd span;
    while (ik_rd_sub(&rest, bytes, &span)) {
        struct ik_addr addr = {.family = bytes == 4 ? 4 : 6};
        memcpy(addr.bytes, span.p, bytes);
        ik_tell_addr(w, NULL, "address", &addr, span);
    }
    leftover(w, rest);
}

static void names(const struct ik_tell_walk *w, struct ik_rd rest)
{
    for (;;) {
        const struct ik_rd was = rest;
        char text[IK_ND_NAME_TEXT];
        const enum ik_err err = ik_ndopt_take_name(&rest, text);
        if (err == IK_E_NOT_FOUND) {
            ik_tell_padding(w, NULL, was);
            return;
        }
        if (err) {
            leftover(w, was);
            return;
        }
        const struct ik_rd span = taken(was, rest);
        ik_tell_text(w, "name", (struct ik_rd){(const uint8_t *)text, strlen(text)}, span);
    }
}

/* ---- node information (RFC 4620 sections 4 and 6) -----------------------------------------------
 */

/* A name that is not fully qualified ends with two zeros. */
static void node_names(const struct ik_tell_walk *w, struct ik_rd rest)
{
    while (rest.left) {
        const struct ik_rd was = rest;
        char text[IK_ND_NAME_TEXT];
        if (ik_ndopt_take_name(&rest, text)) {
            leftover(w, was);
            return;
        }
        if (rest.left && rest.p[0] == 0)
            rest = ik_rd_from(rest, 1);
        ik_tell_text(w, "name", (struct ik_rd){(const uint8_t *)text, strlen(text)},
                     taken(was, rest));
    }
}

/* `bytes`: of each. */
static void node_answers(const struct ik_tell_walk *w, enum ik_tell_layout_id id, size_t bytes,
                         struct ik_rd rest)
{
    struct ik_rd span;
    while (ik_rd_sub(&rest, bytes, &span)) {
        item_open(w, "answer", span);
        ik_tell_rows(w, id, span, NULL);
        ik_tell_close(w, span);
    }
    leftover(w, rest);
}

/* Of a query the subject, of which kind its code says; of a reply what was asked for. */
static void node_data(const struct ik_tell_walk *w, struct ik_rd rest)
{
    enum { SUBJECT_ADDR6, SUBJECT_NAME, SUBJECT_ADDR4 };
    enum { ASK_NAME = 2, ASK_ADDR6, ASK_ADDR4, TTL_BYTES = 4 };
    const struct ik_icmp *m = w->msg;
    const bool query = m->type == IK_ICMP6_NODE_QUERY;
    const unsigned asked = m->code == 0 ? m->node_info.qtype : 0;
    if (query && m->code == SUBJECT_NAME)
        node_names(w, rest);
    else if (query && (m->code == SUBJECT_ADDR6 || m->code == SUBJECT_ADDR4))
        addrs(w, rest, m->code == SUBJECT_ADDR6 ? 16 : 4);
    else if (!query && asked == ASK_NAME && rest.left >= TTL_BYTES)
        node_answers(w, IK_TELL_L_LIST_NODE_NAMES, rest.left, rest);
    else if (!query && asked == ASK_ADDR6)
        node_answers(w, IK_TELL_L_LIST_NODE_ADDR6, TTL_BYTES + 16, rest);
    else if (!query && asked == ASK_ADDR4)
        node_answers(w, IK_TELL_L_LIST_NODE_ADDR4, TTL_BYTES + 4, rest);
    else
        leftover(w, rest);
}

/* ---- entries of their own layout ------------------------------------------------------------- */

static void routers(const struct ik_tell_walk *w, struct ik_rd rest)
{
    const uint8_t words = w->msg->router_adv4.entry_words;
    for (;;) {
        const struct ik_rd was = rest;
        struct ik_icmp_router router;
        if (ik_icmp_list_take_router(&rest, words, &router)) {
            leftover(w, was);
            return;
        }
        const struct ik_rd span = taken(was, rest);
        item_open(w, "router", span);
        ik_tell_rows(w, IK_TELL_L_LIST_ROUTER, span, &router);
        ik_tell_close(w, span);
    }
}

static void records(const struct ik_tell_walk *w, struct ik_rd rest)
{
    for (;;) {
        const struct ik_rd was = rest;
        struct ik_mld2_record record;
        if (ik_icmp_list_take_record(&rest, &record)) {
            leftover(w, was);
            return;
        }
        const struct ik_rd span = taken(was, rest);
        item_open(w, "record", span);
        ik_tell_rows(w, IK_TELL_L_LIST_RECORD, span, &record);
        ik_tell_close(w, span);
    }
}

static void locators(const struct ik_tell_walk *w, struct ik_rd rest)
{
    for (;;) {
        const struct ik_rd was = rest;
        struct ik_ilnp_locator locator;
        if (ik_icmp_list_take_locator(&rest, &locator)) {
            leftover(w, was);
            return;
        }
        const struct ik_rd span = taken(was, rest);
        item_open(w, "locator", span);
        ik_tell_rows(w, IK_TELL_L_LIST_LOCATOR, span, &locator);
        ik_tell_close(w, span);
    }
}

static void seeds(const struct ik_tell_walk *w, struct ik_rd rest)
{
    for (;;) {
        const struct ik_rd was = rest;
        struct ik_mpl_seed seed;
        if (ik_icmp_list_take_seed(&rest, &seed)) {
            leftover(w, was);
            return;
        }
        const struct ik_rd span = taken(was, rest);
        item_open(w, "seed", span);
        ik_tell_rows(w, IK_TELL_L_LIST_SEED, span, &seed);
        ik_tell_close(w, span);
    }
}

static void uses(const struct ik_tell_walk *w, struct ik_rd rest)
{
    for (;;) {
        const struct ik_rd was = rest;
        struct ik_renum_use use;
        if (ik_icmp_list_take_use(&rest, &use)) {
            leftover(w, was);
            return;
        }
        const struct ik_rd span = taken(was, rest);
        item_open(w, "prefix to use", span);
        ik_tell_rows(w, IK_TELL_L_LIST_USE, span, &use);
        ik_tell_close(w, span);
    }
}

static void operations(const struct ik_tell_walk *w, struct ik_rd rest)
{
    for (;;) {
        const struct ik_rd was = rest;
        struct ik_renum_op op;
        if (ik_icmp_list_take_op(&rest, &op)) {
            leftover(w, was);
            return;
        }
        const struct ik_rd span = taken(was, rest);
        item_open(w, "operation", span);
        ik_tell_rows(w, IK_TELL_L_LIST_OP, span, &op);
        ik_tell_close(w, span);
    }
}

static void results(const struct ik_tell_walk *w, struct ik_rd rest)
{
    for (;;) {
        const struct ik_rd was = rest;
        struct ik_renum_result result;
        if (ik_icmp_list_take_result(&rest, &result)) {
            leftover(w, was);
            return;
        }
        const struct ik_rd span = taken(was, rest);
        item_open(w, "result", span);
        ik_tell_rows(w, IK_TELL_L_LIST_RESULT, span, &result);
        ik_tell_close(w, span);
    }
}

/* Commands have code 0, results code 1; a sequence number reset (255) has neither (RFC 2894
 * section 3.1). */
static void renumbering(const struct ik_tell_walk *w, struct ik_rd rest)
{
    if (w->msg->code == 1)
        results(w, rest);
    else
        operations(w, rest);
}

void ik_tell_list(const struct ik_tell_walk *w, const struct ik_tell_row *row, struct ik_rd span)
{
    ik_tell_open(w, IK_TELL_LIST, row->key, row->label, span);
    switch (row->form) {
    case IK_ROW_ND_OPTIONS:
        nd_options(w, span);
        break;
    case IK_ROW_RPL_OPTIONS:
        rpl_options(w, span);
        break;
    case IK_ROW_ADDRS:
        addrs(w, span, 16);
        break;
    case IK_ROW_ADDRS4:
        addrs(w, span, 4);
        break;
    case IK_ROW_ROUTERS:
        routers(w, span);
        break;
    case IK_ROW_RECORDS:
        records(w, span);
        break;
    case IK_ROW_LOCATORS:
        locators(w, span);
        break;
    case IK_ROW_SEEDS:
        seeds(w, span);
        break;
    case IK_ROW_RENUMBERING:
        renumbering(w, span);
        break;
    case IK_ROW_USES:
        uses(w, span);
        break;
    case IK_ROW_NAMES:
        names(w, span);
        break;
    case IK_ROW_NODE_DATA:
        node_data(w, span);
        break;
    case IK_ROW_NODE_NAMES:
        node_names(w, span);
        break;
    default: /* no list */
        leftover(w, span);
        break;
    }
    ik_tell_close(w, span);
}
