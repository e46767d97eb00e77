/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule's number did over the run in one VM: the largest of its entities, tick by tick. */
#ifndef ALERT_ACCOUNT_H
#define ALERT_ACCOUNT_H

#include "alert/summary.h"
#include "base/table.h"

/* Of one rule and one VM, or the host. */
struct account {
	bool used; /* there was something that the rule is about */
	struct tally tally;
	uint64_t tick; /* the one that the next three are of */
	uint64_t interval_ns;
	double value;
	bool above;
	uint64_t n_alerts;
	bool firing;
	char *cause, *suggestion;
};

/* All rules of one VM. */
struct ledger {
	struct ledger *next;
	uint64_t identity, by_process;
	char *vm, *uuid;
	bool seen; /* at the present tick */
	struct account *accounts; /* by the number of the rule */
};

struct ledgers {
	struct ledger *first, **last;
	struct table by_identity;
	size_t n, n_rules;
	uint64_t n_left_out; /* that there was no room for */
};

void ledgers_init(struct ledgers *ledgers, size_t n_rules);
void ledgers_done(struct ledgers *ledgers);

/* The ledger of a VM (or the host), made if there is none yet; NULL where there is no room. */
struct ledger *ledgers_of(struct ledgers *ledgers, const struct item *item);

/* One entity's number at a tick; NAN: not known. */
void account_add(
	struct account *account, uint64_t tick, uint64_t interval_ns, double value, bool above);

/* Before the tally is read. */
void account_flush(struct account *account);

/* Why it fired last. */
void account_explain(struct account *account, const char *cause, const char *suggestion);

#endif
