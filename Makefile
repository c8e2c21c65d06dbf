# redtop: `make demo` to look, `make test` to check, `make help` for the rest.
.DEFAULT_GOAL := all
VERSION  := 0.1.0
CC       ?= cc
PREFIX   ?= /usr/local
DESTDIR  ?=
BUILD    ?= build$(if $(SANITIZE),/san)
ROOMS    ?= base model sources record tui widgets app
FUZZ_SECONDS ?= 60

PKGS     := ncursesw libcurl libcjson libuv libxxhash libzstd libutf8proc yaml-0.1 libcrypto expat
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
OPT  ?= -O2 -g
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE $(WARN) $(OPT) -ffp-contract=off \
	-fno-omit-frame-pointer -I. -I$(BUILD) $(PKG_CFLAGS) \
	-DREDTOP_VERSION='"$(VERSION)"' $(CFLAGS)
LDLIBS_ALL = $(PKG_LIBS) -lm -lpthread $(LDLIBS)
ifdef DEVELOPER
CFLAGS_ALL += -Werror
endif
ifdef SANITIZE
CFLAGS_ALL += -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined \
	-DREDTOP_ASSERT
LDFLAGS += -fsanitize=$(SANITIZE)
endif

# Debian's names. The second list is only for `make test`.
DEPS := gcc make pkg-config libncurses-dev libcurl4-openssl-dev libcjson-dev \
	libuv1-dev libxxhash-dev libzstd-dev libutf8proc-dev libyaml-dev libssl-dev libexpat1-dev ca-certificates
TEST_DEPS := libcmocka-dev libvterm-dev zlib1g-dev tzdata
SERVERS := prometheus prometheus-node-exporter

