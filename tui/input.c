#include "tui/input.h"

#include "base/text.h"

#include <string.h>

#define ESC 0x1b
#define CTRL_C 3

/* Where events go. */
struct sink {
	void (*on)(const struct input_event *e, void *arg);
	void *arg;
};

static void say(struct sink to, enum input_kind kind, int key)
{
	struct input_event e = { kind, key };
	to.on(&e, to.arg);
}

/* Keys that are not text never come out of a paste. */
static void say_key(const struct input *in, struct sink to, int key)
{
	if (key != K_NONE && !in->pasting)
		say(to, INPUT_KEY, key);
}

/* Text that could not be shown is no key either. */
static void say_text(const struct input *in, struct sink to, uint32_t u)
{
	if (text_code_point_is_clean(u) && text_cell_width(u) > 0)
		say(to, in->pasting ? INPUT_PASTE : INPUT_KEY, (int)u);
}

static void plain(struct input *in, struct sink to, unsigned char b)
{
	if (in->pasting && b == CTRL_C) {
		/* The way out of a paste whose end was lost. */
		in->pasting = false;
		say_key(in, to, K_CTRL_C);
	} else if (in->pasting && (b == '\r' || b == '\n' || b == '\t')) {
		say_text(in, to, ' ');
	} else if (b == '\r' || b == '\n') {
		say_key(in, to, K_ENTER);
	} else if (b == 8 || b == 127) {
		say_key(in, to, K_BACKSPACE);
	} else if (b < 0x20) {
		say_key(in, to, b);
	} else {
		say_text(in, to, b);
	}
}

/* The last byte of ESC [ and of ESC O, with or without modifiers. */
static int letter_key(unsigned char b)
{
	static const struct {
		char letter;
		int key;
	} rows[] = {
		{ 'A', K_UP }, { 'B', K_DOWN },
		{ 'C', K_RIGHT }, { 'D', K_LEFT },
		{ 'a', K_UP }, { 'b', K_DOWN },
		{ 'c', K_RIGHT }, { 'd', K_LEFT },
		{ 'H', K_HOME }, { 'F', K_END }, { 'Z', K_BACKTAB },
		{ 'P', K_F1 }, { 'Q', K_F2 }, { 'R', K_F3 }, { 'S', K_F4 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].letter == b)
			return rows[i].key;
	return K_NONE;
}

/* ESC [ NUMBER ~, and rxvt's $ ^ @ for ~. */
static int number_key(int n)
{
	static const int keys[] = {
		[1] = K_HOME, [3] = K_DELETE, [4] = K_END, [5] = K_PGUP,
		[6] = K_PGDN, [7] = K_HOME, [8] = K_END,
		[11] = K_F1, [12] = K_F2, [13] = K_F3, [14] = K_F4, [15] = K_F5,
		[17] = K_F6, [18] = K_F7, [19] = K_F8, [20] = K_F9,
		[21] = K_F10,
		[23] = K_F11, [24] = K_F12,
	};
	return n > 0 && n < (int)(sizeof(keys) / sizeof(keys[0])) ? keys[n]
								  : K_NONE;
}

/* The keypad sends ESC O j for * and so on, up to y for 9. */
static int ss3_key(unsigned char b)
{
	if (b == 'M')
		return K_ENTER;
	if (b >= 'j' && b <= 'y')
		return b - 'j' + '*';
	return letter_key(b);
}

/* The first number of what stands between ESC [ and the last byte. */
static int first_number(const struct input *in, size_t i, bool *more)
{
	int n = 0;
	for (; i < in->nr - 1 && in->held[i] >= '0' && in->held[i] <= '9'; i++)
		n = n < 10000 ? n * 10 + (in->held[i] - '0') : n;
	*more = i < in->nr - 1;
	return n;
}

static void number_sequence(struct input *in, struct sink to, int n, bool more)
{
	if (n == 200 && !more)
		in->pasting = true;
	else if (n == 201 && !more)
		in->pasting = false;
	else
		say_key(in, to, number_key(n));
}

/* A whole ESC [ ... */
static void csi(struct input *in, struct sink to)
{
	bool more;
	unsigned char first = in->held[2], last = in->held[in->nr - 1];
	int n = first_number(in, 2, &more);
	if (first == '>' && last == 'c')
		say(to, INPUT_KIND, first_number(in, 3, &more));
	if (first >= '<' && first <= '?')
		return; /* mouse, and answers to questions */
	if (strchr("~$^@", last))
		number_sequence(in, to, n, more);
	else if (last == 'n' && n == 0 && !more && in->nr == 4)
		say(to, INPUT_DSR, K_NONE);
	else if ((last == 'I' || last == 'O') && in->nr == 3)
		say(to, INPUT_FOCUS, last == 'I');
	else if (last != 'R' || in->nr == 3) /* else a cursor position */
		say_key(in, to, letter_key(last));
}

