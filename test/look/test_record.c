/* SPDX-License-Identifier: MIT */
#include "look_rig.h"

static const char *json(const struct ik_look_packet *p)
{
    static char text[IK_RECORD_JSON_MAX + 1];
    const struct ik_record rec = ik_look_record(p);
    size_t n;
    assert_int_equal(ik_record_json(&rec, text, sizeof(text) - 1, &n), IK_OK);
    text[n] = 0;
    return text;
}

struct fixture {
    void *mem;
    struct ik_look *look;
    struct rig_packet packet;
    struct ik_look_packet p;
    uint64_t n;
};

static struct fixture *begin(void)
{
    const struct ik_look_cfg cfg = {.requests = 16, .datagrams = 2};
    struct fixture *f = calloc(1, sizeof(*f));
    f->mem = malloc(ik_look_bytes(&cfg));
    f->look = ik_look_init(f->mem, &cfg);
    return f;
}

static void end(struct fixture *f)
{
    free(f->mem);
    free(f);
}

/* Looks at the packet of the fixture, of which only `kept` bytes were captured. */
static bool take(struct fixture *f, ik_ns at, size_t kept)
{
    const struct ik_look_frame frame = {.n = ++f->n,
                                        .time = at,
                                        .bytes = {f->packet.bytes, kept},
                                        .wire_bytes = (uint32_t)f->packet.n,
                                        .linktype = IK_LINKTYPE_RAW,
                                        .interface = "eth0"};
    return ik_look_input(f->look, &frame, &f->p);
}

static void echo__answered__tells_the_pair(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "10.0.0.1", "10.0.0.2", 8, 7, 1, 8);
    assert_true(take(f, 0, f->packet.n));
    assert_null(strstr(json(&f->p), "\"pair\""));
    rig_echo(&f->packet, "10.0.0.2", "10.0.0.1", 0, 7, 1, 8);
    assert_true(take(f, 1500000, f->packet.n));
    const char *text = json(&f->p);
    assert_non_null(strstr(text, "\"n\":2,\"interface\":\"eth0\",\"bytes\":36,\"ip\":{"));
    assert_non_null(strstr(text, "\"type\":0,\"code\":0,\"name\":\"echo-reply\""));
    assert_non_null(
        strstr(text, "\"flaws\":[],\"pair\":{\"kind\":\"reply\",\"n\":1,\"rtt_ns\":1500000}"));
    assert_true(take(f, 1600000, f->packet.n));
    assert_non_null(strstr(json(&f->p), "\"kind\":\"duplicate\""));
    end(f);
}

/* What the capture left out is told, and is no flaw. */
static void snapped__packet__tells_how_much_there_is(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "10.0.0.1", "10.0.0.2", 8, 7, 1, 100);
    assert_true(take(f, IK_NEVER, 40));
    const char *text = json(&f->p);
    assert_non_null(strstr(text, "\"time\":null,"));
    assert_non_null(strstr(text, "\"bytes\":128,\"captured\":40,"));
    assert_non_null(strstr(text, "\"checksum_ok\":null,"));
    assert_non_null(strstr(text, "\"flaws\":[]"));
    end(f);
}

/* A part has no message, and its record says null instead of what an earlier packet was. */
static void part__after_a_message__has_no_message(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "10.0.0.1", "10.0.0.2", 8, 7, 1, 8);
    assert_true(take(f, 0, f->packet.n));
    rig_echo(&f->packet, "10.0.0.1", "10.0.0.2", 8, 7, 2, 2000);
    static struct rig_packet whole;
    whole = f->packet;
    struct ik_ip ip;
    struct ik_frag frag;
    assert_int_equal(ik_ip_decode(&ip, (struct ik_rd){whole.bytes, whole.n}, NULL), IK_OK);
    assert_int_equal(ik_frag_init(&frag, &ip, 1500, 0), IK_OK);
    static struct rig_packet first;
    assert_int_equal(ik_frag_take(&frag, first.bytes, sizeof(first.bytes), &first.n), IK_OK);
    assert_int_equal(ik_frag_take(&frag, f->packet.bytes, sizeof(f->packet.bytes), &f->packet.n),
                     IK_OK);
    assert_false(take(f, 0, f->packet.n));
    assert_true(f->p.part);
    const char *text = json(&f->p);
    assert_non_null(strstr(text, "\"icmp\":null,"));
    assert_non_null(strstr(text, "\"offset\":1480,"));
    f->packet = first;
    assert_true(take(f, 0, f->packet.n));
    assert_non_null(strstr(json(&f->p), "\"fragments\":2,"));
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo__answered__tells_the_pair),
        cmocka_unit_test(snapped__packet__tells_how_much_there_is),
        cmocka_unit_test(part__after_a_message__has_no_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
