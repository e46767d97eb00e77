/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the accounts of a run, which outlive the VMs that they are of. */
#include "alert/account.h"

#include <math.h>
#include <stdlib.h>

#include "base/must.h"
#include "sink/identity.h"

/* VMs that come and go for months must not fill the memory. */
#define LEDGERS_MAX 4096

void ledgers_init(struct ledgers *ledgers, size_t n_rules)
{
	*ledgers = (struct ledgers){ .n_rules = n_rules };
	ledgers->last = &ledgers->first;
}

static void ledger_free(struct ledger *ledger, size_t n_rules)
{
	for (size_t i = 0; i < n_rules; i++) {
		tally_done(&ledger->accounts[i].tally);
		free(ledger->accounts[i].cause);
		free(ledger->accounts[i].suggestion);
	}
	free(ledger->accounts);
	free(ledger->vm);
	free(ledger->uuid);
	free(ledger);
}

void ledgers_done(struct ledgers *ledgers)
{
	struct ledger *next;

	for (struct ledger *ledger = ledgers->first; ledger; ledger = next) {
		next = ledger->next;
		ledger_free(ledger, ledgers->n_rules);
	}
	table_done(&ledgers->by_identity);
	ledgers_init(ledgers, ledgers->n_rules);
}

static void add_to_index(struct ledgers *ledgers, struct ledger *ledger, uint64_t identity)
{
	if (identity && table_find(&ledgers->by_identity, identity, NULL) != ledger)
		table_add(&ledgers->by_identity, identity, ledger);
}

static struct ledger *ledger_new(struct ledgers *ledgers)
{
	struct ledger *ledger = must(calloc(1, sizeof(*ledger)));

	ledger->accounts = must(calloc(ledgers->n_rules + 1, sizeof(*ledger->accounts)));
	*ledgers->last = ledger;
	ledgers->last = &ledger->next;
	ledgers->n++;
	return ledger;
}

struct ledger *ledgers_of(struct ledgers *ledgers, const struct item *item)
{
	const struct vm *vm = item->vm;
	enum scope scope = vm ? SCOPE_VM : SCOPE_HOST;
	const struct item owner = { .entity = vm ? &vm->e : item->entity, .vm = vm };
	uint64_t identity = identity_of(scope, &owner);
	uint64_t by_process = identity_by_process(scope, &owner);
	struct ledger *ledger = table_find(&ledgers->by_identity, identity, NULL);

	if (!ledger && by_process)
		ledger = table_find(&ledgers->by_identity, by_process, NULL);
	if (!ledger && ledgers->n >= LEDGERS_MAX) {
		ledgers->n_left_out++;
		return NULL;
	}
	if (!ledger)
		ledger = ledger_new(ledgers);
	add_to_index(ledgers, ledger, identity);
	add_to_index(ledgers, ledger, by_process);
	if (vm)
		must_set_text(&ledger->vm, vm->name);
	if (vm && vm->uuid)
		must_set_text(&ledger->uuid, vm->uuid);
	return ledger;
}

void account_flush(struct account *account)
{
	if (account->tick && !isnan(account->value))
		tally_add(&account->tally, account->value, account->interval_ns, account->above);
	account->tick = 0;
}

void account_add(
	struct account *account, uint64_t tick, uint64_t interval_ns, double value, bool above)
{
	if (account->tick != tick) {
		account_flush(account);
		account->tick = tick;
		account->interval_ns = interval_ns;
		account->value = value;
		account->above = above;
		return;
	}
	account->value = fmax(account->value, value);
	account->above |= above;
}

void account_explain(struct account *account, const char *cause, const char *suggestion)
{
	must_set_text(&account->cause, cause);
	must_set_text(&account->suggestion, suggestion);
}
