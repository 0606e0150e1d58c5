/* SPDX-License-Identifier: MIT
 * Packets from their parts, and what was found in them. */
#include "frames.h"

#include "twin.h"

#include "base/rd.h"

#include <stdio.h>

enum { ETHER_BYTES = 14, START_S = 1000, TTL = 64 };

struct frames *frames_new(const struct ik_part *const *parts, const struct ik_detect_cfg *cfg)
{
    struct frames *f = calloc(1, sizeof(*f));
    const struct ik_look_cfg look = {.secret = {1}, .unpaired = true};
    struct ik_detect_cfg c = cfg ? *cfg : ik_detect_defaults();
    if (!cfg)
        memcpy(c.secret, "a secret of 16 b", sizeof(c.secret));
    assert_non_null(f);
    f->look_mem = malloc(ik_look_bytes(&look));
    f->detect_bytes = parts ? ik_detect_bytes_of(&c, parts) : ik_detect_bytes(&c);
    f->detect_mem = malloc(f->detect_bytes);
    f->voice = calloc(IK_DETECTORS, sizeof(*f->voice));
    assert_non_null(f->voice);
    assert_non_null(f->look_mem);
    assert_non_null(f->detect_mem);
    f->look = ik_look_init(f->look_mem, &look);
    f->detect =
        parts ? ik_detect_init_of(f->detect_mem, &c, parts) : ik_detect_init(f->detect_mem, &c);
    f->now = START_S * IK_NS_PER_S;
    f->twin = twin_new(parts, &c, &look);
    return f;
}

void frames_alone(struct frames *f)
{
    twin_leave(f->twin);
}

void frames_free(struct frames *f)
{
    twin_free(f->twin);
    free(f->look_mem);
    free(f->detect_mem);
    free(f->voice);
    free(f);
}

struct ik_addr frames_addr(const char *text)
{
    struct ik_addr a;
    if (ik_addr_parse(text, &a) != IK_OK)
        fail_msg("cannot parse %s", text);
    return a;
}

struct ik_prefix frames_prefix(const char *text)
{
    struct ik_prefix p;
    if (ik_prefix_parse(text, &p) != IK_OK)
        fail_msg("cannot parse %s", text);
    return p;
}

/* ---- what was found -------------------------------------------------------------------------- */

/* What must hold for any finding. */
static void check(const struct frames *f, const struct ik_finding *told)
{
    assert_in_range(told->detector, 1, IK_DETECTORS - 1);
    assert_in_range(told->severity, 0, IK_SEVERITY_CRITICAL);
    assert_true(told->first <= told->last);
    assert_non_null(told->why);
    assert_non_null(told->source);
    assert_true(told->n_evidence <= IK_EVIDENCE_MAX);
    assert_true(told->n_also <= IK_ALSO_MAX);
    for (uint8_t i = 0; i < told->n_also; i++) {
        assert_in_range(told->also[i].detector, 1, IK_DETECTORS - 1);
        assert_true(told->also[i].severity <= told->severity);
        assert_non_null(told->also[i].why);
    }
    for (uint8_t i = 0; i < told->n_evidence; i++) {
        assert_true(told->evidence[i].n >= 1 && told->evidence[i].n <= f->n);
        assert_true(told->evidence[i].n_bytes <= IK_EVIDENCE_BYTES);
    }
}

static void collect(struct frames *f)
{
    const struct ik_finding *told;
    while ((told = ik_detect_take(f->detect))) {
        size_t i = 0;
        check(f, told);
        twin_told(f->twin, told);
        while (i < f->n_found && f->found[i].id != told->id)
            i++;
        if (i == FRAMES_FOUND)
            fail_msg("more than %d findings", FRAMES_FOUND);
        assert_true((i == f->n_found) == (told->state == IK_FINDING_NEW));
        f->n_found += i == f->n_found;
        f->found[i] = *told;
        f->told[i]++;
        f->n_told++;
    }
}

