/* Any bytes as a number, a duration, a moment; any double as text. */
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(bool good)
{
	if (!good)
		abort();
}

static bool is_same(double a, double b)
{
	return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}

static void check_written(double v)
{
	static const struct {
		char *(*format)(double, char *);
		int cells;
	} columns[] = {
		{ format_rate, 5 }, { format_latency, 6 },
		{ format_percent, 6 }, { format_burn, 6 },
		{ format_bytes, 6 }, { format_bound, NUMBER_TEXT },
		{ format_objective, NUMBER_TEXT },
	};
	char s[NUMBER_TEXT];
	double back;
	number_shortest(v, s);
	check(number_parse(s, strlen(s), &back) && is_same(v, back));
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		int w = text_width(columns[i].format(v, s));
		check(w > 0 && w <= columns[i].cells && text_is_clean(s));
	}
}

static void check_times(const char *s)
{
	struct err e = { 0 };
	char text[TIME_TEXT];
	time_ms t, again;
	if (duration_parse(s, &t, &e) == 0) {
		check(t >= 0);
		time_duration(t, text);
		check(duration_parse(text, &again, NULL) == 0);
		check(t == again);
		time_span(t, text);
	} else {
		check(e.code == EXIT_USAGE && text_is_clean(e.text));
	}
	if (time_parse(s, 1795444325000, &t, &e) != 0) {
		check(e.code == EXIT_USAGE && text_is_clean(e.text));
		return;
	}
	time_iso(t, text);
	/* years of more or less than four digits have no form to read */
	if (strlen(text) <= 24 && text[0] != '-') {
		check(time_parse(text, 0, &again, NULL) == 0);
		check(t == again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	double v, w;
	int64_t t = 0;
	char text[TIME_TEXT];
	char *s = strndup((const char *)data, size);
	check(s != NULL);
	if (number_parse((const char *)data, size, &v)) {
		check(strlen(s) == size);
		check_written(v);
		/* Go reads it too, if not beyond all doubles */
		check(number_parse_go(s, &w) ? is_same(v, w) : isinf(v));
	}
	if (number_parse_go(s, &v))
		check_written(v);
	check_times(s);
	memcpy(&t, data, size < sizeof(t) ? size : sizeof(t));
	memcpy(&v, &t, sizeof(v));
	check_written(v);
	time_iso(t, text);
	time_span(t, text);
	time_duration(t, text);
	time_hms(time_floor(t, 1 + (t & 0xffff)), text);
	time_hm(time_ceil(t, 1 + (t & 0xffff)), text);
	free(s);
	return 0;
}
