/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that another process opens, as often as it is asked. */
#include "place_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/opener.h"

static int make_place(void **state)
{
	return place_make(state, "file");
}

static void what_is_written_goes_to_the_end_of_what_is_there(void **state)
{
	const struct place *place = *state;
	struct opener opener;
	struct stat status;

	assert_int_equal(opener_start(place->path, &opener), 0);
	for (off_t size = 3; size <= 6; size += 3) {
		AUTO_FD int fd = opener_open(&opener);

		assert_true(fd >= 0);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		assert_int_equal(write(fd, "one", 3), 3);
		assert_int_equal(stat(place->path, &status), 0);
		assert_int_equal(status.st_size, size);
	}
	assert_int_equal(status.st_mode & 0137, 0); /* at most 0640 */
	opener_stop(&opener);
	assert_int_equal(opener_open(&opener), -EPIPE);
}

static void after_an_error_it_can_be_asked_again(void **state)
{
	const struct place *place = *state;
	struct opener opener;
	int fd;

	assert_int_equal(mkdir(place->path, 0700), 0);
	assert_int_equal(opener_start(place->path, &opener), 0);
	assert_int_equal(opener_open(&opener), -EISDIR);
	assert_int_equal(rmdir(place->path), 0);
	fd = opener_open(&opener);
	assert_true(fd >= 0);
	close(fd);
	opener_stop(&opener);
}

static void a_pipe_that_nobody_reads_is_not_waited_for(void **state)
{
	const struct place *place = *state;
	struct opener opener;

	assert_int_equal(mkfifo(place->path, 0600), 0);
	assert_int_equal(opener_start(place->path, &opener), 0);
	assert_int_equal(opener_open(&opener), -ENXIO);
	opener_stop(&opener);
}

static void root_makes_files_as_the_owner_of_the_folder(void **state)
{
	const struct place *place = *state;
	struct opener opener;
	struct stat status;

	if (geteuid() != 0) {
		print_message("# only root can give a folder away\n");
		skip();
	}
	assert_int_equal(chown(place->folder, 65534, 65534), 0);
	assert_int_equal(opener_start(place->path, &opener), 0);
	close(opener_open(&opener));
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_uid, 65534);
	opener_stop(&opener);
}

static void one_that_is_gone_is_told(void **state)
{
	const struct place *place = *state;
	struct opener opener;

	assert_int_equal(opener_start(place->path, &opener), 0);
	kill(opener.child.pid, SIGKILL);
	waitpid(opener.child.pid, NULL, 0);
	assert_int_equal(opener_open(&opener), -EPIPE);
	opener_stop(&opener);
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		IN_PLACE(what_is_written_goes_to_the_end_of_what_is_there),
		IN_PLACE(after_an_error_it_can_be_asked_again),
		IN_PLACE(a_pipe_that_nobody_reads_is_not_waited_for),
		IN_PLACE(root_makes_files_as_the_owner_of_the_folder),
		IN_PLACE(one_that_is_gone_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
