/* SPDX-License-Identifier: MIT
 * What stands in the brackets: number, partner, meaning, quote, extensions, flaws. */
#include "dump_text.h"

#include <icmpkit/wire.h>

enum { BYTES_SHOWN = 64, NAME_SHOWN = 64, NAME_TEXT = 64 };

/* ---- pair and flaws -------------------------------------------------------------------------- */

void ik_dump_pair_put(struct ik_put *w, const struct ik_look_packet *p)
{
    static const char *const words[] = {
        [IK_LOOK_PAIR_REPLY] = "reply to ",
        [IK_LOOK_PAIR_ERROR] = "error about ",
        [IK_LOOK_PAIR_DUPLICATE] = "duplicate of the reply to ",
        [IK_LOOK_PAIR_REPEATED] = "repeats ",
        [IK_LOOK_PAIR_UNASKED] = "request not seen",
    };
    if (p->pair == IK_LOOK_PAIR_NONE)
        return;
    ik_put_s(w, words[p->pair]);
    if (p->pair == IK_LOOK_PAIR_UNASKED)
        return;
    ik_put_u64(w, p->pair_n);
    if (p->pair_rtt != IK_NEVER) {
        ik_put_s(w, ", ");
        ik_put_ms(w, p->pair_rtt);
    }
}

void ik_dump_flaw_put(struct ik_put *w, const struct ik_fault *fault)
{
    ik_put_s(w, ik_flaw_name(fault->what));
    ik_put_s(w, " at byte ");
    ik_put_u64(w, fault->at);
}

static void put_flaws(struct ik_put *w, const struct ik_faults *faults)
{
    ik_put_s(w, "; flaw ");
    for (uint16_t i = 0; i < faults->n; i++) {
        if (i)
            ik_put_s(w, ", ");
        ik_dump_flaw_put(w, &faults->list[i]);
    }
    if (faults->more) {
        ik_put_s(w, ", and ");
        ik_put_u64(w, faults->more);
        ik_put_s(w, " more");
    }
}

/* ---- quote ----------------------------------------------------------------------------------- */

static void put_end_point(struct ik_put *w, const struct ik_addr *addr, bool has_port,
                          uint16_t port)
{
    ik_put_addr(w, addr);
    if (!has_port)
        return;
    ik_put_c(w, '.');
    ik_put_u64(w, port);
}

static void put_quoted_icmp(struct ik_put *w, const struct ik_quote *q)
{
    char name[NAME_TEXT];
    ik_put_s(w, q->ip.version == 6 ? "ICMP6" : "ICMP");
    if (q->has & IK_QUOTE_ICMP) {
        ik_put_c(w, ' ');
        ik_put_s(w, ik_icmp_name(q->ip.version, q->icmp_type, q->icmp_code, name, sizeof name));
    }
    if (q->has & IK_QUOTE_ICMP_ECHO) {
        ik_put_s(w, ", id ");
        ik_put_u64(w, q->icmp_id);
        ik_put_s(w, ", seq ");
        ik_put_u64(w, q->icmp_seq);
    }
}

static void put_transport(struct ik_put *w, const struct ik_quote *q)
{
    switch (q->ip.proto) {
    case IK_PROTO_ICMP4:
    case IK_PROTO_ICMP6:
        put_quoted_icmp(w, q);
        break;
    case IK_PROTO_UDP:
        ik_put_s(w, "UDP");
        if (q->has & IK_QUOTE_UDP_SUM) {
            ik_put_s(w, ", length ");
            ik_put_u64(w, q->udp_len_bytes >= 8 ? q->udp_len_bytes - 8u : 0);
        }
        break;
    case IK_PROTO_TCP:
        ik_put_s(w, "TCP");
        if (q->has & IK_QUOTE_TCP_SEQ) {
            ik_put_s(w, ", seq ");
            ik_put_u64(w, q->tcp_seq);
        }
        break;
    default:
        ik_put_s(w, "protocol ");
        ik_put_u64(w, q->ip.proto);
    }
}

