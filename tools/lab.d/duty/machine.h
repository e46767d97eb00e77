/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few parts of a PC that the payload touches: I/O ports, the serial line, the PIT, the local
 * APIC and the time-stamp counter. Also included by start.S, for the constants.
 */
#ifndef MACHINE_H
#define MACHINE_H

#define MAX_CPUS 64
#define STACK_SHIFT 12
#define STACK_SIZE (1 << STACK_SHIFT)
#define TRAMPOLINE 0x8000 /* any free page below 1 MiB */

/* Selectors of the GDT in start.S. */
#define CODE_SEG 0x08
#define DATA_SEG 0x10

/* Registers of the local APIC: Intel SDM volume 3, table "Local APIC Register Address Map". */
#define APIC_BASE 0xfee00000
#define APIC_EOI 0x0b0
#define APIC_SPURIOUS 0x0f0
#define APIC_ICR_LOW 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_TIMER_START 0x380
#define APIC_TIMER_NOW 0x390
#define APIC_TIMER_DIVIDE 0x3e0

#ifndef __ASSEMBLER__
#include <stdint.h>

static inline void outb(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
	asm volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint64_t read_tsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline void cpu_relax(void)
{
	asm volatile("pause" ::: "memory");
}

static inline void apic_write(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(APIC_BASE + reg) = value;
}

static inline uint32_t apic_read(uint32_t reg)
{
	return *(volatile uint32_t *)(APIC_BASE + reg);
}

/* Ticks in a millisecond; the same on every vCPU, measured by the first. */
struct clock_rates {
	uint32_t tsc_per_ms;
	uint32_t apic_per_ms;
};

void serial_print(const char *text);
void serial_print_number(uint32_t number);

/* Interrupts: one handler for every vector, which only ends a HLT. */
void interrupts_init(void);
void interrupts_load(void);

/* Measures both clocks against the PIT; takes a quarter of a second. */
struct clock_rates clock_measure(void);

/* Sleeps in HLT until the TSC reaches @deadline. */
void sleep_until(const struct clock_rates *rates, uint64_t deadline);

/* Starts all other vCPUs, waits for them up to 10 s, and returns how many vCPUs run. */
uint32_t cpus_start(void);

#endif
#endif
