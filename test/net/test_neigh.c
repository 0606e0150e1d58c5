/* SPDX-License-Identifier: MIT */
#include "net/neigh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t key[16] = "0123456789abcde";
static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa}, mac_b[6] = {2, 0, 0, 0, 0, 0xb};

static struct ik_neigh n;

static void begin(void **state, uint32_t bound)
{
    const struct ik_neigh_cfg cfg = {.bound = bound, .seed = 1, .key = key};
    free(*state);
    *state = malloc(ik_neigh_bytes(&cfg));
    assert_non_null(*state);
    ik_neigh_init(&n, *state, &cfg);
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* 2001:db8::i, or 192.0.2.i */
static struct ik_addr v6(uint32_t i)
{
    return (struct ik_addr){
        .family = 6,
        .bytes = {0x20, 0x01, 0x0d,
                  0xb8, [13] = (uint8_t)(i >> 16), [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}};
}

static struct ik_addr v4(uint8_t i)
{
    return (struct ik_addr){.family = 4, .bytes = {192, 0, 2, i}};
}

static struct ik_neigh_entry *use(ik_ns now, struct ik_addr a, enum ik_neigh_verdict expected)
{
    struct ik_neigh_entry *e;
    uint32_t given_up;
    assert_int_equal(ik_neigh_use(&n, now, 0, &a, &e, &given_up), expected);
    assert_int_equal(given_up, IK_NEIGH_NO_QUEUE);
    return e;
}

struct advert {
    const uint8_t *mac;
    bool solicited, override, router;
};

static struct ik_neigh_change confirm(ik_ns now, struct ik_addr a, struct advert v)
{
    const struct ik_neigh_news news = {.addr = a,
                                       .mac = v.mac,
                                       .solicited = v.solicited,
                                       .override = v.override,
                                       .router = v.router,
                                       .host = !v.router};
    return ik_neigh_confirm(&n, now, &news);
}

static struct ik_neigh_change learn(ik_ns now, struct ik_addr a, const uint8_t *mac, bool create)
{
    const struct ik_neigh_news news = {.addr = a, .mac = mac};
    return ik_neigh_learn(&n, now, &news, create);
}

/* A neighbour that is REACHABLE since `now`. */
static struct ik_neigh_entry *reachable(ik_ns now, struct ik_addr a)
{
    use(now, a, IK_NEIGH_SOLICIT);
    return confirm(now, a, (struct advert){mac_a, true, true, false}).entry;
}

static enum ik_neigh_state state_of(struct ik_addr a, ik_ns now)
{
    const struct ik_neigh_entry *e = ik_neigh_find(&n, 0, &a);
    return e ? ik_neigh_state(e, now) : IK_NEIGH_FREE;
}

static void expect_todo(ik_ns now, enum ik_neigh_todo_kind kind, uint32_t queue)
{
    struct ik_neigh_todo todo;
    assert_true(ik_neigh_deadline(&n) == now);
    assert_false(ik_neigh_timeout(&n, now - 1, &todo));
    assert_true(ik_neigh_timeout(&n, now, &todo));
    assert_int_equal(todo.kind, kind);
    assert_int_equal(todo.queue, queue);
    assert_false(ik_neigh_timeout(&n, now, &todo));
}

#define S IK_NS_PER_S

/* R4861-7.2.2-01: three solicitations a second apart, then the queue is given up. */
static void use__nobody_answers__three_solicitations_then_given_up(void **state)
{
    begin(state, 4);
    struct ik_neigh_entry *e = use(0, v6(1), IK_NEIGH_SOLICIT);
    e->queue = 77;
    assert_ptr_equal(use(S / 2, v6(1), IK_NEIGH_WAIT), e);
    assert_int_equal(state_of(v6(1), 0), 1); /* RFC 8335's number */
    expect_todo(1 * S, IK_NEIGH_ASK_ALL, IK_NEIGH_NO_QUEUE);
    expect_todo(2 * S, IK_NEIGH_ASK_ALL, IK_NEIGH_NO_QUEUE);
    expect_todo(3 * S, IK_NEIGH_GIVE_UP, 77);
    assert_int_equal(state_of(v6(1), 3 * S), IK_NEIGH_FAILED);
    assert_true(ik_neigh_deadline(&n) == IK_NEVER);
    /* An answer out of time finds no entry (RFC 4861 section 7.3.3); the next packet asks again. */
    confirm(3 * S, v6(1), (struct advert){mac_a, true, true, false});
    assert_int_equal(state_of(v6(1), 3 * S), IK_NEIGH_FAILED);
    assert_int_equal(use(3 * S, v6(1), IK_NEIGH_SOLICIT)->queue, IK_NEIGH_NO_QUEUE);
    expect_todo(4 * S, IK_NEIGH_ASK_ALL, IK_NEIGH_NO_QUEUE);
}

static void confirm__answer_to_a_solicitation__releases_the_queue(void **state)
{
    begin(state, 4);
    use(0, v4(1), IK_NEIGH_SOLICIT)->queue = 5;
    const struct ik_neigh_change c = confirm(1, v4(1), (struct advert){mac_a, true, false, true});
    assert_int_equal(c.queue, 5);
    assert_memory_equal(c.entry->mac, mac_a, 6);
    assert_true(c.entry->is_router);
    assert_false(c.router_lost);
    assert_int_equal(c.entry->queue, IK_NEIGH_NO_QUEUE);
    assert_ptr_equal(use(1, v4(1), IK_NEIGH_READY), c.entry);
    assert_true(ik_neigh_deadline(&n) == IK_NEVER);
}

/* The whole round of RFC 4861 section 7.3.2: lapsed, used, delayed, probed, given up. */
static void use__reachable_lapses__delay_then_probes(void **state)
{
    begin(state, 4);
    struct ik_neigh_entry *e = reachable(0, v6(1));
    assert_in_range(e->deadline, 15 * S, 45 * S);
    const ik_ns lapse = e->deadline;
    assert_int_equal(state_of(v6(1), lapse - 1), IK_NEIGH_REACHABLE);
    assert_int_equal(state_of(v6(1), lapse), IK_NEIGH_STALE);
    use(lapse - 1, v6(1), IK_NEIGH_READY);
    assert_true(ik_neigh_deadline(&n) == IK_NEVER);
    use(lapse, v6(1), IK_NEIGH_READY);
    assert_int_equal(state_of(v6(1), lapse), IK_NEIGH_DELAY);
    use(lapse + S, v6(1), IK_NEIGH_READY); /* does not put the probe off */
    expect_todo(lapse + 5 * S, IK_NEIGH_ASK_ONE, IK_NEIGH_NO_QUEUE);
    use(lapse + 5 * S, v6(1), IK_NEIGH_READY);
    expect_todo(lapse + 6 * S, IK_NEIGH_ASK_ONE, IK_NEIGH_NO_QUEUE);
    expect_todo(lapse + 7 * S, IK_NEIGH_ASK_ONE, IK_NEIGH_NO_QUEUE);
    expect_todo(lapse + 8 * S, IK_NEIGH_GIVE_UP, IK_NEIGH_NO_QUEUE);
    assert_int_equal(state_of(v6(1), lapse + 8 * S), IK_NEIGH_FAILED);
}

static void confirm__while_probed__is_reachable_again(void **state)
{
    begin(state, 4);
    const ik_ns lapse = reachable(0, v6(1))->deadline;
    use(lapse, v6(1), IK_NEIGH_READY);
    expect_todo(lapse + 5 * S, IK_NEIGH_ASK_ONE, IK_NEIGH_NO_QUEUE);
    confirm(lapse + 5 * S, v6(1), (struct advert){NULL, true, false, false});
    assert_int_equal(state_of(v6(1), lapse + 6 * S), IK_NEIGH_REACHABLE);
    assert_true(ik_neigh_deadline(&n) == IK_NEVER);
}

static void confirm__reachable_times__differ(void **state)
{
    begin(state, 64);
    ik_ns least = IK_NEVER, most = 0;
    for (uint32_t i = 0; i < 64; i++) {
        const ik_ns until = reachable(0, v6(i))->deadline;
        assert_in_range(until, 15 * S, 45 * S);
        least = until < least ? until : least;
        most = until > most ? until : most;
    }
    assert_true(most - least > 20 * S);
}

/* RFC 4861 section 7.2.5, row by row: what stands there, the advertisement, what stands then. */
static void confirm__table_of_flags__is_as_in_the_rfc(void **state)
{
    static const struct {
        enum ik_neigh_state before;
        struct advert advert;
        enum ik_neigh_state after;
        bool new_mac;
    } rows[] = {
        {IK_NEIGH_REACHABLE, {mac_b, false, false, false}, IK_NEIGH_STALE, false},
        {IK_NEIGH_REACHABLE, {mac_b, true, false, false}, IK_NEIGH_STALE, false},
        {IK_NEIGH_STALE, {mac_b, true, false, false}, IK_NEIGH_STALE, false},
        {IK_NEIGH_DELAY, {mac_b, true, false, false}, IK_NEIGH_DELAY, false},
        {IK_NEIGH_STALE, {mac_b, true, true, false}, IK_NEIGH_REACHABLE, true},
        {IK_NEIGH_STALE, {mac_b, false, true, false}, IK_NEIGH_STALE, true},
        {IK_NEIGH_REACHABLE, {mac_b, false, true, false}, IK_NEIGH_STALE, true},
        {IK_NEIGH_DELAY, {mac_b, false, true, false}, IK_NEIGH_STALE, true},
        {IK_NEIGH_REACHABLE, {mac_a, false, true, false}, IK_NEIGH_REACHABLE, false},
        {IK_NEIGH_DELAY, {mac_a, false, false, false}, IK_NEIGH_DELAY, false},
        {IK_NEIGH_DELAY, {mac_a, true, false, false}, IK_NEIGH_REACHABLE, false},
        {IK_NEIGH_STALE, {NULL, true, false, false}, IK_NEIGH_REACHABLE, false},
        {IK_NEIGH_STALE, {NULL, false, true, false}, IK_NEIGH_STALE, false},
        {IK_NEIGH_INCOMPLETE, {NULL, true, true, false}, IK_NEIGH_INCOMPLETE, false},
        {IK_NEIGH_INCOMPLETE, {mac_b, false, false, false}, IK_NEIGH_STALE, true},
        {IK_NEIGH_INCOMPLETE, {mac_b, true, false, false}, IK_NEIGH_REACHABLE, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(state, 4);
        if (rows[i].before == IK_NEIGH_INCOMPLETE)
            use(0, v6(1), IK_NEIGH_SOLICIT);
        else if (rows[i].before == IK_NEIGH_REACHABLE)
            reachable(0, v6(1));
        else
            learn(0, v6(1), mac_a, true);
        if (rows[i].before == IK_NEIGH_DELAY)
            use(0, v6(1), IK_NEIGH_READY);
        assert_int_equal(state_of(v6(1), 0), rows[i].before);
        const struct ik_neigh_change c = confirm(0, v6(1), rows[i].advert);
        if (state_of(v6(1), 0) != rows[i].after ||
            (memcmp(c.entry->mac, mac_b, 6) == 0) != rows[i].new_mac)
            fail_msg("row %zu: state %d", i, (int)state_of(v6(1), 0));
    }
}

static void confirm__unknown_neighbour__creates_nothing(void **state)
{
    begin(state, 4);
    assert_null(confirm(0, v6(1), (struct advert){mac_a, true, true, true}).entry);
    assert_int_equal(state_of(v6(1), 0), IK_NEIGH_FREE);
}

static void confirm__router_flag_gone__is_said(void **state)
{
    begin(state, 4);
    use(0, v6(1), IK_NEIGH_SOLICIT);
    assert_false(confirm(0, v6(1), (struct advert){mac_a, true, true, true}).router_lost);
    /* Ignored for its address, so for its flag too. */
    assert_false(confirm(0, v6(1), (struct advert){mac_b, false, false, false}).router_lost);
    assert_true(confirm(0, v6(1), (struct advert){mac_a, true, true, false}).router_lost);
    assert_false(confirm(0, v6(1), (struct advert){mac_a, true, true, false}).router_lost);
}

static void learn__source_of_a_solicitation__is_stale(void **state)
{
    begin(state, 4);
    assert_null(learn(0, v4(1), mac_a, false).entry);
    assert_non_null(learn(0, v4(1), mac_a, true).entry);
    assert_int_equal(state_of(v4(1), 0), IK_NEIGH_STALE);
    assert_true(ik_neigh_deadline(&n) == IK_NEVER);
    struct ik_neigh_entry *e = reachable(0, v4(2));
    learn(1, v4(2), mac_a, true); /* says nothing new */
    assert_int_equal(state_of(v4(2), 1), IK_NEIGH_REACHABLE);
    learn(1, v4(2), mac_b, false);
    assert_int_equal(state_of(v4(2), 1), IK_NEIGH_STALE);
    assert_memory_equal(e->mac, mac_b, 6);
    /* A neighbour that we ask for asks us: its packets leave, and that is a use. */
    use(0, v4(3), IK_NEIGH_SOLICIT)->queue = 9;
    assert_int_equal(learn(0, v4(3), mac_a, true).queue, 9);
    assert_int_equal(state_of(v4(3), 0), IK_NEIGH_DELAY);
}

static void find__same_address_elsewhere__is_another(void **state)
{
    begin(state, 4);
    struct ik_addr a = v6(1), shaped = {.family = 4, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
    struct ik_neigh_entry *e;
    uint32_t given_up;
    assert_int_equal(ik_neigh_use(&n, 0, 1, &a, &e, &given_up), IK_NEIGH_SOLICIT);
    a.scope = 4; /* the port says the link */
    assert_ptr_equal(ik_neigh_find(&n, 1, &a), e);
    assert_null(ik_neigh_find(&n, 0, &a));
    assert_null(ik_neigh_find(&n, 1, &shaped));
    const struct ik_addr back = ik_neigh_addr(e), plain = v6(1);
    assert_true(ik_addr_equal(&back, &plain));
}

static void put__permanent__nothing_changes_it(void **state)
{
    begin(state, 2);
    uint32_t given_up;
    const struct ik_addr a = v6(1), b = v6(2), c = v6(3);
    assert_int_equal(ik_neigh_put(&n, 0, 0, &a, mac_a, &given_up), IK_OK);
    confirm(0, a, (struct advert){mac_b, true, true, true});
    learn(0, a, mac_b, true);
    assert_memory_equal(use(1000 * S, a, IK_NEIGH_READY)->mac, mac_a, 6);
    assert_int_equal(state_of(a, 1000 * S), IK_NEIGH_PERMANENT);
    for (uint32_t i = 10; i < 20; i++)
        learn(0, v6(i), mac_b, true);
    assert_int_equal(ik_neigh_put(&n, 0, 0, &b, mac_b, &given_up), IK_OK);
    assert_int_equal(state_of(a, 0), IK_NEIGH_PERMANENT);
    assert_int_equal(ik_neigh_put(&n, 0, 0, &c, mac_b, &given_up), IK_E_FULL);
    assert_null(use(0, c, IK_NEIGH_FULL));
    assert_null(learn(0, c, mac_b, true).entry);
}

/* Strangers that ask us from any number of addresses take no neighbour in use. */
static void learn__flood__entries_in_use_stay(void **state)
{
    begin(state, 16);
    for (uint32_t i = 0; i < 14; i++)
        reachable(0, v6(i));
    use(0, v6(14), IK_NEIGH_SOLICIT);
    for (uint32_t i = 1000; i < 11000; i++)
        learn(1, v6(i), mac_b, true);
    for (uint32_t i = 0; i < 14; i++)
        assert_int_equal(state_of(v6(i), 1), IK_NEIGH_REACHABLE);
    assert_int_equal(state_of(v6(14), 1), IK_NEIGH_INCOMPLETE);
    assert_int_equal(state_of(v6(10999), 1), IK_NEIGH_STALE);
    use(1, v6(15), IK_NEIGH_SOLICIT); /* the last row is no stranger's for ever */
    assert_null(learn(1, v6(20000), mac_b, true).entry);
}

/* Once they have lapsed they are in use no more. */
static void learn__lapsed_neighbours__make_room(void **state)
{
    begin(state, 4);
    for (uint32_t i = 0; i < 4; i++)
        reachable(0, v6(i));
    assert_null(learn(15 * S - 1, v6(100), mac_b, true).entry);
    assert_non_null(learn(45 * S, v6(100), mac_b, true).entry);
    assert_int_equal(state_of(v6(0), 0), IK_NEIGH_FREE);
    assert_int_equal(state_of(v6(1), 45 * S), IK_NEIGH_STALE);
}

static uint32_t scan(uint32_t from, uint32_t to, ik_ns gap)
{
    uint32_t n_given_up = 0;
    for (uint32_t i = from; i < to; i++) {
        struct ik_neigh_entry *e;
        uint32_t given_up;
        const struct ik_addr a = v6(i);
        assert_int_equal(ik_neigh_use(&n, i * gap, 0, &a, &e, &given_up), IK_NEIGH_SOLICIT);
        e->queue = i;
        n_given_up += given_up != IK_NEIGH_NO_QUEUE;
    }
    return n_given_up;
}

/* RFC 6583: a scan of an empty prefix through us, while we have neighbours: it gets a quarter of
 * the table at most, every queue that it loses is given up, and a real neighbour still resolves. */
static void use__scan__takes_a_quarter_from_those_in_use(void **state)
{
    begin(state, 16);
    for (uint32_t i = 0; i < 16; i++)
        reachable(0, v6(i));
    const uint32_t given_up = scan(1000, 2000, 0);
    assert_int_equal(given_up, 1000 - 4);
    uint32_t left = 0;
    for (uint32_t i = 0; i < 16; i++)
        left += state_of(v6(i), 0) == IK_NEIGH_REACHABLE;
    assert_int_equal(left, 12);
    assert_int_equal(state_of(v6(15), 0), IK_NEIGH_REACHABLE);
    struct ik_neigh_entry *e;
    uint32_t ignored;
    const struct ik_addr real = v6(500);
    assert_int_equal(ik_neigh_use(&n, 0, 0, &real, &e, &ignored), IK_NEIGH_SOLICIT);
    scan(3000, 3003, 0);
    assert_int_equal(confirm(0, real, (struct advert){mac_a, true, true, false}).entry->state,
                     IK_NEIGH_REACHABLE);
}

static void use__full_table__stale_and_least_recently_used_go_first(void **state)
{
    begin(state, 4);
    for (uint32_t i = 0; i < 3; i++)
        reachable(0, v6(i));
    learn(0, v6(3), mac_a, true);
    use(1, v6(0), IK_NEIGH_READY); /* so v6(1) is the least recently used */
    use(2, v6(4), IK_NEIGH_SOLICIT);
    assert_int_equal(state_of(v6(3), 2), IK_NEIGH_FREE);
    confirm(2, v6(4), (struct advert){mac_a, true, true, false});
    use(3, v6(5), IK_NEIGH_SOLICIT);
    assert_int_equal(state_of(v6(1), 3), IK_NEIGH_FREE);
    assert_int_equal(state_of(v6(0), 3), IK_NEIGH_REACHABLE);
}

/* Everything at random in an exact heap block: what stands agrees with itself. */
static void any__random_calls__stays_whole(void **state)
{
    begin(state, 7);
    struct ik_rng r = {3};
    ik_ns now = 0;
    uint32_t waiting = 0, released = 0;
    for (int round = 0; round < 200000; round++) {
        const struct ik_addr a = v6(ik_rng_below(&r, 20));
        struct ik_neigh_entry *e;
        uint32_t given_up = IK_NEIGH_NO_QUEUE;
        struct ik_neigh_change c = {.queue = IK_NEIGH_NO_QUEUE};
        struct ik_neigh_todo todo;
        now += ik_rng_below(&r, 100000000);
        switch (ik_rng_below(&r, 4)) {
        case 0:
            if (ik_neigh_use(&n, now, 0, &a, &e, &given_up) == IK_NEIGH_SOLICIT) {
                e->queue = 1;
                waiting++;
            }
            break;
        case 1:
            c = confirm(
                now, a,
                (struct advert){round % 3 ? mac_a : mac_b, round % 2, round % 5, round % 7});
            break;
        case 2:
            c = learn(now, a, round % 3 ? mac_a : mac_b, round % 2);
            break;
        default:
            e = ik_neigh_find(&n, 0, &a);
            if (e && round % 11 == 0) {
                given_up = e->queue;
                ik_neigh_remove(&n, e);
            }
        }
        released += (given_up != IK_NEIGH_NO_QUEUE) + (c.queue != IK_NEIGH_NO_QUEUE);
        while (ik_neigh_timeout(&n, now, &todo))
            released += todo.queue != IK_NEIGH_NO_QUEUE;
        assert_true(ik_neigh_deadline(&n) > now);
        uint32_t queued = 0;
        for (uint32_t i = 0; i < n.n_touched; i++) {
            const struct ik_neigh_entry *at = ik_neigh_at(&n, i);
            if (!at)
                continue;
            const struct ik_addr of = ik_neigh_addr(at);
            assert_ptr_equal(ik_neigh_find(&n, 0, &of), at);
            queued += at->queue != IK_NEIGH_NO_QUEUE;
            assert_true(at->queue == IK_NEIGH_NO_QUEUE || at->state == IK_NEIGH_INCOMPLETE);
        }
        assert_int_equal(waiting - released, queued);
    }
    assert_true(waiting > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(use__nobody_answers__three_solicitations_then_given_up, teardown),
        cmocka_unit_test_teardown(confirm__answer_to_a_solicitation__releases_the_queue, teardown),
        cmocka_unit_test_teardown(use__reachable_lapses__delay_then_probes, teardown),
        cmocka_unit_test_teardown(confirm__while_probed__is_reachable_again, teardown),
        cmocka_unit_test_teardown(confirm__reachable_times__differ, teardown),
        cmocka_unit_test_teardown(confirm__table_of_flags__is_as_in_the_rfc, teardown),
        cmocka_unit_test_teardown(confirm__unknown_neighbour__creates_nothing, teardown),
        cmocka_unit_test_teardown(confirm__router_flag_gone__is_said, teardown),
        cmocka_unit_test_teardown(learn__source_of_a_solicitation__is_stale, teardown),
        cmocka_unit_test_teardown(find__same_address_elsewhere__is_another, teardown),
        cmocka_unit_test_teardown(put__permanent__nothing_changes_it, teardown),
        cmocka_unit_test_teardown(learn__flood__entries_in_use_stay, teardown),
        cmocka_unit_test_teardown(learn__lapsed_neighbours__make_room, teardown),
        cmocka_unit_test_teardown(use__scan__takes_a_quarter_from_those_in_use, teardown),
        cmocka_unit_test_teardown(use__full_table__stale_and_least_recently_used_go_first,
                                  teardown),
        cmocka_unit_test_teardown(any__random_calls__stays_whole, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
