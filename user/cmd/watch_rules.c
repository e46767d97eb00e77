/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what --cpu-threshold and the like mean: rules like those of a file. */
#include "cmd/watch_rules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alert/rules_file.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/options.h"
#include "model/unit.h"

#define DURATION_MAX_NS (100ull * 365 * 24 * 3600 * NSEC_PER_SEC)

/* One threshold, and the rule that it stands for. */
static const struct shortcut {
	size_t field; /* of a request: the threshold as text */
	const char *option;
	const char *name;
	enum scope scope;
	const char *expr; /* $ is the threshold */
	bool clears; /* --clear applies */
} shortcuts[] = {
	{ IN_REQUEST(watch.cpu), "cpu", "CpuThreshold", SCOPE_VM, "cpu_used > $%", true },
	{ IN_REQUEST(watch.memory), "mem", "MemoryThreshold", SCOPE_VM, "memory_used > $%", true },
	{ IN_REQUEST(watch.ready), "ready", "ReadyThreshold", SCOPE_VCPU, "ready > $%", true },
	{ IN_REQUEST(watch.storage), "storage", "StorageThreshold", SCOPE_DISK, "storage_used > $%",
		true },
	{ IN_REQUEST(watch.net), "net", "NetThreshold", SCOPE_VM, "net_rx > $ or net_tx > $",
		false },
};

#define N_SHORTCUTS (sizeof(shortcuts) / sizeof(shortcuts[0]))

static const char *threshold_of(const struct request *request, const struct shortcut *shortcut)
{
	return *(const char *const *)((const char *)request + shortcut->field);
}

/* A percentage without its sign. */
static bool read_percent(const char *text, double *ret)
{
	struct column column;

	return column_find("cpu_used", SCOPE_VM, &column) == 0 &&
	       unit_parse(&column, text, ret) == 0;
}

const char *set_percent(void *field, const char *text)
{
	double percent;

	if (!read_percent(text, &percent) || percent < 0 || percent > 100)
		return "a percentage from 0 to 100, such as 90";
	*(const char **)field = text;
	return NULL;
}

const char *set_bytes_per_second(void *field, const char *text)
{
	struct column column;
	double bytes;

	if (column_find("net_rx", SCOPE_VM, &column) != 0 ||
		unit_parse(&column, text, &bytes) != 0 || bytes < 0)
		return "a number of bytes per second, such as 500k, 10M or 1G";
	*(const char **)field = text;
	return NULL;
}

const char *set_cpu_time(void *field, const char *text)
{
	return parse_duration(text, 1, DURATION_MAX_NS, field)
		       ? "a time, such as 3600, 90m or 5000000000ns"
		       : NULL;
}

const char *set_for(void *field, const char *text)
{
	return parse_duration(text, 0, 24 * 3600 * NSEC_PER_SEC, field)
		       ? "a time up to 24 hours, such as 30s or 5m"
		       : NULL;
}

static void print_expr(FILE *out, const struct shortcut *shortcut, const char *threshold)
{
	size_t digits = strcspn(threshold, "%");

	for (const char *c = shortcut->expr; *c; c++) {
		if (*c == '$' && shortcut->clears)
			fprintf(out, "%.*s", (int)digits, threshold);
		else if (*c == '$')
			fputs(threshold, out);
		else
			fputc(*c, out);
	}
}

/* Times are written to the nanosecond, so that none is rounded. */
static void print_end_of_rule(FILE *out, const struct request *request)
{
	fprintf(out, "    for: %" PRIu64 "ns\n", request->watch.for_ns);
}

static void print_rule(FILE *out, const struct request *request, const struct shortcut *shortcut)
{
	fprintf(out, "  - alert: %s\n    scope: %s\n    expr: ", shortcut->name,
		scopes[shortcut->scope].name);
	print_expr(out, shortcut, threshold_of(request, shortcut));
	fputc('\n', out);
	if (request->watch.clear && shortcut->clears)
		fprintf(out, "    clear: %.*s%%\n", (int)strcspn(request->watch.clear, "%"),
			request->watch.clear);
	print_end_of_rule(out, request);
}

/* What has been used is never given back: the alert ends with the VM. */
static void print_cpu_time_rule(FILE *out, const struct request *request)
{
	fprintf(out,
		"  - alert: CpuTimeThreshold\n    expr: cpu_seconds_total > %" PRIu64 ".%09" PRIu64
		"\n",
		(uint64_t)(request->watch.cpu_time_ns / NSEC_PER_SEC),
		(uint64_t)(request->watch.cpu_time_ns % NSEC_PER_SEC));
	print_end_of_rule(out, request);
}

static bool has_shortcuts(const struct request *request)
{
	for (size_t i = 0; i < N_SHORTCUTS; i++)
		if (threshold_of(request, &shortcuts[i]))
			return true;
	return request->watch.cpu_time_ns != 0;
}

