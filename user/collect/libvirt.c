/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the collector of what libvirt knows. It never waits for libvirt: threads of its own do. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "collect/libvirt_connection.h"
#include "collect/libvirt_merge.h"
#include "collect/libvirt_pidfile.h"
#include "collect/libvirt_thread.h"
#include "collect/registry.h"

/* What a command that shows one snapshot and ends is ready to wait for libvirt. */
#define FIRST_POLL_NS NSEC_PER_SEC

/* The state of the collector. */
struct libvirt_source {
	struct libvirt_thread *thread;
	struct merger merger;
	const char *uri;
	uint64_t spacing_ns;
};

static void identify(struct identity *ret)
{
	ret->uuid[0] = '\0';
	if (cgroup_read(ret->pid, ret->pid, &ret->cgroup) < 0)
		ret->cgroup = (struct cgroup_info){ .domain_id = -1 };
	if (ret->cgroup.domain_id < 0 && pidfile_domain(ret->pid, ret->uuid) < 0)
		ret->uuid[0] = '\0';
}

static int libvirt_open(const struct config *config, void **state, const char **why)
{
	const char *uri = config->uri ? config->uri : LIBVIRT_DEFAULT_URI;
	struct libvirt_source *source;

	if (!libvirt_uri_is_local(uri)) {
		*why = "the libvirt URI is not one of this machine; names, states, memory and "
		       "disks of VMs are absent (use qemu:///system)";
		return -EINVAL;
	}
	source = calloc(1, sizeof(*source));
	if (!source) {
		*why = "out of memory";
		return -ENOMEM;
	}
	source->uri = uri;
	source->spacing_ns = config->interval_ns / 2;
	source->merger.identify = identify;
	*state = source;
	return 0;
}

/* The threads are made here, after privileges were dropped: they would keep theirs. */
static int libvirt_start(void *state)
{
	struct libvirt_source *source = state;
	int err = libvirt_thread_start(source->uri, source->spacing_ns, &source->thread);

	if (err < 0)
		return err;
	libvirt_thread_await_first(source->thread, FIRST_POLL_NS);
	return 0;
}

static void libvirt_collect(void *state, struct snapshot *snap)
{
	struct libvirt_source *source = state;
	struct libvirt_status status;

	if (!source->thread) {
		snapshot_source(snap, "libvirt", false, "its thread could not be started");
		return;
	}
	merger_merge(&source->merger, libvirt_thread_lock(source->thread), snap);
	libvirt_thread_unlock(source->thread);
	libvirt_thread_status(source->thread, snap->mono_ns, &status);
	snapshot_source(snap, "libvirt", status.up, status.reason);
	libvirt_thread_poll(source->thread);
}

static void libvirt_close(void *state)
{
	struct libvirt_source *source = state;

	libvirt_thread_stop(source->thread);
	merger_done(&source->merger);
	free(source);
}

const struct collector libvirt_collector = {
	.name = "libvirt",
	.open = libvirt_open,
	.start = libvirt_start,
	.collect = libvirt_collect,
	.close = libvirt_close,
};
