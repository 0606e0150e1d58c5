/* SPDX-License-Identifier: MIT
 * lwIP doing what `bench_stack echo` measures of ours: echo requests of 56 bytes to a host with
 * Debian's liblwip, from memory to memory. `bench_lwip echo [MILLIONS]`; `bench_lwip bytes` prints
 * what one more host (a netif) takes of memory, without its share of the ARP table, which all
 * netifs have in common, nor the stack, of which a process has one.
 *
 * That library is built for a thread of its own (NO_SYS 0); here its input is called directly, with
 * its core lock held for the whole run, which is the cheapest way in that it has. */
#include "bench.h"

#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/tcpip.h>
#include <netif/ethernet.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETHER = 14, IP = 20, DATA = 56, FRAME = ETHER + IP + 8 + DATA, BATCH = 64 };

struct counter {
    uint64_t frames, bytes;
};

static err_t output(struct netif *n, struct pbuf *p)
{
    struct counter *c = n->state;
    c->frames++;
    c->bytes += p->tot_len;
    return ERR_OK;
}

static err_t setup(struct netif *n)
{
    static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0};
    memcpy(n->hwaddr, mac, 6);
    n->hwaddr_len = 6;
    n->mtu = 1500;
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    n->output = etharp_output;
    n->linkoutput = output;
    return ERR_OK;
}

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static unsigned checksum(const uint8_t *p, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i += 2)
        sum += (unsigned)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

static void frame_make(uint8_t *f, unsigned seq)
{
    static const uint8_t head[ETHER + IP] = {
        2, 0, 0, 0, 0,  0, 2, 0, 0,  0, 1, 1, 8,  0, 0x45, 0, 0, FRAME - ETHER,
        0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0,    1};
    memset(f, 0, FRAME);
    memcpy(f, head, sizeof(head));
    put16(f + ETHER + 4, seq);
    put16(f + ETHER + 10, checksum(f + ETHER, IP));
    uint8_t *icmp = f + ETHER + IP;
    icmp[0] = 8;
    put16(icmp + 4, 1);
    put16(icmp + 6, seq);
    put16(icmp + 2, checksum(icmp, 8 + DATA));
}

/* The request of an ARP exchange, so that the host knows who asks. */
static void arp_make(uint8_t *f)
{
    static const uint8_t arp[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1,  1, 8, 6,
                                    0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,  0, 1, 1,
                                    10,   0,    0,    2,    0,    0,    0, 0, 0, 0, 10, 0, 0, 1};
    memcpy(f, arp, sizeof(arp));
}

static void input(struct netif *n, const uint8_t *f, size_t len)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    need(p != NULL && pbuf_take(p, f, (u16_t)len) == ERR_OK, "no buffer");
    if (n->input(p, n) != ERR_OK)
        pbuf_free(p);
}

static void echo(double millions)
{
    static uint8_t frames[BATCH][FRAME];
    static struct netif n;
    struct counter count = {0, 0};
    ip4_addr_t addr, mask, gw;
    IP4_ADDR(&addr, 10, 0, 0, 1);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gw, 10, 0, 0, 2);
    tcpip_init(NULL, NULL);
    LOCK_TCPIP_CORE();
    need(netif_add(&n, &addr, &mask, &gw, &count, setup, ethernet_input) != NULL, "no netif");
    netif_set_up(&n);
    arp_make(frames[0]);
    input(&n, frames[0], 42);
    for (unsigned i = 0; i < BATCH; i++)
        frame_make(frames[i], i);
    count = (struct counter){0, 0};
    const uint64_t batches = (uint64_t)(millions * 1e6 / BATCH);
    const int64_t start = clock_ns();
    for (uint64_t i = 0; i < batches; i++)
        for (unsigned k = 0; k < BATCH; k++)
            input(&n, frames[k], FRAME);
    const double rate = (double)(batches * BATCH) * 1e9 / (double)(clock_ns() - start);
    UNLOCK_TCPIP_CORE();
    need(count.frames == batches * BATCH && count.bytes == count.frames * FRAME,
         "a frame had no answer");
    printf("lwip echo: %.0f million frames, %.0f a second, %.1f ns each\n", millions, rate,
           1e9 / rate);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "echo"))
        echo(argc > 2 ? strtod(argv[2], NULL) : 20);
    else if (argc > 1 && !strcmp(argv[1], "bytes"))
        printf("lwip, one more netif, %zu bytes\n", sizeof(struct netif));
    else
        need(0, "usage: bench_lwip echo [MILLIONS] | bytes");
    return 0;
}
