/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { USUAL_WIDTH = 80, LEAST_WIDTH = 40 };

struct ik_page ik_page_stdout(void)
{
    struct ik_page p = {.to = stdout, .width = USUAL_WIDTH};
    struct winsize size;
    if (!isatty(STDOUT_FILENO))
        return p;
    if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
        p.width = size.ws_col < LEAST_WIDTH ? LEAST_WIDTH : size.ws_col;
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    p.colour = !(no && *no) && term && *term && strcmp(term, "dumb") != 0;
    return p;
}

static int columns(const char *text, size_t n)
{
    mbstate_t state = {0};
    int sum = 0;
    while (n > 0) {
        wchar_t c;
        const size_t len = mbrtowc(&c, text, n, &state);
        if (len == 0 || len > n) {
            memset(&state, 0, sizeof state);
            sum++;
            text++;
            n--;
            continue;
        }
        const int w = wcwidth(c);
        sum += w < 0 ? 1 : w;
        text += len;
        n -= len;
    }
    return sum;
}

int ik_page_columns(const char *text)
{
    return columns(text, strlen(text));
}

void ik_page_put(const struct ik_page *p, enum ik_page_mark mark, const char *text)
{
    static const char *const begin[] = {
        [IK_PAGE_PLAIN] = "", [IK_PAGE_HEAD] = "\x1b[1m", [IK_PAGE_COMMAND] = "\x1b[36m"};
    const bool marked = p->colour && mark != IK_PAGE_PLAIN;
    if (marked)
        fputs(begin[mark], p->to);
    fputs(text, p->to);
    if (marked)
        fputs("\x1b[0m", p->to);
}

void ik_page_pad(const struct ik_page *p, int n)
{
    if (n > 0)
        fprintf(p->to, "%*s", n, "");
}

void ik_page_fill(const struct ik_page *p, const char *text, size_t n, int at, int indent)
{
    bool first = true;
    for (const char *end = text + n; text < end;) {
        const char *blank = memchr(text, ' ', (size_t)(end - text));
        const size_t len = (size_t)((blank ? blank : end) - text);
        const int w = columns(text, len);
        if (!first && at + 1 + w > p->width) {
            fputc('\n', p->to);
            ik_page_pad(p, indent);
            at = indent;
        } else if (!first) {
            fputc(' ', p->to);
            at++;
        }
        fwrite(text, 1, len, p->to);
        at += w;
        first = false;
        text += len + (blank != NULL);
    }
    fputc('\n', p->to);
}

void ik_page_head(const struct ik_page *p, const char *text)
{
    fputc('\n', p->to);
    ik_page_put(p, IK_PAGE_HEAD, text);
    fputc('\n', p->to);
}
