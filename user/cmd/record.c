/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbpf record: everything, into a file that --replay reads, and what esxtop has, into its CSV. */
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
#include "sink/esxtop.h"

/* A file that is made. Both may be asked for at once. */
struct target {
	const char *path; /* NULL: not asked for */
	FILE *file;
	bool begun;
	off_t complete; /* bytes of the ticks that were written as a whole */
	uint64_t ticks;
};

struct recording {
	struct target everything, like_esxtop;
	struct output output; /* of everything */
	struct esxtop *esxtop;
	struct consumer consumer;
};

/* What is there is not touched before there is something to put in its place. */
static int open_target(struct target *target, bool force)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY;
	int fd = open(target->path, flags | (force ? 0 : O_EXCL), 0644);
	int err = errno;

	if (fd >= 0)
		target->file = fdopen(fd, "w");
	if (fd >= 0 && target->file)
		return 0;
	if (fd >= 0) {
		close(fd);
		err = ENOMEM;
	}
	if (err == EEXIST) {
		log_error("record: %s exists already; nothing was written (choose another name, or "
			  "--force to replace it)",
			target->path);
		return EX_USAGE;
	}
	log_error("record: cannot create %s: %s; nothing was recorded (choose another place)",
		target->path, strerror(err));
	return err == EACCES ? EX_NOPERM : EX_IOERR;
}

