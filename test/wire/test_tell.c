/* SPDX-License-Identifier: MIT
 * The walk over fields: its table against the codec's, every bit of a message once, and what it
 * says of each kind. */
#include "icmpkit/tell.h"

#include "icmp_vectors.h"
#include "vector.h"
#include "wire/icmp_int.h"
#include "wire/icmp_type.h"
#include "wire/layout.h"
#include "wire/tell_int.h"

#include <stdio.h>

/* ---- a walk, noted --------------------------------------------------------------------------- */

enum { STEPS_MAX = 4096, DEPTH_MAX = 16, TEXT_MAX = 1024 };

struct note {
    struct ik_tell step;
    char text[64]; /* of TEXT, which lives for the call */
    int depth, parent;
};

static struct note notes[STEPS_MAX];
static size_t noted;
static int open_at[DEPTH_MAX + 1], depth;

static void note(void *ctx, const struct ik_tell *step)
{
    (void)ctx;
    if (step->form == IK_TELL_END) {
        assert_true(depth > 0);
        const struct ik_tell *const opened = &notes[open_at[depth--]].step;
        assert_int_equal(step->at_bits, opened->at_bits + opened->bits);
        return;
    }
    assert_true(noted < STEPS_MAX);
    struct note *const n = &notes[noted];
    *n = (struct note){.step = *step, .depth = depth, .parent = depth ? open_at[depth] : -1};
    if (step->form == IK_TELL_TEXT)
        snprintf(n->text, sizeof(n->text), "%.*s", (int)step->bytes.left,
                 (const char *)step->bytes.p);
    if (step->form == IK_TELL_GROUP || step->form == IK_TELL_LIST) {
        assert_true(depth < DEPTH_MAX);
        open_at[++depth] = (int)noted;
    }
    noted++;
}

static const struct ik_tell_cfg cfg = {.fn = note, .all = true};

static void walk_begin(void)
{
    noted = 0;
    depth = 0;
}

static void walk_icmp(const struct ik_icmp *msg, struct ik_rd bytes)
{
    walk_begin();
    ik_tell_icmp(&cfg, msg, bytes);
    assert_int_equal(depth, 0);
}

static bool is_leaf(const struct ik_tell *step)
{
    return step->form != IK_TELL_GROUP && step->form != IK_TELL_LIST;
}

/* Every bit once, in order, and nothing outside of its group. */
static void assert_covers(size_t bytes)
{
    uint32_t at = 0;
    for (size_t i = 0; i < noted; i++) {
        const struct ik_tell *const s = &notes[i].step;
        if (notes[i].parent >= 0 && s->bits) {
            const struct ik_tell *const in = &notes[notes[i].parent].step;
            assert_true(s->at_bits >= in->at_bits);
            assert_true(s->at_bits + s->bits <= in->at_bits + in->bits);
        }
        if (!is_leaf(s) || s->bits == 0)
            continue;
        if (s->at_bits != at)
            fail_msg("%s at bit %u, not %u", s->label, s->at_bits, at);
        at += s->bits;
    }
    if (at != 8 * bytes)
        fail_msg("told up to bit %u of %zu", at, 8 * bytes);
}

/* Inside one object a key stands once; items of a list have none, members have one. */
static void assert_keys(void)
{
    for (size_t i = 0; i < noted; i++) {
        const struct note *const n = &notes[i];
        const bool item = n->parent >= 0 && notes[n->parent].step.form == IK_TELL_LIST;
        assert_non_null(n->step.label);
        if (item == (n->step.key != NULL))
            fail_msg("%s: an item with a key, or a member without", n->step.label);
        for (size_t j = 0; n->step.key && j < i; j++)
            if (notes[j].parent == n->parent && notes[j].step.key &&
                strcmp(notes[j].step.key, n->step.key) == 0)
                fail_msg("%s twice", n->step.key);
    }
}

/* The first step of that key, wherever it is. */
static const struct note *told(const char *key)
{
    for (size_t i = 0; i < noted; i++)
        if (notes[i].step.key && strcmp(notes[i].step.key, key) == 0)
            return &notes[i];
    fail_msg("%s is not told", key);
    return NULL;
}

