/* SPDX-License-Identifier: MIT
 * Prints the rule of every finding that can be: each that is another once. */
#include "rules.h"

#include <stdio.h>

int main(void)
{
    struct ik_finding f;
    for (unsigned i = 0; rules_finding(i, &f); i++) {
        char rule[IK_RULE_TEXT];
        if (ik_finding_rule(&f, rule)[0])
            puts(rule);
    }
    return 0;
}