static bool is_regular(int fd)
{
	struct stat info;

	return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

/* Whether two names, or links, lead to one file, in which nothing would be left of either. */
static bool are_the_same(const struct target *one, const struct target *other)
{
	struct stat a, b;

	return fstat(fileno(one->file), &a) == 0 && fstat(fileno(other->file), &b) == 0 &&
	       S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Empties the file before its first tick. 0 or -errno. */
static int begin_tick(struct target *target)
{
	int fd = fileno(target->file);

	if (!target->begun && is_regular(fd) && ftruncate(fd, 0) < 0)
		return -errno;
	target->begun = true;
	return 0;
}

static void end_tick(struct target *target)
{
	target->complete = ftello(target->file);
	target->ticks++;
}

static int write_everything(struct recording *recording, const struct snapshot *snap)
{
	int err = begin_tick(&recording->everything);

	if (!err)
		err = output_tick(&recording->output, snap);
	if (!err)
		end_tick(&recording->everything);
	return err;
}

static int write_like_esxtop(struct recording *recording, const struct snapshot *snap)
{
	struct target *target = &recording->like_esxtop;
	int err = begin_tick(target);

	if (err)
		return err;
	err = esxtop_tick(recording->esxtop, target->file, snap);
	if (err)
		output_forget(target->file);
	else
		end_tick(target);
	return err;
}

/* A recording begins with the first tick; a line of rates, with the first that has some. */
static int write_tick(void *context, const struct snapshot *snap)
{
	struct recording *recording = context;
	bool is_recorded = recording->everything.path;
	int err = 0;

	if (is_recorded) {
		recording->consumer.where = recording->everything.path;
		err = write_everything(recording, snap);
	}
	if (!err && recording->like_esxtop.path && (snap->before || !is_recorded)) {
		recording->consumer.where = recording->like_esxtop.path;
		err = write_like_esxtop(recording, snap);
	}
	return err;
}

static int write_end(void *context)
{
	struct recording *recording = context;
	int err = output_end(&recording->output);

	if (!err && recording->everything.begun)
		recording->everything.complete = ftello(recording->everything.file);
	return err;
}

/* Makes the file end with its last complete tick, and last. */
static int finish_file(const struct target *target)
{
	int fd = fileno(target->file);

	if (!is_regular(fd))
		return 0;
	if (ftruncate(fd, target->complete) < 0)
		log_warning(
			"%s may end with an incomplete line: %s", target->path, strerror(errno));
	return fsync(fd) < 0 ? output_failed(target->path, errno) : 0;
}

static int finish_target(const struct target *target, bool force)
{
	int status = 0;

	if (!target->path || !target->file)
		return 0;
	if (target->begun)
		status = finish_file(target);
	else if (!force)
		unlink(target->path); /* this call made it, and it is empty */
	log_detail("%s has %llu ticks, %lld bytes", target->path, (unsigned long long)target->ticks,
		(long long)target->complete);
	return status;
}

static void say_what_has_no_columns(const struct recording *recording)
{
	const char *path = recording->like_esxtop.path;
	const struct esxtop_late *late = esxtop_late(recording->esxtop);

	if (recording->everything.ticks && !recording->like_esxtop.begun)
		log_warning(
			"%s has no line, since a first tick has no rates (use -n 2 or more)", path);
	if (!late->n_vms && !late->n_devices)
		return;
	log_warning("%s has no columns for what came after its first line: %s%zu VMs%s%s%s, %zu "
		    "vCPUs, NICs and disks of others (begin another file to see them)",
		path, late->more ? "more than " : "", late->n_vms, late->n_vms ? " (" : "",
		late->names, late->n_vms ? ")" : "", late->n_devices);
}

static int run_recording(struct recording *recording, const struct request *request)
{
	int status, finished;

	recording->consumer = (struct consumer){
		.tick = write_tick,
		.end = write_end,
		.context = recording,
		.where = request->output ? request->output : request->esxtop,
		.warm_up = !request->output,
	};
	status = loop_run(&request->config, &recording->consumer);
	finished = finish_target(&recording->everything, request->force);
	status = status ? status : finished;
	finished = finish_target(&recording->like_esxtop, request->force);
	if (recording->esxtop)
		say_what_has_no_columns(recording);
	return status ? status : finished;
}

/* Opens what is asked for; where not all of it can be had, there is nothing. */
static int open_targets(struct recording *recording, bool force)
{
	struct target *everything = &recording->everything, *esxtop = &recording->like_esxtop;
	int status = everything->path ? open_target(everything, force) : 0;

	if (!status && esxtop->path)
		status = open_target(esxtop, force);
	if (!status && everything->path && esxtop->path && are_the_same(everything, esxtop)) {
		log_error("record: %s and %s are one file; nothing was written (choose another "
			  "name for one of them)",
			everything->path, esxtop->path);
		status = EX_USAGE;
	}
	if (status) {
		finish_target(everything, force);
		finish_target(esxtop, force);
	}
	return status;
}

static int prepare(const struct request *request, struct recording *recording)
{
	const struct view_defaults everything = { .scopes = (1u << N_SCOPES) - 1 };
	int status = view_init(request, &everything, &recording->output.spec);

	if (status)
		return status;
	if (!request->output && !request->esxtop) {
		log_error("record: where to? (-o FILE, --esxtop FILE, or both)");
		return EX_USAGE;
	}
	if (request->esxtop)
		recording->esxtop = esxtop_new();
	if (request->esxtop && !recording->esxtop) {
		log_error("record: cannot prepare the columns of esxtop: %s", strerror(errno));
		return EX_OSERR;
	}
	return open_targets(recording, request->force);
}

static void recording_done(struct recording *recording)
{
	cleanup_file(&recording->everything.file);
	cleanup_file(&recording->like_esxtop.file);
	esxtop_free(recording->esxtop);
}

static int run(const struct request *request, const char *operand)
{
	__attribute__((cleanup(recording_done))) struct recording recording = {
		.everything.path = request->output,
		.like_esxtop.path = request->esxtop,
		.output.sink = sink_find("json"),
	};
	int status = prepare(request, &recording);

	(void)operand;
	if (status)
		return status;
	recording.output.file = recording.everything.file;
	return run_recording(&recording, request);
}

static const struct option_row options[] = {
	{ .name = "output",
		.key = 'o',
		.argument = "FILE",
		.help = "the recording to make",
		.set = option_set_text,
		.field = IN_REQUEST(output) },
	{ .name = "esxtop",
		.argument = "FILE",
		.help = "a CSV like that of esxtop -b to make, for its viewers",
		.set = option_set_text,
		.field = IN_REQUEST(esxtop) },
	{ .name = "force",
		.help = "replace files that exist",
		.set = option_set_flag,
		.field = IN_REQUEST(force) },
	{ .name = "exits",
		.help = "exits by reason too, at a cost for each exit",
		.set = option_set_flag,
		.field = IN_REQUEST(config.exits) },
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
		"sudo vmbpf record -o day.jsonl -d 10              until Ctrl-C",
		"vmbpf top --replay day.jsonl                      look at it, anywhere",
		"vmbpf record --replay day.jsonl --esxtop day.csv  or in esxtop's viewers",
	},
	.run = run,
};
