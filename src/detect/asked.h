/* SPDX-License-Identifier: MIT
 * Whether answers were asked for: what two hosts asked each other and was not answered yet. Many
 * answers to one question are one that was asked for, and the rest that were not. */
#pragma once

#include "detect/part.h"

struct ik_asked;
size_t ik_asked_bytes(void);
/* `mem` is zeroed and aligned to 64 bytes. */
struct ik_asked *ik_asked_init(void *mem);
/* Fetches ahead what judge needs. */
void ik_asked_expect(const struct ik_asked *a, const struct ik_sight *s);
/* Notes a question, and judges an answer. */
enum ik_answer ik_asked_judge(struct ik_asked *a, const struct ik_sight *s);
/* Questions that gave way before anybody answered. */
uint64_t ik_asked_evicted(const struct ik_asked *a);
