/* SPDX-License-Identifier: MIT
 * What stands between a frame and its message. */
#include "look_rig.h"

enum { AH_BYTES = 24, MESSAGE = 64 };

struct fixture {
    struct ik_look *look;
    struct rig_packet packet;
    struct ik_look_packet seen;
};

static struct fixture *begin(void)
{
    const struct ik_look_cfg cfg = {.requests = 16, .datagrams = 4};
    struct fixture *f = calloc(1, sizeof(*f));
    f->look = ik_look_init(malloc(ik_look_bytes(&cfg)), &cfg);
    return f;
}

static void end(struct fixture *f)
{
    free(f->look);
    free(f);
}

/* The frame stands in a block of exactly its size. */
static bool looked(struct fixture *f)
{
    uint8_t *block = malloc(f->packet.n);
    memcpy(block, f->packet.bytes, f->packet.n);
    const struct ik_look_frame frame = {.n = 1,
                                        .bytes = {block, f->packet.n},
                                        .wire_bytes = (uint32_t)f->packet.n,
                                        .linktype = IK_LINKTYPE_RAW};
    const bool message = ik_look_input(f->look, &frame, &f->seen);
    free(block);
    return message;
}

/* Puts the echo behind an authentication header of `words` + 2 words, of which 24 bytes are there.
 */
static void put_behind_ah(struct fixture *f, uint8_t next, uint8_t words)
{
    uint8_t payload[AH_BYTES + MESSAGE] = {next, words};
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 3, MESSAGE - 8);
    memcpy(payload + AH_BYTES, f->packet.bytes + 20, MESSAGE);
    rig_ip(&f->packet, "192.0.2.1", "192.0.2.2", IK_PROTO_AH, 1, payload, sizeof(payload));
}

static void ah__in_ipv4__is_followed_to_the_message(void **state)
{
    (void)state;
    struct fixture *f = begin();
    put_behind_ah(f, IK_PROTO_ICMP4, 4);
    assert_true(looked(f));
    assert_int_equal(f->seen.ip.proto, IK_PROTO_ICMP4);
    assert_int_equal(f->seen.icmp.type, 8);
    assert_int_equal(f->seen.icmp.echo.id, 7);
    assert_true(f->seen.icmp.checksum_ok);
    assert_int_equal(f->seen.faults.n, 0);
    end(f);
}

static void ah__that_ends_beyond_the_packet__is_left_alone(void **state)
{
    (void)state;
    struct fixture *f = begin();
    put_behind_ah(f, IK_PROTO_ICMP4, 255);
    assert_false(looked(f));
    assert_int_equal(f->seen.ip.proto, IK_PROTO_AH);
    put_behind_ah(f, IK_PROTO_ICMP4, 0); /* shorter than what it must have */
    assert_false(looked(f));
    assert_int_equal(f->seen.ip.proto, IK_PROTO_AH);
    end(f);
}

static void ah__around_udp__is_no_message(void **state)
{
    (void)state;
    struct fixture *f = begin();
    put_behind_ah(f, IK_PROTO_UDP, 4);
    assert_false(looked(f));
    assert_false(f->seen.has_icmp);
    end(f);
}

static void length_zero__of_a_host_with_tso__is_all_the_bytes(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 3, 40);
    f->packet.bytes[2] = f->packet.bytes[3] = 0;
    assert_true(looked(f));
    assert_int_equal(f->seen.ip.total_bytes, f->packet.n);
    assert_int_equal(f->seen.icmp.echo.data.left, 40);
    assert_true(f->seen.icmp.checksum_ok);
    end(f);
}

/* ---- in its place ---------------------------------------------------------------------------- */

/* Puts an echo with that identifier where it is looked at. */
static void put_in_place(struct fixture *f, struct rig_packet *p, uint16_t ident)
{
    rig_echo(p, "192.0.2.1", "192.0.2.2", 8, ident, 1, 32);
    f->seen.frame = (struct ik_look_frame){.n = ident,
                                           .bytes = {p->bytes, p->n},
                                           .wire_bytes = (uint32_t)p->n,
                                           .linktype = IK_LINKTYPE_RAW};
}

static void frame__in_its_packet__is_looked_at(void **state)
{
    (void)state;
    struct fixture *f = begin();
    put_in_place(f, &f->packet, 7);
    assert_true(ik_look_input(f->look, &f->seen.frame, &f->seen));
    assert_int_equal(f->seen.frame.n, 7);
    assert_int_equal(f->seen.icmp.echo.id, 7);
    end(f);
}

/* What was begun there was another frame. */
static void frame__in_the_place_of_one_begun__is_looked_at_itself(void **state)
{
    (void)state;
    struct fixture *f = begin();
    static struct ik_look_packet before;
    static struct rig_packet other;
    put_in_place(f, &f->packet, 7);
    before.frame = f->seen.frame;
    ik_look_ahead(f->look, &f->seen.frame, &f->seen);
    assert_true(ik_look_input(f->look, &before.frame, &before));
    put_in_place(f, &other, 8);
    assert_true(ik_look_input(f->look, &f->seen.frame, &f->seen));
    assert_int_equal(f->seen.icmp.echo.id, 8);
    assert_ptr_equal(f->seen.ip_bytes.p, other.bytes);
    end(f);
}

