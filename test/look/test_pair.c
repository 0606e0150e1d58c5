/* SPDX-License-Identifier: MIT */
#include "look/pair.h"

#include "look_rig.h"

static const uint8_t secret[16] = "0123456789abcde";

enum { REQUESTS = 256 };

struct fixture {
    void *mem;
    struct ik_pair *t;
    struct rig_packet packet;
    struct ik_look_packet p;
    uint64_t n;
};

static struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->mem = malloc(ik_pair_bytes(REQUESTS));
    f->t = ik_pair_init(f->mem, REQUESTS, 60 * IK_NS_PER_S, secret);
    return f;
}

static void end(struct fixture *f)
{
    free(f->mem);
    free(f);
}

/* Judges the packet that the fixture holds. */
static enum ik_look_pair_kind judge(struct fixture *f, ik_ns at)
{
    struct ik_look_packet *p = &f->p;
    const struct ik_rd bytes = {f->packet.bytes, f->packet.n};
    assert_int_equal(ik_ip_decode(&p->ip, bytes, NULL), IK_OK);
    const struct ik_icmp_ctx ctx = {.family = p->ip.version, .src = &p->ip.src, .dst = &p->ip.dst};
    assert_int_equal(ik_icmp_decode(&p->icmp, p->ip.payload, &ctx, NULL), IK_OK);
    p->has_quote = p->icmp.kind == IK_ICMP_ERROR &&
                   ik_quote_decode(&p->quote, p->icmp.error.quote, NULL) == IK_OK;
    p->frame.n = ++f->n;
    p->frame.time = at;
    struct ik_pair_key key;
    ik_pair_expect(f->t, &p->ip, &key);
    ik_pair_judge(f->t, p, &key);
    return p->pair;
}

static enum ik_look_pair_kind echo(struct fixture *f, ik_ns at, const char *src, const char *dst,
                                   uint8_t type, uint16_t id, uint16_t seq)
{
    rig_echo(&f->packet, src, dst, type, id, seq, 8);
    return judge(f, at);
}

/* An error of `from` about what the fixture holds. */
static enum ik_look_pair_kind error(struct fixture *f, ik_ns at, const char *from, uint8_t type)
{
    struct ik_ip ip;
    uint8_t out[1280];
    size_t n;
    const struct ik_rd bytes = {f->packet.bytes, f->packet.n};
    assert_int_equal(ik_ip_decode(&ip, bytes, NULL), IK_OK);
    char to[IK_ADDR_TEXT];
    ik_addr_text(&ip.src, to);
    const struct ik_addr src = rig_addr(from);
    struct ik_icmp m = {.family = ip.version,
                        .type = type,
                        .kind = IK_ICMP_ERROR,
                        .error = {.quote = bytes, .extensions = {bytes.p, 0}}};
    const struct ik_icmp_ctx ctx = {.family = ip.version, .src = &src, .dst = &ip.src};
    assert_int_equal(ik_icmp_encode(&m, &ctx, false, out, sizeof(out), &n), IK_OK);
    rig_ip(&f->packet, from, to, ip.version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6, 9, out, n);
    return judge(f, at);
}

static void reply__of_a_request__number_and_round_trip(void **state)
{
    (void)state;
    struct fixture *f = begin();
    assert_int_equal(echo(f, 100, "192.0.2.1", "192.0.2.2", 8, 7, 1), IK_LOOK_PAIR_NONE);
    assert_int_equal(echo(f, 200, "192.0.2.1", "192.0.2.2", 8, 7, 2), IK_LOOK_PAIR_NONE);
    assert_int_equal(ik_pair_waiting(f->t), 2);
    assert_int_equal(echo(f, 350, "192.0.2.2", "192.0.2.1", 0, 7, 1), IK_LOOK_PAIR_REPLY);
    assert_int_equal(f->p.pair_n, 1);
    assert_int_equal(f->p.pair_rtt, 250);
    assert_int_equal(ik_pair_waiting(f->t), 1);
    assert_int_equal(echo(f, 360, "2001:db8::2", "2001:db8::1", 129, 7, 2), IK_LOOK_PAIR_UNASKED);
    assert_int_equal(ik_pair_waiting(f->t), 1);
    end(f);
}

