/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Posts alerts to the API, version 2, of an Alertmanager. Labels are who an alert is, and so are
 * the same from when it fires until it is over; what changes is in the annotations. An Alertmanager
 * forgets what it is not told again, so that one that vmbpf has left to itself ends its alerts.
 */
#include "alert/outlets.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "alert/http_outlets.h"
#include "alert/text.h"
#include "base/arena.h"
#include "base/clock.h"
#include "sink/json.h"

/* How long an alert holds that is not told again; it is told once a minute. */
#define HOLDS_NS (240 * NSEC_PER_SEC)

/* It is told again once a tick where ticks are rare. */
#define HOLDS_TICKS 4

/* Of vmbpf itself: a rule that never fired lost the data it looks at. */
#define NO_DATA_ALERT "VmbpfNoData"

/* The most that an alert has beside what its rule adds. */
#define OWN_TEXTS_MAX 16

/* Labels or annotations. What was added first under a name stays. */
struct texts {
	struct arena *arena;
	struct pair *pair;
	size_t n;
};

/* Labels that say who an alert is about, for all alerts, also those that lack some of them. */
static const char *const reserved[] = { "alertname", "rule", "severity", "host", "vm", "uuid",
	"vcpu", "nic", "disk", "scope" };

static bool is_reserved(const char *name)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (strcmp(reserved[i], name) == 0)
			return true;
	}
	return false;
}

/* What an Alertmanager does not take in a name becomes '_', as it does in Prometheus. */
static const char *legal_name(struct arena *arena, const char *name)
{
	char *legal = arena_strdup(arena, name);

	for (char *at = legal; *at; at++) {
		bool right = isalpha((unsigned char)*at) || *at == '_' ||
			     (at > legal && isdigit((unsigned char)*at));

		if (!right)
			*at = '_';
	}
	return legal;
}

/* An empty text is none, as it is for an Alertmanager. */
static void add(struct texts *texts, const char *name, const char *value)
{
	if (!name || !*name || !value || !*value)
		return;
	name = legal_name(texts->arena, name);
	for (size_t i = 0; i < texts->n; i++) {
		if (strcmp(texts->pair[i].name, name) == 0)
			return;
	}
	texts->pair[texts->n++] = (struct pair){ name, value };
}

static struct texts begin_texts(struct arena *arena, const struct pairs *of_rule)
{
	size_t n = OWN_TEXTS_MAX + of_rule->n;

	return (struct texts){ arena, arena_alloc(arena, n * sizeof(struct pair)), 0 };
}

/* That a number is missing is no alert of the rule itself, unless that has fired. */
static bool is_no_data_alert(const struct alert_record *record)
{
	return record->fired_ns == 0 && record->state != ALERT_FIRING;
}

static struct texts labels_of(struct arena *arena, const struct alert_record *record)
{
	struct texts texts = begin_texts(arena, &record->labels);
	bool no_data = is_no_data_alert(record);

	add(&texts, "alertname", no_data ? NO_DATA_ALERT : record->alert);
	add(&texts, "rule", no_data ? record->alert : NULL);
	add(&texts, "severity", severity_names[no_data ? SEVERITY_WARNING : record->severity]);
	add(&texts, "host", record->host);
	add(&texts, "vm", record->vm);
	add(&texts, "uuid", record->uuid);
	add(&texts, record->key_name, record->key);
	add(&texts, "scope", scopes[record->scope].name);
	for (size_t i = 0; i < record->labels.n; i++) {
		const struct pair *label = &record->labels.pair[i];

		if (!is_reserved(legal_name(arena, label->name)))
			add(&texts, label->name, label->value);
	}
	return texts;
}

static const char *text_or(const char *text, const char *other)
{
	return text && *text ? text : other;
}

static const char *reason_of(struct arena *arena, const struct alert_record *record)
{
	const char *time;

	if (record->state != ALERT_NODATA)
		return record->reason;
	time = record->since_ns ? alert_time(arena, record->since_ns) : NULL;
	return arena_printf(arena, "no data%s%s%s%s", time ? " since " : "", text_or(time, ""),
		text_or(record->reason, NULL) ? ": " : "", text_or(record->reason, ""));
}

/*
 * "vm.cpu_used_percent 97.2 % > 90.0 %". Of what is over no comparison is told: it may hold still,
 * and be one of several that all had to.
 */
static const char *summary_of(
	struct arena *arena, const struct alert_record *record, const char *reason)
{
	const char *what = text_or(record->metric, record->alert);
	const char *value = text_or(record->value_text, "");

	if (record->state == ALERT_NODATA)
		return arena_printf(arena, "%s: %s", what, reason);
	if (record->state == ALERT_RESOLVED && text_or(reason, NULL))
		return arena_printf(arena, "over: %s", reason);
	if (record->state == ALERT_RESOLVED)
		return arena_printf(arena, "over: %s %s", what, value);
	return arena_printf(arena, "%s %s %s %s", what, value, text_or(record->relation, ""),
		text_or(record->threshold_text, ""));
}

/* Those of the rule come first, and so take the place of what would be said otherwise. */
static struct texts annotations_of(struct arena *arena, const struct alert_record *record)
{
	struct texts texts = begin_texts(arena, &record->annotations);
	const char *reason = reason_of(arena, record);