/* The finding as detector d has it; false: it has no part in it. */
static bool as_of(const struct ik_finding *f, enum ik_detector d, struct ik_finding *out)
{
    for (size_t i = 0; ik_finding_voice(f, i, out); i++) {
        if (out->detector == d)
            return true;
    }
    return false;
}

size_t frames_count(const struct frames *f, enum ik_detector d)
{
    size_t n = 0;
    struct ik_finding out;
    for (size_t i = 0; i < f->n_found; i++)
        n += d == IK_DETECTOR_NONE || as_of(&f->found[i], d, &out);
    return n;
}

const struct ik_finding *frames_find(const struct frames *f, enum ik_detector d)
{
    for (size_t i = 0; i < f->n_found; i++) {
        if (f->found[i].detector == d)
            return &f->found[i];
        if (as_of(&f->found[i], d, &f->voice[d]))
            return &f->voice[d];
    }
    return NULL;
}

static void show(const struct ik_finding *f)
{
    char src[IK_ADDR_TEXT], dst[IK_ADDR_TEXT];
    print_message("%s (%s) %s > %s: %s, %g of %g, %llu packets\n", ik_detector_name(f->detector),
                  ik_severity_name(f->severity), ik_addr_text(&f->src, src),
                  ik_addr_text(&f->dst, dst), f->why, f->value, f->threshold,
                  (unsigned long long)f->packets);
}

void frames_silent(const struct frames *f)
{
    for (size_t i = 0; i < f->n_found; i++)
        show(&f->found[i]);
    assert_int_equal(f->n_found, 0);
}

const struct ik_finding *frames_found(const struct frames *f, enum ik_detector d)
{
    const struct ik_finding *found = frames_find(f, d);
    if (!found) {
        for (size_t i = 0; i < f->n_found; i++)
            show(&f->found[i]);
        fail_msg("%s found nothing in %llu frames", ik_detector_name(d), (unsigned long long)f->n);
    }
    return found;
}

/* ---- giving packets -------------------------------------------------------------------------- */

void frames_put(struct frames *f, uint16_t linktype, const void *bytes, size_t n)
{
    const struct ik_look_frame frame = {.n = ++f->n,
                                        .time = f->now,
                                        .bytes = {bytes, n},
                                        .wire_bytes = (uint32_t)n,
                                        .linktype = linktype,
                                        .way = f->way};
    twin_put(f->twin, &frame);
    f->looked = ik_look_input(f->look, &frame, &f->packet);
    ik_detect_input(f->detect, &f->packet, f->looked);
    f->kept = ik_detect_kept(f->detect);
    collect(f);
}

void frames_tick(struct frames *f)
{
    twin_tick(f->twin, f->now);
    ik_detect_tick(f->detect, f->now);
    collect(f);
}

void frames_stop(struct frames *f)
{
    twin_stop(f->twin);
    ik_detect_stop(f->detect);
    collect(f);
}

size_t frames_make(const struct frames_head *h, const void *payload, size_t n, uint8_t *out)
{
    struct ik_ip ip = {.src = frames_addr(h->src), .dst = frames_addr(h->dst)};
    uint8_t fragment[8];
    size_t len;
    ip.version = ip.src.family;
    ip.final_dst = ip.dst;
    ip.ttl = h->ttl ? h->ttl : TTL;
    ip.tos = h->tos;
    ip.id = h->id ? h->id : 1;
    ip.df = h->df;
    ip.mf = h->mf;
    ip.offset_bytes = h->offset_bytes;
    ip.proto = h->proto ? h->proto : ip.version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6;
    ip.next_header = ip.proto;
    ip.options = (struct ik_rd){fragment, 0};
    ip.payload = (struct ik_rd){payload, n};
    if (ip.version == 6 && (h->mf || h->offset_bytes)) {
        fragment[0] = ip.proto;
        fragment[1] = 0;
        ik_store_be16(fragment + 2, (uint16_t)(h->offset_bytes | h->mf));
        ik_store_be32(fragment + 4, ip.id);
        ip.next_header = IK_PROTO_FRAGMENT;
        ip.options.left = sizeof(fragment);
    }
    assert_int_equal(ik_ip_encode(&ip, false, out, FRAMES_BYTES, &len), IK_OK);
    return len;
}

