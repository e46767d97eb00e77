/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands as a user meets them: help, suggestions, exit statuses, the manual. No privilege. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "vmbpf/metric.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MANUAL "user/man/vmbpf.8"
#define MAX_WORDS 16

struct result {
	int status;
	char out[65536], err[4096];
};

static void read_back(int fd, char *text, size_t size)
{
	ssize_t got = pread(fd, text, size - 1, 0);

	assert_true(got >= 0);
	text[got] = '\0';
}

/* Runs a command line, whose words are separated by '|', in a process of its own. */
static void run(const char *line, struct result *ret)
{
	char words[256], *argv[MAX_WORDS + 1] = { NULL }, *rest = words;
	AUTO_FD int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	int argc = 0, status;
	pid_t pid;

	snprintf(words, sizeof(words), "%s", line);
	while (argc < MAX_WORDS && (argv[argc] = strsep(&rest, "|")))
		argc++;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		status = command_main(argc, argv);
		fflush(stdout);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	ret->status = WEXITSTATUS(status);
	read_back(out, ret->out, sizeof(ret->out));
	read_back(err, ret->err, sizeof(ret->err));
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t size = strcspn(text, "\n");

		longest = size > longest ? size : longest;
		text += size + (text[size] == '\n');
	}
	return longest;
}

static void assert_fits_a_terminal(const char *text)
{
	assert_true(count_lines(text) < 24);
	assert_true(longest_line(text) < 80);
}

static void help_of_every_command_fits_a_terminal_and_has_its_examples(void **state)
{
	static struct result result;

	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		char line[64];

		snprintf(line, sizeof(line), "vmbpf|help|%s", commands[i]->name);
		run(line, &result);
		assert_int_equal(result.status, 0);
		assert_string_equal(result.err, "");
		assert_fits_a_terminal(result.out);
		for (int example = 0; example < 3; example++)
			assert_non_null(strstr(result.out, commands[i]->examples[example]));
	}
}

static void help_of_a_command_is_the_same_however_it_is_asked_for(void **state)
{
	static struct result asked, option, key;

	(void)state;
	run("vmbpf|help|top", &asked);
	run("vmbpf|top|--help", &option);
	run("vmbpf|top|-b|-h", &key);
	assert_string_equal(option.out, asked.out);
	assert_string_equal(key.out, asked.out);
	assert_int_equal(option.status, 0);
}

static void vmbpf_alone_explains_itself(void **state)
{
	static struct result alone, asked;

	(void)state;
	run("vmbpf", &alone);
	run("vmbpf|--help", &asked);
	assert_int_equal(alone.status, 0);
	assert_string_equal(alone.out, asked.out);
	assert_fits_a_terminal(alone.out);
	for (size_t i = 0; commands[i]; i++)
		assert_non_null(strstr(alone.out, commands[i]->name));
}

static void version_has_many_names(void **state)
{
	static struct result result;

	(void)state;
	run("vmbpf|version", &result);
	assert_string_equal(result.out, "vmbpf " VMBPF_VERSION "\n");
	run("vmbpf|--version", &result);
	assert_string_equal(result.out, "vmbpf " VMBPF_VERSION "\n");
	run("vmbpf|-V", &result);
	assert_string_equal(result.out, "vmbpf " VMBPF_VERSION "\n");
}

static void wrong_words_are_answered_in_one_line_with_the_right_one(void **state)
{
	static const struct {
		const char *line;
		const char *said; /* a part of it */
	} cases[] = {
		{ "vmbpf|strem", "did you mean 'stream'?" },
		{ "vmbpf|xyzzy", "unknown command 'xyzzy'" },
		{ "vmbpf|-n", "options follow the command" },
		{ "vmbpf|help|recrod", "did you mean 'record'?" },
		{ "vmbpf|top|--sotr|cpu", "did you mean --sort?" },
		{ "vmbpf|top|extra", "unexpected argument 'extra'" },
		{ "vmbpf|help|top|extra", "unexpected argument 'extra'" },
		{ "vmbpf|top|-d|0.05", "'0.05' is not a time from 0.1 to 3600 seconds" },
		{ "vmbpf|top|-d|1e9", "'1e9' is not a time" },
		{ "vmbpf|top|-n|0", "'0' is not a number of ticks" },
		{ "vmbpf|top|-n|-5", "'-5' is not a number of ticks" },
		{ "vmbpf|top|-o|jsn", "'jsn' is not table, json or csv" },
		{ "vmbpf|top|--color|red", "'red' is not auto, always or never" },
		{ "vmbpf|top|--fields|cpu,redy", "there is no 'redy', did you mean 'ready'?" },
		{ "vmbpf|top|--fields|state,vcpu.ready", "begin the list with vcpu.ready" },
		{ "vmbpf|top|--fields|nic.net_rx,disk.path", "'disk.path' is not known for a nic" },
		{ "vmbpf|top|-s|cpuu", "did you mean 'cpu'?" },
		{ "vmbpf|top|-s|nosuch.thing", "there is no 'nosuch.thing'" },
		{ "vmbpf|top|-f|cpu >", "--filter:" },
		{ "vmbpf|stream|--scope|vm,cpu",
			"'cpu' is none of host, vm, vcpu, thread, nic, disk, exit, blame" },
		{ "vmbpf|stream|--scope|,", "is none of host" },
		{ "vmbpf|metrics|-o|csv", "'csv' is not table, md or json" },
		{ "vmbpf|doctor|-o|md", "'md' is not table or json" },
		{ "vmbpf|record", "-o FILE" },
		{ "vmbpf|top|--max-threads|1", "'1' is not a number from 64 to 65534" },
	};
	static struct result result;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		run(cases[i].line, &result);
		if (!strstr(result.err, cases[i].said))
			fail_msg("%s: said %s", cases[i].line, result.err);
		assert_int_equal(result.status, EX_USAGE);
		assert_int_equal(count_lines(result.err), 1);
		assert_int_equal(strncmp(result.err, "vmbpf: ", 7), 0);
		assert_string_equal(result.out, "");
	}
}

