/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns where the alerts of vmbpf watch go, and what is said of those that do not arrive. */
#include "cmd/watch_outlets.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/loop.h"
#include "cmd/terminal.h"

/* How long the end of vmbpf waits for all outlets together. */
#define CLOSE_NS (3 * NSEC_PER_SEC)

/* Between two looks whether to end. */
#define LOOK_NS (100 * NSEC_PER_MSEC)

static int status_of(int err)
{
	switch (err) {
	case -EINVAL:
		return EX_USAGE;
	case -EACCES:
	case -EPERM:
		return EX_NOPERM;
	case -ENOMEM:
		return EX_OSERR;
	default:
		return EX_CANTCREAT;
	}
}

/* Takes in what was opened, or says why it was not. */
static int take(struct watch_outlets *outlets, const char *option, int err, struct outlet *outlet,
	const char *why)
{
	if (err) {
		log_error("watch: --%s: %s", option, *why ? why : strerror(-err));
		return status_of(err);
	}
	outlets->outlet[outlets->n++] = outlet;
	return 0;
}

static int open_stream(const struct request *request, struct watch_outlets *outlets)
{
	bool json = request->output && strcmp(request->output, "json") == 0;
	char why[OUTLET_WHY_MAX] = "";
	struct stream_style style = { .format = json ? STREAM_JSON : STREAM_LINE };
	struct view_spec spec = { 0 };
	struct outlet *outlet = NULL;
	int err;

	terminal_describe(request, &spec);
	style.colour = spec.colour;
	style.utf8 = spec.utf8;
	err = stream_outlet_open(STDOUT_FILENO, &style, &outlet, why);
	outlets->stream = outlet;
	return take(outlets, "output", err, outlet, why);
}

static int open_log(const struct request *request, struct watch_outlets *outlets)
{
	char why[OUTLET_WHY_MAX] = "";
	struct outlet *outlet = NULL;
	int err;

	if (!request->watch.log)
		return 0;
	err = log_outlet_open(request->watch.log, &outlet, why);
	return take(outlets, "log", err, outlet, why);
}

static int open_syslog(const struct request *request, struct watch_outlets *outlets)
{
	char why[OUTLET_WHY_MAX] = "";
	struct outlet *outlet = NULL;
	int err;

	if (!request->watch.syslog)
		return 0;
	err = syslog_outlet_open(NULL, &outlet, why);
	return take(outlets, "syslog", err, outlet, why);
}

static int open_exec(const struct request *request, struct watch_outlets *outlets)
{
	char why[OUTLET_WHY_MAX] = "";
	struct outlet *outlet = NULL;
	int err;

	if (!request->watch.exec)
		return 0;
	err = exec_outlet_open(request->watch.exec, request->config.user, &outlet, why);
	return take(outlets, "exec", err, outlet, why);
}

static int open_urls(struct watch_outlets *outlets, const char *option, const struct words *urls,
	int (*open)(const char *url, struct outlet **ret, char why[static OUTLET_WHY_MAX]))
{
	int status = 0;

	for (unsigned i = 0; i < urls->n && !status; i++) {
		char why[OUTLET_WHY_MAX] = "";
		struct outlet *outlet = NULL;
		int err = open(urls->word[i], &outlet, why);

		status = take(outlets, option, err, outlet, why);
	}
	return status;
}

int watch_outlets_open(const struct request *request, bool with_stream, struct watch_outlets *ret)
{
	const struct watch_request *watch = &request->watch;
	int status = 0;

	*ret = (struct watch_outlets){ .patient = request->config.replay };
	if (with_stream)
		status = open_stream(request, ret);
	if (!status)
		status = open_log(request, ret);
	if (!status)
		status = open_syslog(request, ret);
	if (!status)
		status = open_exec(request, ret);
	if (!status)
		status = open_urls(ret, "webhook", &watch->webhooks, webhook_outlet_open);
	if (!status)
		status = open_urls(
			ret, "alertmanager", &watch->alertmanagers, alertmanager_outlet_open);
	if (status)
		watch_outlets_close(ret);
	return status;
}

int watch_outlets_start(struct watch_outlets *outlets)
{
	int err = 0;

	for (unsigned i = 0; i < outlets->n && !err && !outlets->started; i++)
		err = outlet_start(outlets->outlet[i]);
	outlets->started = true;
	return err;
}

static void wait_for_room(struct outlet *outlet)
{
	while (!loop_is_ending() &&
		!outlet_wait_for_room(outlet, clock_ns(CLOCK_MONOTONIC) + LOOK_NS))
		;
}

void watch_outlets_push(struct watch_outlets *outlets, const struct alert_record *record)
{
	struct shared_record *shared = record_share(record);

	if (!shared) {
		log_error("out of memory: an alert of %s is lost", record->alert);
		return;
	}
	for (unsigned i = 0; i < outlets->n; i++) {
		if (outlets->patient)
			wait_for_room(outlets->outlet[i]);
		outlet_push(outlets->outlet[i], shared);
	}
	record_drop(shared);
}

void watch_outlets_reopen(struct watch_outlets *outlets)
{
	for (unsigned i = 0; i < outlets->n; i++)
		outlet_reopen(outlets->outlet[i]);
}

void watch_outlets_check(struct watch_outlets *outlets)
{
	for (unsigned i = 0; i < outlets->n; i++) {
		const struct outlet *outlet = outlets->outlet[i];
		struct outlet_counts counts;
		bool troubled;

		if (outlet == outlets->stream)
			continue; /* its end is that of vmbpf, and is told then */
		outlet_count(outlets->outlet[i], &counts);
		troubled = *counts.trouble;
		if (troubled && !outlets->troubled[i])
			log_warning("%s %s: %s; %zu alerts wait, %" PRIu64
				    " were dropped up to now, sampling goes on",
				outlet_name(outlet), outlet_label(outlet), counts.trouble,
				counts.waiting, counts.dropped);
		if (!troubled && outlets->troubled[i])
			log_warning("%s %s works again; %" PRIu64 " alerts were dropped up to now",
				outlet_name(outlet), outlet_label(outlet), counts.dropped);
		outlets->troubled[i] = troubled;
	}
}

int watch_outlets_broken(const struct watch_outlets *outlets)
{
	return outlets->stream ? outlet_broken(outlets->stream) : 0;
}

static void say_what_was_dropped(
	const char *name, const char *label, const struct outlet_counts *counts)
{
	if (counts->dropped)
		log_warning("%s %s: %" PRIu64 " alerts were delivered, %" PRIu64
			    " dropped after %" PRIu64 " more attempts%s%s",
			name, label, counts->delivered, counts->dropped, counts->retries,
			*counts->trouble ? ": " : "", counts->trouble);
	else
		log_detail(
			"%s %s: %" PRIu64 " alerts were delivered", name, label, counts->delivered);
}

int watch_outlets_close(struct watch_outlets *outlets)
{
	uint64_t deadline_ns = clock_ns(CLOCK_MONOTONIC) + CLOSE_NS;
	int err = 0;

	for (unsigned i = 0; i < outlets->n; i++) {
		struct outlet *outlet = outlets->outlet[i];
		bool is_stream = outlet == outlets->stream;
		const char *name = outlet_name(outlet);
		char label[OUTLET_WHY_MAX];
		struct outlet_counts counts;

		snprintf(label, sizeof(label), "%s", outlet_label(outlet));
		outlet_free(outlet, deadline_ns, &counts);
		if (is_stream && counts.broken)
			err = counts.broken;
		else
			say_what_was_dropped(name, label, &counts);
	}
	*outlets = (struct watch_outlets){ 0 };
	return err;
}
