/* SPDX-License-Identifier: MIT
 * The side of the XDP filter that fills its tables, which are mapped into this process. Readers in
 * the kernel do not wait for us, so every change leaves the tables in order between any two stores:
 * a slot is complete before a chain leads to it and its bits are set in the words, and these go
 * first when it ends. A packet that is looked at meanwhile may meet the old state or the new one.
 */
#include "daemon/xdp_filter.h"

#include "daemon/xdp_shared.h"

#include <icmpkit/host.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <net/if.h>

extern const uint8_t ik_xdp_object[];
extern const size_t ik_xdp_object_bytes;

enum { MOVES = 16, ETHER_LEAST = 60 };

struct ik_xdp_filter {
    struct bpf_object *object;
    struct ik_xdp_state *state;                    /* mapped */
    int link, spared, stopped, clock;              /* link is ours to close */
    uint32_t program;                              /* its number, in the link */
    uint32_t n_slots;                              /* the first so many were ever used */
    uint16_t from[IK_XDP_WORDS], to[IK_XDP_WORDS]; /* the words as they will be */
    uint16_t spared_from[IK_XDP_WORDS];            /* bits of those who are spared */
    uint64_t stopped_by[IK_ORDERS];                /* packets, as last read */
    struct counted {
        uint64_t read; /* what its counters came to, as last read */
        uint64_t of;   /* of that, what belongs to the order in it */
        uint8_t kind;  /* of the order that is, or was, in it */
    } counted[IK_XDP_SLOTS];
    int n_cpus;
    struct ik_xdp_stopped *each; /* room for an element of each processor */
};

/* ---- keys ------------------------------------------------------------------------------------ */

/* The source's kinds, or the destination's. */
static bool is_about_source(enum ik_order_kind k)
{
    return k == IK_ORDER_LIMIT_SOURCE || k == IK_ORDER_DROP_KIND || k == IK_ORDER_LIMIT_FRAGMENT ||
           k == IK_ORDER_DROP_HOP_LIMIT;
}

static void put_halves(const struct ik_addr *a, uint64_t out[2])
{
    uint32_t v4;
    memcpy(out, a->bytes, 16);
    if (a->family == 4) {
        memcpy(&v4, a->bytes, sizeof(v4));
        out[0] = 0;
        out[1] = v4;
    }
}

static bool is_host(const struct ik_prefix *p)
{
    return p->bits == 8 * ik_addr_bytes(p->addr.family);
}

/* False: nothing that the program could look for. `turned`: of a pair, the other way. */
static bool key_of(const struct ik_order *o, bool turned, struct ik_xdp_key *out)
{
    const enum ik_order_key key = ik_order_key(o->kind);
    const struct ik_prefix *a = turned ? &o->other : &o->who, *b = turned ? &o->who : &o->other;
    const bool net = is_about_source(o->kind) && a->addr.family == 6 && a->bits == 64;
    const bool pair = key == IK_ORDER_KEY_PAIR;
    if ((a->addr.family != 4 && a->addr.family != 6) || (!net && !is_host(a)) ||
        (pair && (b->addr.family != a->addr.family || !is_host(b))))
        return false;
    const enum ik_xdp_form form = a->addr.family == 4 ? IK_XDP_HOST4
                                  : net               ? IK_XDP_NET6
                                                      : IK_XDP_HOST6;
    const bool typed = key == IK_ORDER_KEY_TYPE || key == IK_ORDER_KEY_CODE;
    *out = (struct ik_xdp_key){.what = ik_xdp_what(o->kind, form, typed ? o->type : 0,
                                                   key == IK_ORDER_KEY_CODE ? o->code : 0)};
    put_halves(&a->addr, out->a);
    if (net)
        out->a[1] = 0;
    if (pair)
        put_halves(&b->addr, out->b);
    return true;
}

static enum ik_order_kind kind_of(const struct ik_xdp_slot *s)
{
    return (enum ik_order_kind)(s->what & 0xff);
}

static struct ik_xdp_key key_in(const struct ik_xdp_slot *s)
{
    return (struct ik_xdp_key){{s->a[0], s->a[1]}, {s->b[0], s->b[1]}, s->what};
}

static bool has_key(const struct ik_xdp_slot *s, const struct ik_xdp_key *k)
{
    return s->what == k->what && !memcmp(s->a, k->a, sizeof(k->a)) &&
           !memcmp(s->b, k->b, sizeof(k->b));
}

/* ---- words ----------------------------------------------------------------------------------- */

