/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what is told of network traffic and of packets that were lost. */
#include <math.h>
#include <string.h>

#include "alert/evidence_ask.h"

/* From that wait of a vCPU on, in percent, a guest may be too slow for its packets. */
#define READY_MATTERS 5.0

/* One of the two directions, as the catalogue calls its columns. */
struct direction {
	const char *verb;
	const char *bytes, *packets, *drops, *errors;
};

static const struct direction receives = {
	"receives",
	"net_rx_bytes_per_second",
	"net_rx_packets_per_second",
	"net_rx_drops_per_second",
	"net_rx_errors_per_second",
};

static const struct direction sends = {
	"sends",
	"net_tx_bytes_per_second",
	"net_tx_packets_per_second",
	"net_tx_drops_per_second",
	"net_tx_errors_per_second",
};

static const struct direction *direction_of(const struct question *question)
{
	return strncmp(question->column->metric->name, "net_rx", 6) == 0 ? &receives : &sends;
}

/* A NIC, of how many. */
struct choice {
	const struct nic *nic; /* NULL: none is known */
	unsigned n;
};

/* The one that is meant, else the one with the most in the column that is asked for. */
static struct choice choose_nic(const struct question *question)
{
	const char *name = question->column->metric->views[question->column->view];
	struct choice choice = { 0 };
	double most = -1;

	for (const struct nic *nic = question->item->vm->nics; nic; nic = nic->next) {
		bool meant = &nic->e == question->item->entity;
		double number = meant ? INFINITY : ask_number(question, name, SCOPE_NIC, &nic->e);

		choice.n++;
		if (number > most) {
			choice.nic = nic;
			most = number;
		}
	}
	return choice;
}

static double of_nic(const struct question *question, const struct nic *nic, const char *name)
{
	return ask_number(question, name, SCOPE_NIC, &nic->e);
}

static const char *text_of_nic(
	const struct question *question, const struct nic *nic, const char *name)
{
	return ask_text(question, name, SCOPE_NIC, &nic->e);
}

/* "vnet1 (of its 2 NICs)" */
static const char *name_nic(const struct question *question, const struct choice *choice)
{
	const char *device = choice->nic->device ? choice->nic->device : "?";

	if (choice->n == 1)
		return device;
	return SAY(question, "%s (of its %u NICs)", device, choice->n);
}

/* "through vnet1 (of its 2 NICs) it receives 50.0M/s in 40000/s packets of 1311 bytes" */
static const char *describe_traffic(const struct question *question, const struct choice *choice,
	const struct direction *direction)
{
	double bytes = of_nic(question, choice->nic, direction->bytes);
	double packets = of_nic(question, choice->nic, direction->packets);
	const char *text;

	if (isnan(bytes))
		return NULL;
	text = SAY(question, "through %s it %s %s", name_nic(question, choice), direction->verb,
		text_of_nic(question, choice->nic, direction->bytes));
	if (!(packets > 0))
		return text;
	return SAY(question, "%s in %.0f packets a second of %.0f bytes", text, packets,
		bytes / packets);
}

static const char *describe_loss(const struct question *question, const struct choice *choice,
	const struct direction *direction)
{
	double drops = of_nic(question, choice->nic, direction->drops);
	double packets = of_nic(question, choice->nic, direction->packets);
	const char *text;

	if (!(drops > 0))
		return NULL;
	text = SAY(
		question, "%s are dropped", text_of_nic(question, choice->nic, direction->drops));
	if (!(packets > 0))
		return text;
	return SAY(question, "%s, %.2f %% of all", text, drops / (drops + packets) * 100);
}

/* Why a guest may be too slow to take its packets. */
static double ready_per_vcpu(const struct question *question)
{
	double vcpus = ask_vm(question, "vcpus");

	return ask_vm(question, "ready_percent") / (vcpus > 1 ? vcpus : 1);
}

void find_traffic(const struct question *question, struct finding *ret)
{
	const struct direction *direction = direction_of(question);
	struct choice choice = choose_nic(question);
	const char *text;

	if (!choice.nic)
		return;
	text = describe_traffic(question, &choice, direction);
	if (!text)
		return;
	text = say_join(question, text, "; ", describe_loss(question, &choice, direction));
	ret->cause = say_join(question, text, "; ", "with whom is not measured");
	ret->suggestion = "look inside the guest for who it talks to; virsh domiftune limits a NIC";
}

static const char *explain_drops(const struct question *question, bool received)
{
	double ready = ready_per_vcpu(question);

	if (!received)
		return "the host did not take them: its bridge, a filter or a limit";
	if (!(ready >= READY_MATTERS))
		return "the guest does not take them quickly enough";
	return SAY(question,
		"the guest does not take them quickly enough: its vCPUs wait for a CPU %.1f %% of "
		"the time (per vCPU)",
		ready);
}

static const char *suggest_for_drops(const struct question *question, bool received)
{
	if (!received)
		return "look at the limits and filters of the tap and its bridge (virsh domiftune, "
		       "tc -s qdisc)";
	if (ready_per_vcpu(question) >= READY_MATTERS)
		return "see first why its vCPUs wait (vmbpf blame)";
	return "give the NIC more queues (virtio multiqueue) or a longer one (ip link set DEVICE "
	       "txqueuelen 10000)";
}

void find_drops(const struct question *question, struct finding *ret)
{
	const struct direction *direction = direction_of(question);
	struct choice choice = choose_nic(question);
	bool received = direction == &receives;
	const char *loss, *traffic;

	if (!choice.nic)
		return;
	loss = describe_loss(question, &choice, direction);
	traffic = describe_traffic(question, &choice, direction);
	if (!loss) {
		ret->cause = SAY(
			question, "%s drops none in this interval", name_nic(question, &choice));
		return;
	}
	loss = SAY(question, "of the packets %s it at %s %s; %s", received ? "to" : "from",
		name_nic(question, &choice), loss, explain_drops(question, received));
	ret->cause = say_join(question, loss, "; ", traffic);
	ret->suggestion = suggest_for_drops(question, received);
}

void find_net_errors(const struct question *question, struct finding *ret)
{
	const struct direction *direction = direction_of(question);
	struct choice choice = choose_nic(question);
	const char *errors;

	if (!choice.nic)
		return;
	errors = text_of_nic(question, choice.nic, direction->errors);
	if (!errors)
		return;
	ret->cause = SAY(question, "of the packets %s it at %s %s fail; why is not measured",
		direction == &receives ? "to" : "from", name_nic(question, &choice), errors);
	ret->suggestion = SAY(question, "look at the device's counters (ip -s -s link show %s)",
		choice.nic->device ? choice.nic->device : "DEVICE");
}