void ik_dump_quote_put(struct ik_put *w, const struct ik_quote *q)
{
    const bool ports = q->has & IK_QUOTE_PORTS;
    ik_put_s(w, q->ip.version == 6 ? "IP6 " : "IP ");
    put_end_point(w, &q->ip.src, ports, q->sport);
    ik_put_s(w, " > ");
    put_end_point(w, &q->ip.dst, ports, q->dport);
    ik_put_s(w, ": ");
    put_transport(w, q);
    ik_put_s(w, ", ttl ");
    ik_put_u64(w, q->ip.ttl);
    if (q->ip.version == 4 || q->ip.id) {
        ik_put_s(w, ", id ");
        ik_put_u64(w, q->ip.id);
    }
    if (q->ip.flow) {
        ik_put_s(w, ", flow 0x");
        ik_put_hex(w, q->ip.flow, 5);
    }
    if (q->ip.tos) {
        ik_put_s(w, ", tos 0x");
        ik_put_hex(w, q->ip.tos, 1);
    }
    if (q->ip.df)
        ik_put_s(w, ", DF");
    if (q->ip.fragment) {
        ik_put_s(w, ", fragment at ");
        ik_put_u64(w, q->ip.offset_bytes);
        if (q->ip.mf)
            ik_put_c(w, '+');
    }
}

/* How much of the packet came back. */
static void put_quote(struct ik_put *w, const struct ik_look_packet *p)
{
    const uint64_t quoted = p->icmp.error.quote.left, whole = p->quote.ip.total_bytes;
    ik_put_s(w, "; quotes ");
    ik_put_u64(w, quoted < whole ? quoted : whole);
    if (quoted < whole) {
        ik_put_s(w, " of ");
        ik_put_u64(w, whole);
    }
    ik_put_s(w, " bytes: ");
    ik_dump_quote_put(w, &p->quote);
}

/* ---- extensions ------------------------------------------------------------------------------ */

static void put_mpls(struct ik_put *w, struct ik_rd payload)
{
    struct ik_mpls m;
    ik_put_s(w, "MPLS");
    while (!ik_mpls_take(&payload, &m)) {
        ik_put_s(w, " label ");
        ik_put_u64(w, m.label);
        ik_put_s(w, " tc ");
        ik_put_u64(w, m.tc);
        ik_put_s(w, m.bottom ? " s 1 ttl " : " s 0 ttl ");
        ik_put_u64(w, m.ttl);
    }
}

/* False: it could not be read as a whole. */
static bool put_interface(struct ik_put *w, const struct ik_ext_object *o)
{
    static const char *const roles[] = {"incoming", "sub-IP incoming", "outgoing", "next-hop"};
    struct ik_ifinfo info;
    const enum ik_err err = ik_ifinfo_decode(&info, o, NULL);
    if (err)
        return false;
    ik_put_s(w, roles[info.role & 3]);
    ik_put_s(w, " interface");
    if (info.has_index) {
        ik_put_c(w, ' ');
        ik_put_u64(w, info.index);
    }
    if (info.has_name) {
        ik_put_s(w, " \"");
        ik_put_text(w, info.name, NAME_SHOWN);
        ik_put_c(w, '"');
    }
    if (info.has_addr) {
        ik_put_c(w, ' ');
        ik_put_addr(w, &info.addr);
    }
    if (info.has_mtu) {
        ik_put_s(w, " mtu ");
        ik_put_u64(w, info.mtu);
    }
    return true;
}

