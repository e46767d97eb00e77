# SPDX-License-Identifier: GPL-2.0-or-later
# vmbpf: everything is built under build/. `make help` lists the targets, V=1 shows the commands.

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
CLANG ?= clang
BPFTOOL ?= bpftool
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy
PKG_CONFIG ?= pkg-config
V ?= 0
export PATH := $(PATH):/usr/sbin:/sbin

# A variant reuses every rule below in a build folder of its own: asan, tsan.
VARIANT ?=
BUILD := build$(addprefix /,$(VARIANT))

LIBS := libbpf libvirt json-c libcap-ng libseccomp libxml-2.0 ncursesw yaml-0.1 libcurl
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef
CFLAGS ?= -O2 -g
HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDFLAGS ?= -Wl,-z,relro,-z,now
SANITIZE.asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE.tsan := -fsanitize=thread
SANITIZE := $(SANITIZE.$(VARIANT))
ifneq ($(VARIANT),)
HARDENING := -fPIE
endif
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(CFLAGS) $(HARDENING) $(SANITIZE) -D_GNU_SOURCE \
	-DVMBPF_VERSION='"$(VERSION)"' -ffile-prefix-map=$(CURDIR)=. \
	-Iinclude -Iuser -I$(BUILD)/bpf $(shell $(PKG_CONFIG) --cflags $(LIBS))
ALL_LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBS)) -lpthread -lm

BPF_ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/ppc64le/powerpc/; s/riscv64/riscv/')
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Wno-unused-parameter \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch) -Iinclude -Ibpf $(shell $(PKG_CONFIG) --cflags libbpf)

