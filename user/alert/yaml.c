/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how the events of libyaml become a tree, and what is not taken. */
#include "alert/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "model/unit.h"

/* A sequence or mapping that is not complete yet. */
struct frame {
	struct yaml_node *node;
	struct yaml_node **last; /* where the next one goes */
	const struct yaml_node *key; /* of a mapping: the one whose value comes next */
};

struct builder {
	yaml_parser_t parser;
	struct arena *arena;
	const char *text;
	struct frame frames[YAML_DEPTH_MAX];
	unsigned depth;
	struct yaml_node *root;
	bool has_document, at_end;
	char *error;
};

struct place {
	unsigned line, column;
};

static struct place place_of(const yaml_mark_t *mark)
{
	return (struct place){ (unsigned)mark->line + 1, (unsigned)mark->column + 1 };
}

__attribute__((format(printf, 3, 4))) static int fail(
	const struct builder *builder, struct place place, const char *format, ...)
{
	char what[YAML_ERROR_MAX], line[YAML_ERROR_MAX + 32];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "%u:%u: %s", place.line, place.column, what);
	unit_safe_text(line, builder->error, YAML_ERROR_MAX);
	return -EINVAL;
}

static const char tags_are_refused[] =
	"tags are not understood; a text that begins with '!' must be in quotes";

/* What libyaml says, and what a reader who knows little of YAML can do about it. */
static const struct complaint {
	const char *problem, *plain;
	bool at_context; /* where what it is about begins tells more than where it went wrong */
} complaints[] = {
	{ "mapping values are not allowed in this context",
		"no ': ' is expected here; a text that has one in it must be in quotes", false },
	{ "could not find expected ':'", "a ':' is missing after this key", true },
	{ "did not find expected key",
		"a key is expected here, below those of the same mapping; a text with quotes in it "
		"must be in quotes as a whole",
		false },
	{ "did not find expected '-' indicator",
		"a '-' is expected here, below those of the same list", false },
	{ "block sequence entries are not allowed in this context", "no '- ' is expected here",
		false },
	{ "found character that cannot start any token",
		"a text cannot begin with this character: put it in quotes; indent by spaces, not "
		"tabs",
		false },
	{ "found a tab character that violates indentation", "indent by spaces, not tabs", false },
	{ "found a tab character where an indentation space is expected",
		"indent by spaces, not tabs", false },
	{ "did not find expected comment or line break",
		"'>' and '|' begin a text of several lines here; a text with quotes in it must be in "
		"quotes as a whole",
		true },
	{ "found invalid Unicode character escape code", "no character has this number", false },
	{ "found unexpected end of stream", "this quote is not closed", true },
	{ "found unexpected document indicator", "this quote is not closed", true },
	{ "found unknown escape character",
		"no such escape; in 'single quotes' a backslash is only a backslash", false },
	{ "did not find expected node content", "a value is missing here", false },
	{ "did not find expected ',' or ']'", "a ',' or ']' is expected here", false },
	{ "did not find expected ',' or '}'", "a ',' or '}' is expected here", false },
	{ "did not find expected <document start>",
		"nothing more is expected here; is it indented as what it belongs to?", false },
	{ "did not find expected alphabetic or numeric character",
		"a text that begins with '*' or '&' must be in quotes", true },
	{ "found undefined tag handle", tags_are_refused, false },
	{ "found unknown directive name",
		"directives, lines that begin with '%', are not understood", true },
	{ "found incompatible YAML document",
		"directives, lines that begin with '%', are not understood", false },
	{ "control characters are not allowed", "a control character; this is no text", false },
};

static const struct complaint *find_complaint(const char *problem)
{
	for (size_t i = 0; problem && i < sizeof(complaints) / sizeof(complaints[0]); i++)
		if (strcmp(problem, complaints[i].problem) == 0)
			return &complaints[i];
	return NULL;
}

/* The reader of libyaml, which knows no lines yet, tells the byte. */
static struct place place_of_byte(const char *text, size_t offset)
{
	struct place place = { 1, 1 };

	for (size_t i = 0; i < offset; i++) {
		bool ends_line = text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n');

		place.line += ends_line;
		place.column += ((unsigned char)text[i] & 0xc0) != 0x80;
		place.column = ends_line ? 1 : place.column;
	}
	return place;
}

static int fail_reader(const struct builder *builder, const struct complaint *complaint)
{
	return fail(builder, place_of_byte(builder->text, builder->parser.problem_offset), "%s",
		complaint ? complaint->plain : "this is not UTF-8");
}

/* libyaml has failed. */
static int fail_syntax(const struct builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	const struct complaint *complaint = find_complaint(parser->problem);
	const yaml_mark_t *mark = complaint && complaint->at_context && parser->context
					  ? &parser->context_mark
					  : &parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		return fail_reader(builder, complaint);
	return fail(builder, place_of(mark), "%s",
		complaint	  ? complaint->plain
		: parser->problem ? parser->problem
				  : "this is not YAML");
}

static struct yaml_node *new_node(
	struct builder *builder, enum yaml_kind kind, const yaml_event_t *event)
{
	struct yaml_node *node = arena_alloc(builder->arena, sizeof(*node));
	struct place place = place_of(&event->start_mark);

	node->kind = kind;
	node->line = place.line;
	node->column = place.column;
	return node;
}

static struct place place_of_node(const struct yaml_node *node)
{
	return (struct place){ node->line, node->column };
}

