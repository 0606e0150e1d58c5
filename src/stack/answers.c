/* SPDX-License-Identifier: MIT
 * PROBE, RFC 8335: what this node tells of its interfaces and neighbours. */
#include "net/bucket.h"
#include "net/neigh.h"
#include "net/scope.h"
#include "stack/extecho.h"
#include "stack/stack_int.h"

enum { RATE = 10, AFI_IP4 = 1, AFI_IP6 = 2, AFI_MAC48 = 16389, REPLY_BYTES = 8, TTL = 255 };

struct ik_answers {
    struct ik_bucket bucket;
};

size_t ik_stack_answers_bytes(const struct ik_stack_cfg *cfg)
{
    return cfg->options->probe ? sizeof(struct ik_answers) : 0;
}

void ik_stack_answers_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    const struct ik_stack_probe_cfg *probe = cfg->options->probe;
    if (!probe)
        return;
    const uint32_t rate = probe->rate ? probe->rate : RATE;
    s->answers = mem;
    ik_bucket_init(&s->answers->bucket, rate, rate);
}

void ik_stack_answers_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_answers_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

/* ---- what is asked about --------------------------------------------------------------------- */

/* The IP address that the object names; family 0 when it names none. */
static struct ik_addr addr_of(const struct ik_ifident *ident)
{
    struct ik_addr a = {0};
    if (ident->afi == AFI_IP4 || ident->afi == AFI_IP6) {
        a.family = ident->afi == AFI_IP4 ? 4 : 6;
        memcpy(a.bytes, ident->addr.p, ident->addr.left);
    }
    return a;
}

static bool is_mac(const struct ik_ifident *ident, const uint8_t mac[static 6])
{
    return ident->afi == AFI_MAC48 && ident->addr.left == 6 && memcmp(ident->addr.p, mac, 6) == 0;
}

static bool has_family(const struct ik_stack_iface *f, uint8_t family)
{
    for (uint8_t i = 0; i < f->n_addrs; i++)
        if (f->addrs[i].addr.family == family)
            return true;
    return false;
}

static bool has_addr(const struct ik_stack_iface *f, const struct ik_addr *addr)
{
    for (uint8_t i = 0; i < f->n_addrs; i++)
        if (ik_addr_same_host(&f->addrs[i].addr, addr))
            return true;
    const struct ik_addr own = ik_scope_link_local(f->mac);
    return has_family(f, 6) && ik_addr_same_host(&own, addr);
}

static bool has_name(const struct ik_stack_iface *f, struct ik_rd name)
{
    return f->name && strlen(f->name) == name.left && memcmp(f->name, name.p, name.left) == 0;
}

static bool iface_is(const struct ik_stack *s, uint8_t port, const struct ik_ifident *ident)
{
    const struct ik_stack_iface *f = &s->ifaces[port];
    const struct ik_addr addr = addr_of(ident);
    switch (ident->ctype) {
    case IK_IFIDENT_NAME:
        return has_name(f, ident->name);
    case IK_IFIDENT_INDEX:
        return ik_stack_local_index(s, port) == ident->index;
    default:
        return addr.family ? has_addr(f, &addr) : is_mac(ident, f->mac);
    }
}

static uint8_t code_for(unsigned found, uint8_t none)
{
    if (found == 0)
        return none;
    return found == 1 ? IK_ICMP4_EXT_ECHO_REPLY_NO_ERROR : IK_ICMP4_EXT_ECHO_REPLY_MULTIPLE;
}

/* An interface of this node: A, and then 4 and 6, where it is up. */
static uint8_t look_local(const struct ik_stack *s, const struct ik_ifident *ident,
                          struct ik_icmp_ext_echo_reply *reply)
{
    unsigned found = 0;
    uint8_t port = 0;
    for (uint8_t i = 0; i < s->n_ifaces; i++) {
        if (!iface_is(s, i, ident))
            continue;
        port = i;
        found++;
    }
    if (found == 1 && s->ports[port].up) {
        reply->active = true;
        reply->ipv4 = has_family(&s->ifaces[port], 4);
        reply->ipv6 = has_family(&s->ifaces[port], 6);
    }
    return code_for(found, IK_ICMP4_EXT_ECHO_REPLY_NO_INTERFACE);
}

