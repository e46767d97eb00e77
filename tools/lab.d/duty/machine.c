/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hardware side of the payload: serial line, interrupts, clocks, start of the other vCPUs. */
#include "machine.h"

#define COM1 0x3f8

#define PIC1_MASK 0x21
#define PIC2_MASK 0xa1

#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_PER_MS 1193 /* the PIT counts at 1,193,182 Hz */
#define PIT_CHANNEL2_ONE_SHOT 0xb0
#define PORT_B 0x61 /* gate and output of PIT channel 2, and the speaker */
#define PORT_B_GATE 0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUTPUT 0x20

/* QEMU docs/specs/fw_cfg: a selector port, then data bytes. */
#define FW_CFG_SELECTOR 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_NB_CPUS 0x05

#define GATE_INTERRUPT_32 0x8e
#define VECTOR_COUNT 256
#define VECTOR_TIMER 0x40
#define VECTOR_SPURIOUS 0xff

#define APIC_ENABLE 0x100
#define APIC_TIMER_MASKED 0x10000
#define APIC_DIVIDE_BY_16 0x3
#define ICR_INIT_ALL_OTHERS 0xc4500
#define ICR_STARTUP_ALL_OTHERS (0xc4600 | TRAMPOLINE >> 12)

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t zero;
	uint8_t type;
	uint16_t offset_high;
} __attribute__((packed));

struct table_pointer {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

/* Shared with start.S. */
uint8_t stacks[MAX_CPUS][STACK_SIZE] __attribute__((aligned(16)));
volatile uint32_t aps_started;
extern const uint8_t trampoline[], trampoline_end[];
void interrupt_entry(void);

static struct gate gates[VECTOR_COUNT];

void serial_print(const char *text)
{
	while (*text)
		outb(COM1, *text++);
}

void serial_print_number(uint32_t number)
{
	char text[12];
	char *first = text + sizeof(text) - 1;

	*first = '\0';
	do {
		*--first = '0' + number % 10;
		number /= 10;
	} while (number);
	serial_print(first);
}

void interrupts_init(void)
{
	uint32_t entry = (uint32_t)interrupt_entry;

	for (int i = 0; i < VECTOR_COUNT; i++)
		gates[i] = (struct gate){
			.offset_low = entry & 0xffff,
			.offset_high = entry >> 16,
			.selector = CODE_SEG,
			.type = GATE_INTERRUPT_32,
		};
	/* Only the APIC timer may wake a vCPU: the old interrupt controllers stay silent. */
	outb(PIC1_MASK, 0xff);
	outb(PIC2_MASK, 0xff);
}

void interrupts_load(void)
{
	struct table_pointer idt = { sizeof(gates) - 1, (uint32_t)gates };

	asm volatile("lidt %0" ::"m"(idt));
	apic_write(APIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
}

/*
 * Waits, at most 50 ms, by reading the PIT: the only clock whose rate is known before the others
 * are measured.
 */
static void pit_wait_ms(uint32_t ms)
{
	uint32_t count = ms * PIT_PER_MS;
	uint8_t port = inb(PORT_B) & ~(PORT_B_SPEAKER | PORT_B_GATE);

	outb(PIT_COMMAND, PIT_CHANNEL2_ONE_SHOT);
	outb(PIT_CHANNEL2, count & 0xff);
	outb(PIT_CHANNEL2, count >> 8);
	outb(PORT_B, port);
	outb(PORT_B, port | PORT_B_GATE);
	while (!(inb(PORT_B) & PORT_B_OUTPUT))
		cpu_relax();
}

/*
 * A vCPU that has to wait for a CPU reads the clocks too late, never too early: of many attempts
 * the shortest is right.
 */
struct clock_rates clock_measure(void)
{
	const uint32_t ms = 10;
	const int attempts = 24;
	uint32_t best_tsc = UINT32_MAX, best_apic = UINT32_MAX;

	apic_write(APIC_LVT_TIMER, APIC_TIMER_MASKED | VECTOR_TIMER);
	for (int i = 0; i < attempts; i++) {
		uint64_t start = read_tsc();
		uint32_t tsc, apic;

		apic_write(APIC_TIMER_START, UINT32_MAX);
		pit_wait_ms(ms);
		apic = UINT32_MAX - apic_read(APIC_TIMER_NOW);
		tsc = (uint32_t)(read_tsc() - start);
		if (tsc < best_tsc)
			best_tsc = tsc;
		if (apic < best_apic)
			best_apic = apic;
	}
	apic_write(APIC_TIMER_START, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	return (struct clock_rates){ .tsc_per_ms = best_tsc / ms, .apic_per_ms = best_apic / ms };
}

/* a * b / c without the 64-bit division that needs libgcc. The result must fit into 32 bits. */
static uint32_t mul_div(uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t high;

	asm("mull %3\n\tdivl %4" : "=a"(a), "=&d"(high) : "0"(a), "r"(b), "r"(c) : "cc");
	return a;
}

void sleep_until(const struct clock_rates *rates, uint64_t deadline)
{
	const uint32_t fewest_ticks = 100; /* fewer could be over before the HLT */
	uint64_t now;

	while ((now = read_tsc()) < deadline) {
		uint64_t left = deadline - now;
		uint32_t ticks;

		if (left > INT32_MAX)
			left = INT32_MAX;
		ticks = mul_div((uint32_t)left, rates->apic_per_ms, rates->tsc_per_ms);
		if (ticks < fewest_ticks)
			ticks = fewest_ticks;
		/* STI takes effect after the next instruction: the timer cannot fire before HLT. */
		apic_write(APIC_TIMER_START, ticks);
		asm volatile("sti; hlt; cli" ::: "memory");
		apic_write(APIC_TIMER_START, 0);
	}
}

/* How many vCPUs QEMU starts with; the payload is of no use under anything else. */
static uint32_t cpus_present(void)
{
	uint32_t low;

	outw(FW_CFG_SELECTOR, FW_CFG_NB_CPUS);
	low = inb(FW_CFG_DATA);
	return low | (uint32_t)inb(FW_CFG_DATA) << 8;
}

uint32_t cpus_start(void)
{
	const uint32_t most_ms = 10000;
	uint32_t others = cpus_present() - 1;
	volatile uint8_t *target = (volatile uint8_t *)TRAMPOLINE;

	for (const uint8_t *from = trampoline; from < trampoline_end; from++)
		*target++ = *from;
	/* The sequence and the waits of Intel SDM volume 3, "MP Initialization Protocol". */
	apic_write(APIC_ICR_HIGH, 0);
	apic_write(APIC_ICR_LOW, ICR_INIT_ALL_OTHERS);
	pit_wait_ms(10);
	apic_write(APIC_ICR_LOW, ICR_STARTUP_ALL_OTHERS);
	pit_wait_ms(1);
	apic_write(APIC_ICR_LOW, ICR_STARTUP_ALL_OTHERS);
	for (uint32_t ms = 0; aps_started < others && ms < most_ms; ms++)
		pit_wait_ms(1);
	return 1 + aps_started;
}
