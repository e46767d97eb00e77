/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the reading of libvirt's control group names. */
#include "collect/cgroup.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

/* A piece of text that is not terminated. */
struct span {
	const char *text;
	size_t length;
};

static const struct cgroup_info no_domain = { .domain_id = -1, .index = -1 };

static bool is(struct span span, const char *word)
{
	return span.length == strlen(word) && memcmp(span.text, word, span.length) == 0;
}

static bool starts_with(struct span span, const char *prefix)
{
	size_t length = strlen(prefix);

	return span.length >= length && memcmp(span.text, prefix, length) == 0;
}

static bool ends_with(struct span span, const char *suffix)
{
	size_t length = strlen(suffix);

	return span.length >= length &&
	       memcmp(span.text + span.length - length, suffix, length) == 0;
}

/* Takes the prefix and the suffix off. False, and nothing is taken, unless both are there. */
static bool unwrap(struct span *span, const char *prefix, const char *suffix)
{
	size_t both = strlen(prefix) + strlen(suffix);

	if (span->length < both || !starts_with(*span, prefix) || !ends_with(*span, suffix))
		return false;
	span->text += strlen(prefix);
	span->length -= both;
	return true;
}

/* The next component of a path; false at its end. */
static bool next_component(struct span *path, struct span *ret)
{
	const char *slash;

	while (path->length > 0 && *path->text == '/') {
		path->text++;
		path->length--;
	}
	if (path->length == 0)
		return false;
	slash = memchr(path->text, '/', path->length);
	ret->text = path->text;
	ret->length = slash ? (size_t)(slash - path->text) : path->length;
	path->text += ret->length;
	path->length -= ret->length;
	return true;
}

/* Takes a decimal number of at most nine digits off the front. -1 where there is none. */
static int take_number(struct span *span)
{
	int number = 0;
	size_t n = 0;

	while (n < span->length && isdigit((unsigned char)span->text[n])) {
		if (n == 9)
			return -1;
		number = number * 10 + (span->text[n++] - '0');
	}
	span->text += n;
	span->length -= n;
	return n > 0 ? number : -1;
}

/*
 * Groups below which somebody other than root may create more: systemd hands the services of a
 * user, and services with Delegate=, to that user, and LXC its containers to their own root.
 */
static bool is_delegated(struct span component)
{
	return is(component, "user.slice") || ends_with(component, ".service") ||
	       is(component, "lxc") || starts_with(component, "lxc.");
}

/* systemd writes a dash within a name as \x2d and escapes nothing else that libvirt leaves in. */
static struct span unescape(struct span span, char *buffer, size_t size)
{
	struct span plain = { .text = buffer };

	while (span.length > 0 && plain.length < size) {
		bool escaped = starts_with(span, "\\x2d");

		buffer[plain.length++] = escaped ? '-' : *span.text;
		span.text += escaped ? 4 : 1;
		span.length -= escaped ? 4 : 1;
	}
	return plain;
}

/*
 * Understands "qemu-ID-NAME.libvirt-qemu", or "machine-qemu\x2dID\x2dNAME.scope" of systemd. NAME
 * and the dash before it are missing when the domain's name has no letter or digit.
 */
static bool parse_domain(struct span component, struct cgroup_info *ret)
{
	char buffer[2 * CGROUP_NAME_MAX];
	struct span machine = component;
	int id;

	if (!unwrap(&machine, "", ".libvirt-qemu")) {
		if (!unwrap(&machine, "machine-", ".scope"))
			return false;
		machine = unescape(machine, buffer, sizeof(buffer));
	}
	if (!unwrap(&machine, "qemu-", ""))
		return false;
	id = take_number(&machine);
	if (id < 0 || (machine.length > 0 && !unwrap(&machine, "-", "")))
		return false;
	if (machine.length >= sizeof(ret->name))
		return false;
	ret->domain_id = id;
	memcpy(ret->name, machine.text, machine.length);
	ret->name[machine.length] = '\0';
	return true;
}

static const struct {
	const char *prefix;
	enum cgroup_kind kind;
	bool numbered;
} kinds[] = {
	{ "vcpu", CGROUP_VCPU, true },
	{ "iothread", CGROUP_IOTHREAD, true },
	{ "emulator", CGROUP_EMULATOR, false },
};

static void parse_kind(struct span component, struct cgroup_info *ret)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct span rest = component;
		int index = -1;

		if (!unwrap(&rest, kinds[i].prefix, ""))
			continue;
		if (kinds[i].numbered)
			index = take_number(&rest);
		if (rest.length > 0 || (kinds[i].numbered && index < 0))
			return;
		ret->kind = kinds[i].kind;
		ret->index = index;
		return;
	}
}

/* What one path tells. systemd's layout has a group "libvirt" between the domain and its parts. */
static struct cgroup_info parse_path(struct span path)
{
	struct cgroup_info info = no_domain;
	struct span component;

	while (next_component(&path, &component) && !parse_domain(component, &info))
		if (is_delegated(component))
			return no_domain;
	if (info.domain_id < 0 || !next_component(&path, &component))
		return info;
	if (is(component, "libvirt") && !next_component(&path, &component))
		return info;
	parse_kind(component, &info);
	return info;
}

/* "hierarchy:controllers:path"; controllers may be empty, the path may hold colons. */
static struct span path_of_line(struct span line)
{
	for (int field = 0; field < 2; field++) {
		const char *colon = memchr(line.text, ':', line.length);

		if (!colon)
			return (struct span){ line.text, 0 };
		line.length -= (size_t)(colon + 1 - line.text);
		line.text = colon + 1;
	}
	return line;
}

/* Not every controller has the groups within a domain's. False: the two cannot both be true. */
static bool combine(struct cgroup_info *all, const struct cgroup_info *line)
{
	if (line->domain_id < 0)
		return true;
	if (all->domain_id >= 0 && all->domain_id != line->domain_id)
		return false;
	if (all->kind != CGROUP_NONE && line->kind != CGROUP_NONE &&
		(all->kind != line->kind || all->index != line->index))
		return false;
	if (all->domain_id < 0 || line->kind != CGROUP_NONE)
		*all = *line;
	return true;
}

void cgroup_parse(const char *text, struct cgroup_info *ret)
{
	*ret = no_domain;
	while (*text) {
		struct span line = { text, strcspn(text, "\n") };
		struct cgroup_info info = parse_path(path_of_line(line));

		if (!combine(ret, &info)) {
			*ret = no_domain;
			return;
		}
		text += line.length;
		text += *text == '\n';
	}
}

int cgroup_read(pid_t pid, pid_t tid, struct cgroup_info *ret)
{
	char path[64], text[16384];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/cgroup", (int)pid, (int)tid);
	err = buf_read(AT_FDCWD, path, text, sizeof(text));
	if (err < 0)
		return err;
	cgroup_parse(text, ret);
	return 0;
}