/* Identifiers are 16 bits and chosen by many hosts: the addresses belong to the key. */
static void reply__of_another_host_or_to_another__is_unasked(void **state)
{
    (void)state;
    struct fixture *f = begin();
    (void)echo(f, 0, "192.0.2.1", "192.0.2.2", 8, 7, 1);
    assert_int_equal(echo(f, 1, "192.0.2.3", "192.0.2.1", 0, 7, 1), IK_LOOK_PAIR_UNASKED);
    assert_int_equal(echo(f, 1, "192.0.2.2", "192.0.2.9", 0, 7, 1), IK_LOOK_PAIR_UNASKED);
    assert_int_equal(echo(f, 1, "192.0.2.2", "192.0.2.1", 0, 8, 1), IK_LOOK_PAIR_UNASKED);
    assert_int_equal(echo(f, 1, "192.0.2.2", "192.0.2.1", 0, 7, 1), IK_LOOK_PAIR_REPLY);
    end(f);
}

static void reply__twice__second_is_a_duplicate(void **state)
{
    (void)state;
    struct fixture *f = begin();
    (void)echo(f, 0, "2001:db8::1", "2001:db8::2", 128, 7, 1);
    assert_int_equal(echo(f, 5, "2001:db8::2", "2001:db8::1", 129, 7, 1), IK_LOOK_PAIR_REPLY);
    assert_int_equal(echo(f, 9, "2001:db8::2", "2001:db8::1", 129, 7, 1), IK_LOOK_PAIR_DUPLICATE);
    assert_int_equal(f->p.pair_n, 1);
    assert_int_equal(f->p.pair_rtt, 9);
    end(f);
}

/* Several answer a multicast: none of them is a duplicate of another. */
static void reply__to_multicast__each_pairs(void **state)
{
    (void)state;
    struct fixture *f = begin();
    (void)echo(f, 0, "2001:db8::1", "ff02::1", 128, 7, 1);
    assert_int_equal(echo(f, 5, "2001:db8::2", "2001:db8::1", 129, 7, 1), IK_LOOK_PAIR_REPLY);
    assert_int_equal(echo(f, 6, "2001:db8::3", "2001:db8::1", 129, 7, 1), IK_LOOK_PAIR_REPLY);
    assert_int_equal(f->p.pair_rtt, 6);
    end(f);
}

/* Karn: of two equal requests nobody knows which one was answered. */
static void reply__after_request_made_again__no_round_trip(void **state)
{
    (void)state;
    struct fixture *f = begin();
    (void)echo(f, 0, "192.0.2.1", "192.0.2.2", 8, 7, 1);
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 1, 24); /* another size: another packet */
    assert_int_equal(judge(f, 50), IK_LOOK_PAIR_REPEATED);
    assert_int_equal(f->p.pair_n, 1);
    assert_int_equal(echo(f, 99, "192.0.2.2", "192.0.2.1", 0, 7, 1), IK_LOOK_PAIR_REPLY);
    assert_int_equal(f->p.pair_rtt, IK_NEVER);
    end(f);
}

/* A router's capture sees a packet come in and go out: one request, and a round trip. */
static void reply__request_seen_twice__round_trip_from_first(void **state)
{
    (void)state;
    struct fixture *f = begin();
    (void)echo(f, 0, "192.0.2.1", "192.0.2.2", 8, 7, 1);
    assert_int_equal(echo(f, 3, "192.0.2.1", "192.0.2.2", 8, 7, 1), IK_LOOK_PAIR_REPEATED);
    assert_int_equal(echo(f, 99, "192.0.2.2", "192.0.2.1", 0, 7, 1), IK_LOOK_PAIR_REPLY);
    assert_int_equal(f->p.pair_rtt, 99);
    end(f);
}

/* Sequence numbers wrap: an answered request with the same numbers is history. */
static void request__same_numbers_after_answer__is_new(void **state)
{
    (void)state;
    struct fixture *f = begin();
    (void)echo(f, 0, "192.0.2.1", "192.0.2.2", 8, 7, 1);
    (void)echo(f, 1, "192.0.2.2", "192.0.2.1", 0, 7, 1);
    assert_int_equal(echo(f, 100, "192.0.2.1", "192.0.2.2", 8, 7, 1), IK_LOOK_PAIR_NONE);
    assert_int_equal(echo(f, 107, "192.0.2.2", "192.0.2.1", 0, 7, 1), IK_LOOK_PAIR_REPLY);
    assert_int_equal(f->p.pair_n, 3);
    assert_int_equal(f->p.pair_rtt, 7);
    end(f);
}