static void assert_told(const char *key, uint64_t num)
{
    const struct ik_tell *const s = &told(key)->step;
    if (s->num != num)
        fail_msg("%s is %llu, not %llu", key, (unsigned long long)s->num, (unsigned long long)num);
}

/* ---- the table against the codec's ----------------------------------------------------------- */

static size_t field_bits(const struct ik_field *f)
{
    return f->form == IK_FIELD_ADDR4   ? 32
           : f->form == IK_FIELD_ADDR6 ? 128
           : f->form == IK_FIELD_REST  ? 0
                                       : 8u * f->size;
}

/* The rows of one member after the other cover just the bits of the codec's fields, in order. */
static void assert_layout(const char *what, enum ik_tell_layout_id id,
                          const struct ik_field *fields, size_t base)
{
    const struct ik_tell_table rows = ik_tell_rows_of(id);
    size_t i = 0;
    for (const struct ik_field *f = fields; f->form != IK_FIELD_END; f++) {
        size_t bits = 0;
        bool reserved = true, any = false;
        for (; i < rows.n && rows.list[i].member == base + f->at; i++) {
            bits += rows.list[i].bits;
            reserved &= rows.list[i].form == IK_ROW_RESERVED;
            any = true;
        }
        if (!any || bits != field_bits(f))
            fail_msg("%s: %zu bits, not %zu, before row %zu", what, bits, field_bits(f), i);
        if (f->reserved && !reserved)
            fail_msg("%s: the codec's reserved field is told as another, row %zu", what, i);
    }
    if (i != rows.n && id != IK_TELL_L_RPL_SECURITY)
        fail_msg("%s: row %zu is no field of the codec", what, i);
}

static void tell_rows__each_body__covers_the_fields_of_the_codec(void **state)
{
    (void)state;
    size_t n = 0;
    for (unsigned kind = 0; kind < IK_ICMP_KIND_COUNT; kind++) {
        const struct ik_field *const fields = ik_icmp_body_layout((enum ik_icmp_kind)kind);
        if (!fields || kind == IK_ICMP_DUP_ADDR) /* split by code: see its vectors */
            continue;
        assert_layout("body", ik_tell_rows_body((enum ik_icmp_kind)kind), fields,
                      offsetof(struct ik_icmp, echo));
        n++;
    }
    assert_int_equal(n, IK_ICMP_KIND_COUNT - 4); /* bytes, errors, RPL, and that one */
}

static void tell_rows__each_option__covers_the_fields_of_the_codec(void **state)
{
    (void)state;
    for (unsigned kind = IK_NDOPT_KIND_BYTES + 1; kind < IK_NDOPT_KIND_COUNT; kind++)
        assert_layout("option", ik_tell_rows_option((enum ik_ndopt_kind)kind),
                      ik_ndopt_layout((enum ik_ndopt_kind)kind),
                      offsetof(struct ik_ndopt_view, link));
}

static void tell_rows__rpl__covers_the_fields_of_the_codec(void **state)
{
    (void)state;
    size_t n = 0;
    for (unsigned code = 0; code < 256; code++) {
        const struct ik_field *const fields = ik_rpl_layout((uint8_t)code);
        const enum ik_tell_layout_id id = ik_tell_rows_rpl((uint8_t)code);
        assert_int_equal(fields == NULL, id == IK_TELL_L_RPL_BYTES);
        if (fields) {
            assert_layout("RPL", id, fields, 0);
            n++;
        }
    }
    assert_int_equal(n, 19);
    assert_layout("RPL security", IK_TELL_L_RPL_SECURITY, ik_rpl_layout_security(), 0);
}