/* ---- ahead ----------------------------------------------------------------------------------- */

enum { FRAMES = 6 };

/* Packets in blocks of exactly their size. */
struct series {
    struct ik_look_frame frames[FRAMES];
    size_t n;
};

static void put(struct series *s, const void *bytes, size_t n)
{
    uint8_t *block = malloc(n);
    memcpy(block, bytes, n);
    s->frames[s->n] = (struct ik_look_frame){.n = s->n + 1,
                                             .time = (ik_ns)s->n * IK_NS_PER_MS,
                                             .bytes = {block, n},
                                             .wire_bytes = (uint32_t)n,
                                             .linktype = IK_LINKTYPE_RAW};
    s->n++;
}

/* A request in three fragments, another in one packet, and the answers to both. */
static struct series make_series(void)
{
    struct series s = {.n = 0};
    struct rig_packet p;
    struct ik_ip ip;
    struct ik_frag frag;
    uint8_t part[512];
    size_t n;
    rig_echo(&p, "192.0.2.1", "192.0.2.2", 8, 7, 1, 1000);
    assert_int_equal(ik_ip_decode(&ip, (struct ik_rd){p.bytes, p.n}, NULL), IK_OK);
    assert_int_equal(ik_frag_init(&frag, &ip, 420, 1), IK_OK);
    while (ik_frag_take(&frag, part, sizeof(part), &n) == IK_OK)
        put(&s, part, n);
    assert_int_equal(s.n, 3);
    rig_echo(&p, "2001:db8::1", "2001:db8::2", 128, 7, 2, 8);
    put(&s, p.bytes, p.n);
    rig_echo(&p, "192.0.2.2", "192.0.2.1", 0, 7, 1, 1000);
    put(&s, p.bytes, p.n);
    rig_echo(&p, "2001:db8::2", "2001:db8::1", 129, 7, 2, 8);
    put(&s, p.bytes, p.n);
    return s;
}

static void assert_seen(const struct ik_look_packet *p, size_t i)
{
    static const uint64_t partner[FRAMES] = {0, 0, 0, 0, 3, 4};
    assert_int_equal(p->frame.n, i + 1);
    assert_int_equal(p->part, i < 2);
    assert_int_equal(p->reassembled, i == 2);
    assert_int_equal(p->faults.n, 0);
    assert_int_equal(p->pair_n, partner[i]);
    if (i < 2)
        return;
    assert_int_equal(p->icmp.echo.seq, i == 3 || i == 5 ? 2 : 1);
    assert_int_equal(p->icmp.echo.data.left, i == 3 || i == 5 ? 8 : 1000);
    for (size_t k = 0; k < p->icmp.echo.data.left; k++) /* bytes are read, not only their number */
        assert_int_equal(p->icmp.echo.data.p[k], (uint8_t)(k * 7 + k / 256));
}

/* What was put together of fragments stays while the frame behind it is begun. */
static void ahead__of_each_frame__is_as_without(void **state)
{
    (void)state;
    struct fixture *f = begin();
    struct series s = make_series();
    static struct ik_look_packet packets[2];
    for (size_t i = 0; i < s.n; i++) {
        if (i + 1 < s.n)
            ik_look_ahead(f->look, &s.frames[i + 1], &packets[(i + 1) % 2]);
        assert_int_equal(ik_look_input(f->look, &s.frames[i], &packets[i % 2]), i >= 2);
        assert_seen(&packets[i % 2], i);
    }
    const struct ik_look_stats stats = ik_look_stats(f->look);
    assert_int_equal(stats.frames, FRAMES);
    assert_int_equal(stats.fragments, 3);
    assert_int_equal(stats.icmp, 4);
    assert_int_equal(stats.not_ip + stats.unread + stats.waiting, 0);
    for (size_t i = 0; i < s.n; i++)
        free((void *)(uintptr_t)s.frames[i].bytes.p);
    end(f);
}

/* A frame that was begun and never comes leaves nothing behind, not even in the place of the same
 * packet. */
static void ahead__of_a_frame_that_does_not_come__is_forgotten(void **state)
{
    (void)state;
    struct fixture *f = begin();
    struct series s = make_series();
    static struct ik_look_packet packet;
    for (size_t i = 0; i < s.n; i++) {
        ik_look_ahead(f->look, &s.frames[(i + 3) % FRAMES], &packet);
        assert_int_equal(ik_look_input(f->look, &s.frames[i], &packet), i >= 2);
        assert_seen(&packet, i);
    }
    assert_int_equal(ik_look_stats(f->look).fragments, 3);
    for (size_t i = 0; i < s.n; i++)
        free((void *)(uintptr_t)s.frames[i].bytes.p);
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ah__in_ipv4__is_followed_to_the_message),
        cmocka_unit_test(ah__that_ends_beyond_the_packet__is_left_alone),
        cmocka_unit_test(ah__around_udp__is_no_message),
        cmocka_unit_test(frame__in_its_packet__is_looked_at),
        cmocka_unit_test(frame__in_the_place_of_one_begun__is_looked_at_itself),
        cmocka_unit_test(ahead__of_each_frame__is_as_without),
        cmocka_unit_test(ahead__of_a_frame_that_does_not_come__is_forgotten),
        cmocka_unit_test(length_zero__of_a_host_with_tso__is_all_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