BPF_SOURCES := $(sort $(wildcard bpf/*.bpf.c))
SKELETONS := $(BPF_SOURCES:bpf/%.bpf.c=$(BUILD)/bpf/%.skel.h)
TEST_SKELETONS := $(patsubst tests/bpf/%.bpf.c,$(BUILD)/bpf/%.skel.h,$(wildcard tests/bpf/*.bpf.c))
BENCH_SKELETONS := $(patsubst tools/bench/%.bpf.c,$(BUILD)/bpf/%.skel.h,$(wildcard tools/bench/*.bpf.c))
SOURCES := $(sort $(wildcard user/*/*.c user/*/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/obj/%.o)
MAIN := $(BUILD)/obj/user/main.o
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
BPF_TESTS := $(patsubst tests/bpf/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/bpf/test_*.c)))
HELPERS := $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(sort $(wildcard tests/live/*.c tests/kernels/*.c))))
BENCH_LIB := $(sort $(wildcard tools/bench/lib/*.c))
BENCHES := $(patsubst tools/bench/%.c,$(BUILD)/bench/%,$(sort $(filter-out %.bpf.c,$(wildcard tools/bench/*.c))))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

ifeq ($(V),0)
quiet = @echo "  $(1) $(2)";
endif

.PHONY: all help install check test soak bench demo asan tsan unit fuzz format format-check lint deps golden clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/vmbpf ## build vmbpf (default)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(call quiet,BPF,$<)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -c $< -o $@

$(BUILD)/bpf/%.bpf.o: tests/bpf/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(call quiet,BPF,$<)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -c $< -o $@

$(BUILD)/bpf/%.bpf.o: tools/bench/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(call quiet,BPF,$<)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -c $< -o $@

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call quiet,SKEL,$@)$(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf > $@

$(BUILD)/obj/%.o: %.c Makefile | $(SKELETONS)
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# It holds that file, which no compiler tells.
$(BUILD)/obj/user/alert/default_rules.o $(BUILD)/fuzz/obj/user/alert/default_rules.o: user/alert/default_rules.yaml

$(BUILD)/libvmbpf.a: $(OBJECTS)
	$(call quiet,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/vmbpf: $(MAIN) $(BUILD)/libvmbpf.a
	$(call quiet,LD,$@)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) $^ $(ALL_LDLIBS) -o $@

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libvmbpf.a
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -pie $< $(BUILD)/libvmbpf.a \
		$(ALL_LDLIBS) -lcmocka -o $@

$(BUILD)/tests/%: tests/bpf/%.c $(BUILD)/libvmbpf.a $(TEST_SKELETONS)
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -pie $< $(BUILD)/libvmbpf.a \
		$(ALL_LDLIBS) -lcmocka -o $@

$(BUILD)/tests/%: tests/live/%.c $(BUILD)/libvmbpf.a
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(ALL_CFLAGS) -MMD -MP -pie $< $(BUILD)/libvmbpf.a $(ALL_LDLIBS) -o $@

$(BUILD)/tests/%: tests/kernels/%.c $(BUILD)/libvmbpf.a
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(ALL_CFLAGS) -MMD -MP -pie $< $(BUILD)/libvmbpf.a $(ALL_LDLIBS) -o $@

$(BUILD)/bench/%: tools/bench/%.c $(BENCH_LIB) $(BUILD)/libvmbpf.a $(BENCH_SKELETONS)
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(ALL_CFLAGS) -Itools/bench -MMD -MP -pie $< $(BENCH_LIB) $(BUILD)/libvmbpf.a \
		$(ALL_LDLIBS) -o $@

# libFuzzer is clang's: what a target needs is compiled again with its instrumentation.
FUZZ_CFLAGS = $(ALL_CFLAGS) -O1 -w -fsanitize=address,undefined -fno-sanitize-recover=undefined

$(BUILD)/fuzz/obj/%.o: %.c Makefile | $(SKELETONS)
	@mkdir -p $(@D)
	$(call quiet,FUZZ,$<)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(BUILD)/fuzz/libvmbpf.a: $(SOURCES:%.c=$(BUILD)/fuzz/obj/%.o)
	$(call quiet,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/fuzz/libvmbpf.a
	$(call quiet,FUZZ,$<)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -MMD -MP $< $(BUILD)/fuzz/libvmbpf.a \
		$(ALL_LDLIBS) -o $@

unit: $(UNIT_TESTS) ## run the unit and golden tests (no root)
	@tests/run $(UNIT_TESTS)

test: ## install what is missing, then run every test this machine can run
	@tools/setup test
	@$(MAKE) --no-print-directory all test-programs
	@tests/run --all

test-kernels: ## the program under stock Debian kernels, in emulated machines (six minutes)
	@tools/setup test
	@$(MAKE) --no-print-directory all $(HELPERS)
	@LIVE_SECONDS=1260 tests/run tests/kernels/run

.PHONY: test-programs bench-programs test-kernels
test-programs: $(UNIT_TESTS) $(BPF_TESTS) $(HELPERS)
bench-programs: $(BENCHES)

check: format-check lint deps unit asan ## format, lint, include rule, unit tests, sanitizers

asan: ## unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory VARIANT=asan unit

tsan: ## unit tests under ThreadSanitizer
	@$(MAKE) --no-print-directory VARIANT=tsan unit

FUZZ_SECONDS ?= 60
fuzz: $(FUZZERS) ## run every fuzz target for FUZZ_SECONDS (60)
	@for f in $(FUZZERS); do \
		name=$${f##*/fuzz_}; mkdir -p $(BUILD)/fuzz/corpus/$$name; echo "  FUZZ $$name"; \
		$$f -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=1024 -timeout=10 -verbosity=0 \
			-artifact_prefix=$(BUILD)/fuzz/ -print_final_stats=1 \
			$(BUILD)/fuzz/corpus/$$name tests/fuzz/corpus/$$name || exit 1; \
	done

SOAK_SECONDS ?= 600
soak: ## ten minutes (SOAK_SECONDS) of VMs that come and go: every tick possible, nothing grows
	@$(MAKE) --no-print-directory all test-programs
	@tests/soak $(SOAK_SECONDS)

bench: ## measure cost and accuracy on this machine, as a Markdown table
	@tools/setup bench
	@$(MAKE) -s --no-print-directory all bench-programs test-programs >&2
	@tools/bench/run

demo: ## install what is missing, start a small lab of real VMs and show it
	@tools/setup demo
	@$(MAKE) --no-print-directory all
	@tools/demo

golden: $(BUILD)/vmbpf ## accept the present output as the expected one (review the diff)
	@tests/golden/update

C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h' | grep -v '^tests/fuzz/corpus/')
format: ## reformat all C sources
	$(CLANG_FORMAT) -i $(C_FILES)

format-check:
	$(call quiet,FORMAT,check)$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)

lint: $(SKELETONS) $(TEST_SKELETONS) $(BENCH_SKELETONS) ## clang-tidy, cppcheck and shellcheck
	@tools/lint '$(CLANG_TIDY)' '$(ALL_CFLAGS)'

deps: ## check the include rule
	@tools/check-deps

install: all ## install to $(DESTDIR)$(PREFIX)
	install -D -m 755 $(BUILD)/vmbpf $(DESTDIR)$(PREFIX)/sbin/vmbpf
	install -D -m 644 user/man/vmbpf.8 $(DESTDIR)$(PREFIX)/share/man/man8/vmbpf.8

clean: ## remove build/
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
