/* SPDX-License-Identifier: MIT
 * Capture files as bytes, and the way from a captured frame down to IP: pure, bounded, no I/O.
 * Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, the LINKTYPE_ registry. */
#pragma once

#include <icmpkit/base.h>

struct ik_faults;
struct ik_ip;

/* ---- link types ------------------------------------------------------------------------------ */

/* Value in files, id, spelling in outputs, what comes first. */
#define IK_LINKTYPES(X)                                                  \
    X(0, NULL, "null", "family in the byte order of the writer")         \
    X(1, ETHERNET, "ethernet", "an Ethernet header")                     \
    X(9, PPP, "ppp", "a PPP header, perhaps behind HDLC-like framing")   \
    X(50, PPP_HDLC, "ppp-hdlc", "a PPP header behind HDLC-like framing") \
    X(51, PPP_ETHER, "pppoe", "a PPPoE header")                          \
    X(101, RAW, "raw", "an IPv4 or IPv6 header")                         \
    X(104, C_HDLC, "cisco-hdlc", "a Cisco HDLC header")                  \
    X(108, LOOP, "loop", "family in network byte order")                 \
    X(113, LINUX_SLL, "linux-cooked", "a Linux cooked header")           \
    X(228, IPV4, "ipv4", "an IPv4 header")                               \
    X(229, IPV6, "ipv6", "an IPv6 header")                               \
    X(276, LINUX_SLL2, "linux-cooked-v2", "a Linux cooked header, version 2")

enum ik_linktype {
#define X(value, id, name, text) IK_LINKTYPE_##id = value,
    IK_LINKTYPES(X)
#undef X
};

/* The name of a link type ("ethernet"), static; NULL when we do not read it. */
const char *ik_linktype_name(uint16_t linktype);

/* ---- files ----------------------------------------------------------------------------------- */

enum ik_capfile_format { IK_CAPFILE_UNKNOWN, IK_CAPFILE_PCAP, IK_CAPFILE_PCAPNG };

enum ik_capfile_kind {
    IK_CAPFILE_PACKET,
    IK_CAPFILE_SECTION,   /* pcapng: interfaces are counted anew; pcap: its header */
    IK_CAPFILE_INTERFACE, /* one more interface of the section */
    IK_CAPFILE_STATS,     /* pcapng: what the writer counted */
    IK_CAPFILE_OTHER,     /* a block that says nothing about packets */
};

/* What can be wrong with a file, spelling, for people. After a fault of a kind that leaves the
 * reader knowing where the next block is, reading goes on. */
#define IK_CAPFILE_FAULTS(X)                                                        \
    X(NONE, "none", "nothing is wrong")                                             \
    X(MAGIC, "magic", "no capture file: the first bytes are of no format we know")  \
    X(TRUNCATED, "truncated", "the file ends inside a block or packet")             \
    X(LENGTH, "length", "a block length that cannot be")                            \
    X(TRAILER, "trailer", "the length behind a block is not the one before it")     \
    X(INTERFACE, "interface", "a packet of an interface that was never described")  \
    X(INTERFACES, "interfaces", "more interfaces than are remembered")              \
    X(CAPLEN, "caplen", "more captured bytes than the packet or its block has")     \
    X(OPTION, "option", "an option that cannot be, or reaches past its block")      \
    X(TOO_BIG, "too-big", "a block or packet larger than any reader should accept") \
    X(VERSION, "version", "a version of the format that we do not read")            \
    X(GZIP_CUT, "gzip-cut", "the file ends inside data packed by gzip")             \
    X(GZIP_DAMAGED, "gzip-damaged", "data packed by gzip is damaged")

enum ik_capfile_fault {
#define X(id, name, text) IK_CAPFILE_FAULT_##id,
    IK_CAPFILE_FAULTS(X)
#undef X
};
const char *ik_capfile_fault_name(enum ik_capfile_fault f);
const char *ik_capfile_fault_text(enum ik_capfile_fault f);

/* One thing out of a file; spans borrow from the bytes that were given, `name` of a packet from the
 * reader until its next item. */
struct ik_capfile_item {
    enum ik_capfile_kind kind;
    enum ik_capfile_fault fault; /* with what follows as far as it could be read */
    uint64_t at_bytes;           /* where it begins in the file */
    uint32_t interface;          /* PACKET, INTERFACE, STATS: number in its section */
    uint16_t linktype;           /* PACKET, INTERFACE, SECTION of pcap; UINT16_MAX: not told */
    ik_ns time;                  /* PACKET: since 1970-01-01 UTC; IK_NEVER: not told */
    struct ik_rd bytes;          /* PACKET: what was captured; OTHER: the body */
    uint32_t wire_bytes;         /* PACKET: how long it was */
    uint32_t snap_bytes;         /* INTERFACE, SECTION of pcap: longest captured, 0 no limit */
    uint32_t block_type;         /* OTHER */
    struct ik_rd name;           /* INTERFACE, PACKET: of the interface, may be empty */
    struct ik_rd comment;        /* the first one, may be empty */
    uint64_t received, dropped;  /* STATS; UINT64_MAX: not told */
};

