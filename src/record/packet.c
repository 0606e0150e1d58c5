/* SPDX-License-Identifier: MIT
 * The parts of a captured packet as JSON. */
#include "record/packet.h"

#include <icmpkit/wire.h>

#include "record/json.h"
#include "record/told.h"

/* ---- IP -------------------------------------------------------------------------------------- */

/* An IPv6 packet has an identification only in a fragment header. */
static bool has_id(const struct ik_ip *ip)
{
    return ip->version == 4 || ip->fragment || ip->id;
}

void ik_packet_put_ip(struct ik_wr *w, const struct ik_rec_ip *at)
{
    const struct ik_ip *const ip = at->header;
    ik_wr_put8(w, '{');
    ik_json_put_member_u64(w, "version", ip->version);
    ik_json_put_member_addr(w, "src", &ip->src);
    ik_json_put_member_addr(w, "dst", &ip->dst);
    ik_json_put_member_u64(w, "ttl", ip->ttl);
    ik_json_put_member_u64(w, "tos", ip->tos);
    if (has_id(ip))
        ik_json_put_member_u64(w, "id", ip->id);
    ik_json_put_member_u64(w, "len", ip->total_bytes);
    ik_json_put_member_bool(w, "df", ip->df);
    ik_json_put_member_bool(w, "mf", ip->mf);
    ik_json_put_member_u64(w, "offset", ip->offset_bytes);
    ik_json_put_member_u64(w, "proto", ip->proto);
    if (ip->version == 6) {
        ik_json_put_member_u64(w, "flow", ip->flow);
    } else {
        ik_json_put_member_u64(w, "checksum", ip->checksum);
        ik_json_put_member_bool(w, "checksum_ok", ip->checksum_ok);
    }
    ik_told_put_ip(w, ip, at->bytes);
    ik_wr_put8(w, '}');
}

/* ---- ICMP ------------------------------------------------------------------------------------ */

enum { NAME_TEXT = 64 };

void ik_packet_put_icmp(struct ik_wr *w, const struct ik_rec_icmp *at)
{
    const struct ik_icmp *const msg = at->msg;
    char name[NAME_TEXT];
    ik_wr_put8(w, '{');
    ik_json_put_member_u64(w, "type", msg->type);
    ik_json_put_member_u64(w, "code", msg->code);
    ik_json_put_member_word(w, "name",
                            ik_icmp_name(msg->family, msg->type, msg->code, name, sizeof(name)));
    ik_json_put_member_u64(w, "checksum", msg->checksum);
    ik_json_put_key(w, "checksum_ok");
    ik_fmt_put_text(w, !msg->checksum_known ? "null" : msg->checksum_ok ? "true" : "false");
    ik_told_put_icmp(w, msg, at->bytes);
    ik_wr_put8(w, '}');
}

/* ---- link ------------------------------------------------------------------------------------ */

static const char *layer_name(enum ik_layer_kind kind)
{
    static const char *const names[] = {
#define X(id, name) [IK_LAYER_##id] = name,
        IK_LAYERS(X)
#undef X
    };
    return (unsigned)kind < sizeof(names) / sizeof(*names) ? names[kind] : "unknown";
}

/* Kinds that cannot be without their number, even where it is 0. */
static bool is_numbered(enum ik_layer_kind kind)
{
    return kind == IK_LAYER_VLAN || kind == IK_LAYER_MPLS || kind == IK_LAYER_PPPOE ||
           kind == IK_LAYER_VXLAN || kind == IK_LAYER_GENEVE;
}

static void put_layer(struct ik_wr *w, const struct ik_layer *layer)
{
    ik_json_put_comma(w);
    ik_wr_put8(w, '{');
    ik_json_put_member_word(w, "layer", layer_name(layer->kind));
    ik_json_put_member_u64(w, "at", layer->at_bytes);
    ik_json_put_member_u64(w, "bytes", layer->bytes);
    if (layer->ident || is_numbered(layer->kind))
        ik_json_put_member_u64(w, "ident", layer->ident);
    if (layer->kind == IK_LAYER_VLAN || layer->kind == IK_LAYER_MPLS)
        ik_json_put_member_u64(w, "priority", layer->priority);
    ik_wr_put8(w, '}');
}