static int add_key(struct builder *builder, struct frame *frame, const struct yaml_node *key)
{
	const struct yaml_node *same;

	if (key->kind != YAML_SCALAR)
		return fail(builder, place_of_node(key), "a key must be a single word");
	same = yaml_find(frame->node, key->text);
	if (same)
		return fail(builder, place_of_node(key), "the key '%.40s' is also on line %u",
			key->text, same->key->line);
	if (frame->node->n == YAML_KEYS_MAX)
		return fail(builder, place_of_node(key), "more than %d keys in one mapping",
			YAML_KEYS_MAX);
	frame->key = key;
	return 0;
}

/* Into what is open, be it as a key or as a value. */
static int add_node(struct builder *builder, struct yaml_node *node)
{
	struct frame *frame = builder->depth ? &builder->frames[builder->depth - 1] : NULL;

	if (!frame) {
		builder->root = node;
		return 0;
	}
	if (frame->node->kind == YAML_MAPPING && !frame->key)
		return add_key(builder, frame, node);
	node->key = frame->key;
	frame->key = NULL;
	*frame->last = node;
	frame->last = &node->next;
	frame->node->n++;
	return 0;
}

static int refuse_decoration(const struct builder *builder, const yaml_event_t *event,
	const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return fail(builder, place_of(&event->start_mark),
			"anchors are not understood; a text that begins with '&' must be in quotes");
	if (tag)
		return fail(builder, place_of(&event->start_mark), "%s", tags_are_refused);
	return 0;
}

static int add_scalar(struct builder *builder, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	struct yaml_node *node;
	int err = refuse_decoration(
		builder, event, event->data.scalar.anchor, event->data.scalar.tag);

	if (err)
		return err;
	if (memchr(value, '\0', length))
		return fail(
			builder, place_of(&event->start_mark), "a NUL is not allowed in a text");
	node = new_node(builder, YAML_SCALAR, event);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_strndup(builder->arena, value, length);
	return add_node(builder, node);
}

static int open_node(struct builder *builder, enum yaml_kind kind, const yaml_event_t *event)
{
	struct yaml_node *node = new_node(builder, kind, event);
	int err;

	if (builder->depth == YAML_DEPTH_MAX)
		return fail(builder, place_of_node(node), "nested deeper than %d levels",
			YAML_DEPTH_MAX);
	err = add_node(builder, node);
	if (err)
		return err;
	builder->frames[builder->depth++] = (struct frame){ .node = node, .last = &node->first };
	return 0;
}

static int open_sequence(struct builder *builder, const yaml_event_t *event)
{
	int err = refuse_decoration(
		builder, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);

	return err ? err : open_node(builder, YAML_SEQUENCE, event);
}

static int open_mapping(struct builder *builder, const yaml_event_t *event)
{
	int err = refuse_decoration(
		builder, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);

	return err ? err : open_node(builder, YAML_MAPPING, event);
}

static int close_node(struct builder *builder, const yaml_event_t *event)
{
	(void)event;
	builder->depth--;
	return 0;
}

static int refuse_alias(struct builder *builder, const yaml_event_t *event)
{
	return fail(builder, place_of(&event->start_mark),
		"aliases are not understood; a text that begins with '*' must be in quotes");
}

static int start_document(struct builder *builder, const yaml_event_t *event)
{
	struct place place = place_of(&event->start_mark);

	if (event->data.document_start.version_directive ||
		event->data.document_start.tag_directives.start !=
			event->data.document_start.tag_directives.end)
		return fail(builder, place,
			"directives, lines that begin with '%%', are not understood");
	if (builder->has_document)
		return fail(builder, place, "a second document begins here; one is expected");
	builder->has_document = true;
	return 0;
}

static int end_stream(struct builder *builder, const yaml_event_t *event)
{
	(void)event;
	builder->at_end = true;
	if (builder->root)
		return 0;
	builder->root = arena_alloc(builder->arena, sizeof(*builder->root));
	*builder->root = (struct yaml_node){ .plain = true, .line = 1, .column = 1, .text = "" };
	return 0;
}

/* Events without an entry say nothing that matters. */
static int (*const handlers[])(struct builder *builder, const yaml_event_t *event) = {
	[YAML_STREAM_END_EVENT] = end_stream,
	[YAML_DOCUMENT_START_EVENT] = start_document,
	[YAML_ALIAS_EVENT] = refuse_alias,
	[YAML_SCALAR_EVENT] = add_scalar,
	[YAML_SEQUENCE_START_EVENT] = open_sequence,
	[YAML_SEQUENCE_END_EVENT] = close_node,
	[YAML_MAPPING_START_EVENT] = open_mapping,
	[YAML_MAPPING_END_EVENT] = close_node,
};

static int build(struct builder *builder)
{
	int err = 0;

	while (!err && !builder->at_end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&builder->parser, &event))
			return fail_syntax(builder);
		if (handlers[event.type])
			err = handlers[event.type](builder, &event);
		yaml_event_delete(&event);
	}
	return err;
}

/* libyaml would count it as a character of the first line. */
static size_t byte_order_mark(const char *text, size_t size)
{
	return size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int yaml_parse(struct arena *arena, const char *text, size_t size, const struct yaml_node **ret,
	char error[static YAML_ERROR_MAX])
{
	size_t mark = byte_order_mark(text, size);
	struct builder builder = { .arena = arena, .text = text + mark, .error = error };
	int err;

	if (size > YAML_SIZE_MAX)
		return fail(
			&builder, (struct place){ 1, 1 }, "longer than %u bytes", YAML_SIZE_MAX);
	if (!yaml_parser_initialize(&builder.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&builder.parser, (const unsigned char *)builder.text, size - mark);
	err = build(&builder);
	yaml_parser_delete(&builder.parser);
	if (!err)
		*ret = builder.root;
	return err;
}

const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key)
{
	for (const struct yaml_node *node = mapping->first; node; node = node->next)
		if (strcmp(node->key->text, key) == 0)
			return node;
	return NULL;
}
