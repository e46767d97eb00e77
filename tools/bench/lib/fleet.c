/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many VMs for a benchmark, and reading their threads through /proc. */
#include "lib/fleet.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "lib/usage.h"
#include "vmbpf/model.h"

/* Fields of /proc/TID/stat after the name; stime follows. */
#define WORDS_BEFORE_UTIME 11

static void exec_stub(unsigned vms, unsigned vcpus, bool halted, int input, int output)
{
	char path[1100], n_vms[16], n_vcpus[16];

	build_path("tests/stub_vms", path, sizeof(path));
	snprintf(n_vms, sizeof(n_vms), "%u", vms);
	snprintf(n_vcpus, sizeof(n_vcpus), "%u", vcpus);
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	execl(path, "stub_vms", n_vms, n_vcpus, halted ? "halted" : NULL, NULL);
	_exit(127);
}

int fleet_start(struct fleet *fleet, unsigned vms, unsigned vcpus, bool halted)
{
	int stop[2], ready[2];
	ssize_t got;
	char byte;

	*fleet = (struct fleet){ .stop = -1 };
	if (pipe2(stop, O_CLOEXEC) || pipe2(ready, O_CLOEXEC))
		return -errno;
	fleet->stub = fork();
	if (fleet->stub < 0)
		return -errno;
	if (fleet->stub == 0)
		exec_stub(vms, vcpus, halted, stop[0], ready[1]);
	close(stop[0]);
	close(ready[1]);
	fleet->stop = stop[1];
	got = read(ready[0], &byte, 1);
	close(ready[0]);
	return got == 1 ? 0 : -ECHILD;
}

static void forget_list(struct fleet *fleet)
{
	for (unsigned i = 0; i < fleet->n_threads; i++)
		close(fleet->schedstats[i]);
	free(fleet->schedstats);
	free(fleet->pids);
	fleet->schedstats = NULL;
	fleet->pids = NULL;
	fleet->n_threads = fleet->n_vms = fleet->n_vcpus = 0;
}

void fleet_stop(struct fleet *fleet)
{
	forget_list(fleet);
	if (fleet->stop >= 0)
		close(fleet->stop);
	if (fleet->stub > 0)
		waitpid(fleet->stub, NULL, 0);
	*fleet = (struct fleet){ .stop = -1 };
}

static int open_schedstats(struct fleet *fleet, const struct vm *vm)
{
	char path[64];

	for (const struct thread *thread = vm->threads; thread; thread = thread->next) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", vm->pid, thread->tid);
		fleet->schedstats[fleet->n_threads] = open(path, O_RDONLY | O_CLOEXEC);
		if (fleet->schedstats[fleet->n_threads] < 0)
			return -errno;
		fleet->n_threads++;
	}
	return 0;
}

static unsigned count_kvm_vcpus(const struct vm *vm)
{
	unsigned n = 0;

	for (const struct vcpu *vcpu = vm->vcpus; vcpu; vcpu = vcpu->next)
		n += vcpu->e.have & SRC_KVM ? 1 : 0;
	return n;
}

int fleet_list(struct fleet *fleet, const struct snapshot *snap)
{
	size_t n_vms = 0, n_threads = 0;
	int err = 0;

	forget_list(fleet);
	for (const struct vm *vm = snap->vms; vm; vm = vm->next) {
		n_vms++;
		n_threads += vm->n_threads;
	}
	fleet->pids = calloc(n_vms + 1, sizeof(*fleet->pids));
	fleet->schedstats = calloc(n_threads + 1, sizeof(*fleet->schedstats));
	if (!fleet->pids || !fleet->schedstats)
		return -ENOMEM;
	for (const struct vm *vm = snap->vms; vm && !err; vm = vm->next) {
		fleet->pids[fleet->n_vms++] = vm->pid;
		fleet->n_vcpus += count_kvm_vcpus(vm);
		err = open_schedstats(fleet, vm);
	}
	return err;
}

/* In one read, as a monitor does that knows how short these files are. */
static bool read_file(int tasks, const char *tid, const char *name, char *text, size_t size)
{
	char path[300];
	ssize_t got = -1;

	snprintf(path, sizeof(path), "%s/%s", tid, name);
	AUTO_FD int fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		got = read(fd, text, size - 1);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

static void sum_words(struct fleet *fleet, const char *text, unsigned n)
{
	uint64_t value;

	for (; n && !buf_u64(&text, &value); n--)
		fleet->sum += value;
}

static void sum_value(struct fleet *fleet, const char *text, const char *key)
{
	uint64_t value;

	if (!buf_value(text, key, &value))
		fleet->sum += value;
}

static void read_thread(struct fleet *fleet, int tasks, const char *tid)
{
	char text[4096];
	const char *at;

	if (read_file(tasks, tid, "stat", text, sizeof(text))) {
		at = strrchr(text, ')');
		if (at && !buf_skip(&at, WORDS_BEFORE_UTIME + 1))
			sum_words(fleet, at, 2);
	}
	if (read_file(tasks, tid, "schedstat", text, sizeof(text)))
		sum_words(fleet, text, 3);
	if (read_file(tasks, tid, "status", text, sizeof(text))) {
		sum_value(fleet, text, "voluntary_ctxt_switches:");
		sum_value(fleet, text, "nonvoluntary_ctxt_switches:");
	}
}

static void read_process(struct fleet *fleet, pid_t pid)
{
	const struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	AUTO_DIR DIR *tasks = opendir(path);

	while (tasks && (entry = readdir(tasks))) {
		if (entry->d_name[0] != '.')
			read_thread(fleet, dirfd(tasks), entry->d_name);
	}
}

void fleet_read_proc(struct fleet *fleet)
{
	for (unsigned i = 0; i < fleet->n_vms; i++)
		read_process(fleet, fleet->pids[i]);
}

void fleet_read_cached(struct fleet *fleet)
{
	char text[128];

	for (unsigned i = 0; i < fleet->n_threads; i++) {
		ssize_t got = pread(fleet->schedstats[i], text, sizeof(text) - 1, 0);

		if (got <= 0)
			continue;
		text[got] = '\0';
		sum_words(fleet, text, 3);
	}
}