void frames_ip(struct frames *f, const struct frames_head *h, const void *payload, size_t n)
{
    if (!h->src_mac) {
        f->n_bytes = frames_make(h, payload, n, f->bytes);
        frames_put(f, IK_LINKTYPE_RAW, f->bytes, f->n_bytes);
        return;
    }
    uint8_t packet[FRAMES_BYTES];
    const size_t len = frames_make(h, payload, n, packet);
    assert_true(len <= sizeof(f->bytes) - ETHER_BYTES);
    memset(f->bytes, 2, 6);
    memcpy(f->bytes + 6, h->src_mac, 6);
    ik_store_be16(f->bytes + 12, frames_addr(h->src).family == 4 ? 0x0800 : 0x86dd);
    memcpy(f->bytes + ETHER_BYTES, packet, len);
    f->n_bytes = ETHER_BYTES + len;
    frames_put(f, IK_LINKTYPE_ETHERNET, f->bytes, f->n_bytes);
}

/* ---- messages -------------------------------------------------------------------------------- */

static size_t encode(const struct frames_head *h, const struct ik_icmp *m, uint8_t *out)
{
    const struct ik_addr src = frames_addr(h->src), dst = frames_addr(h->dst);
    const struct ik_icmp_ctx ctx = {.family = src.family, .src = &src, .dst = &dst};
    size_t n;
    assert_int_equal(ik_icmp_encode(m, &ctx, false, out, FRAMES_BYTES, &n), IK_OK);
    return n;
}

/* Neighbour discovery (133 to 137) is only valid with it. */
static struct frames_head with_hop_limit(const struct frames_head *h, uint8_t type)
{
    struct frames_head with = *h;
    if (!h->ttl && type >= 133 && type <= 137 && frames_addr(h->src).family == 6)
        with.ttl = 255;
    return with;
}

void frames_icmp(struct frames *f, const struct frames_head *h, const struct ik_icmp *m)
{
    uint8_t message[FRAMES_BYTES];
    const size_t n = encode(h, m, message);
    const struct frames_head with = with_hop_limit(h, m->type);
    frames_ip(f, &with, message, n);
}

void frames_raw(struct frames *f, const struct frames_head *h, const void *message, size_t n)
{
    const struct ik_addr src = frames_addr(h->src), dst = frames_addr(h->dst);
    uint8_t bytes[FRAMES_BYTES];
    assert_true(n >= 4 && n <= sizeof(bytes));
    memcpy(bytes, message, n);
    ik_store_be16(bytes + 2, 0);
    uint64_t sum = 0;
    if (src.family == 6)
        sum = ik_cksum_add_pseudo(0, &src, &dst, IK_PROTO_ICMP6, (uint32_t)n);
    ik_store_be16(bytes + 2, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){bytes, n})));
    const struct frames_head with = with_hop_limit(h, bytes[0]);
    frames_ip(f, &with, bytes, n);
}

static struct ik_icmp echo(const struct frames_head *h, bool reply, uint16_t id, uint16_t seq,
                           const void *data, size_t n)
{
    static const uint8_t nothing;
    const uint8_t family = frames_addr(h->src).family;
    struct ik_icmp m = {.family = family, .kind = IK_ICMP_ECHO};
    if (family == 4)
        m.type = reply ? IK_ICMP4_ECHO_REPLY : IK_ICMP4_ECHO;
    else
        m.type = reply ? IK_ICMP6_ECHO_REPLY : IK_ICMP6_ECHO;
    m.echo = (struct ik_echo){.id = id, .seq = seq, .data = {n ? data : &nothing, n}};
    return m;
}

void frames_echo(struct frames *f, const struct frames_head *h, bool reply, uint16_t id,
                 uint16_t seq, const void *data, size_t n)
{
    const struct ik_icmp m = echo(h, reply, id, seq, data, n);
    frames_icmp(f, h, &m);
}