/* Interfaces of one section that are known by number. */
enum { IK_CAPFILE_INTERFACES = 256, IK_CAPFILE_BLOCK_MAX = 16 << 20 };

struct ik_capfile_interface {
    uint16_t linktype;
    uint32_t snap_bytes;
    uint64_t per_s; /* units of time in a second, 0: times cannot be told */
    ik_ns offset;   /* added to each time */
    uint8_t name_bytes;
    char name[31]; /* longer ones are cut */
};

/* A reader over bytes that somebody else fetches. */
struct ik_capfile {
    enum ik_capfile_format format;
    bool big_endian;
    bool ended;            /* nothing can be read beyond here */
    uint16_t minor;        /* pcap: version 2.minor */
    uint64_t at_bytes;     /* of the next item in the file */
    uint32_t n_interfaces; /* of the section */
    struct ik_capfile_interface interfaces[IK_CAPFILE_INTERFACES];
};

void ik_capfile_init(struct ik_capfile *c);
/* Takes the next item from `in`, which goes on where the last call left it. IK_E_AGAIN: more bytes
 * are needed (nothing taken; `need_bytes` is how many in all, at least one more than there are).
 * With `end` no more will come: IK_E_NOT_FOUND at a clean end, else an item with a fault. An error
 * other than these two is in out->fault too, and the file cannot be read beyond it: *out holds what
 * there was of the last item (a packet may be cut), and from then on it is IK_E_NOT_FOUND. *out is
 * touched only with an item. */
IK_MUST_USE enum ik_err ik_capfile_take(struct ik_capfile *c, struct ik_rd *in, bool end,
                                        struct ik_capfile_item *out, size_t *need_bytes);

/* ---- from a frame down to IP ----------------------------------------------------------------- */

/* id, spelling in outputs. */
#define IK_LAYERS(X)        \
    X(ETHERNET, "ethernet") \
    X(VLAN, "vlan")         \
    X(MACSEC, "macsec")     \
    X(MPLS, "mpls")         \
    X(PPPOE, "pppoe")       \
    X(PPP, "ppp")           \
    X(HDLC, "hdlc")         \
    X(COOKED, "cooked")     \
    X(NULL, "null")         \
    X(LLC, "llc")           \
    X(IPV4, "ipv4")         \
    X(IPV6, "ipv6")         \
    X(AH, "ah")             \
    X(GRE, "gre")           \
    X(UDP, "udp")           \
    X(VXLAN, "vxlan")       \
    X(GENEVE, "geneve")     \
    X(ERSPAN, "erspan")

enum ik_layer_kind {
#define X(id, name) IK_LAYER_##id,
    IK_LAYERS(X)
#undef X
};
const char *ik_layer_name(enum ik_layer_kind kind);

/* One header around the innermost IP packet: where it lies in the frame, and the one number that
 * tells it from its like (VLAN id, MPLS label, PPPoE session, GRE key, VXLAN network, interface
 * index of a cooked header; 0 without one). */
struct ik_layer {
    enum ik_layer_kind kind;
    uint32_t at_bytes, bytes;
    uint32_t ident;
    uint8_t priority; /* of a VLAN tag or MPLS entry */
};

/* More than these are not followed: a frame of nothing but tags is somebody's joke. */
enum { IK_LAYERS_MAX = 16 };

/* Headers in order, outermost first; the innermost IP packet itself is not among them. */
struct ik_layers {
    uint8_t n;
    bool more;            /* there were more than fit: `ip` is then where following stopped */
    bool has_ip;          /* false: no IP inside, `ip` is what was left */
    uint16_t ethertype;   /* of what was left, where one is known */
    uint32_t ip_at_bytes; /* where `ip` begins in the frame */
    struct ik_rd ip;      /* from the IP header on, link padding included */
    uint8_t dst_mac[6], src_mac[6]; /* of the outermost Ethernet header; zeros without one */
    struct ik_layer list[IK_LAYERS_MAX];
};

/* Finds the innermost IP packet of a frame: through VLAN tags, MPLS, PPPoE, PPP, HDLC, and through
 * IP in IP (RFC 2003, 2473, 4213), Ethernet in IPv6 (RFC 8986), GRE (RFC 2784, 2890) and, by their
 * UDP ports, VXLAN (RFC 7348), GENEVE (RFC 8926) and MPLS in UDP (RFC 7510). A fragment is not
 * entered, and a tunnel in which there is no IP is left: then its own IP packet is the innermost.
 * IK_E_UNSUPPORTED: a link type that we do not read; IK_E_SHORT: the frame ends inside a header (a
 * fault too; has_ip is true when that was in a tunnel); IK_OK also when there is no IP (has_ip
 * false). */
IK_MUST_USE enum ik_err ik_layers_decode(struct ik_layers *out, uint16_t linktype,
                                         struct ik_rd frame, struct ik_faults *faults);
/* The same from an IP packet on, which is what a reassembled tunnel packet is. */
IK_MUST_USE enum ik_err ik_layers_decode_ip(struct ik_layers *out, struct ik_rd packet,
                                            struct ik_faults *faults);