/* What stands in bits of a told field moves its member and no other: each bit of the fixed part. */
static void flip_each_bit(enum ik_tell_layout_id id, const struct ik_field *fields, size_t base)
{
    const size_t bytes = ik_layout_bytes(fields);
    const struct ik_tell_table rows = ik_tell_rows_of(id);
    uint8_t *const wire = calloc(1, bytes ? bytes : 1);
    assert_non_null(wire);
    for (size_t row = 0, at = 0; row < rows.n; row++)
        for (size_t i = 0; i < rows.list[row].bits; i++, at++) {
            union {
                struct ik_icmp icmp;
                struct ik_ndopt_view option;
            } zero, view;
            memset(&zero, 0, sizeof(zero));
            memset(&view, 0, sizeof(view));
            memset(wire, 0, bytes);
            assert_int_equal(ik_layout_decode(fields, &zero, (struct ik_rd){wire, bytes}, NULL),
                             IK_OK);
            wire[at / 8] = (uint8_t)(0x80 >> at % 8);
            assert_int_equal(ik_layout_decode(fields, &view, (struct ik_rd){wire, bytes}, NULL),
                             IK_OK);
            for (const struct ik_field *f = fields; f->form != IK_FIELD_END; f++) {
                const bool moved = memcmp((const uint8_t *)&zero + f->at,
                                          (const uint8_t *)&view + f->at, f->size) != 0;
                assert_int_equal(moved, f->at + base == rows.list[row].member);
            }
        }
    free(wire);
}

static void tell_rows__each_bit_flipped__moves_its_member_alone(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < IK_ICMP_KIND_COUNT; kind++)
        if (ik_icmp_body_layout((enum ik_icmp_kind)kind) && kind != IK_ICMP_DUP_ADDR)
            flip_each_bit(ik_tell_rows_body((enum ik_icmp_kind)kind),
                          ik_icmp_body_layout((enum ik_icmp_kind)kind),
                          offsetof(struct ik_icmp, echo));
    for (unsigned kind = IK_NDOPT_KIND_BYTES + 1; kind < IK_NDOPT_KIND_COUNT; kind++)
        flip_each_bit(ik_tell_rows_option((enum ik_ndopt_kind)kind),
                      ik_ndopt_layout((enum ik_ndopt_kind)kind),
                      offsetof(struct ik_ndopt_view, link));
}

/* ---- coverage -------------------------------------------------------------------------------- */

static void vector_walk(const struct icmp_vector *v, struct ik_rd in)
{
    const struct ik_icmp_ctx ctx = icmp_vector_ctx(v->family);
    struct ik_icmp msg;
    const enum ik_err err = ik_icmp_decode(&msg, in, &ctx, NULL);
    if (in.left < 4)
        return;
    (void)err; /* then it is bytes */
    walk_icmp(&msg, in);
    assert_covers(in.left);
    assert_keys();
}

static void tell_icmp__each_vector__every_bit_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < ICMP_VECTORS; i++) {
        const struct ik_rd in = vector_hex(icmp_vectors[i].hex);
        vector_walk(&icmp_vectors[i], in);
        vector_free(in);
    }
}

static const struct icmp_vector *tortured;

static void torture_walk(struct ik_rd in)
{
    vector_walk(tortured, in);
}

/* Cut anywhere, any bit flipped. */
static void tell_icmp__each_vector_spoiled__every_bit_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < ICMP_VECTORS; i++) {
        tortured = &icmp_vectors[i];
        vector_torture(tortured->hex, torture_walk);
    }
}

/* A time exceeded about the quoted bytes, then its walk. */
static void quote_walk(struct ik_rd quote)
{
    uint8_t *const p = malloc(8 + quote.left);
    assert_non_null(p);
    memset(p, 0, 8);
    p[0] = IK_ICMP4_TIME_EXCEEDED;
    if (quote.left)
        memcpy(p + 8, quote.p, quote.left);
    const struct icmp_vector v = {.family = 4};
    vector_walk(&v, (struct ik_rd){p, 8 + quote.left});
    free(p);
}

static void tell_icmp__each_quote_spoiled__every_bit_once(void **state)
{
    (void)state;
    vector_torture_all("quote", quote_walk);
    vector_torture_all("ip", quote_walk);
}

static void ip_walk(struct ik_rd in)
{
    struct ik_ip ip;
    if (ik_ip_decode(&ip, in, NULL))
        return;
    walk_begin();
    ik_tell_ip(&cfg, &ip, in);
    assert_int_equal(depth, 0);
    assert_covers(ip.header_bytes);
    assert_keys();
}

static void tell_ip__each_vector_spoiled__every_bit_once(void **state)
{
    (void)state;
    vector_torture_all("ip", ip_walk);
}

/* The options behind a header that has room for them. */
static void options_walk(struct ik_rd in)
{
    uint8_t p[60] = {0x4f, [3] = 60, [9] = 1};
    memcpy(p + 20, in.p, in.left < 40 ? in.left : 40);
    ip_walk((struct ik_rd){p, sizeof(p)});
}