static void put_mac(struct ik_wr *w, const char *key, const uint8_t mac[static 6])
{
    uint8_t text[3 * 6] = {0};
    struct ik_wr one;
    for (unsigned i = 0; i < 6; i++) {
        ik_wr_init(&one, text + 3 * i, 2);
        ik_fmt_put_hex(&one, (struct ik_rd){mac + i, 1});
        text[3 * i + 2] = ':';
    }
    ik_json_put_key(w, key);
    ik_wr_put8(w, '"');
    ik_wr_put(w, (struct ik_rd){text, sizeof(text) - 1});
    ik_wr_put8(w, '"');
}

static bool has_macs(const struct ik_layers *layers)
{
    for (unsigned i = 0; i < layers->n; i++)
        if (layers->list[i].kind == IK_LAYER_ETHERNET)
            return true;
    return false;
}

void ik_packet_put_layers(struct ik_wr *w, const struct ik_layers *layers)
{
    ik_wr_put8(w, '{');
    if (has_macs(layers)) {
        put_mac(w, "src_mac", layers->src_mac);
        put_mac(w, "dst_mac", layers->dst_mac);
    }
    ik_json_put_key(w, "layers");
    ik_wr_put8(w, '[');
    for (unsigned i = 0; i < layers->n; i++)
        put_layer(w, &layers->list[i]);
    ik_wr_put8(w, ']');
    if (layers->more)
        ik_json_put_member_bool(w, "more", true);
    ik_wr_put8(w, '}');
}

/* ---- flaws and pairs ------------------------------------------------------------------------- */

void ik_packet_put_flaws(struct ik_wr *w, const struct ik_faults *faults)
{
    ik_wr_put8(w, '[');
    for (unsigned i = 0; i < faults->n; i++) {
        ik_json_put_comma(w);
        ik_wr_put8(w, '{');
        ik_json_put_member_word(w, "what", ik_flaw_name(faults->list[i].what));
        ik_json_put_member_u64(w, "at", faults->list[i].at);
        ik_wr_put8(w, '}');
    }
    if (faults->more) {
        ik_json_put_comma(w);
        ik_fmt_put_text(w, "{\"more\":true}");
    }
    ik_wr_put8(w, ']');
}

void ik_packet_put_pair(struct ik_wr *w, const struct ik_rec_pair *pair)
{
    ik_wr_put8(w, '{');
    ik_json_put_member_word(w, "kind", pair->kind);
    if (pair->n)
        ik_json_put_member_u64(w, "n", pair->n);
    if (pair->rtt != IK_NEVER) {
        ik_json_put_key(w, "rtt_ns");
        ik_fmt_put_i64(w, pair->rtt);
    }
    ik_wr_put8(w, '}');
}

void ik_packet_put_evidence(struct ik_wr *w, const struct ik_rec_evidence *evidence)
{
    enum { FRAMES_MAX = 16 };
    const size_t n = evidence->n < FRAMES_MAX ? evidence->n : FRAMES_MAX;
    ik_wr_put8(w, '[');
    for (size_t i = 0; i < n; i++) {
        const struct ik_evidence *const e = &evidence->list[i];
        ik_json_put_comma(w);
        ik_wr_put8(w, '{');
        ik_json_put_member_u64(w, "n", e->n);
        ik_json_put_key(w, "time");
        if (e->time == IK_NEVER) {
            ik_fmt_put_text(w, "null");
        } else {
            ik_wr_put8(w, '"');
            ik_fmt_put_time(w, e->time);
            ik_wr_put8(w, '"');
        }
        ik_json_put_member_u64(w, "at", e->at_bytes);
        ik_json_put_key(w, "bytes");
        ik_json_put_hex(w, (struct ik_rd){e->bytes, e->n_bytes});
        ik_wr_put8(w, '}');
    }
    ik_wr_put8(w, ']');
}