SRC  := $(filter-out app/main.c,$(wildcard $(addsuffix /*.c,$(ROOMS))))
OBJ  := $(SRC:%.c=$(BUILD)/%.o)
LIB  := $(BUILD)/libredtop.a
# `make ROOMS="base model" build/tests/unit/text` builds one test against two
# rooms.

UNIT   := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c))
DECODE := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/decode/*.c))
GOLDEN := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/golden/*.c))
# evil.c, pty.c and the like are what tests are made with, not tests.
FAULT  := $(patsubst %.c,$(BUILD)/%,$(filter-out %/evil.c %/evil_tls.c %/fake_prom.c %/fake_aws.c %/fake_creds.c %/fake_cloudwatch.c,$(wildcard tests/fault/*.c)))
PTY    := $(patsubst %.c,$(BUILD)/%,$(filter-out %/pty.c,$(wildcard tests/pty/*.c)))
REAL   := $(patsubst %.c,$(BUILD)/%,$(filter-out %/exporter.c %/lab.c,$(wildcard tests/real/*.c)))
FUZZ   := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
FAST   := $(UNIT) $(DECODE) $(GOLDEN) $(FUZZ)
SLOW   := $(FAULT) $(PTY) $(REAL)
MADE_WITH := $(BUILD)/tests/real/exporter $(BUILD)/tests/oracle \
	$(BUILD)/tests/fault/fake_cloudwatch \
	$(BUILD)/tests/torture/starve.so

.PHONY: all demo test check-fast check-sanitized bench bench-json fuzz oracle \
	torture \
	install uninstall deps test-deps clean help pictures

all: redtop

redtop: $(BUILD)/redtop
	@cp $< $@.new && mv $@.new $@

$(BUILD)/redtop: $(BUILD)/app/main.o $(LIB)
	$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS_ALL)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# The built-in themes are linked in; the first is the default.
$(BUILD)/themes_data.h: themes/embed.sh $(wildcard themes/*.theme)
	@mkdir -p $(@D)
	sh themes/embed.sh ember paper contrast mono >$@
$(BUILD)/tui/theme.o: $(BUILD)/themes_data.h

$(LIB): $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIB)
	$(CC) $(LDFLAGS) $^ -o $@ $(shell pkg-config --libs cmocka) -lvterm -lz $(TEST_LIBS) $(LDLIBS_ALL)

$(BUILD)/tests/fault/http $(BUILD)/tests/fault/credentials $(BUILD)/tests/fault/doctor $(BUILD)/tests/fault/catalogue: TEST_LIBS := -lssl -lcrypto

# What the program is starved with: preloaded, so never with a sanitizer.
$(BUILD)/tests/torture/starve.so: tests/torture/starve.c
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared $< -o $@ -ldl

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(LIB)
	$(CC) $(LDFLAGS) $^ -o $@ -lvterm $(LDLIBS_ALL)

# What a user needs, what a contributor needs: installed when missing.
deps:
	@sh tests/deps.sh $(DEPS)

test-deps:
	@sh tests/deps.sh $(DEPS) $(TEST_DEPS)

# A sub-make, so that pkg-config is asked after the packages are there.
demo: deps
	@$(MAKE) --no-print-directory redtop
	./redtop demo

# Servers that only tests need: fetched and unpacked here, not installed; no
# root, no daemon.
build/servers/usr/bin/prometheus build/servers/usr/bin/prometheus-node-exporter:
	@sh tests/servers.sh build/servers $(SERVERS)

test: test-deps
	@$(MAKE) --no-print-directory run-tests

run-tests: redtop $(FAST) $(SLOW) $(MADE_WITH) build/servers/usr/bin/prometheus build/servers/usr/bin/prometheus-node-exporter
	@sh tests/run.sh $(BUILD) $(FAST) $(SLOW)

# Seconds, not minutes: nothing that needs a server or a terminal.
check-fast: redtop $(FAST)
	@sh tests/run.sh $(BUILD) $(FAST)

# Memory refused at every single allocation: minutes.
torture: redtop $(BUILD)/tests/pty/torture $(BUILD)/tests/torture/starve.so
	@TORTURE=all TEST_SECONDS=3600 sh tests/run.sh $(BUILD) $(BUILD)/tests/pty/torture

# The same under ASan and UBSan.
check-sanitized:
	@$(MAKE) --no-print-directory redtop
	@$(MAKE) --no-print-directory SANITIZE=address,undefined OPT="-O1 -g" run-sanitized

run-sanitized: $(FAST) $(FAULT)
	@sh tests/run.sh $(BUILD) $(FAST) $(FAULT)

oracle: $(BUILD)/tests/oracle
	@$(BUILD)/tests/oracle $(or $(DIR),tests/data/quantile-oracle)

bench: redtop $(BUILD)/tests/bench/bench $(BUILD)/tests/torture/starve.so
	@$(BUILD)/tests/bench/bench

# stdout is one object and nothing else.
bench-json:
	@$(MAKE) --no-print-directory redtop $(BUILD)/tests/bench/bench $(BUILD)/tests/torture/starve.so >&2
	@$(BUILD)/tests/bench/bench --json

# Every target for FUZZ_SECONDS with libFuzzer (needs clang).
fuzz:
	@sh tests/fuzz/fuzz.sh $(FUZZ_SECONDS) $(TARGETS)

pictures: redtop
	@./redtop snapshot demo --size 120x40 --format svg >docs/overview.svg

$(BUILD)/redtop.1: redtop
	./redtop man >$@
$(BUILD)/redtop.bash: redtop
	./redtop completion >$@

install: redtop $(BUILD)/redtop.1 $(BUILD)/redtop.bash
	install -Dm755 redtop $(DESTDIR)$(PREFIX)/bin/redtop
	install -Dm644 $(BUILD)/redtop.1 $(DESTDIR)$(PREFIX)/share/man/man1/redtop.1
	install -Dm644 $(BUILD)/redtop.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/redtop
	install -d $(DESTDIR)$(PREFIX)/share/redtop/themes
	install -m644 themes/*.theme $(DESTDIR)$(PREFIX)/share/redtop/themes
	install -d $(DESTDIR)$(PREFIX)/share/redtop/dashboards
	install -m644 dashboards/*.yaml $(DESTDIR)$(PREFIX)/share/redtop/dashboards

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/redtop \
		$(DESTDIR)$(PREFIX)/share/man/man1/redtop.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/redtop
	rm -rf $(DESTDIR)$(PREFIX)/share/redtop

clean:
	rm -rf build redtop

help:
	@echo 'make              build ./redtop'
	@echo 'make demo         install what is missing, build, show the demo'
	@echo 'make test         install what is missing, build, run all tests'
	@echo 'make check-fast   unit, decode, golden and fuzz corpora, in seconds'
	@echo 'make check-sanitized   the same and faults under ASan and UBSan'
	@echo 'make bench        measurements as a table; bench-json as one object'
	@echo 'make fuzz         libFuzzer, FUZZ_SECONDS=60 a target, TARGETS="..."'
	@echo 'make torture      memory refused at every allocation of a snapshot'
	@echo 'make oracle DIR=path   histograms against files of expected answers'
	@echo 'make install      PREFIX=/usr/local, DESTDIR='
	@echo 'make uninstall, deps, clean'
	@echo 'DEVELOPER=1 turns warnings to errors; SANITIZE=address,undefined'

.SECONDARY:
-include $(shell find $(BUILD) -path build/servers -prune -o -name '*.d' -type f -print 2>/dev/null)