/* Where the program looks for a source: of IPv6 by the first half, so that a host and its /64 are
 * one. */
static uint32_t word_from(const struct ik_xdp_state *s, const uint64_t a[2], bool v6)
{
    return ik_xdp_word(s, a[0], v6 ? 0 : a[1]);
}

/* Adds a slot's bit to the word of the address that its packets have. */
static void mark(struct ik_xdp_filter *f, const struct ik_xdp_slot *s)
{
    const enum ik_order_kind kind = kind_of(s);
    const bool v6 = s->what >> 24 != IK_XDP_HOST4;
    const uint16_t bit = (uint16_t)(1u << kind);
    const bool pair = ik_order_key(kind) == IK_ORDER_KEY_PAIR;
    if (pair || is_about_source(kind) || kind == IK_ORDER_DROP_GROUP)
        f->from[word_from(f->state, s->a, v6)] |= bit;
    if (!pair && !is_about_source(kind))
        f->to[ik_xdp_word(f->state, s->a[0], s->a[1])] |= bit;
}

static void show(uint16_t *shown, const uint16_t *words, const uint16_t *more)
{
    for (size_t i = 0; i < IK_XDP_WORDS; i++) {
        const uint16_t word = words[i] | (more ? more[i] : 0);
        if (shown[i] != word)
            __atomic_store_n(&shown[i], word, __ATOMIC_RELEASE);
    }
}

/* Words and kinds, from the slots. */
static void settle(struct ik_xdp_filter *f)
{
    uint32_t kinds = 0;
    memset(f->from, 0, sizeof(f->from));
    memset(f->to, 0, sizeof(f->to));
    for (uint32_t i = 1; i < f->n_slots; i++) {
        const struct ik_xdp_slot *s = &f->state->slots[i];
        if (!s->what)
            continue;
        mark(f, s);
        kinds |= 1u << kind_of(s);
    }
    show(f->state->from, f->from, f->spared_from);
    show(f->state->to, f->to, NULL);
    __atomic_store_n(&f->state->kinds, kinds, __ATOMIC_RELEASE);
}

/* ---- slots ----------------------------------------------------------------------------------- */

/* The slot with this key, whether its time is over or not; 0: none. */
static uint16_t look_up(const struct ik_xdp_filter *f, const struct ik_xdp_key *k)
{
    const struct ik_xdp_places places = ik_xdp_places(f->state, k);
    for (int i = 0; i < 2; i++) {
        const uint16_t number = f->state->places[places.at[i]];
        if (has_key(&f->state->slots[number], k))
            return number;
    }
    return 0;
}

static void stand(struct ik_xdp_filter *f, uint32_t place, uint16_t number)
{
    __atomic_store_n(&f->state->places[place], number, __ATOMIC_RELEASE);
}

/* The other place of who stands at this one. */
static uint32_t other_place(const struct ik_xdp_filter *f, uint32_t place)
{
    const struct ik_xdp_key key = key_in(&f->state->slots[f->state->places[place]]);
    const struct ik_xdp_places places = ik_xdp_places(f->state, &key);
    return places.at[places.at[0] == place];
}

/* Makes a place free: who stands there goes to his other one, and who stands there to his, the last
 * of them first. False: nobody finds a free one within MOVES. */
static bool make_room(struct ik_xdp_filter *f, uint32_t place)
{
    uint32_t way[MOVES + 1] = {place};
    int n = 0;
    while (f->state->places[way[n]]) {
        if (n == MOVES)
            return false;
        way[n + 1] = other_place(f, way[n]);
        n++;
    }
    for (; n; n--) {
        stand(f, way[n], f->state->places[way[n - 1]]);
        stand(f, way[n - 1], 0);
    }
    return true;
}

static bool enter(struct ik_xdp_filter *f, const struct ik_xdp_key *k, uint16_t number)
{
    const struct ik_xdp_places places = ik_xdp_places(f->state, k);
    for (int i = 0; i < 2; i++) {
        if (make_room(f, places.at[i])) {
            stand(f, places.at[i], number);
            return true;
        }
    }
    return false;
}

static void end(struct ik_xdp_filter *f, uint16_t number)
{
    struct ik_xdp_slot *s = &f->state->slots[number];
    const struct ik_xdp_key key = key_in(s);
    const struct ik_xdp_places places = ik_xdp_places(f->state, &key);
    __atomic_store_n(&s->until, 0, __ATOMIC_RELEASE);
    stand(f, places.at[f->state->places[places.at[0]] != number], 0);
    s->what = 0;
}

