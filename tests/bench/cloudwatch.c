/* A page of GetMetricData and cJSON on the same bytes, each in a process of
 * its own, so that the peaks of memory are their own. The text itself is there
 * before both: a page is read once it is whole. */
#include "tests/bench/child.h"
#include "sources/cw_quota.h"
#include "sources/cw_table.h"
#include "base/mem.h"
#include "sources/cw_api.h"

#include <cjson/cJSON.h>
#include <sys/mman.h>

#define PAGE_QUERIES 500
#define PAGE_READS 9

static size_t read_page_ours(const char *text, size_t n)
{
	static struct cw_data d;
	struct err e;
	cw_data_init(&d, PAGE_QUERIES);
	return cw_data_read(&d, text, n, &e) < 0 || d.dropped ? 0 : d.points;
}

/* Its tree is no series yet: that would come on top. */
static size_t read_page_tree(const char *text, size_t n)
{
	const cJSON *tree = cJSON_ParseWithLength(text, n), *r;
	size_t points = 0;
	cJSON_ArrayForEach(r, cJSON_GetObjectItemCaseSensitive(
				      tree, "MetricDataResults"))
		points += (size_t)cJSON_GetArraySize(
			cJSON_GetObjectItemCaseSensitive(r, "Values"));
	return points;
}

/* What runs in the process of its own: `bench --cloudwatch ours|tree`, the
 * answer on 3, the result on 4. */
static int cloudwatch_child(const char *how)
{
	struct decoded p = { .points = 0 };
	size_t n = (size_t)lseek(3, 0, SEEK_END);
	char *text = mem_alloc(n);
	if (pread(3, text, n, 0) != (ssize_t)n)
		return 1;
	double rss = memory_of(getpid(), "VmRSS"), since = now_us();
	p.points = (strcmp(how, "ours") == 0 ? read_page_ours
					     : read_page_tree)(text, n);
	p.took_us = now_us() - since;
	p.rss = memory_of(getpid(), "VmHWM") - rss;
	return write(4, &p, sizeof(p)) == sizeof(p) ? 0 : 1;
}

/* Times as the service writes them, values of 17 digits. */
static void page_text(struct buf *b, int points)
{
	uint64_t seed = 42;
	buf_str(b, "{\"MetricDataResults\":[");
	for (int i = 0; i < PAGE_QUERIES; i++) {
		buf_printf(b, "%s{\"Id\":\"m%d\",\"Label\":\"app/shop-%d/50dc6c"
			   "495c0c9188 TargetResponseTime p99\",\"StatusCode\":"
			   "\"Complete\",\"Timestamps\":[", i ? "," : "", i, i);
		for (int k = 0; k < points; k++)
			buf_printf(b, "%s%.8fE9", k ? "," : "",
				   1.76597778 + k * 6e-8);
		buf_str(b, "],\"Values\":[");
		for (int k = 0; k < points; k++) {
			seed = seed * 6364136223846793005u
			       + 1442695040888963407u;
			buf_printf(b, "%s%.17g", k ? "," : "",
				   (double)(seed >> 11) / 9007199254740992.0);
		}
		buf_str(b, "]}");
	}
	buf_str(b, "],\"Messages\":[]}");
}

static int page_file(int points, size_t *bytes)
{
	struct buf b;
	buf_init(&b, 0);
	page_text(&b, points);
	int fd = memfd_create("page", 0);
	*bytes = b.len;
	if (fd < 0 || write(fd, b.s, b.len) != (ssize_t)b.len)
		die("a file for the page");
	buf_release(&b);
	return fd;
}

static void bench_page(struct results *r, int points, const char *ms_key,
		       const char *rss_key, char note[80])
{
	struct samples took[2] = { { .nr = 0 }, { .nr = 0 } };
	struct samples rss[2] = { { .nr = 0 }, { .nr = 0 } };
	static const char *const how[] = { "ours", "tree" };
	size_t bytes;
	int fd = page_file(points, &bytes);
	for (int i = 0; i < 2 * PAGE_READS; i++) {
		struct decoded p = decoded_in_child(fd, "--cloudwatch", how[i % 2]);
		sample(&took[i % 2], p.took_us / 1000);
		sample(&rss[i % 2], p.rss);
	}
	close(fd);
	snprintf(note, 80, "a page of %.1f MB, %d points", (double)bytes / 1e6,
		 PAGE_QUERIES * points);
	struct result *x = result_add(r, ms_key, percentile(&took[0], 0.5),
				      "ms");
	x->note = note;
	result_peer(x, "cJSON", percentile(&took[1], 0.5));
	x = result_add(r, rss_key, percentile(&rss[0], 0.5), "B");
	x->note = "its peak beyond the text";
	result_peer(x, "cJSON", percentile(&rss[1], 0.5));
}

/* What the overview of so many load balancers asks for every minute, by the
 * table that the program itself asks by. */
static void bench_bill(struct results *r, int balancers,
		       const char *requests_key, const char *usd_key)
{
	struct cw_metrics m;
	struct arena a;
	size_t metrics = 0, lists = 0;
	struct cw_ask ask;
	cw_metrics_init(&m);
	arena_init(&a, 0);
	m.metric = mem_zero((size_t)balancers, sizeof(*m.metric));
	for (int i = 0; i < balancers; i++) {
		struct cw_dimension *d = arena_alloc(&a, sizeof(*d));
		d->name = "LoadBalancer";
		d->value = arena_printf(&a, "app/shop-%03d/50dc6c495c0c9188",
					i);
		m.metric[m.nr++] = (struct cw_metric){
			"AWS/ApplicationELB", "RequestCount", 1, d };
	}
	struct cw_found f = cw_table_find(&m, &a);
	for (size_t i = 0; i < f.nr; i++)
		metrics += f.service[i].nr;
	while (cw_table_ask(lists, &ask))
		lists++;
	size_t calls = (metrics + CW_QUERIES_MAX - 1) / CW_QUERIES_MAX;
	double cheap = 60 + 6 * (double)lists;
	struct result *x = result_add(r, requests_key,
				      60 * (double)calls + cheap, "/h");
	x->note = "numbers and alarms a minute, a listing every ten";
	x = result_add(r, usd_key,
		       720 * (60 * (double)metrics * CW_USD_METRIC
			      + cheap * CW_USD_CALL), "USD");
	x->note = "a month of 30 days, without a limit a day";
	cw_metrics_release(&m);
	arena_release(&a);
}

static void bench_cloudwatch(struct results *r, const struct home *h)
{
	static char note[2][80];
	bench_bill(r, 10, "cloudwatch.requests_10", "cloudwatch.usd_month_10");
	bench_bill(r, 50, "cloudwatch.requests_50", "cloudwatch.usd_month_50");
	bench_bill(r, 200, "cloudwatch.requests_200",
		   "cloudwatch.usd_month_200");
	(void)h;
	bench_page(r, 60, "cloudwatch.page_ms", "cloudwatch.page_rss_bytes",
		   note[0]);
	bench_page(r, 201, "cloudwatch.full_ms", "cloudwatch.full_rss_bytes",
		   note[1]);
}