static bool neighbour_is(const struct ik_neigh_entry *e, const struct ik_ifident *ident)
{
    const struct ik_addr asked = addr_of(ident), has = ik_neigh_addr(e);
    if (asked.family)
        return ik_addr_same_host(&asked, &has);
    return e->state != IK_NEIGH_INCOMPLETE && is_mac(ident, e->mac);
}

/* A neighbour: how its entry in the cache stands. One that is configured has no state of its own
 * in RFC 8335, and can always be sent to. */
static uint8_t look_remote(const struct ik_stack *s, const struct ik_ifident *ident,
                           struct ik_icmp_ext_echo_reply *reply)
{
    unsigned found = 0;
    enum ik_neigh_state state = IK_NEIGH_FREE;
    for (uint32_t i = 0; i < s->neigh->n_touched; i++) {
        const struct ik_neigh_entry *e = ik_neigh_at(s->neigh, i);
        if (!e || !neighbour_is(e, ident))
            continue;
        state = ik_neigh_state(e, s->now.mono);
        found++;
    }
    if (found == 1)
        reply->state = state == IK_NEIGH_PERMANENT ? IK_EXT_ECHO_REACHABLE : (uint8_t)state;
    return code_for(found, IK_ICMP4_EXT_ECHO_REPLY_NO_ENTRY);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* RFC 8335 section 4: from the address asked to the one that asked, TTL 255, no class, and whole.
 */
static void answer(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    const struct ik_icmp_ctx ctx = {.family = p->ip.version, .src = &p->ip.dst, .dst = &p->ip.src};
    uint8_t bytes[REPLY_BYTES];
    size_t len;
    if (ik_icmp_encode(m, &ctx, false, bytes, sizeof(bytes), &len))
        return;
    struct ik_ip ip = m->family == 4
                          ? ik_stack_output_ip4(s, &p->ip.dst, &p->ip.src, IK_PROTO_ICMP4)
                          : ik_stack_output_ip6(s, &p->ip.dst, &p->ip.src, IK_PROTO_ICMP6);
    ip.ttl = TTL;
    ip.tos = 0;
    ip.df = m->family == 4;
    ip.payload = (struct ik_rd){bytes, len};
    ik_stack_output_view(s, &ip, &(struct ik_stack_how){.who = IK_WHO_NODE});
}

static bool is_for_one(const struct ik_stack *s, const struct ik_pkt *p)
{
    return p->local == IK_LOCAL_UNICAST && ik_scope_is_single_host(&p->ip.src) &&
           (p->own || !ik_stack_local_bad_source(s, p->port, &p->ip.src));
}

static uint8_t look_up(const struct ik_stack *s, const struct ik_icmp_ext_echo *request,
                       const struct ik_ifident *ident, struct ik_icmp_ext_echo_reply *reply)
{
    return request->local ? look_local(s, ident, reply) : look_remote(s, ident, reply);
}

void ik_stack_answers_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    struct ik_ifident ident;
    enum ik_stack_extecho_verdict verdict = IK_EXTECHO_SILENT;
    if (s->answers && m->kind == IK_ICMP_EXT_ECHO && is_for_one(s, p))
        verdict = ik_stack_extecho_judge(s->opt->probe, &p->ip.src, &m->ext_echo, &ident);
    if (verdict == IK_EXTECHO_SILENT) {
        ik_stack_event_say(s, "decided", IK_RULE_R8335_4_01, p,
                           "no answer: PROBE is not enabled for that");
        return;
    }
    if (!ik_bucket_take(&s->answers->bucket, s->now.mono)) {
        ik_stack_tally(s, IK_STACK_ERRORS_LIMITED);
        ik_stack_event_say(s, "decided", IK_RULE_R8335_8_03, p, "no answer: too many ask");
        return;
    }
    struct ik_icmp reply = {.family = m->family, .kind = IK_ICMP_EXT_ECHO_REPLY};
    reply.type =
        m->family == 4 ? (uint8_t)IK_ICMP4_EXT_ECHO_REPLY : (uint8_t)IK_ICMP6_EXT_ECHO_REPLY;
    reply.ext_echo_reply = (struct ik_icmp_ext_echo_reply){
        .id = m->ext_echo.id, .seq = m->ext_echo.seq, .data = ik_rd_head(m->raw, 0)};
    reply.code = verdict == IK_EXTECHO_MALFORMED
                     ? (uint8_t)IK_ICMP4_EXT_ECHO_REPLY_MALFORMED
                     : look_up(s, &m->ext_echo, &ident, &reply.ext_echo_reply);
    answer(s, p, &reply);
}
