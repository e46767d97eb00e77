/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that runs a program for each alert, since vmbpf itself may run none. It is forked
 * before rights are given up and keeps none. When vmbpf is gone, all that it runs is ended.
 */
#ifndef ALERT_EXEC_RUNNER_H
#define ALERT_EXEC_RUNNER_H

#include "base/child.h"
#include "base/privilege.h"

#define RUNS_MAX 4

/* What one run is told: JSON on standard input, all others in its environment. */
enum run_text {
	RUN_JSON,
	RUN_NAME,
	RUN_STATE,
	RUN_SEVERITY,
	RUN_HOST,
	RUN_SCOPE,
	RUN_VM,
	RUN_UUID,
	RUN_KEY,
	RUN_METRIC,
	RUN_VALUE,
	RUN_THRESHOLD,
	RUN_SINCE,
	RUN_REASON,
	RUN_CAUSE,
	RUN_SUGGESTION,
	N_RUN_TEXTS,
};

/* How a run ended. */
enum run_end {
	RUN_EXITED, /* with that status */
	RUN_SIGNALLED, /* by that signal */
	RUN_TOO_LONG,
	RUN_NOT_STARTED, /* errno */
};

struct run_result {
	unsigned slot;
	enum run_end end;
	int number;
};

struct runner_plan {
	const char *program; /* what it is called */
	const char *path; /* what is run, absolute */
	struct privilege_target user; /* whom root becomes */
	uint64_t term_ns; /* after which the process group gets SIGTERM */
	uint64_t kill_ns; /* and so long after that, SIGKILL */
};

/*
 * Forks, hence before there are threads. 0 once it is ready, or -errno: -EACCES when that user may
 * not run the program.
 */
int exec_runner_start(const struct runner_plan *plan, struct child *ret);

/*
 * Has the program run with those texts, none of which is NULL. `slot` is below RUNS_MAX and of no
 * run that goes on. 0; -EMSGSIZE when they are too long together; else -errno: it is gone.
 */
int exec_runner_run(
	struct child *runner, unsigned slot, const char *const texts[static N_RUN_TEXTS]);

/* The result of a run. 0, -ETIMEDOUT when there is none so soon, or -errno: it is gone. */
int exec_runner_wait(struct child *runner, uint64_t timeout_ns, struct run_result *ret);

#endif
