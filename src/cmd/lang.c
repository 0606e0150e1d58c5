/* SPDX-License-Identifier: MIT */
#include "lang.h"

#include <icmpkit/host.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const ik_lang_choices[] = {"en", "ko", NULL};

enum { PATH_CAP = 4096 };

/* "ko", "ko_KR.UTF-8", "ko:en". */
static bool is_korean(const char *name)
{
    return !strncmp(name, "ko", 2) && (name[2] == '\0' || strchr("_.:@", name[2]));
}

/* The locale of messages, as setlocale(3) finds it. */
static const char *locale_name(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *v = getenv(names[i]);
        if (v && *v)
            return v;
    }
    return "C";
}

enum ik_explain_lang ik_lang_wanted(char *const *argv)
{
    const char *asked = NULL;
    for (; *argv && strcmp(*argv, "--"); argv++) {
        if (!strcmp(*argv, "--lang") && argv[1])
            asked = *++argv;
        else if (!strncmp(*argv, "--lang=", 7))
            asked = *argv + 7;
    }
    if (asked)
        return is_korean(asked) ? IK_EXPLAIN_KO : IK_EXPLAIN_EN;
    const char *locale = locale_name(), *language = getenv("LANGUAGE");
    /* gettext asks LANGUAGE only where there is a locale. */
    if (strcmp(locale, "C") && strcmp(locale, "POSIX") && language && *language)
        locale = language;
    return is_korean(locale) ? IK_EXPLAIN_KO : IK_EXPLAIN_EN;
}

/* Where the catalogues are: beside the command in the build tree, else where they are installed. A
 * command with privileges of its own takes none from a place that its caller may have made. */
static void find_catalogues(char *dir, size_t cap)
{
    snprintf(dir, cap, "%s", IK_LOCALEDIR);
    char exe[PATH_CAP], file[PATH_CAP + 64];
    const ssize_t n =
        ik_priv_is_secure_exec() ? -1 : readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return;
    exe[n] = '\0';
    char *slash = strrchr(exe, '/');
    if (!slash)
        return;
    *slash = '\0';
    snprintf(file, sizeof file, "%s/po/ko/LC_MESSAGES/icmpkit.mo", exe);
    if (!access(file, R_OK))
        snprintf(dir, cap, "%s/po", exe);
}

const char *ik_lang_text(const char *text)
{
    return *text ? gettext(text) : text;
}

const char *ik_lang_err(enum ik_err err)
{
    return ik_lang_text(ik_err_text(err));
}

/* In our words first: the C library's are there only where that language is installed. */
const char *ik_lang_errno(int number)
{
    const char *plain = strerrordesc_np(number);
    const char *text = plain ? ik_lang_text(plain) : NULL;
    return text && text != plain ? text : strerror(number);
}

bool ik_lang_start(enum ik_explain_lang lang)
{
    if (lang == IK_EXPLAIN_EN) {
        /* No locale is set, so gettext gives its argument. */
        return true;
    }
    /* Always there, so that the language needs no generated locale; gettext then goes by LANGUAGE.
     */
    if (!setlocale(LC_CTYPE, "C.UTF-8") || !setlocale(LC_MESSAGES, "C.UTF-8") ||
        setenv("LANGUAGE", "ko", 1))
        return false;
    char dir[PATH_CAP + 64];
    find_catalogues(dir, sizeof dir);
    if (!bindtextdomain("icmpkit", dir) || !textdomain("icmpkit") ||
        !bind_textdomain_codeset("icmpkit", "UTF-8"))
        return false;
    /* The catalogue says which language it has. */
    return !strcmp(_("en"), "ko");
}