size_t frames_make_echo(const struct frames_head *h, bool reply, uint16_t id, uint16_t seq,
                        const void *data, size_t n, uint8_t *out)
{
    uint8_t message[FRAMES_BYTES];
    const struct ik_icmp m = echo(h, reply, id, seq, data, n);
    return frames_make(h, message, encode(h, &m, message), out);
}

void frames_error(struct frames *f, const struct frames_head *h, uint8_t type, uint8_t code,
                  uint32_t word, const void *quote, size_t n)
{
    /* As bytes, so that what no encoder of ours would write can be made too. */
    uint8_t message[FRAMES_BYTES] = {type, code};
    assert_true(n <= sizeof(message) - 8);
    if (frames_addr(h->src).family == 4 && type == IK_ICMP4_PARAMETER_PROBLEM)
        word <<= 24; /* the pointer is the first of the four octets (RFC 792) */
    ik_store_be32(message + 4, word);
    if (n)
        memcpy(message + 8, quote, n);
    frames_raw(f, h, message, 8 + n);
}

/* ---- other protocols ------------------------------------------------------------------------- */

static struct frames_head with_proto(const struct frames_head *h, uint8_t proto)
{
    struct frames_head with = *h;
    with.proto = proto;
    return with;
}

static size_t udp_bytes(const struct frames_head *h, uint16_t sport, uint16_t dport,
                        size_t data_bytes, uint8_t *out)
{
    static const uint8_t zeros[FRAMES_BYTES];
    const struct ik_addr src = frames_addr(h->src), dst = frames_addr(h->dst);
    const struct ik_udp udp = {.sport = sport, .dport = dport, .data = {zeros, data_bytes}};
    size_t n;
    assert_int_equal(ik_udp_encode(&udp, &src, &dst, out, FRAMES_BYTES, &n), IK_OK);
    return n;
}

static size_t tcp_bytes(const struct frames_head *h, const struct ik_tcp *tcp, uint8_t *out)
{
    static const uint8_t nothing;
    const struct ik_addr src = frames_addr(h->src), dst = frames_addr(h->dst);
    struct ik_tcp t = *tcp;
    size_t n;
    t.options.p = t.options.p ? t.options.p : &nothing;
    t.data.p = t.data.p ? t.data.p : &nothing;
    assert_int_equal(ik_tcp_encode(&t, &src, &dst, out, FRAMES_BYTES, &n), IK_OK);
    return n;
}

void frames_udp(struct frames *f, const struct frames_head *h, uint16_t sport, uint16_t dport,
                size_t data_bytes)
{
    uint8_t bytes[FRAMES_BYTES];
    const struct frames_head with = with_proto(h, IK_PROTO_UDP);
    frames_ip(f, &with, bytes, udp_bytes(h, sport, dport, data_bytes, bytes));
}

void frames_tcp(struct frames *f, const struct frames_head *h, const struct ik_tcp *tcp)
{
    uint8_t bytes[FRAMES_BYTES];
    const struct frames_head with = with_proto(h, IK_PROTO_TCP);
    frames_ip(f, &with, bytes, tcp_bytes(h, tcp, bytes));
}

size_t frames_make_udp(const struct frames_head *h, uint16_t sport, uint16_t dport,
                       size_t data_bytes, uint8_t *out)
{
    uint8_t bytes[FRAMES_BYTES];
    const struct frames_head with = with_proto(h, IK_PROTO_UDP);
    return frames_make(&with, bytes, udp_bytes(h, sport, dport, data_bytes, bytes), out);
}

size_t frames_make_tcp(const struct frames_head *h, const struct ik_tcp *tcp, uint8_t *out)
{
    uint8_t bytes[FRAMES_BYTES];
    const struct frames_head with = with_proto(h, IK_PROTO_TCP);
    return frames_make(&with, bytes, tcp_bytes(h, tcp, bytes), out);
}
