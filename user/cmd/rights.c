/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the decision whom to become, and what is said when that fails. */
#include "cmd/rights.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/privilege.h"
#include "cmd/cmd.h"

static int find_target(const struct config *config, struct privilege_target *target)
{
	int err = privilege_find_user(config->user, target);

	if (!err)
		return 0;
	if (config->user && err == -ENOENT) {
		log_error("--user: there is no account '%s'", config->user);
		return EX_USAGE;
	}
	if (err == -ENOENT) {
		log_error("there is no account 'vmbpf' or 'nobody' to become, and vmbpf does not "
			  "stay root unasked (make one, or use --user)");
		return EX_CONFIG;
	}
	log_error("cannot look the account up: %s", strerror(-err));
	return EX_OSERR;
}

int rights_drop(const struct config *config)
{
	struct privilege_target target = { 0 };
	char text[160];
	int err, status = 0;

	if (geteuid() == 0)
		status = find_target(config, &target);
	else if (config->user)
		log_warning("--user is ignored: only root can become another account");
	if (status)
		return status;
	err = privilege_drop(&target);
	if (err) {
		log_error("cannot give up the rights of root: %s; vmbpf does not keep them while "
			  "it reads what VMs control (grant CAP_SETUID, CAP_SETGID and "
			  "CAP_SETPCAP, or run as another user)",
			strerror(-err));
		return err == -EPERM ? EX_NOPERM : EX_OSERR;
	}
	log_detail("runs as %s", privilege_describe(text, sizeof(text)));
	return 0;
}