/* Ends what is over. */
static void sweep(struct ik_xdp_filter *f, uint64_t now)
{
    bool any = false;
    for (uint32_t i = 1; i < f->n_slots; i++) {
        const struct ik_xdp_slot *s = &f->state->slots[i];
        if (!s->what || s->until > now)
            continue;
        end(f, (uint16_t)i);
        any = true;
    }
    if (any)
        settle(f);
}

static uint16_t free_slot(struct ik_xdp_filter *f)
{
    for (uint32_t i = 1; i < f->n_slots; i++) {
        if (!f->state->slots[i].what)
            return (uint16_t)i;
    }
    return f->n_slots < IK_XDP_SLOTS ? (uint16_t)f->n_slots++ : 0;
}

/* ---- counters -------------------------------------------------------------------------------- */

/* Of the slots of one element. */
static bool read_counts(struct ik_xdp_filter *f, uint32_t element)
{
    if (bpf_map_lookup_elem(f->stopped, &element, f->each))
        return false;
    for (uint32_t i = 0; i < IK_XDP_COUNTED; i++) {
        struct counted *c = &f->counted[element * IK_XDP_COUNTED + i];
        uint64_t sum = 0;
        for (int cpu = 0; cpu < f->n_cpus; cpu++)
            sum += f->each[cpu].of[i];
        f->stopped_by[c->kind] += sum - c->read;
        c->of += sum - c->read;
        c->read = sum;
    }
    return true;
}

/* A packet that met the order before may be counted yet: it is not the next one's. */
static bool count_anew(struct ik_xdp_filter *f, uint16_t number, enum ik_order_kind kind)
{
    struct counted *c = &f->counted[number];
    if (!read_counts(f, number / IK_XDP_COUNTED))
        return false;
    c->of = 0;
    c->kind = (uint8_t)kind;
    return true;
}

/* ---- orders ---------------------------------------------------------------------------------- */

static enum ik_err put(struct ik_xdp_filter *f, const struct ik_xdp_key *k, uint64_t until)
{
    uint16_t number = look_up(f, k);
    if (number) {
        __atomic_store_n(&f->state->slots[number].until, until, __ATOMIC_RELEASE);
        return IK_OK;
    }
    number = free_slot(f);
    if (!number)
        return IK_E_FULL;
    if (!count_anew(f, number, (enum ik_order_kind)(k->what & 0xff)))
        return IK_E_SYSTEM;
    f->state->slots[number] = (struct ik_xdp_slot){
        .a = {k->a[0], k->a[1]}, .b = {k->b[0], k->b[1]}, .what = k->what, .until = until};
    if (enter(f, k, number))
        return IK_OK;
    f->state->slots[number].what = 0;
    return IK_E_FULL;
}

/* By the program's own clock. */
static uint64_t now_ns(const struct ik_xdp_filter *f)
{
    static const uint8_t frame[ETHER_LEAST];
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame));
    (void)bpf_prog_test_run_opts(f->clock, &run);
    return __atomic_load_n(&f->state->now, __ATOMIC_RELAXED);
}

enum ik_err ik_xdp_filter_add(struct ik_xdp_filter *f, const struct ik_order *o)
{
    const bool pair = ik_order_key(o->kind) == IK_ORDER_KEY_PAIR;
    const uint64_t now = now_ns(f);
    struct ik_xdp_key key;
    sweep(f, now);
    for (int i = 0; i <= pair; i++) {
        enum ik_err err = key_of(o, i, &key) ? IK_OK : IK_E_VALUE;
        if (!err)
            err = put(f, &key, now + o->seconds * (uint64_t)IK_NS_PER_S);
        if (err)
            return err;
    }
    settle(f);
    return IK_OK;
}

enum ik_err ik_xdp_filter_remove(struct ik_xdp_filter *f, const struct ik_order *o)
{
    const bool pair = ik_order_key(o->kind) == IK_ORDER_KEY_PAIR;
    struct ik_xdp_key key;
    for (int i = 0; i <= pair; i++) {
        if (!key_of(o, i, &key))
            return IK_E_VALUE;
        const uint16_t number = look_up(f, &key);
        if (number)
            end(f, number);
    }
    settle(f);
    return IK_OK;
}

/* ---- spared ---------------------------------------------------------------------------------- */

