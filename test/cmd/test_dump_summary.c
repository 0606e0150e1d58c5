/* SPDX-License-Identifier: MIT */
#include "dump_rig.h"

#include "cmd/dump.h"

#define NOV14 (1700000000 * IK_NS_PER_S)

struct sums {
    struct dump_rig *r;
    void *mem;
    struct ik_dump_summary s;
};

static struct sums begin(void)
{
    static const uint8_t secret[16];
    struct sums s = {.r = dump_rig_begin(), .mem = malloc(ik_total_bytes())};
    s.s = (struct ik_dump_summary){.look = s.r->look,
                                   .total = ik_total_init(s.mem, secret),
                                   .dropped = UINT64_MAX,
                                   .now = NOV14,
                                   .final = true};
    return s;
}

static void end(struct sums *s)
{
    free(s->mem);
    dump_rig_end(s->r);
}

static void echo(struct sums *s, ik_ns at, uint8_t type, uint16_t seq)
{
    const bool asks = type == 8;
    assert_true(dump_rig_echo(s->r, NOV14 + at, asks ? "10.0.0.1" : "10.0.0.2",
                              asks ? "10.0.0.2" : "10.0.0.1", type, seq));
    ik_total_add(s->s.total, &s->r->p);
}

static const char *text(struct sums *s)
{
    s->r->used = 0;
    s->r->text[0] = 0;
    ik_dump_summary_text(&s->s, &s->r->stamp, dump_rig_piece, s->r);
    return s->r->text;
}

static void has(struct sums *s, const char *part)
{
    if (!strstr(text(s), part))
        fail_msg("no '%s' in:\n%s", part, s->r->text);
}

static void nothing__at_all__is_said_without_tables(void **state)
{
    (void)state;
    struct sums s = begin();
    assert_string_equal(text(&s), "0 ICMP packets of 0 frames, 0 bytes\n");
    end(&s);
}

static void round_trips__of_two_kinds__make_a_histogram(void **state)
{
    (void)state;
    struct sums s = begin();
    for (uint16_t i = 0; i < 10; i++) {
        echo(&s, i * 10000000, 8, i);
        if (i != 3)
            echo(&s, i * 10000000 + (i < 2 ? 100000 : 3000000), 0, i);
    }
    echo(&s, 200000000, 0, 99);
    has(&s, "20 ICMP packets of 20 frames, 720 bytes, 200.000 ms from 2023-11-14 22:13:20.000000 "
            "+0000\n");
    has(&s, "\n  8/0                        10   50.0%         360  echo-request\n");
    has(&s,
        "\n  10 requests, 9 replies, 0 errors about requests, 0 duplicates, 0 repeated, 1 reply "
        "without a request\n  unanswered: 1\n"
        "  7: 10.0.0.1 > 10.0.0.2: echo-request, id 7, seq 3\n");
    has(&s, "\n  below        128 us         2  ##############\n"
            "  below        256 us         0\n");
    has(&s,
        "\n  below      4.096 ms         7  ##################################################\n");
    assert_null(strstr(s.r->text, "Flaws:"));
    end(&s);
}

/* A bin of one beside one of thousands is seen, and ten requests are told, not all. */
static void many__unanswered__are_told_in_part(void **state)
{
    (void)state;
    struct sums s = begin();
    for (uint16_t i = 0; i < 30; i++)
        echo(&s, i, 8, i);
    has(&s, "  unanswered: 30\n");
    has(&s, "  and 20 more (-v tells them all)\n");
    s.s.all = true;
    has(&s, "seq 29\n");
    assert_null(strstr(s.r->text, " more (-v"));
    end(&s);
}

static void flaws__of_packets__are_counted_and_explained(void **state)
{
    (void)state;
    struct sums s = begin();
    echo(&s, 0, 8, 1);
    rig_echo(&s.r->ip, "10.0.0.1", "10.0.0.2", 8, 7, 2, 8);
    s.r->ip.bytes[22] ^= 1;
    assert_true(dump_rig_take(s.r, NOV14));
    ik_total_add(s.s.total, &s.r->p);
    s.s.dropped = 5;
    has(&s, "\n5 frames dropped by the capture\n");
    has(&s,
        "                              1   50.0%  bad-checksum: the checksum does not verify\n");
    end(&s);
}

static void record__of_the_same__has_the_counts(void **state)
{
    (void)state;
    struct sums s = begin();
    struct ik_total_view view;
    static char json[IK_RECORD_JSON_MAX + 1];
    size_t n;
    echo(&s, 0, 8, 1);
    echo(&s, 2000000, 0, 1);
    echo(&s, 3000000, 8, 2);
    const struct ik_record rec = ik_dump_summary_record(&s.s, &view);
    assert_int_equal(ik_record_json(&rec, json, sizeof(json) - 1, &n), IK_OK);
    json[n] = 0;
    assert_non_null(strstr(json, "\"frames\":3,\"packets\":3,\"bytes\":108,\"flawed\":0,"));
    assert_non_null(strstr(json, "\"requests\":2,\"replies\":1,\"errors\":0,\"duplicates\":0,"
                                 "\"unasked\":0,\"unanswered\":1,"));
    assert_non_null(strstr(json, "\"final\":true"));
    assert_null(strstr(json, "\"dropped\""));
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing__at_all__is_said_without_tables),
        cmocka_unit_test(round_trips__of_two_kinds__make_a_histogram),
        cmocka_unit_test(many__unanswered__are_told_in_part),
        cmocka_unit_test(flaws__of_packets__are_counted_and_explained),
        cmocka_unit_test(record__of_the_same__has_the_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