static void reply__too_late__belongs_to_nothing(void **state)
{
    (void)state;
    struct fixture *f = begin();
    (void)echo(f, 0, "192.0.2.1", "192.0.2.2", 8, 7, 1);
    assert_int_equal(echo(f, 61 * IK_NS_PER_S, "192.0.2.2", "192.0.2.1", 0, 7, 1),
                     IK_LOOK_PAIR_UNASKED);
    end(f);
}

/* Clocks step, files are merged: what would be negative is not told. */
static void reply__stamped_before_its_request__no_round_trip(void **state)
{
    (void)state;
    struct fixture *f = begin();
    (void)echo(f, 100, "192.0.2.1", "192.0.2.2", 8, 7, 1);
    assert_int_equal(echo(f, 90, "192.0.2.2", "192.0.2.1", 0, 7, 1), IK_LOOK_PAIR_REPLY);
    assert_int_equal(f->p.pair_rtt, IK_NEVER);
    end(f);
}

static void error__quoting_a_request__pairs(void **state)
{
    (void)state;
    struct fixture *f = begin();
    (void)echo(f, 100, "192.0.2.1", "198.51.100.2", 8, 7, 1);
    assert_int_equal(error(f, 140, "192.0.2.254", IK_ICMP4_TIME_EXCEEDED), IK_LOOK_PAIR_ERROR);
    assert_int_equal(f->p.pair_n, 1);
    assert_int_equal(f->p.pair_rtt, 40);
    assert_int_equal(ik_pair_waiting(f->t), 0);
    (void)echo(f, 200, "2001:db8::1", "2001:db8:1::2", 128, 7, 1);
    assert_int_equal(error(f, 260, "2001:db8::fe", IK_ICMP6_TIME_EXCEEDED), IK_LOOK_PAIR_ERROR);
    assert_int_equal(f->p.pair_rtt, 60);
    end(f);
}

/* An error about a reply is about no request. */
static void error__quoting_a_reply__pairs_with_nothing(void **state)
{
    (void)state;
    struct fixture *f = begin();
    (void)echo(f, 0, "192.0.2.1", "192.0.2.2", 8, 7, 1);
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 0, 7, 1, 8);
    assert_int_equal(error(f, 1, "192.0.2.2", IK_ICMP4_UNREACHABLE), IK_LOOK_PAIR_NONE);
    assert_int_equal(ik_pair_waiting(f->t), 1);
    end(f);
}

static void neighbor(struct fixture *f, const char *src, const char *dst, uint8_t type,
                     const char *target)
{
    uint8_t out[64];
    size_t n;
    const struct ik_addr from = rig_addr(src), to = rig_addr(dst);
    struct ik_icmp m = {.family = 6, .type = type};
    if (type == IK_ICMP6_NEIGHBOR_SOL) {
        m.kind = IK_ICMP_NEIGHBOR_SOL;
        m.neighbor_sol.target = rig_addr(target);
        m.neighbor_sol.options = (struct ik_rd){out, 0};
    } else {
        m.kind = IK_ICMP_NEIGHBOR_ADV;
        m.neighbor_adv.target = rig_addr(target);
        m.neighbor_adv.options = (struct ik_rd){out, 0};
    }
    const struct ik_icmp_ctx ctx = {.family = 6, .src = &from, .dst = &to};
    assert_int_equal(ik_icmp_encode(&m, &ctx, false, out, sizeof(out), &n), IK_OK);
    rig_ip(&f->packet, src, dst, IK_PROTO_ICMP6, 0, out, n);
}

