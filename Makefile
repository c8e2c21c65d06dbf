# redtop: make help
.DEFAULT_GOAL := all
VERSION  := 0.1.0
CC       ?= cc
PREFIX   ?= /usr/local
DESTDIR  ?=
BUILD    ?= build$(if $(SANITIZE),/san)
ROOMS    ?= base model sources record tui widgets app

PKGS     := ncursesw libcurl libcjson libuv libxxhash libzstd libutf8proc
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

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
CFLAGS_ALL += -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined -DREDTOP_ASSERT
LDFLAGS += -fsanitize=$(SANITIZE)
endif

SRC  := $(filter-out app/main.c,$(wildcard $(addsuffix /*.c,$(ROOMS))))
OBJ  := $(SRC:%.c=$(BUILD)/%.o)
LIB  := $(BUILD)/libredtop.a
# One archive a room keeps a half-built room from stopping the others:
# `make ROOMS="base model" build/tests/unit/text`.

UNIT   := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c))
DECODE := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/decode/*.c))
GOLDEN := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/golden/*.c))
FAULT  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fault/*.c))
# pty.c is the tests' terminal, included by them.
PTY    := $(patsubst %.c,$(BUILD)/%,$(filter-out tests/pty/pty.c,$(wildcard tests/pty/*.c)))
REAL   := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/real/*.c))
FUZZ   := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
TESTS  := $(UNIT) $(DECODE) $(GOLDEN) $(FAULT) $(PTY) $(REAL) $(FUZZ)

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
	$(CC) $(LDFLAGS) $^ -o $@ $(shell pkg-config --libs cmocka) -lvterm $(LDLIBS_ALL)

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(LIB)
	$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS_ALL)

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
