/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that must be there: texts that are replaced, and the end of a program without any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/must.h"

static void a_text_is_replaced_by_a_copy(void **state)
{
	char source[] = "one", *text = NULL;

	(void)state;
	must_set_text(&text, source);
	source[0] = 'x';
	assert_string_equal(text, "one");
	must_set_text(&text, "two");
	assert_string_equal(text, "two");
	must_set_text(&text, text + 1); /* a part of itself */
	assert_string_equal(text, "wo");
	must_set_text(&text, NULL);
	assert_null(text);
}

static void the_same_text_stays_where_it_is(void **state)
{
	char *text = NULL, *before;

	(void)state;
	must_set_text(&text, "same");
	before = text;
	must_set_text(&text, "same");
	assert_ptr_equal(text, before);
	free(text);
}

static void without_memory_the_program_ends(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		close(STDERR_FILENO);
		must(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EX_OSERR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_replaced_by_a_copy),
		cmocka_unit_test(the_same_text_stays_where_it_is),
		cmocka_unit_test(without_memory_the_program_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