static void tell_ip__each_options_spoiled__every_bit_once(void **state)
{
    (void)state;
    vector_torture_all("ipopt", options_walk);
}

/* The chain behind a fixed header that begins with hop-by-hop options. */
static void chain_walk(struct ik_rd in)
{
    static uint8_t p[40 + 2048];
    memset(p, 0, sizeof(p));
    p[0] = 0x60;
    p[4] = (uint8_t)(in.left >> 8);
    p[5] = (uint8_t)in.left;
    memcpy(p + 40, in.p, in.left);
    ip_walk((struct ik_rd){p, 40 + in.left});
}

static void tell_ip__each_chain_spoiled__every_bit_once(void **state)
{
    (void)state;
    vector_torture_all("ip6ext", chain_walk);
}

static void ext_walk(struct ik_rd in)
{
    uint8_t *const p = malloc(8 + in.left);
    assert_non_null(p);
    memset(p, 0, 8);
    p[0] = IK_ICMP4_EXT_ECHO;
    if (in.left)
        memcpy(p + 8, in.p, in.left);
    const struct icmp_vector v = {.family = 4};
    vector_walk(&v, (struct ik_rd){p, 8 + in.left});
    free(p);
}

static void tell_icmp__each_structure_spoiled__every_bit_once(void **state)
{
    (void)state;
    vector_torture_all("ext", ext_walk);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static struct ik_rd vector_in;

static void walk_vector(const char *name)
{
    for (size_t i = 0; i < ICMP_VECTORS; i++) {
        if (strcmp(icmp_vectors[i].name, name) != 0)
            continue;
        vector_free(vector_in);
        vector_in = vector_hex(icmp_vectors[i].hex);
        vector_walk(&icmp_vectors[i], vector_in);
        return;
    }
    fail_msg("no vector %s", name);
}

static void tell_icmp__head__words_by_family(void **state)
{
    (void)state;
    walk_vector("unreach4_port");
    assert_string_equal(told("type")->step.word, "destination-unreachable");
    assert_string_equal(told("code")->step.word, "port-unreachable");
    assert_told("checksum", 0x47ae);
    walk_vector("unreach6_port");
    assert_string_equal(told("code")->step.word, "port-unreachable");
    assert_told("code", 4);
}

static void tell_icmp__octets_4_to_7__by_type(void **state)
{
    (void)state;
    walk_vector("unreach4_frag");
    assert_told("mtu", 1400);
    walk_vector("redirect4");
    assert_int_equal(told("gateway")->step.addr.family, 4);
    assert_memory_equal(told("gateway")->step.addr.bytes, "\xc0\x00\x02\x02", 4);
    walk_vector("parameter4");
    assert_told("pointer", 0x15);
    assert_told("length_words", 0);
    walk_vector("parameter6");
    assert_told("pointer", 6);
    walk_vector("too_big6");
    assert_told("mtu", 1280);
    walk_vector("photuris4");
    assert_told("pointer", 20);
    walk_vector("conversion4");
    assert_told("pointer", 20);
    walk_vector("exceeded6_mpls");
    assert_told("length_words", 16);
    walk_vector("unassigned6_error");
    assert_told("rest", 0x01020304);
    walk_vector("unreach6_long"); /* only its object has a pointer */
    assert_told("pointer", 0x428);
    assert_int_equal(told("pointer")->step.bits, 0);
}

static void tell_icmp__echo__ident_seq_data(void **state)
{
    (void)state;
    walk_vector("echo4_request");
    assert_int_equal(noted, 6);
    assert_told("ident", 0x1234);
    assert_told("seq", 1);
    assert_int_equal(told("data_bytes")->step.form, IK_TELL_DATA);
    assert_told("data_bytes", 56);
    walk_vector("echo4_reply"); /* no data at all is told as well */
    assert_told("data_bytes", 0);
}

/* Texts of the names, joined. */
static void assert_names(const char *want)
{
    char got[256] = "";
    for (size_t i = 0; i < noted; i++)
        if (notes[i].step.form == IK_TELL_TEXT)
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s;", notes[i].text);
    assert_string_equal(got, want);
}

static size_t count_form(enum ik_tell_form form)
{
    size_t n = 0;
    for (size_t i = 0; i < noted; i++)
        n += notes[i].step.form == form;
    return n;
}

/* What the data is, type, code and query type say together. */
static void tell_icmp__node_information__data_in_full(void **state)
{
    (void)state;
    walk_vector("node_query");
    assert_int_equal(count_form(IK_TELL_ADDR), 1);
    walk_vector("node_query_name"); /* one label: its end is two zeros */
    assert_names("node;");
    walk_vector("node_reply");
    assert_told("ttl_s", 3600);
    assert_names("node.example;");
    walk_vector("node_reply_names");
    assert_names("node;node.example;");
    walk_vector("node_reply_addr6");
    assert_told("ttl_s", 3600);
    assert_int_equal(told("addr")->step.addr.family, 6);
    assert_int_equal(count_form(IK_TELL_ADDR), 2);
    walk_vector("node_reply_addr4"); /* and three octets that are no answer */
    assert_memory_equal(told("addr")->step.addr.bytes, "\xc0\x00\x02\x01", 4);
    assert_int_equal(count_form(IK_TELL_ADDR), 1);
    assert_int_equal(count_form(IK_TELL_BYTES), 2); /* with the nonce */
    walk_vector("node_reply_refused");
    assert_int_equal(count_form(IK_TELL_BYTES), 1);
}

static void tell_icmp__queries__members(void **state)
{
    (void)state;
    walk_vector("timestamp4_reply");
    assert_told("receive", 0x80000001);
    assert_string_equal(told("receive")->step.word, "non-standard");
    assert_null(told("transmit")->step.word);
    walk_vector("mask4_reply");
    assert_memory_equal(told("mask")->step.addr.bytes, "\xff\xff\xff\x80", 4);
    walk_vector("ext_echo4");
    assert_told("local", 1);
    assert_string_equal(told("interface")->text, "eth0");
    walk_vector("ext_echo6");
    assert_int_equal(told("interface")->step.form, IK_TELL_ADDR);
    walk_vector("ext_echo4_reply");
    assert_told("state", 0);
    assert_told("active", 1);
    assert_told("ipv4", 1);
    assert_told("ipv6", 1);
    walk_vector("ext_echo6_reply");
    assert_told("state", 2);
    assert_string_equal(told("state")->step.word, "reachable");
    assert_told("active", 0);
    walk_vector("traceroute4");
    assert_told("mtu", 1500);
    assert_string_equal(told("return_hops")->step.word, "outbound-packet");
    walk_vector("domain4_reply");
    assert_told("ttl_s", 3600);
    assert_string_equal(notes[told("names") - notes + 1].text, "www.example.com");
}

static void tell_icmp__router_adv4__entries_with_sign(void **state)
{
    (void)state;
    walk_vector("router_adv4");
    assert_told("lifetime", 1800);
    assert_told("preference", 0);
    unsigned routers = 0;
    for (size_t i = 0; i < noted; i++)
        if (notes[i].step.key && strcmp(notes[i].step.key, "preference") == 0 && routers++ == 1) {
            assert_int_equal((int64_t)notes[i].step.num, INT32_MIN);
            assert_string_equal(notes[i].step.word, "never-a-default-router");
        }
    assert_int_equal(routers, 2);
}

static void tell_icmp__neighbor_discovery__flags_and_options(void **state)
{
    (void)state;
    walk_vector("neighbor_adv");
    assert_told("router", 0);
    assert_told("solicited", 1);
    assert_told("override", 1);
    assert_int_equal(told("target")->step.at_bits, 64);
    walk_vector("router_adv");
    assert_told("managed", 1);
    assert_told("other", 1);
    assert_told("home_agent", 0);
    assert_told("preference", 1);
    assert_string_equal(told("preference")->step.word, "high");
    assert_told("proxy", 0);
    assert_told("lifetime", 1800);
    assert_told("valid_s", 2592000);
    assert_string_equal(told("uri")->text, "https://example.com/portal");
    assert_string_equal(notes[told("names") - notes + 1].text, "example.com");
    walk_vector("redirect6"); /* the packet in an option is told as the one in an error */
    assert_told("dport", 33435);
}

static void tell_icmp__lists__entries(void **state)
{
    (void)state;
    walk_vector("mld2_query");
    assert_told("max_delay_ms", ik_mld_time_ms(0x83e8));
    assert_told("suppress", 1);
    assert_told("robustness", 2);
    walk_vector("mld2_report");
    assert_string_equal(told("records")->step.label, "records");
    assert_told("aux_words", 0);
    walk_vector("renumber_command");
    assert_told("op", 2);
    assert_told("use_bits", 0x30);
    assert_told("change_on_link", 1);
    walk_vector("renumber_result");
    assert_told("matched_bits", 48);
    assert_told("out_of_bounds", 1);
    assert_told("forbidden", 1);
    walk_vector("mpl");
    assert_told("bitmap_bytes", 1);
    walk_vector("locator_update");
    assert_told("preference", 1);
    walk_vector("edac");
    assert_told("status", 3);
    assert_int_equal(told("rovr")->step.bits, 256);
    assert_int_equal(told("address")->step.at_bits, 8 * 40);
}

static void tell_icmp__rpl__base_by_code(void **state)
{
    (void)state;
    walk_vector("rpl_dio");
    assert_told("rank", 256);
    assert_told("grounded", 1);
    assert_told("mode", 1);
    walk_vector("rpl_dao"); /* the DODAG ID is there because a flag says so */
    assert_told("has_dodagid", 1);
    assert_int_equal(told("dodagid")->step.at_bits, 64);
    walk_vector("rpl_dao_plain");
    assert_told("has_dodagid", 0);
    walk_vector("rpl_secure_dis");
    assert_told("counter", 7);
    walk_vector("rpl_mo");
    told("bytes");
}

static void tell_icmp__quote__headers_in_groups(void **state)
{
    (void)state;
    walk_vector("exceeded4_options");
    told("quote");
    told("options");
    assert_told("sport", 33434);
    assert_int_equal(told("udp")->step.at_bits, 8 * (8 + 60));
    walk_vector("exceeded4_mpls");
    assert_told("label", 0xbb8c);
    told("padding"); /* between the quote and the structure */
    walk_vector("unassigned4");
    assert_int_equal(told("bytes")->step.bits, 32);
}

/* Reserved fields are told when they are not zero; zeros only when all is asked for. */
static void tell_icmp__reserved__told_when_set(void **state)
{
    (void)state;
    const struct ik_tell_cfg quiet = {.fn = note, .at_bytes = 34};
    uint8_t p[8] = {IK_ICMP4_ROUTER_SOL};
    const struct ik_icmp_ctx ctx = {.family = 4};
    struct ik_icmp msg;
    assert_int_equal(ik_icmp_decode(&msg, (struct ik_rd){p, 8}, &ctx, NULL), IK_OK);
    walk_begin();
    ik_tell_icmp(&quiet, &msg, (struct ik_rd){p, 8});
    assert_int_equal(noted, 3);
    assert_int_equal(notes[2].step.at_bits, 8 * 36);
    p[7] = 1;
    walk_begin();
    ik_tell_icmp(&quiet, &msg, (struct ik_rd){p, 8});
    assert_int_equal(noted, 4);
    assert_true(notes[3].step.reserved);
    assert_told("reserved", 1);
}

/* Who writes head, quote and structure in a form of his own gets only what is left. */
static void tell_icmp__body_only__no_head_and_no_inside(void **state)
{
    (void)state;
    const struct ik_tell_cfg brief = {.fn = note, .all = true, .body = true};
    uint8_t p[8 + 28] = {IK_ICMP4_TIME_EXCEEDED};
    p[8] = 0x45;
    p[8 + 9] = IK_PROTO_UDP;
    const struct ik_icmp_ctx ctx = {.family = 4};
    struct ik_icmp msg;
    assert_int_equal(ik_icmp_decode(&msg, (struct ik_rd){p, sizeof(p)}, &ctx, NULL), IK_OK);
    walk_begin();
    ik_tell_icmp(&brief, &msg, (struct ik_rd){p, sizeof(p)});
    assert_int_equal(noted, 4);
    assert_string_equal(notes[1].step.key, "length_words");
    assert_int_equal(notes[1].step.at_bits, 8 * 5);
    assert_string_equal(notes[3].step.key, "quote");
    assert_int_equal(notes[3].step.bits, 8 * 28);
}

/* ---- layouts --------------------------------------------------------------------------------- */

static void tell_layout__each_type__begins_with_the_head(void **state)
{
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2)
        for (unsigned type = 0; type < 256; type++) {
            struct ik_tell_field f[64];
            const size_t n = ik_tell_layout((uint8_t)family, (uint8_t)type, 0, f, 64);
            assert_int_equal(n > 0, ik_icmp_type_name((uint8_t)family, (uint8_t)type) != NULL);
            assert_true(n <= 64);
            if (n == 0)
                continue;
            assert_string_equal(f[0].key, "type");
            uint32_t at = 0;
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(f[i].at_bits, at);
                at += f[i].bits;
            }
            const struct ik_icmp_type *const row =
                ik_icmp_type_find((uint8_t)family, (uint8_t)type);
            if (row->kind != IK_ICMP_RAW && row->kind != IK_ICMP_RPL && at / 8 < row->min_bytes &&
                row->kind != IK_ICMP_INVERSE_ND) /* those need options */
                fail_msg("v%u type %u: %u bytes drawn of %u", family, type, at / 8, row->min_bytes);
        }
}

