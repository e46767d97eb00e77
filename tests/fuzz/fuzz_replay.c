/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a recording: what can be read of it goes through every output, and nothing breaks.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collect/replay.h"
#include "vmbpf/sink.h"

/* The replay opens a file by name: one in memory, made anew for each input. */
static int make_file(const uint8_t *data, size_t size, char path[static 32])
{
	int fd = memfd_create("recording", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void show(FILE *out, const struct snapshot *snap)
{
	for (size_t i = 0; sinks[i]; i++) {
		struct view_spec spec = {
			.scopes = (1u << N_SCOPES) - 1,
			.headers = true,
			.vcpu_rows = true,
			.width = 80,
			.colour = true,
		};

		column_find("cpu", SCOPE_VM, &spec.sort);
		column_find("state", SCOPE_VM, &spec.columns[spec.n_columns++]);
		column_find("cpu", SCOPE_VM, &spec.columns[spec.n_columns++]);
		column_find("ready", SCOPE_VM, &spec.columns[spec.n_columns++]);
		if (sinks[i]->begin)
			sinks[i]->begin(out, &spec);
		sinks[i]->tick(out, &spec, snap);
	}
}

/* Through all of it again without parsing all of it. */
static void skip(struct replay *replay)
{
	struct tick_time time;

	if (replay_seek(replay, 0) < 0)
		return;
	while (replay_skip(replay, &time) == 1)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot *before = NULL, *snap;
	struct replay *replay;
	char path[32];
	int fd = make_file(data, size, path);
	FILE *out = fopen("/dev/null", "w");

	if (!out || replay_open(path, &replay) < 0)
		abort();
	while (snap = snapshot_new(), replay_read(replay, snap) == 1) {
		snapshot_finish(snap, before);
		show(out, snap);
		snapshot_free(before);
		before = snap;
	}
	skip(replay);
	snapshot_free(snap);
	snapshot_free(before);
	replay_close(replay);
	fclose(out);
	close(fd);
	return 0;
}
