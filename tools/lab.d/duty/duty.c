/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that uses a known share of each vCPU and makes a known number of exits, and nothing else.
 * Its multiboot command line:
 *
 *	duty=90,20	per cent of wall time that vCPU 0, 1, ... is busy; the last is for the rest
 *	period=100	milliseconds from one busy phase to the next
 *	pio=0		writes to port 0x80 by each vCPU in a period, each of them one exit
 *	shift=0		seconds after which this gives way to as many of idleness, again and again
 *
 * Busy is measured in wall time. On a host that is short of CPU the busy phase does not get longer,
 * so that time on a CPU plus time waiting for a CPU equals the duty, whatever else the host does.
 */
#include "machine.h"

#define PORT_DEBUG 0x80 /* writes have no effect on a PC, but each leaves the guest */
#define MULTIBOOT_HAS_CMDLINE 0x4

struct multiboot {
	uint32_t flags;
	uint32_t mem_lower;
	uint32_t mem_upper;
	uint32_t boot_device;
	const char *cmdline;
};

struct settings {
	uint8_t duty_percent[MAX_CPUS];
	uint32_t period_ms;
	uint32_t pio;
	uint32_t shift_periods; /* 0: busy all the time */
	struct clock_rates rates;
};

static struct settings settings;
static volatile uint32_t settings_ready;

/* Returns what follows @key in @text, or NULL. */
static const char *find_value(const char *text, const char *key)
{
	for (; *text; text++) {
		const char *rest = text;
		const char *wanted = key;

		while (*wanted && *rest == *wanted) {
			rest++;
			wanted++;
		}
		if (!*wanted)
			return rest;
	}
	return 0;
}

/* Reads a number and moves @text behind it. */
static uint32_t parse_number(const char **text)
{
	uint32_t value = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		value = value * 10 + (**text - '0');
	return value;
}

static uint32_t number_or(const char *cmdline, const char *key, uint32_t otherwise)
{
	const char *text = find_value(cmdline, key);

	return text ? parse_number(&text) : otherwise;
}

static void parse_duty(const char *list, uint8_t percent[MAX_CPUS])
{
	uint32_t last = 0;

	for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
		if (list) {
			last = parse_number(&list);
			list = *list == ',' ? list + 1 : 0;
		}
		percent[cpu] = last < 100 ? last : 100;
	}
}

static void settings_read(const char *cmdline)
{
	settings.period_ms = number_or(cmdline, "period=", 100);
	settings.pio = number_or(cmdline, "pio=", 0);
	parse_duty(find_value(cmdline, "duty="), settings.duty_percent);
	/* Below 1 ms there is no period; above 1 s tick counts no longer fit into 32 bits. */
	if (settings.period_ms < 1 || settings.period_ms > 1000)
		settings.period_ms = 100;
	settings.shift_periods = number_or(cmdline, "shift=", 0) * 1000 / settings.period_ms;
}

static int is_on_shift(uint32_t period)
{
	return !settings.shift_periods || period / settings.shift_periods % 2 == 0;
}

static void be_busy(uint64_t until)
{
	for (uint32_t i = 0; i < settings.pio; i++)
		outb(PORT_DEBUG, i);
	while (read_tsc() < until)
		cpu_relax();
}

static void __attribute__((noreturn)) run(uint32_t cpu)
{
	uint32_t period = settings.period_ms * settings.rates.tsc_per_ms;
	uint32_t busy = period / 100 * settings.duty_percent[cpu];
	uint64_t start;

	interrupts_load();
	start = read_tsc();
	for (uint32_t n = 0;; n++) {
		if (is_on_shift(n))
			be_busy(start + busy);
		start += period;
		sleep_until(&settings.rates, start);
		/* After a pause of the guest begin anew instead of catching up. */
		if (read_tsc() > start + period)
			start = read_tsc();
	}
}

/* Entered from start.S on every vCPU but the first. */
void __attribute__((noreturn)) ap_main(uint32_t cpu)
{
	while (!settings_ready)
		cpu_relax();
	run(cpu);
}

/* Entered from start.S on the first vCPU. */
void __attribute__((noreturn)) boot_main(const struct multiboot *multiboot)
{
	const char *cmdline = multiboot->flags & MULTIBOOT_HAS_CMDLINE ? multiboot->cmdline : "";
	uint32_t cpus;

	serial_print("duty: ");
	serial_print(cmdline);
	serial_print("\n");
	settings_read(cmdline);
	interrupts_init();
	interrupts_load();
	settings.rates = clock_measure();
	cpus = cpus_start();
	settings_ready = 1;
	serial_print("lab: ready, vCPUs: ");
	serial_print_number(cpus);
	serial_print("\n");
	run(0);
}
