/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that another process writes: whole or not at all, also for one in the sandbox. */
#include "place_fixture.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/keeper.h"
#include "base/sandbox.h"

static int make_place(void **state)
{
	return place_make(state, "a/b/file");
}

static void assert_content(const char *path, const char *expected)
{
	char text[64] = "";
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file), strlen(expected));
	fclose(file);
	assert_string_equal(text, expected);
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 07777;
}

static void folders_and_the_file_are_made_for_their_owner_alone(void **state)
{
	const struct place *place = *state;
	char folder[128];
	struct keeper keeper;

	assert_int_equal(keeper_start(place->path, &keeper), 0);
	assert_int_equal(keeper_save(&keeper, "one", 3), 0);
	assert_content(place->path, "one");
	assert_int_equal(mode_of(place->path), 0600);
	snprintf(folder, sizeof(folder), "%s/a/b", place->folder);
	assert_int_equal(mode_of(folder), 0700);
	assert_int_equal(keeper_save(&keeper, "two!", 4), 0);
	assert_content(place->path, "two!");
	keeper_stop(&keeper);
	assert_int_equal(keeper_save(&keeper, "three", 5), -EPIPE);
}

static void nothing_is_made_unless_it_is_asked_to(void **state)
{
	const struct place *place = *state;
	struct keeper keeper;

	assert_int_equal(keeper_start(place->path, &keeper), 0);
	keeper_stop(&keeper);
	assert_int_equal(rmdir(place->folder), 0);
	assert_int_equal(mkdir(place->folder, 0700), 0);
}

static void it_writes_for_one_in_the_sandbox(void **state)
{
	const struct place *place = *state;
	struct keeper keeper;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (keeper_start(place->path, &keeper) || sandbox_enter())
			_exit(2);
		if (keeper_save(&keeper, "text", 4))
			_exit(3);
		keeper_stop(&keeper);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_content(place->path, "text");
}

static void a_file_that_cannot_be_replaced_stays_and_nothing_else_is_left(void **state)
{
	const struct place *place = *state;
	char folder[128], inside[192];
	struct keeper keeper;

	snprintf(folder, sizeof(folder), "%s/a/b", place->folder);
	snprintf(inside, sizeof(inside), "%s/inside", place->path);
	assert_int_equal(keeper_start(place->path, &keeper), 0);
	assert_int_equal(keeper_save(&keeper, "text", 4), 0);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(mkdir(place->path, 0700), 0);
	assert_int_equal(mkdir(inside, 0700), 0);
	assert_int_equal(keeper_save(&keeper, "text", 4), -EISDIR);
	assert_int_equal(rmdir(inside), 0);
	assert_int_equal(rmdir(place->path), 0);
	assert_int_equal(rmdir(folder), 0); /* else the temporary file would still be there */
	assert_int_equal(keeper_save(&keeper, "text", 4), 0);
	keeper_stop(&keeper);
}

static void what_is_too_long_is_refused(void **state)
{
	const struct place *place = *state;
	char *text = calloc(1, KEEPER_TEXT_MAX + 1);
	struct keeper keeper;
	struct stat status;

	assert_non_null(text);
	assert_int_equal(keeper_start(place->path, &keeper), 0);
	assert_int_equal(keeper_save(&keeper, text, KEEPER_TEXT_MAX + 1), -EMSGSIZE);
	assert_int_equal(keeper_save(&keeper, text, KEEPER_TEXT_MAX), 0);
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_size, KEEPER_TEXT_MAX);
	keeper_stop(&keeper);
	free(text);
}

static void one_that_is_gone_is_told(void **state)
{
	const struct place *place = *state;
	struct keeper keeper;

	assert_int_equal(keeper_start(place->path, &keeper), 0);
	kill(keeper.child.pid, SIGKILL);
	waitpid(keeper.child.pid, NULL, 0);
	assert_int_equal(keeper_save(&keeper, "text", 4), -EPIPE);
	keeper_stop(&keeper);
}

/* What an orphan becomes the child of is this process, which therefore sees it end. */
static void it_ends_with_the_process_that_started_it(void **state)
{
	const struct place *place = *state;
	struct keeper keeper;
	int ends[2], status;
	pid_t child;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (keeper_start(place->path, &keeper) == 0 &&
			write(ends[1], &keeper.child.pid, sizeof(keeper.child.pid)) > 0)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ends[0], &keeper.child.pid, sizeof(keeper.child.pid)),
		sizeof(keeper.child.pid));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(waitpid(keeper.child.pid, &status, 0), keeper.child.pid);
	assert_true(WIFEXITED(status));
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		IN_PLACE(folders_and_the_file_are_made_for_their_owner_alone),
		IN_PLACE(nothing_is_made_unless_it_is_asked_to),
		IN_PLACE(it_writes_for_one_in_the_sandbox),
		IN_PLACE(a_file_that_cannot_be_replaced_stays_and_nothing_else_is_left),
		IN_PLACE(what_is_too_long_is_refused),
		IN_PLACE(one_that_is_gone_is_told),
		IN_PLACE(it_ends_with_the_process_that_started_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
