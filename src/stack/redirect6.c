/* SPDX-License-Identifier: MIT
 * Redirects of IPv6: a router tells them, a host obeys them (RFC 4861 section 8). */
#include "stack/nd_int.h"

#include "net/neigh.h"

/* ---- router ---------------------------------------------------------------------------------- */

/* The better first hop as the source is told it: by its link-local address, or the destination
 * itself. Family 0: there is none that may be told (a router whose link-local address is unknown).
 */
static struct ik_addr better_hop(const struct ik_pkt *p, const struct ik_stack_hop *hop)
{
    if (hop->on_link)
        return p->ip.dst;
    return ik_addr_is_link_local(&hop->next) ? hop->next : (struct ik_addr){0};
}

static bool must_tell(const struct ik_stack *s, const struct ik_pkt *p,
                      const struct ik_stack_hop *hop)
{
    return hop->port == p->port && !s->opt->no_redirects && !s->opt->silent &&
           !ik_addr_is_multicast(&p->ip.dst) && !ik_addr_is_multicast(&p->ip.src) &&
           !s->ifaces[p->port].point_to_point && ik_stack_local_on_link(s, p->port, &p->ip.src) &&
           !ik_addr_same_host(&hop->next, &p->ip.src);
}

/* As much of the packet as the whole redirect may have in 1280 bytes; what is short of a unit of 8
 * is padded. */
static void put_redirected(const struct ik_pkt *p, struct ik_wr *w)
{
    const size_t room = (w->cap - w->used - 8) & ~(size_t)7;
    const struct ik_ndopt_view view = {
        .type = IK_NDOPT_REDIRECTED,
        .kind = IK_NDOPT_KIND_REDIRECTED,
        .redirected = {.packet = ik_rd_head(p->l3, room)},
    };
    ik_nd_put_option(&view, w);
}

void ik_stack_redirect6_consider(struct ik_stack *s, const struct ik_pkt *p,
                                 const struct ik_stack_hop *hop)
{
    enum { HEAD = IK_IP6_BYTES + 40 };
    if (!s->nd || !must_tell(s, p, hop))
        return;
    const struct ik_addr target = better_hop(p, hop), src = ik_nd_link_local(s, p->port);
    if (target.family == 0 || ik_addr_is_any(&src))
        return;
    if (!ik_stack_limits_take(s, &p->ip.src)) {
        ik_stack_tally(s, IK_STACK_ERRORS_LIMITED);
        return;
    }
    uint8_t options[IK_ND_BYTES_MAX - HEAD], mac[6];
    struct ik_wr w;
    ik_wr_init(&w, options, sizeof(options));
    if (ik_stack_nbr_find(s, p->port, &target, mac)) {
        const struct ik_ndopt_view link = {.type = IK_NDOPT_TARGET_LINK,
                                           .kind = IK_NDOPT_KIND_LINK,
                                           .link = {.addr = {mac, sizeof(mac)}}};
        ik_nd_put_option(&link, &w);
    }
    put_redirected(p, &w);
    const struct ik_icmp msg = {
        .family = 6,
        .type = IK_ICMP6_REDIRECT,
        .kind = IK_ICMP_REDIRECT,
        .redirect = {.target = target, .destination = p->ip.dst, .options = {options, w.used}},
    };
    ik_stack_event_say(s, "decided", IK_RULE_R4861_8_2_01, p, "redirect");
    ik_nd_send(s, p->port, &src, &p->ip.src, &msg);
}

/* ---- host ------------------------------------------------------------------------------------ */

/* Only the router that a packet to that destination goes to now may send it elsewhere. */
static bool is_first_hop(struct ik_stack *s, const struct ik_pkt *p, const struct ik_addr *dst)
{
    struct ik_stack_hop hop;
    return ik_stack_route_find(s, dst, 0, 0, &hop) && hop.port == p->port && !hop.on_link &&
           ik_addr_same_host(&hop.next, &p->ip.src);
}

static void ignore(struct ik_stack *s, const struct ik_pkt *p, enum ik_rule rule, const char *what)
{
    ik_stack_event_drop(s, IK_STACK_BAD_ICMP, rule, p, what);
}

void ik_nd_redirect(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    const struct ik_icmp_redirect *r = &m->redirect;
    if (ik_stack_is_router(s)) {
        ignore(s, p, IK_RULE_R4861_8_2_04, "a router keeps its routes");
        return;
    }
    if (s->opt->no_redirects) {
        ignore(s, p, IK_RULE_NONE, "obeys no redirects");
        return;
    }
    if (!is_first_hop(s, p, &r->destination)) {
        ignore(s, p, IK_RULE_R4861_8_1_01, "not from the first hop of that destination");
        return;
    }
    const uint8_t *mac = ik_nd_find_link(r->options, IK_NDOPT_TARGET_LINK);
    const bool on_link = ik_addr_same_host(&r->target, &r->destination);
    const struct ik_neigh_news news = {
        .addr = r->target, .port = p->port, .mac = mac, .router = !on_link};
    (void)ik_stack_nbr_learn(s, &news, mac);
    ik_stack_redirect_learn(s, p->port, &r->destination, &r->target);
    ik_stack_event_say(s, "state", IK_RULE_R4861_8_3_01, p, "a better way");
}