static void recording_that_cannot_be_read_has_its_own_statuses(void **state)
{
	static const struct {
		const char *line;
		int status;
	} cases[] = {
		{ "vmbpf|top|-b|--replay|/nonexistent/file", EX_NOINPUT },
		{ "vmbpf|top|-b|--replay|Makefile", EX_DATAERR },
		{ "vmbpf|stream|--replay|Makefile", EX_DATAERR },
		{ "vmbpf|list|--replay|Makefile", EX_DATAERR },
	};
	static struct result result;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		run(cases[i].line, &result);
		assert_int_equal(result.status, cases[i].status);
		assert_int_equal(count_lines(result.err), 1);
	}
}

static void fields_help_lists_every_column(void **state)
{
	static struct result result;
	size_t n = 0, i;

	(void)state;
	for (i = 0; i < n_metrics; i++)
		n += metrics[i].views[VIEW_RATE] ? 2 : 1;
	run("vmbpf|top|--fields|help", &result);
	assert_int_equal(result.status, 0);
	/* Two lines of explanation go before. */
	assert_int_equal(count_lines(result.out), n + 2);
}

static void tables_of_options_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		const struct option_row *rows = commands[i]->options;
		size_t n = 0;

		for (; rows[n].name; n++) {
			assert_non_null(rows[n].help);
			assert_non_null(rows[n].set);
			assert_true(rows[n].field < sizeof(struct request));
			for (size_t other = 0; other < n; other++) {
				assert_string_not_equal(rows[n].name, rows[other].name);
				assert_false(rows[n].key && rows[n].key == rows[other].key);
			}
		}
		assert_true(n < MAX_OPTIONS);
	}
}

/* The line of the manual that a row of options has. */
static void manual_line(const struct option_row *row, char *line, size_t size)
{
	char key[16] = "";

	if (row->key)
		snprintf(key, sizeof(key), " %c , Fl", row->key);
	snprintf(line, size, ".It Fl%s -%s%s%s\n", key, row->name, row->argument ? " Ar " : "",
		row->argument ? row->argument : "");
}

static char *read_manual(void)
{
	AUTO_FILE FILE *file = fopen(MANUAL, "re");
	char *text = calloc(1, 65536);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, file) > 0);
	return text;
}

static void every_option_is_in_the_manual(void **state)
{
	AUTO_FREE char *manual = read_manual();

	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		for (const struct option_row *row = commands[i]->options; row->name; row++) {
			char line[128];

			manual_line(row, line, sizeof(line));
			if (!strstr(manual, line))
				fail_msg("%s has no line %s", MANUAL, line);
		}
	}
}

static bool is_an_option(const char *manual, size_t size)
{
	for (size_t i = 0; commands[i]; i++) {
		for (const struct option_row *row = commands[i]->options; row->name; row++) {
			char line[128];

			manual_line(row, line, sizeof(line));
			if (strncmp(manual, line, size + 1) == 0 && line[size] == '\n')
				return true;
		}
	}
	return false;
}

static void every_option_of_the_manual_exists(void **state)
{
	AUTO_FREE char *manual = read_manual();
	const char *at = manual;

	(void)state;
	while ((at = strstr(at, "\n.It Fl "))) {
		size_t size = strcspn(++at, "\n");

		if (!is_an_option(at, size))
			fail_msg("%s: there is no %.*s", MANUAL, (int)size, at);
	}
}

static void every_command_is_in_the_manual(void **state)
{
	AUTO_FREE char *manual = read_manual();

	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		char line[64];

		snprintf(line, sizeof(line), "\n.It Cm %s%s%s\n", commands[i]->name,
			commands[i]->operand ? " Op Ar " : "",
			commands[i]->operand ? commands[i]->operand : "");
		if (!strstr(manual, line))
			fail_msg("%s does not explain %s", MANUAL, commands[i]->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_of_every_command_fits_a_terminal_and_has_its_examples),
		cmocka_unit_test(help_of_a_command_is_the_same_however_it_is_asked_for),
		cmocka_unit_test(vmbpf_alone_explains_itself),
		cmocka_unit_test(version_has_many_names),
		cmocka_unit_test(wrong_words_are_answered_in_one_line_with_the_right_one),
		cmocka_unit_test(recording_that_cannot_be_read_has_its_own_statuses),
		cmocka_unit_test(fields_help_lists_every_column),
		cmocka_unit_test(tables_of_options_are_sound),
		cmocka_unit_test(every_option_is_in_the_manual),
		cmocka_unit_test(every_option_of_the_manual_exists),
		cmocka_unit_test(every_command_is_in_the_manual),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