/* Each threshold in percent must be above the value at which its alert ends. */
static int check_clear(const struct request *request)
{
	double threshold, clear;
	bool applies = false;

	if (!request->watch.clear)
		return 0;
	for (size_t i = 0; i < N_SHORTCUTS; i++) {
		const char *text = threshold_of(request, &shortcuts[i]);

		if (!text || !shortcuts[i].clears)
			continue;
		applies = true;
		if (read_percent(text, &threshold) && read_percent(request->watch.clear, &clear) &&
			clear > threshold) {
			log_error("watch: --clear %s is above --%s-threshold %s (give the value "
				  "below which an alert ends)",
				request->watch.clear, shortcuts[i].option, text);
			return EX_USAGE;
		}
	}
	if (applies)
		return 0;
	log_error("watch: --clear is of thresholds in percent, and there is none (give "
		  "--cpu-threshold or another, or `clear` in --rules)");
	return EX_USAGE;
}

static int load_options(const struct request *request, struct rules *ret)
{
	char error[RULES_ERROR_MAX] = "";
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int err = out ? 0 : -ENOMEM;

	if (out) {
		fputs("rules:\n", out);
		for (size_t i = 0; i < N_SHORTCUTS; i++)
			if (threshold_of(request, &shortcuts[i]))
				print_rule(out, request, &shortcuts[i]);
		if (request->watch.cpu_time_ns)
			print_cpu_time_rule(out, request);
		err = fclose(out) ? -ENOMEM : 0;
	}
	if (!err)
		err = rules_parse("command line", text, size, ret, error);
	if (!err)
		return 0;
	log_error("watch: %s", *error ? error : strerror(-err));
	return err == -EINVAL ? EX_USAGE : EX_OSERR;
}

static int load_defaults(struct rules *ret)
{
	char error[RULES_ERROR_MAX] = "";
	size_t size;
	const char *text = rules_default_text(&size);

	if (rules_parse("default rules", text, size, ret, error) == 0)
		return 0;
	log_error("%s", error);
	return EX_SOFTWARE;
}

int watch_rules_read(const char *path, struct rules *ret)
{
	char error[RULES_ERROR_MAX] = "";
	int err = rules_read(path, ret, error);

	if (!err)
		return 0;
	log_error("%s", *error ? error : strerror(-err));
	if (err == -EACCES)
		return EX_NOPERM;
	return err == -EINVAL ? EX_CONFIG : err == -ENOMEM ? EX_OSERR : EX_NOINPUT;
}

/* Two rules of one name would be one alert to those who are told. */
static int check_names(const struct watch_rules *rules)
{
	for (size_t i = 0; i < rules->of_file.n; i++)
		for (size_t k = 0; k < rules->of_options.n; k++)
			if (strcmp(rules->of_file.rule[i].name, rules->of_options.rule[k].name) ==
				0) {
				log_error("watch: a rule of --rules has the name of one that an "
					  "option makes, %s (give it another one)",
					rules->of_file.rule[i].name);
				return EX_USAGE;
			}
	return 0;
}

/* Both kinds in one array; the rules themselves stay where they are. */
static int join(struct watch_rules *rules)
{
	size_t n = rules->of_file.n + rules->of_options.n;
	struct rule *all;

	rules->all.arena = arena_new();
	if (!rules->all.arena) {
		log_error("out of memory");
		return EX_OSERR;
	}
	all = arena_alloc(rules->all.arena, (n + 1) * sizeof(*all));
	if (rules->of_file.n)
		memcpy(all, rules->of_file.rule, rules->of_file.n * sizeof(*all));
	if (rules->of_options.n)
		memcpy(all + rules->of_file.n, rules->of_options.rule,
			rules->of_options.n * sizeof(*all));
	rules->all.rule = all;
	rules->all.n = n;
	return 0;
}

int watch_rules_load(const struct request *request, struct watch_rules *ret)
{
	bool by_options = has_shortcuts(request);
	int status = check_clear(request);

	if (!status && request->watch.for_ns && !by_options) {
		log_error("watch: --for is of thresholds given as options, and there is none (give "
			  "--cpu-threshold or another, or `for` in --rules)");
		status = EX_USAGE;
	}

	*ret = (struct watch_rules){ 0 };
	if (!status && request->watch.rules)
		status = watch_rules_read(request->watch.rules, &ret->of_file);
	else if (!status && !by_options)
		status = load_defaults(&ret->of_file);
	if (!status && by_options)
		status = load_options(request, &ret->of_options);
	if (!status)
		status = check_names(ret);
	if (!status)
		status = join(ret);
	if (status)
		watch_rules_done(ret);
	return status;
}

void watch_rules_done(struct watch_rules *rules)
{
	arena_free(rules->all.arena);
	rules_done(&rules->of_file);
	rules_done(&rules->of_options);
	*rules = (struct watch_rules){ 0 };
}