void ik_dump_extensions_put(struct ik_put *w, struct ik_rd structure)
{
    enum { CLASS_MPLS = 1, CLASS_INTERFACE = 2 };
    struct ik_rd objects;
    struct ik_ext_object o;
    const char *between = "";
    if (ik_ext_open(&objects, structure, NULL)) {
        ik_put_s(w, "extensions ");
        ik_put_bytes(w, structure, BYTES_SHOWN);
        return;
    }
    while (!ik_ext_take(&objects, &o, NULL)) {
        ik_put_s(w, between);
        between = ", ";
        if (o.class_num == CLASS_MPLS && o.ctype == 1) {
            put_mpls(w, o.payload);
        } else if (o.class_num != CLASS_INTERFACE || !put_interface(w, &o)) {
            ik_put_s(w, "object ");
            ik_put_u64(w, o.class_num);
            ik_put_c(w, '/');
            ik_put_u64(w, o.ctype);
            ik_put_c(w, ' ');
            ik_put_bytes(w, o.payload, BYTES_SHOWN);
        }
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* "3/3 port-unreachable" */
static void put_meaning(struct ik_put *w, const struct ik_icmp *m)
{
    char name[NAME_TEXT];
    ik_put_s(w, "; ");
    ik_put_u64(w, m->type);
    ik_put_c(w, '/');
    ik_put_u64(w, m->code);
    ik_put_c(w, ' ');
    ik_put_s(w, ik_icmp_name(m->family, m->type, m->code, name, sizeof name));
}

/* What octets 4 to 7 of an error say and the words do not. */
static void put_rest(struct ik_put *w, const struct ik_icmp *m)
{
    const struct ik_icmp_error *e = &m->error;
    if (m->family == 4 && m->type == IK_ICMP4_PARAMETER_PROBLEM && m->code && e->pointer) {
        ik_put_s(w, "; pointer ");
        ik_put_u64(w, e->pointer);
    } else if (!e->mtu && !e->pointer && !e->gateway.family && !e->length_words && e->rest) {
        ik_put_s(w, "; unused 0x");
        ik_put_hex(w, e->rest, 8);
    }
}

static void put_error(struct ik_put *w, const struct ik_look_packet *p)
{
    put_meaning(w, &p->icmp);
    put_rest(w, &p->icmp);
    if (p->has_quote) {
        put_quote(w, p);
    } else if (p->icmp.error.quote.left) {
        ik_put_s(w, "; quotes what is no packet: ");
        ik_put_bytes(w, p->icmp.error.quote, BYTES_SHOWN);
    }
    if (p->icmp.error.extensions.left) {
        ik_put_s(w, "; ");
        ik_dump_extensions_put(w, p->icmp.error.extensions);
    }
}

static void put_message(struct ik_put *w, const struct ik_look_packet *p)
{
    const struct ik_icmp *m = &p->icmp;
    if (m->kind == IK_ICMP_ECHO) {
        if (m->code)
            put_meaning(w, m);
        return;
    }
    if (m->kind == IK_ICMP_ERROR) {
        put_error(w, p);
        return;
    }
    put_meaning(w, m);
    char *before = w->at;
    ik_put_s(w, "; ");
    char *fields = w->at;
    ik_dump_fields_put(w, m, p->icmp_bytes);
    if (w->at == fields)
        w->at = before; /* it has none */
}

/* The tunnels that it came through, from the outside. */
static void put_tunnels(struct ik_put *w, const struct ik_layers *l)
{
    bool told = false;
    for (unsigned i = 0; i < l->n; i++) {
        const struct ik_layer *layer = &l->list[i];
        if (layer->kind < IK_LAYER_IPV4)
            continue;
        ik_put_s(w, told ? " " : "; inside ");
        told = true;
        ik_put_s(w, ik_layer_name(layer->kind));
        if (layer->ident) {
            ik_put_c(w, ' ');
            ik_put_u64(w, layer->ident);
        }
    }
    if (l->more)
        ik_put_s(w, "; more layers than are followed");
}

void ik_dump_more_put(struct ik_put *w, const struct ik_look_packet *p)
{
    ik_put_s(w, " [");
    ik_put_u64(w, p->frame.n);
    if (p->pair != IK_LOOK_PAIR_NONE) {
        ik_put_s(w, ": ");
        ik_dump_pair_put(w, p);
    }
    if (p->reassembled) {
        ik_put_s(w, "; of ");
        ik_put_u64(w, p->fragments);
        ik_put_s(w, " fragments");
    }
    put_tunnels(w, &p->layers);
    if (p->has_icmp)
        put_message(w, p);
    if (p->frame.wire_bytes > p->frame.bytes.left) {
        ik_put_s(w, "; captured ");
        ik_put_u64(w, p->frame.bytes.left);
        ik_put_s(w, " of ");
        ik_put_u64(w, p->frame.wire_bytes);
        ik_put_s(w, " bytes");
    }
    if (p->faults.n)
        put_flaws(w, &p->faults);
    ik_put_c(w, ']');
}
