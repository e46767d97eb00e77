/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up the rights of whoever started vmbpf. */
#ifndef CMD_RIGHTS_H
#define CMD_RIGHTS_H

#include "vmbpf/config.h"

/*
 * Once all is open that needs rights, and before there are threads: becomes config->user and keeps
 * what reading BPF maps takes. 0, or the exit status after one line on standard error.
 */
int rights_drop(const struct config *config);

#endif
