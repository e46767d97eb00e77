/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairs of names and values on one line, as log files and those who collect them have it. */
#ifndef ALERT_LOGFMT_H
#define ALERT_LOGFMT_H

#include "alert/rule.h"

struct arena;

/*
 * team=infra tier="a b"; pairs without a value are left out. Values are quoted where it takes that;
 * there, \ stands before " and \ and in \n, \r and \t, and what else is not safe to print is \xNN
 * byte by byte, so that the value can be told exactly. What has no place in a name becomes _.
 */
const char *logfmt_text(struct arena *arena, const struct pairs *pairs);

#endif
