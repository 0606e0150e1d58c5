/* SPDX-License-Identifier: MIT
 * A judge of what leaves a node, with eyes of its own: it shares no line with the code it judges
 * (no decoder, checksum or type of icmpkit). It is told each frame that is sent to the node and
 * each that leaves it, remembers the former for as long as an answer may take, and knows what the
 * RFCs forbid. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* id, what is wrong. */
#define CHECKER_RULES(X)                                                                        \
    X(FRAME, "a frame of no known kind, or from a MAC that is not the node's")                  \
    X(LENGTH, "longer than the link carries, or than the frame is")                             \
    X(HEADER, "an IP header that no node may send")                                             \
    X(SUM_IP, "a wrong IPv4 header checksum")                                                   \
    X(SUM, "a wrong checksum of ICMP, UDP or TCP")                                              \
    X(TTL, "a TTL or hop limit of 0")                                                           \
    X(SOURCE, "a source that is no unicast address of the node")                                \
    X(UNASKED, "a message that nothing asked for, or of a type that is off")                    \
    X(ROLE, "a message that this kind of node does not send")                                   \
    X(HOST_FORWARDS, "a host that forwards")                                                    \
    X(FORWARD, "forwarded what never came, or otherwise than it came")                          \
    X(FORWARD_TWICE, "forwarded more often than it came")                                       \
    X(FORWARD_BANNED, "forwarded what must stay on its link or has an address that may not be") \
    X(ABOUT_NOTHING, "an error whose quote is no packet that was sent")                         \
    X(ABOUT_TWICE, "more errors than packets that they are about")                              \
    X(ABOUT_ERROR, "an error about an error or a redirect")                                     \
    X(ABOUT_GROUP, "an error about a broadcast or multicast packet")                            \
    X(ABOUT_FRAGMENT, "an error about a fragment that is not the first")                        \
    X(ABOUT_SOURCE, "an error about a packet whose source is no single host")                   \
    X(ABOUT_BROKEN, "an error about a packet that is to be discarded silently")                 \
    X(ERROR_TO, "an error to another than the source of the packet, or an answer to many")      \
    X(QUOTE_SHORT, "an error that quotes less than it must")                                    \
    X(ERROR_LONG, "an error longer than 576 (IPv6: 1280) bytes")                                \
    X(ERROR_ZEROES, "an error whose unused octets are not zero")                                \
    X(LIMIT_ONE, "more errors to one destination than the rate allows")                         \
    X(LIMIT_ALL, "more errors than the rate of the node allows")                                \
    X(REPLY, "an answer to no request, to another's, or with other data")                       \
    X(REPLY_TWICE, "more answers than requests")                                                \
    X(REPLY_GROUP, "an answer to a broadcast or multicast request")                             \
    X(RESET, "a TCP segment that answers none, or answers a reset")                             \
    X(ND, "neighbour discovery that its receivers must discard")                                \
    X(ARP, "an ARP packet that answers nothing or lies")                                        \
    X(LEAK, "an inside address outside of a NAT")

enum checker_rule {
    CHECKER_OK,
#define X(id, text) CHECKER_##id,
    CHECKER_RULES(X)
#undef X
        CHECKER_RULE_COUNT
};

const char *checker_rule_name(enum checker_rule rule);
const char *checker_rule_text(enum checker_rule rule);

enum { CHECKER_PORTS = 2 };

struct checker_port {
    uint8_t mac[6];
    uint8_t addr4[4], bits4;
    uint8_t addr6[16], bits6; /* beside the link-local one of the MAC */
    uint32_t mtu;
};

struct checker_node {
    const char *name;
    bool router, nat; /* nat: port 1 is outside, and IPv4 is translated */
    bool advertises;  /* sends router advertisements of both families */
    uint8_t n_ports;
    struct checker_port port[CHECKER_PORTS];
    /* errors a second and at once: to one destination, in all */
    uint32_t rate, burst, rate_all, burst_all;
};

struct checker;
/* `node` is borrowed. NULL: no memory. */
struct checker *checker_new(const struct checker_node *node);
void checker_free(struct checker *c);
/* A frame is sent to the node and reaches it by that port. */
void checker_sent(struct checker *c, uint8_t port, const uint8_t *frame, size_t len);
/* The frame sent last, or that many before it, and its length; NULL when it is forgotten. */
const uint8_t *checker_sent_before(struct checker *c, uint64_t back, size_t *len);
/* A frame leaves the node; instants are nanoseconds that never go back. Which rule it breaks,
 * CHECKER_OK when none. */
enum checker_rule checker_left(struct checker *c, int64_t now, uint8_t port, const uint8_t *frame,
                               size_t len);

struct checker_stats {
    uint64_t sent, left, errors, replies, forwarded, resets, discovery;
    uint64_t broken[CHECKER_RULE_COUNT];
};
const struct checker_stats *checker_stats(const struct checker *c);
