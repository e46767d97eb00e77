/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf record: everything, into a file that --replay reads. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/loop.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/view.h"

struct recording {
	struct output output;
	const char *path;
	off_t complete; /* bytes of the ticks that were written as a whole */
	uint64_t ticks;
};

/* What is there is not touched before there is something to put in its place. */
static int open_file(const struct request *request, FILE **ret)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY;
	int fd = open(request->output, flags | (request->force ? 0 : O_EXCL), 0644);
	int err = errno;

	if (fd >= 0)
		*ret = fdopen(fd, "w");
	if (fd >= 0 && *ret)
		return 0;
	if (fd >= 0) {
		close(fd);
		err = ENOMEM;
	}
	if (err == EEXIST) {
		log_error("record: %s exists already; nothing was written (choose another name, or "
			  "--force to replace it)",
			request->output);
		return EX_USAGE;
	}
	log_error("record: cannot create %s: %s; nothing was recorded (choose another place)",
		request->output, strerror(err));
	return err == EACCES ? EX_NOPERM : EX_IOERR;
}

static bool is_regular(int fd)
{
	struct stat info;

	return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

static int write_tick(void *context, const struct snapshot *snap)
{
	struct recording *recording = context;
	int fd = fileno(recording->output.file);
	int err;

	if (recording->ticks == 0 && is_regular(fd) && ftruncate(fd, 0) < 0)
		return -errno;
	err = output_tick(&recording->output, snap);
	if (err)
		return err;
	recording->complete = ftello(recording->output.file);
	recording->ticks++;
	return 0;
}

static int write_end(void *context)
{
	struct recording *recording = context;
	int err = output_end(&recording->output);

	if (!err)
		recording->complete = ftello(recording->output.file);
	return err;
}

/* Makes the file end with its last complete tick, and last. */
static int finish_file(const struct recording *recording)
{
	int fd = fileno(recording->output.file);

	if (!is_regular(fd))
		return 0;
	if (ftruncate(fd, recording->complete) < 0)
		log_warning(
			"%s may end with an incomplete line: %s", recording->path, strerror(errno));
	return fsync(fd) < 0 ? output_failed(recording->path, errno) : 0;
}

static int run_recording(struct recording *recording, const struct request *request)
{
	const struct consumer consumer = {
		.tick = write_tick,
		.end = write_end,
		.context = recording,
		.where = recording->path,
	};
	int finished = 0, status = loop_run(&request->config, &consumer);

	if (recording->output.begun)
		finished = finish_file(recording);
	else if (!request->force)
		unlink(recording->path); /* this call made it, and it is empty */
	status = status ? status : finished;
	log_detail("recorded %llu ticks, %lld bytes", (unsigned long long)recording->ticks,
		(long long)recording->complete);
	return status;
}

static int run(const struct request *request, const char *operand)
{
	const struct view_defaults everything = { .scopes = (1u << N_SCOPES) - 1 };
	struct recording recording = {
		.output.sink = sink_find("json"),
		.path = request->output,
	};
	AUTO_FILE FILE *file = NULL;
	int status = view_init(request, &everything, &recording.output.spec);

	(void)operand;
	if (!status && !request->output) {
		log_error("record: where to? (-o FILE)");
		return EX_USAGE;
	}
	if (!status)
		status = open_file(request, &file);
	if (status)
		return status;
	recording.output.file = file;
	return run_recording(&recording, request);
}

static const struct option_row options[] = {
	{ .name = "output",
		.key = 'o',
		.argument = "FILE",
		.help = "the file to make; must be given",
		.set = option_set_text,
		.field = IN_REQUEST(output) },
	{ .name = "force",
		.help = "replace the file if it exists",
		.set = option_set_flag,
		.field = IN_REQUEST(force) },
	OPTION_COUNT,
	OPTION_INTERVAL,
	OPTIONS_OF_SOURCES,
	OPTION_HELP,
	{ 0 },
};

const struct command record_command = {
	.name = "record",
	.summary = "Keep all that is measured in a file, for --replay elsewhere.",
	.options = options,
	.examples = {
		"sudo vmbpf record -o day.jsonl -d 10          until Ctrl-C",
		"sudo vmbpf record -o hour.jsonl -d 5 -n 720   for an hour",
		"vmbpf top --replay day.jsonl                  look at it, anywhere",
	},
	.run = run,
};
