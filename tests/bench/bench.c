/* `make bench`: what the budgets are about, measured, beside programs
 * that people know. Nothing fails here by being slow.
 *
 *	bench [--json] [--seconds N | --minutes N] [--only WORD]
 *
 * One program of several files: they share the terminal and the server that
 * are made for tests. */
#include "tests/bench/terminal.c"

#include "tests/bench/cloudwatch.c"
#include "tests/bench/decode.c"
#include "tests/bench/inside.c"
#include "tests/bench/slow.c"

#include "tests/bench/fire.c"

static void quoted(const char *s)
{
	printf("\"%s\"", s); /* keys and units: plain words */
}

static void json_number(double v)
{
	if (isnan(v))
		printf("null");
	else
		printf("%.6g", v);
}

static void json_row(const struct result *x, const char *suffix,
		     const char *peer, double peer_value, bool last)
{
	printf("  \"%s%s%s\": {\"value\": ", x->key, *suffix ? "_vs_" : "",
	       suffix);
	json_number(x->value);
	printf(", \"unit\": ");
	quoted(x->unit);
	printf(", \"peer\": ");
	if (peer) {
		printf("{\"name\": \"%s\", \"value\": ", peer);
		json_number(peer_value);
		printf("}");
	} else {
		printf("null");
	}
	printf("}%s\n", last ? "" : ",");
}

/* A second peer stands in a row of its own: KEY_vs_NAME. */
static void print_json(const struct results *r)
{
	printf("{\n");
	for (size_t i = 0; i < r->nr; i++) {
		const struct result *x = &r->row[i];
		bool last = i + 1 == r->nr;
		json_row(x, "", x->peer, x->peer_value, last && !x->peer2);
		if (x->peer2)
			json_row(x, x->peer2, x->peer2, x->peer2_value, last);
	}
	printf("}\n");
}

static char *shown(double v, const char *unit, char out[40])
{
	static const char *const big[] = { "", "k", "M", "G" };
	size_t k = 0;
	bool bytes = unit[0] == 'B';
	for (; bytes && fabs(v) >= 10000 && k < 3; k++)
		v /= 1000;
	if (isnan(v))
		snprintf(out, 40, "-");
	else
		snprintf(out, 40, fabs(v) < 100 && v != floor(v)
			 ? "%.2f %s%s" : "%.0f %s%s", v, big[k], unit);
	return out;
}

static void print_peer(const struct result *x, const char *peer, double v)
{
	char text[40];
	if (peer)
		printf("  %s %s (%.2gx)", peer, shown(v, x->unit, text),
		       x->value / v);
}

static void print_table(const struct results *r)
{
	char text[40];
	for (size_t i = 0; i < r->nr; i++) {
		const struct result *x = &r->row[i];
		printf("%-28s %16s", x->key, shown(x->value, x->unit, text));
		print_peer(x, x->peer, x->peer_value);
		print_peer(x, x->peer2, x->peer2_value);
		if (x->note)
			printf("  %s", x->note);
		printf("\n");
	}
}

static const struct part {
	const char *name;
	void (*run)(struct results *r, const struct home *h);
} parts[] = {
	{ "start", bench_start },
	{ "key.idle", bench_keys_idle },
	{ "key.decode", bench_keys_decode },
	{ "frame", bench_frames },
	{ "decode", bench_decode },
	{ "cloudwatch", bench_cloudwatch },
	{ "demo", bench_minute },
	{ "refresh", bench_refresh },
	{ "record", bench_recording },
	{ "soak", bench_soak },
	{ "net", bench_slow },
	{ "loop", bench_lag },
	{ "fire", bench_fire },
};

int main(int argc, char **argv)
{
	struct results r = { .seconds = 60 };
	struct home h;
	const char *only = NULL;
	bool json = false;
	if (argc == 3 && strcmp(argv[1], "--decode") == 0)
		return decode_child(argv[2]);
	if (argc == 3 && strcmp(argv[1], "--cloudwatch") == 0)
		return cloudwatch_child(argv[2]);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0)
			r.seconds = atoi(argv[++i]);
		else if (i + 1 < argc && strcmp(argv[i], "--minutes") == 0)
			r.seconds = 60 * atoi(argv[++i]);
		else if (i + 1 < argc && strcmp(argv[i], "--only") == 0)
			only = argv[++i];
	}
	home_make(&h);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (only && strncmp(parts[i].name, only, strlen(only)) != 0)
			continue;
		fprintf(stderr, "bench: %s\n", parts[i].name);
		parts[i].run(&r, &h);
	}
	home_remove(&h);
	if (json)
		print_json(&r);
	else
		print_table(&r);
	return 0;
}