enum step {
	WAIT,  /* for more bytes */
	DONE,  /* what is held has been dealt with */
	AGAIN, /* it is dropped, and the last byte starts anew */
	AGAIN_ESC, /* the same, with the ESC before it */
};

static enum step csi_step(struct input *in, struct sink to)
{
	unsigned char b = in->held[in->nr - 1];
	if (in->nr == 2)
		return WAIT;
	if (in->held[2] == 'M') /* X10 mouse: three bytes of any value */
		return in->nr < 6 ? WAIT : DONE;
	if (in->held[2] == '[') { /* the Linux console's F1 to F5 */
		if (in->nr == 4 && b >= 'A' && b <= 'E')
			say_key(in, to, K_F1 + (b - 'A'));
		return in->nr < 4 ? WAIT : b < 0x20 || b > 0x7e ? AGAIN : DONE;
	}
	if (b < 0x20 || b > 0x7e)
		return AGAIN;
	bool more;
	first_number(in, 2, &more);
	if (b < '@' && (b != '$' || more || in->nr == 3))
		return WAIT;
	csi(in, to);
	return DONE;
}

static enum step ss3_step(struct input *in, struct sink to)
{
	unsigned char b = in->held[in->nr - 1];
	if (in->nr == 2 || (b >= '0' && b <= ';' && in->nr <= 8))
		return WAIT;
	if (b < 0x20 || b > 0x7e || in->nr > 8)
		return AGAIN;
	say_key(in, to, ss3_key(b));
	return DONE;
}

/* OSC, DCS and the like: up to BEL or ESC \. */
static enum step string_step(struct input *in)
{
	unsigned char b = in->held[in->nr - 1];
	if (in->nr > 2 && (b == '\a' || b == 0x18 || b == 0x1a))
		return DONE;
	if (in->nr > 3 && in->held[in->nr - 2] == ESC)
		return b == '\\' ? DONE : AGAIN_ESC;
	return WAIT;
}

static enum step escape_step(struct input *in, struct sink to)
{
	if (in->nr == 1)
		return WAIT;
	switch (in->held[1]) {
	case '[':
		return csi_step(in, to);
	case 'O':
		return ss3_step(in, to);
	case ']': case 'P': case '_': case '^': case 'X':
		return string_step(in);
	}
	if (in->pasting && in->held[1] == ESC)
		in->pasting = false;
	else
		say_key(in, to, K_ESC);
	return AGAIN;
}

static enum step utf8_step(struct input *in, struct sink to)
{
	unsigned char lead = in->held[0], b = in->held[in->nr - 1];
	size_t whole = lead < 0xC2 || lead > 0xF4 ? 0 : lead < 0xE0 ? 2
		       : lead < 0xF0 ? 3 : 4;
	uint32_t u;
	if (in->nr > 1 && (b & 0xC0) != 0x80)
		return AGAIN;
	if (in->nr < whole)
		return WAIT;
	if (whole && text_next((const char *)in->held, in->nr, &u) == whole)
		say_text(in, to, u);
	return DONE;
}

/* Too long to be a key: only its kind is kept, so that its end is found. The
 * '?' makes what is left no key. */
static void shorten(struct input *in)
{
	unsigned char last = in->held[in->nr - 1];
	in->nr = 2;
	in->held[in->nr++] = '?';
	if (last == ESC)
		in->held[in->nr++] = ESC;
}

static void feed(struct input *in, struct sink to, unsigned char b)
{
	enum step step;
	do {
		if (in->nr == 0 && b < 0x80 && b != ESC) {
			plain(in, to, b);
			return;
		}
		in->held[in->nr++] = b;
		step = in->held[0] == ESC ? escape_step(in, to)
					  : utf8_step(in, to);
		if (step != WAIT)
			in->nr = 0;
		if (step == AGAIN_ESC)
			in->held[in->nr++] = ESC;
	} while (step >= AGAIN);
	if (in->nr == sizeof(in->held))
		shorten(in);
}

void input_feed(struct input *in, const void *bytes, size_t n,
		void (*on)(const struct input_event *e, void *arg), void *arg)
{
	const unsigned char *b = bytes;
	struct sink to = { on, arg };
	for (size_t i = 0; i < n; i++)
		feed(in, to, b[i]);
}

bool input_waiting(const struct input *in)
{
	/* A paste may pause anywhere: its end mark must not become keys. */
	return in->nr > 0 && !in->pasting;
}

bool input_timeout(struct input *in,
		   void (*on)(const struct input_event *e, void *arg),
		   void *arg)
{
	if (!input_waiting(in))
		return false;
	bool escape = in->nr == 1 && in->held[0] == ESC;
	in->nr = 0;
	if (escape)
		say_key(in, (struct sink){ on, arg }, K_ESC);
	return true;
}