/* Tells the program where it has to ask the trie. */
static void mark_spared(struct ik_xdp_filter *f, const struct ik_prefix *who)
{
    uint64_t a[2];
    put_halves(&who->addr, a);
    const bool v6 = who->addr.family == 6;
    if (v6 ? who->bits >= 64 : who->bits == 32) {
        f->spared_from[word_from(f->state, a, v6)] |= (uint16_t)(1u << IK_XDP_SPARED);
    } else if (v6) {
        f->state->wide[1] = 1;
    } else {
        const uint32_t first = (uint32_t)(who->addr.bytes[0] << 8 | who->addr.bytes[1]);
        const uint32_t n = who->bits >= 16 ? 1 : 1u << (16 - who->bits);
        for (uint32_t i = first & ~(n - 1); n && i < (first & ~(n - 1)) + n; i++)
            f->state->wide4[i / 8] |= (uint8_t)(1u << i % 8);
        f->state->wide[0] = 1;
    }
}

enum ik_err ik_xdp_filter_spare(struct ik_xdp_filter *f, const struct ik_prefix *who)
{
    const uint8_t family = who->addr.family, one = 1;
    if ((family != 4 && family != 6) || who->bits > 8 * ik_addr_bytes(family))
        return IK_E_VALUE;
    struct ik_xdp_spared key = {.bits = 8u + who->bits, .bytes = {family}};
    memcpy(key.bytes + 1, who->addr.bytes, ik_addr_bytes(family));
    if (bpf_map_update_elem(f->spared, &key, &one, BPF_ANY))
        return errno == ENOSPC ? IK_E_FULL : IK_E_SYSTEM;
    mark_spared(f, who);
    settle(f);
    return IK_OK;
}

/* ---- what came of it ------------------------------------------------------------------------- */

/* The program that the link has at an interface; 0: none, since somebody took it from there. */
static uint32_t program_there(const struct ik_xdp_filter *f)
{
    struct bpf_link_info info = {0};
    uint32_t n = sizeof(info);
    return !bpf_obj_get_info_by_fd(f->link, &info, &n) && info.xdp.ifindex ? info.prog_id : 0;
}

enum ik_err ik_xdp_filter_count(struct ik_xdp_filter *f, uint64_t stopped[static IK_ORDERS])
{
    const uint32_t there = program_there(f);
    bool ok = there && there == f->program;
    for (uint32_t i = 0; i * IK_XDP_COUNTED < f->n_slots && ok; i++)
        ok = read_counts(f, i);
    memcpy(stopped, f->stopped_by, sizeof(f->stopped_by));
    return ok ? IK_OK : IK_E_SYSTEM;
}

uint64_t ik_xdp_filter_stopped(const struct ik_xdp_filter *f, const struct ik_order *o)
{
    const bool pair = ik_order_key(o->kind) == IK_ORDER_KEY_PAIR;
    struct ik_xdp_key key;
    uint64_t sum = 0;
    for (int i = 0; i <= pair; i++) {
        const uint16_t number = key_of(o, i, &key) ? look_up(f, &key) : 0;
        if (number)
            sum += f->counted[number].of;
    }
    return sum;
}

uint32_t ik_xdp_filter_seconds_left(const struct ik_xdp_filter *f)
{
    const uint64_t now = now_ns(f);
    uint64_t last = now;
    for (uint32_t i = 1; i < f->n_slots; i++) {
        const struct ik_xdp_slot *s = &f->state->slots[i];
        if (s->what && s->until > last)
            last = s->until;
    }
    return (uint32_t)((last - now + IK_NS_PER_S - 1) / IK_NS_PER_S);
}

/* ---- loading --------------------------------------------------------------------------------- */

static enum ik_err fail(enum ik_err err, const char *what, int error,
                        char why[static IK_ENFORCE_TEXT])
{
    snprintf(why, IK_ENFORCE_TEXT, "%s: %s", what, strerror(error));
    return err;
}

static enum ik_err err_of(int error)
{
    switch (error) {
    case EPERM:
    case EACCES:
        return IK_E_ACCESS;
    case EBUSY:
    case EEXIST:
        return IK_E_EXISTS;
    case ENOMEM:
        return IK_E_NOMEM;
    case ENODEV:
        return IK_E_IFACE;
    case EOPNOTSUPP:
    case ENOSYS:
        return IK_E_UNSUPPORTED;
    default:
        return IK_E_SYSTEM;
    }
}

