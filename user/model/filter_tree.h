/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree that a filter is read into by filter_parse.c and matched with by filter.c. */
#ifndef MODEL_FILTER_TREE_H
#define MODEL_FILTER_TREE_H

#include "vmbpf/metric.h"

struct arena;

enum relation {
	OP_LESS,
	OP_LESS_EQUAL,
	OP_GREATER,
	OP_GREATER_EQUAL,
	OP_EQUAL,
	OP_UNEQUAL,
	OP_GLOB
};

/* What a comparison is about: the value now, or what became of it over a window of time. */
enum over { OVER_NOTHING, OVER_AVG, OVER_MAX, OVER_MIN, OVER_RATE, N_OVERS };

extern const char *const over_names[N_OVERS];

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_NUMBER, NODE_TEXT, NODE_NAME };

/* `first` and `next`: the operands of and, or, not. The others are tests. */
struct node {
	enum node_kind kind;
	struct node *first, *next;
	struct column column;
	enum relation op;
	double number;
	const char *text;
	enum over over; /* of NODE_NUMBER; the number of its window is an index of the filter's */
	uint64_t window_ns;
	unsigned window;
};

struct filter {
	struct arena *arena;
	const struct node *root;
	const struct node *const *windows; /* the comparisons that are over one */
	unsigned n_windows;
	unsigned n_numbers; /* comparisons of numbers */
};

/* Whether one comparison holds. */
bool test_number(double number, enum relation op, double other);
bool test_text(const char *text, enum relation op, const char *other);

/* Whether a VM is what a bare word means. */
bool test_name(const struct vm *vm, const char *word);

#endif
