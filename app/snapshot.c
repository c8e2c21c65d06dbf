/* redtop snapshot: one frame on stdout. */
#include "app/commands.h"
#include "app/json.h"
#include "app/oneshot.h"
#include "base/key.h"
#include "tui/export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum graph graph_of(const struct options *o)
{
	enum graph g = locale_graph(o);
	if (o->format == FORMAT_SVG && !o->ascii && g == GRAPH_ASCII)
		return GRAPH_BRAILLE;
	return g;
}

static int press(struct oneshot *s, int key)
{
	struct dash *d = oneshot_dash(s);
	dash_key(d, key);
	for (enum request r; (r = dash_request(d)) != REQUEST_NONE;)
		if (r == REQUEST_POLL || r == REQUEST_ASK)
			oneshot_again(s);
	dash_frame(d);
	return 0;
}

static int press_all(struct oneshot *s, const char *keys, struct err *e)
{
	while (*keys) {
		char name[32];
		size_t n = strcspn(keys, " ");
		if (n >= sizeof(name))
			n = sizeof(name) - 1;
		memcpy(name, keys, n);
		name[n] = '\0';
		int key = n ? key_of_name(name) : 0;
		if (n && !key)
			return err_set(e, EXIT_USAGE, "no key '%s'; keys are "
				       "single characters and names such as Enter, "
				       "Esc, Left, F2", name);
		if (key)
			press(s, key);
		keys += n;
		keys += strspn(keys, " ");
	}
	return 0;
}

static int check_service(struct oneshot *s, const char *name)
{
	const struct view *v = dash_view(oneshot_dash(s));
	if (!name)
		return EXIT_FINE;
	for (size_t i = 0; i < v->nr_all; i++)
		if (strcmp(v->all[i].service->name, name) == 0)
			return EXIT_FINE;
	struct err e;
	err_set(&e, EXIT_USAGE, "no service '%.80s' is known here", name);
	return complain(&e);
}

static void print(struct oneshot *s, const struct options *o,
		  const struct theme *t, struct buf *out)
{
	struct dash *d = oneshot_dash(s);
	switch (o->format) {
	case FORMAT_TEXT:
		export_text(dash_surface(d), out);
		break;
	case FORMAT_ANSI:
		export_ansi(dash_surface(d), t, no_color(o) ? 0 : 256, out);
		break;
	case FORMAT_SVG:
		export_svg(dash_surface(d), t, out);
		break;
	case FORMAT_JSON:
		json_snapshot(d, oneshot_replay(s), out);
		break;
	}
}

static int write_out(const struct buf *b)
{
	size_t done = 0;
	while (done < b->len) {
		ssize_t n = write(STDOUT_FILENO, b->s + done, b->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fprintf(stderr, "redtop: writing the frame: %s\n",
				strerror(errno));
			return EXIT_WRITE;
		}
		done += (size_t)n;
	}
	return EXIT_FINE;
}

int run_snapshot(struct options *o)
{
	struct err e;
	struct theme theme;
	struct buf out;
	if (options_theme(o, &theme, &e) < 0)
		return complain(&e);
	struct oneshot *s = oneshot_run(o, graph_of(o), &e);
	if (!s)
		return complain(&e);
	int code = oneshot_code(s, o);
	if (code == EXIT_FINE && o->service)
		code = check_service(s, o->service);
	if (o->keys && press_all(s, o->keys, &e) < 0)
		code = complain(&e);
	if (code != EXIT_USAGE) {
		buf_init(&out, 0);
		print(s, o, &theme, &out);
		int w = write_out(&out);
		code = w ? w : code;
		buf_release(&out);
	}
	oneshot_free(s);
	return code;
}
