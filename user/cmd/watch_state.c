/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns when the states of alerts are read and written. */
#include "cmd/watch_state.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"

/* Without a change, so that what is old is known to be. */
#define REWRITE_NS (60 * NSEC_PER_SEC)

/* 0 with an empty text where there is no file yet. */
static int read_text(const char *path, char **text, size_t *size)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	struct stat info;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fileno(file), &info) < 0)
		return -errno;
	if (!S_ISREG(info.st_mode))
		return -EINVAL;
	if (info.st_size > KEEPER_TEXT_MAX)
		return -EFBIG;
	*text = malloc((size_t)info.st_size + 1);
	if (!*text)
		return -ENOMEM;
	*size = fread(*text, 1, (size_t)info.st_size, file);
	return ferror(file) ? -EIO : 0;
}

static void set_aside(const char *path, const char *why)
{
	char aside[PATH_MAX];

	snprintf(aside, sizeof(aside), "%s.damaged", path);
	if (rename(path, aside) < 0)
		log_warning("watch: --state %s: %s; it begins anew and is going to be replaced",
			path, why);
	else
		log_warning("watch: --state %s: %s; it begins anew, and what was there is in %s",
			path, why, aside);
}

static void load(const char *path, struct engine *engine, const char *text, size_t size)
{
	char error[ENGINE_ERROR_MAX] = "";
	size_t n_left = 0;

	if (engine_load(engine, text, size, clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME),
		    &n_left, error) < 0)
		set_aside(path, error);
	else if (n_left)
		log_warning("watch: --state %s: %zu alerts of rules that are no more, or say "
			    "something else now, were left out",
			path, n_left);
}

static int fail(const char *path, int err)
{
	log_error("watch: --state %s: %s (give a file that may be read and written)", path,
		err == -EINVAL ? "not a regular file" : strerror(-err));
	return err == -EACCES ? EX_NOPERM : EX_CANTCREAT;
}

/* The keeper wants an absolute path, since it has no folder that it works in. */
static int start_keeper(struct watch_state *state, const char *path)
{
	AUTO_FREE char *folder = NULL, *absolute = NULL;

	if (*path == '/')
		return keeper_start(path, &state->keeper);
	folder = getcwd(NULL, 0);
	if (!folder)
		return -errno;
	if (asprintf(&absolute, "%s/%s", folder, path) < 0) {
		absolute = NULL;
		return -ENOMEM;
	}
	return keeper_start(absolute, &state->keeper);
}

/* That it can be written is found out now, when somebody looks. */
static int try_to_write(struct watch_state *state, const struct engine *engine)
{
	AUTO_FREE char *text = NULL;
	size_t size;

	text = engine_save(engine, &size);
	return text ? keeper_save(&state->keeper, text, size) : -ENOMEM;
}

int watch_state_open(const char *path, struct watch_state *state, struct engine *engine)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	int err;

	*state = (struct watch_state){ .path = path, .keeper.child.fd = -1 };
	if (!path)
		return 0;
	err = read_text(path, &text, &size);
	if (err)
		return fail(path, err);
	if (text)
		load(path, engine, text, size);
	err = start_keeper(state, path);
	if (!err)
		err = try_to_write(state, engine);
	return err ? fail(path, err) : 0;
}

static void *write_states(void *context)
{
	struct watch_state *state = context;

	pthread_mutex_lock(&state->lock);
	while (!state->stops || state->text) {
		char *text = state->text;
		size_t size = state->size;
		int err;

		if (!text) {
			pthread_cond_wait(&state->changed, &state->lock);
			continue;
		}
		state->text = NULL;
		pthread_mutex_unlock(&state->lock);
		err = keeper_save(&state->keeper, text, size);
		free(text);
		pthread_mutex_lock(&state->lock);
		state->err = err;
	}
	pthread_mutex_unlock(&state->lock);
	return NULL;
}

int watch_state_start(struct watch_state *state)
{
	sigset_t all, before;
	int err;

	if (!state->path)
		return 0;
	pthread_mutex_init(&state->lock, NULL);
	pthread_cond_init(&state->changed, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = -pthread_create(&state->thread, NULL, write_states, state);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	state->running = !err;
	return err;
}

/* What has not been written yet is out of date, and is not written any more. */
static void hand_over(struct watch_state *state, const struct engine *engine)
{
	size_t size;
	char *text = engine_save(engine, &size), *before;

	pthread_mutex_lock(&state->lock);
	before = state->text;
	if (text) {
		state->text = text;
		state->size = size;
	} else {
		before = NULL;
		state->err = -ENOMEM;
	}
	pthread_cond_signal(&state->changed);
	pthread_mutex_unlock(&state->lock);
	free(before);
}

static void tell_failure(struct watch_state *state)
{
	int err;

	pthread_mutex_lock(&state->lock);
	err = state->err;
	pthread_mutex_unlock(&state->lock);
	if (err && err != state->told_err)
		log_warning(
			"watch: --state %s cannot be written: %s; after a restart alerts may be "
			"told again (it is tried again at each change)",
			state->path, strerror(-err));
	state->told_err = err;
}

void watch_state_keep(struct watch_state *state, const struct engine *engine, uint64_t mono_ns)
{
	struct engine_status status;

	if (!state->running)
		return;
	tell_failure(state);
	engine_status(engine, &status);
	if (status.changes == state->changes && mono_ns - state->written_ns < REWRITE_NS)
		return;
	state->changes = status.changes;
	state->written_ns = mono_ns;
	hand_over(state, engine);
}

void watch_state_close(struct watch_state *state, const struct engine *engine)
{
	if (state->running) {
		if (engine)
			hand_over(state, engine);
		pthread_mutex_lock(&state->lock);
		state->stops = true;
		pthread_cond_signal(&state->changed);
		pthread_mutex_unlock(&state->lock);
		pthread_join(state->thread, NULL);
		tell_failure(state);
		pthread_cond_destroy(&state->changed);
		pthread_mutex_destroy(&state->lock);
	}
	if (state->path)
		keeper_stop(&state->keeper);
	state->running = false;
}
