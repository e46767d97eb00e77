/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for the user on standard error: "vmbpf: what failed: why; what is lost (what to do)". Only
 * main and user/cmd/ call this; lower code returns the error.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);

/* Shown with --verbose only. */
__attribute__((format(printf, 1, 2))) void log_detail(const char *format, ...);
void log_set_verbose(bool verbose);

#endif
