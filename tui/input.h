/* Bytes of a terminal to keys: a state machine that is fed any pieces. Pure;
 * does not use curses. */
#ifndef TUI_INPUT_H
#define TUI_INPUT_H

#include "base/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum input_kind { INPUT_NONE, INPUT_KEY, INPUT_PASTE /* text: one code point of
		  pasted text in `key`; never fires a command */,
		  INPUT_DSR /* ESC[0n */, INPUT_FOCUS,
		  INPUT_KIND /* which terminal: ESC[>84;0;0c is `key` 84 */ };

struct input_event {
	enum input_kind kind;
	int key;
};

struct input {
	unsigned char held[64];
	size_t nr;
	bool pasting;
};

/* Adds bytes; anything that cannot be kept is dropped. */
void input_feed(struct input *in, const void *bytes, size_t n,
		void (*on)(const struct input_event *e, void *arg), void *arg);
/* No more bytes came for a while (25-50 ms): a lone ESC is the Esc key, a half
 * sequence is dropped. True if something was waiting. */
bool input_timeout(struct input *in,
		   void (*on)(const struct input_event *e, void *arg),
		   void *arg);
bool input_waiting(const struct input *in);

#endif