static void tell_layout__by_code__and_no_more_than_asked(void **state)
{
    (void)state;
    struct ik_tell_field f[16];
    size_t n = ik_tell_layout(4, 3, 4, f, 16);
    assert_int_equal(n, 8);
    assert_string_equal(f[5].key, "mtu");
    assert_int_equal(f[5].at_bits, 48);
    n = ik_tell_layout(4, 3, 3, f, 16);
    assert_true(f[5].reserved);
    n = ik_tell_layout(6, IK_ICMP6_DUP_ADDR_REQUEST, 2, f, 16);
    assert_string_equal(f[6].key, "rovr");
    assert_int_equal(f[6].bits, 128);
    memset(f, 0, sizeof(f));
    assert_int_equal(ik_tell_layout(4, 13, 0, f, 2), 9);
    assert_null(f[2].key);
    assert_int_equal(ik_tell_layout(4, 1, 0, f, 16), 0);
    assert_int_equal(ik_tell_layout(5, 8, 0, f, 16), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tell_rows__each_body__covers_the_fields_of_the_codec),
        cmocka_unit_test(tell_rows__each_option__covers_the_fields_of_the_codec),
        cmocka_unit_test(tell_rows__rpl__covers_the_fields_of_the_codec),
        cmocka_unit_test(tell_rows__each_bit_flipped__moves_its_member_alone),
        cmocka_unit_test(tell_icmp__each_vector__every_bit_once),
        cmocka_unit_test(tell_icmp__each_vector_spoiled__every_bit_once),
        cmocka_unit_test(tell_icmp__each_quote_spoiled__every_bit_once),
        cmocka_unit_test(tell_icmp__each_structure_spoiled__every_bit_once),
        cmocka_unit_test(tell_ip__each_vector_spoiled__every_bit_once),
        cmocka_unit_test(tell_ip__each_options_spoiled__every_bit_once),
        cmocka_unit_test(tell_ip__each_chain_spoiled__every_bit_once),
        cmocka_unit_test(tell_icmp__head__words_by_family),
        cmocka_unit_test(tell_icmp__octets_4_to_7__by_type),
        cmocka_unit_test(tell_icmp__echo__ident_seq_data),
        cmocka_unit_test(tell_icmp__node_information__data_in_full),
        cmocka_unit_test(tell_icmp__queries__members),
        cmocka_unit_test(tell_icmp__router_adv4__entries_with_sign),
        cmocka_unit_test(tell_icmp__neighbor_discovery__flags_and_options),
        cmocka_unit_test(tell_icmp__lists__entries),
        cmocka_unit_test(tell_icmp__rpl__base_by_code),
        cmocka_unit_test(tell_icmp__quote__headers_in_groups),
        cmocka_unit_test(tell_icmp__reserved__told_when_set),
        cmocka_unit_test(tell_icmp__body_only__no_head_and_no_inside),
        cmocka_unit_test(tell_layout__each_type__begins_with_the_head),
        cmocka_unit_test(tell_layout__by_code__and_no_more_than_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