	for (size_t i = 0; i < record->annotations.n; i++)
		add(&texts, record->annotations.pair[i].name, record->annotations.pair[i].value);
	add(&texts, "summary", summary_of(arena, record, reason));
	add(&texts, "reason", reason);
	add(&texts, "metric", record->metric);
	add(&texts, "value", record->value_text);
	add(&texts, "threshold", record->threshold_text);
	add(&texts, "cause", record->cause);
	add(&texts, "suggestion", record->suggestion);
	add(&texts, "flapping", record->flapping ? "true" : NULL);
	return texts;
}

static void write_texts(struct writer *writer, const char *name, struct texts texts)
{
	json_text(writer, name);
	writer_string(writer, ":{");
	for (size_t i = 0; i < texts.n; i++) {
		writer_string(writer, i ? "," : "");
		json_text(writer, texts.pair[i].name);
		writer_char(writer, ':');
		json_text(writer, texts.pair[i].value);
	}
	writer_char(writer, '}');
}

static uint64_t holds_ns(const struct alert_record *record)
{
	uint64_t ns = HOLDS_TICKS * record->interval_ns;

	return ns > HOLDS_NS ? ns : HOLDS_NS;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * An alert whose data is missing goes on: silence is no recovery. An end before the beginning would
 * be refused, and a recording or a clock that was set back may tell of the future.
 */
static void write_times(struct writer *writer, const struct alert_record *record, uint64_t now_ns)
{
	bool over = record->state == ALERT_RESOLVED;
	uint64_t end_ns = over ? earlier(record->real_ns, now_ns) : now_ns + holds_ns(record);
	uint64_t begin_ns = record->fired_ns ? record->fired_ns : record->since_ns;

	begin_ns = earlier(begin_ns ? begin_ns : record->real_ns, earlier(end_ns, now_ns));
	writer_string(writer, ",\"startsAt\":\"");
	writer_time(writer, begin_ns);
	writer_string(writer, "\",\"endsAt\":\"");
	writer_time(writer, end_ns);
	writer_char(writer, '"');
}

static void write_alert(struct writer *writer, struct arena *arena,
	const struct alert_record *record, uint64_t now_ns)
{
	writer_char(writer, '{');
	write_texts(writer, "labels", labels_of(arena, record));
	writer_char(writer, ',');
	write_texts(writer, "annotations", annotations_of(arena, record));
	write_times(writer, record, now_ns);
	writer_char(writer, '}');
}

/* What one post is made of. */
struct batch {
	struct arena *arena;
	const struct alert_record *const *records;
	size_t n;
};

/*
 * In the order in which things happened: an Alertmanager takes the alerts of one post one by one,
 * so that the last that is told of an alert holds.
 */
static void write_batch(struct writer *writer, const void *data)
{
	uint64_t now_ns = clock_ns(CLOCK_REALTIME);
	const struct batch *batch = data;
	const char *between = "";

	writer_char(writer, '[');
	for (size_t i = 0; i < batch->n; i++) {
		if (batch->records[i]->state == ALERT_PENDING)
			continue;
		writer_string(writer, between);
		write_alert(writer, batch->arena, batch->records[i], now_ns);
		between = ",";
	}
	writer_char(writer, ']');
}

static bool is_worth_a_post(const struct alert_record *const *records, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (records[i]->state != ALERT_PENDING)
			return true;
	}
	return false;
}

/*
 * Of a batch that is refused an Alertmanager has taken all alerts but those that are wrong. All
 * count as dropped then, since which they are it does not say.
 */
static enum delivery post(struct http *http, const char *body, const atomic_bool *stop,
	char why[static OUTLET_WHY_MAX])
{
	struct http_answer answer;
	enum delivery delivery = http_post(http, body, strlen(body), stop, &answer);

	if (delivery == DELIVERY_REFUSED && *answer.text)
		snprintf(why, OUTLET_WHY_MAX, "%.80s: %s", answer.why, answer.text);
	else if (delivery != DELIVERED)
		memcpy(why, answer.why, OUTLET_WHY_MAX);
	return delivery;
}

static enum delivery deliver(void *state, const struct alert_record *const *records, size_t n,
	const atomic_bool *stop, char why[static OUTLET_WHY_MAX])
{
	struct arena *arena;
	enum delivery delivery;
	struct batch batch;

	if (!is_worth_a_post(records, n))
		return DELIVERED;
	arena = arena_new();
	if (!arena) {
		snprintf(why, OUTLET_WHY_MAX, "out of memory");
		return DELIVERY_RETRY;
	}
	batch = (struct batch){ arena, records, n };
	delivery = post(state, writer_text(arena, write_batch, &batch), stop, why);
	arena_free(arena);
	return delivery;
}

const struct outlet_type alertmanager_type = {
	.name = "alertmanager",
	.batch = OUTLET_BATCH_MAX,
	.wants_refreshes = true,
	.deliver = deliver,
	.close = http_outlet_close,
};

int alertmanager_outlet_open(const char *url, struct outlet **ret, char why[static OUTLET_WHY_MAX])
{
	return http_outlet_open(&alertmanager_type, url, ALERTMANAGER_PATH, ret, why);
}