/* A solicitation goes to a group; whoever has the target answers, from whatever address. */
static void advertisement__of_the_solicited_target__pairs(void **state)
{
    (void)state;
    struct fixture *f = begin();
    neighbor(f, "fe80::1", "ff02::1:ff00:2", IK_ICMP6_NEIGHBOR_SOL, "fe80::2");
    assert_int_equal(judge(f, 10), IK_LOOK_PAIR_NONE);
    neighbor(f, "fe80::2", "fe80::1", IK_ICMP6_NEIGHBOR_ADV, "fe80::3");
    assert_int_equal(judge(f, 11), IK_LOOK_PAIR_NONE); /* unsolicited ones are in order */
    neighbor(f, "fe80::2", "fe80::1", IK_ICMP6_NEIGHBOR_ADV, "fe80::2");
    assert_int_equal(judge(f, 12), IK_LOOK_PAIR_REPLY);
    assert_int_equal(f->p.pair_rtt, 2);
    /* Duplicate address detection: asked by nobody, answered to all (RFC 4862 section 5.4). */
    neighbor(f, "::", "ff02::1:ff00:2", IK_ICMP6_NEIGHBOR_SOL, "fe80::2");
    (void)judge(f, 20);
    neighbor(f, "fe80::2", "ff02::1", IK_ICMP6_NEIGHBOR_ADV, "fe80::2");
    assert_int_equal(judge(f, 23), IK_LOOK_PAIR_REPLY);
    assert_int_equal(f->p.pair_rtt, 3);
    end(f);
}

struct list {
    uint64_t n[REQUESTS * 4];
    size_t count;
};

static void collect(void *ctx, const struct ik_look_request *r)
{
    struct list *l = ctx;
    l->n[l->count++] = r->n;
}

static void unanswered__some_answered__the_rest_in_order(void **state)
{
    (void)state;
    struct fixture *f = begin();
    for (uint16_t seq = 1; seq <= 5; seq++)
        (void)echo(f, seq * IK_NS_PER_S, "192.0.2.1", "192.0.2.2", 8, 7, seq);
    (void)echo(f, 6 * IK_NS_PER_S, "192.0.2.2", "192.0.2.1", 0, 7, 1);
    (void)echo(f, 6 * IK_NS_PER_S, "192.0.2.2", "192.0.2.1", 0, 7, 3);
    struct list all = {.count = 0}, old = {.count = 0};
    ik_pair_unanswered(f->t, IK_NEVER, collect, &all);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.n[0], 2);
    assert_int_equal(all.n[1], 4);
    assert_int_equal(all.n[2], 5);
    ik_pair_unanswered(f->t, 4 * IK_NS_PER_S, collect, &old);
    assert_int_equal(old.count, 2);
    end(f);
}

/* A sweep of far more requests than there is room for: bounded, counted, the latest ones still
 * pair. */
static void request__more_than_room__evicted_are_counted(void **state)
{
    (void)state;
    struct fixture *f = begin();
    const uint32_t sent = REQUESTS * 16;
    for (uint32_t i = 0; i < sent; i++)
        (void)echo(f, i, "192.0.2.1", "192.0.2.2", 8, 7, (uint16_t)i);
    assert_int_equal(ik_pair_waiting(f->t) + ik_pair_evicted(f->t), sent);
    assert_true(ik_pair_waiting(f->t) <= REQUESTS);
    struct list left = {.count = 0};
    ik_pair_unanswered(f->t, IK_NEVER, collect, &left);
    assert_int_equal(left.count, ik_pair_waiting(f->t));
    assert_int_equal(echo(f, sent, "192.0.2.2", "192.0.2.1", 0, 7, (uint16_t)(sent - 1)),
                     IK_LOOK_PAIR_REPLY);
    assert_int_equal(f->p.pair_n, sent);
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply__of_a_request__number_and_round_trip),
        cmocka_unit_test(reply__of_another_host_or_to_another__is_unasked),
        cmocka_unit_test(reply__twice__second_is_a_duplicate),
        cmocka_unit_test(reply__to_multicast__each_pairs),
        cmocka_unit_test(reply__after_request_made_again__no_round_trip),
        cmocka_unit_test(reply__request_seen_twice__round_trip_from_first),
        cmocka_unit_test(request__same_numbers_after_answer__is_new),
        cmocka_unit_test(reply__too_late__belongs_to_nothing),
        cmocka_unit_test(reply__stamped_before_its_request__no_round_trip),
        cmocka_unit_test(error__quoting_a_request__pairs),
        cmocka_unit_test(error__quoting_a_reply__pairs_with_nothing),
        cmocka_unit_test(advertisement__of_the_solicited_target__pairs),
        cmocka_unit_test(unanswered__some_answered__the_rest_in_order),
        cmocka_unit_test(request__more_than_room__evicted_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