/* A loopback has Ethernet's headers too. */
static enum ik_err check_interface(unsigned ifindex, char why[static IK_ENFORCE_TEXT])
{
    struct ifreq r = {0};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return IK_E_SYSTEM;
    const bool ok = if_indextoname(ifindex, r.ifr_name) && !ioctl(fd, SIOCGIFHWADDR, &r);
    close(fd);
    if (!ok)
        return IK_E_IFACE;
    const unsigned type = r.ifr_hwaddr.sa_family;
    if (type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK)
        return IK_OK;
    snprintf(why, IK_ENFORCE_TEXT, "%s is no Ethernet", r.ifr_name);
    return IK_E_UNSUPPORTED;
}

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
    (void)level;
    (void)format;
    (void)args;
    return 0;
}

static int program_fd(const struct ik_xdp_filter *f, const char *name)
{
    return bpf_program__fd(bpf_object__find_program_by_name(f->object, name));
}

static int map_fd(const struct ik_xdp_filter *f, const char *name)
{
    return bpf_map__fd(bpf_object__find_map_by_name(f->object, name));
}

static enum ik_err load(struct ik_xdp_filter *f, char why[static IK_ENFORCE_TEXT])
{
    LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "icmp_guard");
    libbpf_set_print(silent);
    f->object = bpf_object__open_mem(ik_xdp_object, ik_xdp_object_bytes, &opts);
    if (!f->object)
        return fail(err_of(errno), "the program", errno, why);
    const int error = -bpf_object__load(f->object);
    if (error)
        return fail(err_of(error), "the kernel does not take the program", error, why);
    f->spared = map_fd(f, "ik_spared");
    f->stopped = map_fd(f, "ik_stopped");
    f->clock = program_fd(f, "ik_xdp_clock");
    void *state =
        mmap(NULL, sizeof(*f->state), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd(f, "ik_state"), 0);
    if (state == MAP_FAILED)
        return IK_E_NOMEM;
    f->state = state;
    struct timespec tick;
    if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
        return IK_E_SYSTEM;
    f->state->tick = (uint64_t)tick.tv_nsec;
    enum ik_err err = ik_entropy(f->state->factors, sizeof(f->state->factors));
    for (size_t i = 0; i < sizeof(f->state->factors) / sizeof(*f->state->factors); i++)
        f->state->factors[i] |= 1;
    return err ? err : ik_entropy(f->state->sip, sizeof(f->state->sip));
}

/* A link, so that it ends with this process; and links replace nothing. */
static enum ik_err attach(struct ik_xdp_filter *f, unsigned ifindex, enum ik_xdp_mode *mode,
                          char why[static IK_ENFORCE_TEXT])
{
    static const uint32_t flags[] = {
        [IK_XDP_NATIVE] = XDP_FLAGS_DRV_MODE, [IK_XDP_GENERIC] = XDP_FLAGS_SKB_MODE};
    const int program = program_fd(f, "ik_xdp_filter");
    int error = 0;
    for (int m = IK_XDP_NATIVE; m <= IK_XDP_GENERIC; m++) {
        LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags[m]);
        f->link = bpf_link_create(program, (int)ifindex, BPF_XDP, &opts);
        if (f->link >= 0) {
            *mode = (enum ik_xdp_mode)m;
            f->program = program_there(f);
            return f->program ? IK_OK : IK_E_SYSTEM;
        }
        error = errno;
        if (err_of(error) == IK_E_EXISTS)
            return fail(IK_E_EXISTS, "another XDP program is attached", error, why);
    }
    return fail(err_of(error), "the program cannot be attached", error, why);
}

enum ik_err ik_xdp_filter_open(struct ik_xdp_filter **out, unsigned ifindex, enum ik_xdp_mode *mode,
                               char why[static IK_ENFORCE_TEXT])
{
    why[0] = '\0';
    enum ik_err err = check_interface(ifindex, why);
    if (err)
        return err;
    struct ik_xdp_filter *f = calloc(1, sizeof(*f));
    if (!f)
        return IK_E_NOMEM;
    f->link = -1;
    f->n_slots = 1; /* number 0 is none */
    f->n_cpus = libbpf_num_possible_cpus();
    if (f->n_cpus > 0)
        f->each = calloc((size_t)f->n_cpus, sizeof(*f->each));
    err = f->each ? load(f, why) : IK_E_NOMEM;
    if (!err)
        err = attach(f, ifindex, mode, why);
    if (err)
        ik_xdp_filter_close(f);
    else
        *out = f;
    return err;
}

void ik_xdp_filter_close(struct ik_xdp_filter *f)
{
    if (!f)
        return;
    if (f->link >= 0)
        close(f->link);
    if (f->state)
        munmap(f->state, sizeof(*f->state));
    bpf_object__close(f->object);
    free(f->each);
    free(f);
}
