/* SPDX-License-Identifier: MIT
 * The kinds of talks that stand in two files. */
#pragma once

#include "benign.h"

void benign_monitor_begin(struct world *w, struct talk *t);
void benign_ping_begin(struct world *w, struct talk *t);
void benign_ping_happen(struct world *w, struct talk *t, const struct event *e);
void benign_tcp_begin(struct world *w, struct talk *t);
void benign_tcp_happen(struct world *w, struct talk *t, const struct event *e);
void benign_trace_begin(struct world *w, struct talk *t);
void benign_trace_happen(struct world *w, struct talk *t, const struct event *e);
