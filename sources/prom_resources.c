#include "sources/prom_resources.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/interval.h"
#include "sources/prom_parse.h"
#include "sources/promql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Bytes of a question that names its resources: several go as one query. */
#define QUESTION_BYTES ((size_t)6000)
/* Carries what two labels say together. */
#define JOINED "redtop_name"

#define BUSY .warn = 0.70, .crit = 0.85
#define FULL .warn = 0.75, .crit = 0.90
#define FLOW .warn = 0.80, .crit = 0.95
#define DISK .warn = 0.85, .crit = 0.95

/* Neither what has no disk nor what is full from the start, and no file that
 * is mounted into a container. */
#define FILES "{fstype!~\"tmpfs|ramfs|rootfs|squashfs|overlay|iso9660|erofs|" \
	"nsfs|autofs|fuse.lxcfs\",mountpoint!~\"/(etc|run|snap)/.+|" \
	"/var/lib/(docker|containers|kubelet)/.+\"}"
#define CARD "node_network_speed_bytes{device!=\"lo\"} > 0"
#define FLOWS(way) "max by (instance) (rate(node_network_" way \
	"_bytes_total{device!=\"lo\"}[$__rate_interval]) / (" CARD "))"

/* --match goes into every pair of braces; an empty pair that stays empty is
 * left out. Expressions are one series a resource, whatever other labels the
 * exporter has. The first label stands in every selector of its row. */
static const struct resource_row {
	const char *kind, *what; /* the id: kind:NAME or kind:NAME:what */
	const char *needs;       /* metrics, all of them, parted by spaces */
	const char *label[2];    /* whose values are the NAME */
	bool last_names;         /* the second alone, unless it clashes */
	const char *exists;      /* a series for each */
	const char *used, *limit;/* limit NULL: 1 */
	double warn, crit;
} rows[] = {
	/* Processors of a container's host lend and steal, and wait for disks:
	 * none of that is use. */
	{ "host", "cpu", "node_cpu_seconds_total", { "instance" },
	  .exists = "node_cpu_seconds_total{mode=\"idle\"}",
	  .used = "clamp_min(1 - avg by (instance) (sum without (mode) (rate("
		  "node_cpu_seconds_total{mode=~\"idle|iowait|steal\"}"
		  "[$__rate_interval]))), 0)", BUSY },
	{ "host", "memory",
	  "node_memory_MemAvailable_bytes node_memory_MemTotal_bytes",
	  { "instance" }, .exists = "node_memory_MemTotal_bytes{}",
	  .used = "max by (instance) (node_memory_MemTotal_bytes{} - "
		  "node_memory_MemAvailable_bytes{})",
	  .limit = "max by (instance) (node_memory_MemTotal_bytes{})", FULL },
	/* The busiest disk, the busiest card. */
	{ "host", "disk", "node_disk_io_time_seconds_total", { "instance" },
	  .exists = "node_disk_io_time_seconds_total{}",
	  .used = "max by (instance) (rate(node_disk_io_time_seconds_total{}"
		  "[$__rate_interval]))", FLOW },
	{ "host", "receive",
	  "node_network_receive_bytes_total node_network_speed_bytes",
	  { "instance" }, .exists = CARD, .used = FLOWS("receive"), FLOW },
	{ "host", "transmit",
	  "node_network_transmit_bytes_total node_network_speed_bytes",
	  { "instance" }, .exists = CARD, .used = FLOWS("transmit"), FLOW },

	/* Its pools are a user's of a database, each as large as that says. */
	{ "pool", NULL,
	  "pgbouncer_pools_server_active_connections "
	  "pgbouncer_databases_pool_size",
	  { "instance", "database" }, .last_names = true,
	  .exists = "pgbouncer_pools_server_active_connections"
		    "{database!=\"pgbouncer\"}",
	  .used = "max by (instance, database) ("
		  "pgbouncer_pools_server_active_connections"
		  "{database!=\"pgbouncer\"})",
	  .limit = "max by (instance, database) (label_replace("
		   "pgbouncer_databases_pool_size{name!=\"pgbouncer\"} > 0, "
		   "\"database\", \"$1\", \"name\", \"(.*)\"))", FULL },
	{ "pool", NULL, "hikaricp_connections_active hikaricp_connections_max",
	  { "instance", "pool" }, .last_names = true,
	  .exists = "hikaricp_connections_active{}",
	  .used = "max by (instance, pool) (hikaricp_connections_active{})",
	  .limit = "max by (instance, pool) (hikaricp_connections_max{} > 0)",
	  FULL },
	/* Two libraries; without a maximum a pool is never full. */
	{ "pool", NULL,
	  "go_sql_stats_connections_in_use go_sql_stats_connections_max_open",
	  { "instance", "db_name" }, .last_names = true,
	  .exists = "go_sql_stats_connections_max_open{} > 0",
	  .used = "max by (instance, db_name) ("
		  "go_sql_stats_connections_in_use{})",
	  .limit = "max by (instance, db_name) ("
		   "go_sql_stats_connections_max_open{} > 0)", FULL },
	{ "pool", NULL,
	  "go_sql_in_use_connections go_sql_max_open_connections",
	  { "instance", "db_name" }, .last_names = true,
	  .exists = "go_sql_max_open_connections{} > 0",
	  .used = "max by (instance, db_name) (go_sql_in_use_connections{})",
	  .limit = "max by (instance, db_name) ("
		   "go_sql_max_open_connections{} > 0)", FULL },

	{ "postgres", "connections",
	  "pg_stat_activity_count pg_settings_max_connections",
	  { "instance" }, .exists = "pg_settings_max_connections{}",
	  .used = "sum by (instance) (pg_stat_activity_count{})",
	  .limit = "max by (instance) (pg_settings_max_connections{})", FULL },
	{ "mysql", "connections",
	  "mysql_global_status_threads_connected "
	  "mysql_global_variables_max_connections",
	  { "instance" }, .exists = "mysql_global_variables_max_connections{}",
	  .used = "max by (instance) (mysql_global_status_threads_connected{})",
	  .limit = "max by (instance) ("
		   "mysql_global_variables_max_connections{})", FULL },

	{ "redis", "memory", "redis_memory_used_bytes redis_memory_max_bytes",
	  { "instance" }, .exists = "redis_memory_max_bytes{} > 0",
	  .used = "max by (instance) (redis_memory_used_bytes{})",
	  .limit = "max by (instance) (redis_memory_max_bytes{} > 0)", FULL },
	{ "redis", "connections",
	  "redis_connected_clients redis_config_maxclients", { "instance" },
	  .exists = "redis_config_maxclients{} > 0",
	  .used = "max by (instance) (redis_connected_clients{})",
	  .limit = "max by (instance) (redis_config_maxclients{} > 0)", FULL },
	{ "memcached", "memory",
	  "memcached_current_bytes memcached_limit_bytes", { "instance" },
	  .exists = "memcached_limit_bytes{}",
	  .used = "max by (instance) (memcached_current_bytes{})",
	  .limit = "max by (instance) (memcached_limit_bytes{})", FULL },
	{ "memcached", "connections",
	  "memcached_current_connections memcached_max_connections",
	  { "instance" }, .exists = "memcached_max_connections{}",
	  .used = "max by (instance) (memcached_current_connections{})",
	  .limit = "max by (instance) (memcached_max_connections{})", FULL },

	{ "filesystem", NULL,
	  "node_filesystem_size_bytes node_filesystem_avail_bytes",
	  { "instance", "mountpoint" },
	  .exists = "node_filesystem_size_bytes" FILES " > 0",
	  .used = "max by (instance, mountpoint) (node_filesystem_size_bytes"
		  FILES " - node_filesystem_avail_bytes" FILES ")",
	  .limit = "max by (instance, mountpoint) (node_filesystem_size_bytes"
		   FILES " > 0)", DISK },
	/* Nearly every exporter tells them: the fullest process of a job. */
	{ "process", "files", "process_open_fds process_max_fds", { "job" },
	  .exists = "process_max_fds{} > 0",
	  .used = "max by (job) (process_open_fds{} / (process_max_fds{} > 0))",
	  FULL },
};
#define ROWS COUNT(rows)

/* How often hosts are scraped: of rates alone it matters. */
#define PULSE "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"}"
#define PULSE_ROW 0
static const char *const pulses[] = { "10m", "5m", "1m", "15s" };
#define TAG_PULSE 100

struct name {
	char *first, *last;      /* last NULL: there is one label */
};

struct prom_resources {
	const char *match;
	bool failed;
	unsigned seen[ROWS];     /* a bit for each metric that is needed */
	struct interval_counts counts;
	struct names {
		struct name *name;
		size_t nr, cap;
	} of[ROWS];
};

struct prom_resources *prom_resources_new(const char *match)
{
	struct prom_resources *r = mem_zero(1, sizeof(*r));
	r->match = match;
	return r;
}

void prom_resources_free(struct prom_resources *r)
{
	for (size_t i = 0; r && i < ROWS; i++) {
		for (size_t k = 0; k < r->of[i].nr; k++) {
			free(r->of[i].name[k].first);
			free(r->of[i].name[k].last);
		}
		free(r->of[i].name);
	}
	free(r);
}

/* ---- names of metrics ---------------------------------------------------- */

/* The bit of a word in a list; 0: it is not in there. */
static unsigned bit_of(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (unsigned bit = 1; *list; bit <<= 1) {
		size_t m = strcspn(list, " ");
		if (m == n && memcmp(list, word, n) == 0)
			return bit;
		list += m;
		list += strspn(list, " ");
	}
	return 0;
}

static unsigned all_bits(const char *list)
{
	unsigned bits = 1;
	for (; *list; list++)
		bits = *list == ' ' ? bits << 1 | 1 : bits;
	return bits;
}

void prom_resources_names(struct buf *out)
{
	for (size_t i = 0; i < ROWS; i++) {
		buf_str(out, i ? "|" : "");
		for (const char *s = rows[i].needs; *s; s++)
			buf_char(out, *s == ' ' ? '|' : *s);
	}
}

void prom_resources_name(struct prom_resources *r, const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		r->seen[i] |= bit_of(rows[i].needs, name);
}

static bool is_there(const struct prom_resources *r, size_t row)
{
	return r->seen[row] == all_bits(rows[row].needs);
}

/* ---- words --------------------------------------------------------------- */

/* The end of a string of the table's. */
static const char *behind_string(const char *s)
{
	for (s++; *s != '"'; s++)
		;
	return s + 1;
}

/* An expression of the table, with more matchers in each of its selectors. */
static void write_expression(struct buf *out, const char *text,
			     const char *more)
{
	while (*text) {
		const char *next = *text == '"' ? behind_string(text)
						: text + 1;
		if (*text == '{' && *next == '}' && !*more) {
			text = next + 1;
			continue;
		}
		if (*text == '}' && *more) {
			buf_str(out, text[-1] == '{' ? "" : ",");
			buf_str(out, more);
		}
		buf_add(out, text, (size_t)(next - text));
		text = next;
	}
}

static void write_question(struct buf *out, const struct resource_row *row,
			   const char *text, const char *more)
{
	if (row->label[1])
		buf_str(out, "label_join(");
	write_expression(out, text, more);
	if (row->label[1])
		buf_printf(out, ",\"" JOINED "\",\" \",\"%s\",\"%s\")",
			   row->label[0], row->label[1]);
}

static void write_part(struct buf *out, const char *head, const char *text,
		       const char *more, const char *tail, unsigned tag)
{
	buf_printf(out, "label_replace(%s", head);
	write_expression(out, text, more);
	buf_printf(out, "%s,\"" PROM_TAG "\",\"%u\",\"\",\"\")", tail, tag);
}

static void write_list(struct buf *out, size_t row, const char *more)
{
	const char *const *label = rows[row].label;
	char head[80];
	snprintf(head, sizeof(head), "count by (%s%s%s) (", label[0],
		 label[1] ? "," : "", label[1] ? label[1] : "");
	write_part(out, head, rows[row].exists, more, ")",
		   (unsigned)row + 1);
}

/* The k-th of all parts; false: it is not asked. */
static bool write_kth(const struct prom_resources *r, size_t k,
		      const char *more, struct buf *out)
{
	char tail[16];
	buf_clear(out);
	if (!is_there(r, k < ROWS ? k : PULSE_ROW))
		return false;
	if (k < ROWS) {
		write_list(out, k, more);
		return true;
	}
	k -= ROWS;
	snprintf(tail, sizeof(tail), "[%s]))", pulses[k]);
	write_part(out, "max(count_over_time(", PULSE, more, tail,
		   TAG_PULSE + (unsigned)k);
	return true;
}

bool prom_resources_ask(const struct prom_resources *r, size_t i,
			struct buf *out)
{
	struct buf more, part;
	size_t query = 0;
	buf_init(&more, 0);
	buf_init(&part, 0);
	promql_inner(&more, r->match);
	buf_clear(out);
	for (size_t k = 0; k < ROWS + COUNT(pulses); k++) {
		if (!write_kth(r, k, buf_text(&more), &part))
			continue;
		if (out->len && out->len + 4 + part.len > LIMIT_QUERY) {
			if (query == i)
				break;
			query++;
			buf_clear(out);
		}
		buf_printf(out, "%s%s", out->len ? " or " : "", part.s);
	}
	buf_release(&part);
	buf_release(&more);
	return out->len && query == i;
}

/* ---- answers ------------------------------------------------------------- */

static void take_pulse(struct interval_counts *c, unsigned which, double v)
{
	double *const to[] = { &c->in_10m, &c->in_5m, &c->in_1m, &c->in_15s };
	if (which < COUNT(to))
		*to[which] = v;
}

static const char *value_of(const struct frame *f, const char *label)
{
	const char *v = labels_get(&f->labels, label);
	return v ? v : "";
}

void prom_resources_take(struct prom_resources *r, const struct frame *f)
{
	if (!f->nr || !f->v)
		return;
	if (f->question >= TAG_PULSE) {
		take_pulse(&r->counts, f->question - TAG_PULSE, f->v[0]);
		return;
	}
	if (f->question < 1 || f->question > ROWS)
		return;
	const char *const *label = rows[f->question - 1].label;
	const char *first = value_of(f, label[0]);
	const char *last = label[1] ? value_of(f, label[1]) : NULL;
	/* Joined, a longer one would be cut. */
	if ((!*first && !(last && *last)) ||
	    strlen(first) + strlen(last ? last : "") + 1 > LIMIT_LABEL_VALUE)
		return;
	struct names *n = &r->of[f->question - 1];
	MEM_ROOM(n->name, n->nr, n->cap);
	n->name[n->nr++] = (struct name){
		mem_strdup(first), last ? mem_strdup(last) : NULL };
}

void prom_resources_failed(struct prom_resources *r)
{
	r->failed = true;
}

/* ---- which of them ------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int c = strcmp(x->first, y->first);
	return c || !x->last ? c : strcmp(x->last, y->last);
}

/* As many of each kind as there is room for all, at most `max`; what few have
 * left, the others get. */
static void share(const struct prom_resources *r, size_t max, size_t *keep)
{
	size_t used = 0;
	for (size_t i = 0; i < ROWS; i++)
		keep[i] = 0;
	for (size_t each = 0;; each++) {
		size_t more = 0;
		for (size_t i = 0; i < ROWS; i++)
			more += r->of[i].nr > each;
		if (!more || used + more > max)
			return;
		used += more;
		for (size_t i = 0; i < ROWS; i++)
			keep[i] += r->of[i].nr > each;
	}
}

/* --match, and where not all are kept which ones are. */
static void matcher_of(const struct prom_resources *r, size_t row, size_t keep,
		       struct buf *out)
{
	const struct names *n = &r->of[row];
	const char **value = mem_zero(keep + 1, sizeof(*value));
	size_t nr = 0;
	promql_inner(out, r->match);
	for (size_t i = 0; i < keep && keep < n->nr; i++)
		if (!nr || strcmp(value[nr - 1], n->name[i].first) != 0)
			value[nr++] = n->name[i].first;
	if (nr && out->len)
		buf_char(out, ',');
	if (nr)
		promql_among(out, rows[row].label[0], false, value, nr);
	free(value);
}

static const char *question(const struct resource_row *row, const char *text,
			    const struct buf *more, struct arena *a)
{
	struct buf b;
	buf_init(&b, 0);
	write_question(&b, row, text, buf_text(more));
	const char *out = arena_strdup(a, b.s);
	buf_release(&b);
	return out;
}

static size_t question_bytes(const struct prom_resources *r, size_t row,
			     size_t keep)
{
	struct buf more, b;
	buf_init(&more, 0);
	buf_init(&b, 0);
	matcher_of(r, row, keep, &more);
	write_question(&b, &rows[row], rows[row].used, buf_text(&more));
	size_t n = b.len;
	buf_release(&b);
	buf_release(&more);
	return n;
}

/* So few that the question which names them stays short. */
static size_t fewer(const struct prom_resources *r, size_t row, size_t keep)
{
	while (keep > 1 && keep < r->of[row].nr &&
	       question_bytes(r, row, keep) > QUESTION_BYTES)
		keep -= keep / 8 + 1;
	return keep;
}

/* ---- the catalog --------------------------------------------------------- */

static time_ms finest(const struct catalog *c)
{
	time_ms t = 0;
	for (size_t i = 0; i < c->nr_shapes; i++)
		if (!t || c->shape[i].interval < t)
			t = c->shape[i].interval;
	return t;
}

/* What hosts tell by themselves; of the others it is not known, and they are
 * asked as often as the rest. */
static void set_interval(const struct prom_resources *r,
			 const struct catalog *found, struct shape *sh)
{
	sh->interval = finest(found);
	if (r->counts.in_10m > 0)
		sh->interval = interval_scrape(&r->counts,
					       &sh->interval_guessed);
	if (!sh->interval)
		sh->interval = 15000;
	sh->window = interval_window(sh->interval);
}

static struct shape shape_of(const struct prom_resources *r, size_t i,
			     size_t keep, const struct catalog *found,
			     struct arena *a)
{
	const struct resource_row *row = &rows[i];
	struct buf more;
	struct shape sh = {
		.id = PROM_RESOURCE_ID + (uint32_t)i,
		.label = row->label[1] ? JOINED : row->label[0],
		.metric = arena_strndup(a, row->needs,
					strcspn(row->needs, " ")),
		.layer = LAYER_DEPENDENCY,
	};
	set_interval(r, found, &sh);
	buf_init(&more, 0);
	matcher_of(r, i, keep, &more);
	sh.question[RED_USED] = question(row, row->used, &more, a);
	if (row->limit)
		sh.question[RED_LIMIT] = question(row, row->limit, &more, a);
	buf_release(&more);
	return sh;
}

/* Another of the same kind is called so, too. */
static bool clashes(const struct prom_resources *r, const size_t *keep,
		    size_t row, const struct name *name)
{
	size_t same = 0;
	for (size_t i = 0; i < ROWS; i++)
		for (size_t k = 0; k < keep[i] && rows[i].last_names &&
				   strcmp(rows[i].kind, rows[row].kind) == 0;
		     k++)
			same += strcmp(r->of[i].name[k].last, name->last) == 0;
	return same > 1;
}

static struct service_def define(const struct prom_resources *r,
				 const size_t *keep, size_t i,
				 const struct name *n, struct arena *a)
{
	const struct resource_row *row = &rows[i];
	struct service_def d = {
		.shape = PROM_RESOURCE_ID + (uint32_t)i,
		.value = n->last ? arena_printf(a, "%s %s", n->first, n->last)
				 : arena_strdup(a, n->first),
		.warn = row->warn, .crit = row->crit,
		.limit = row->limit ? 0 : 1,
	};
	bool alone = row->last_names && *n->last &&
		     !clashes(r, keep, i, n);
	d.name = arena_printf(a, "%s:%s%s%s%s%s", row->kind,
			      alone ? n->last : n->first,
			      n->last && !alone ? ":" : "",
			      n->last && !alone ? n->last : "",
			      row->what ? ":" : "",
			      row->what ? row->what : "");
	return d;
}

static const char *note_of(const struct catalog *found, size_t nr, size_t left,
			   struct arena *a)
{
	if (!left)
		return found->note;
	return arena_printf(a, "%s%s%zu resources beyond the first %zu are not "
			    "shown", found->note ? found->note : "",
			    found->note ? "; " : "", left, nr);
}

/* Room for these behind the found ones. */
static struct catalog *grown(const struct catalog *found, size_t shapes,
			     size_t services, struct arena *a)
{
	struct catalog *c = arena_alloc(a, sizeof(*c));
	struct shape *sh = arena_alloc(a, (found->nr_shapes + shapes) *
					  sizeof(*sh));
	struct service_def *def = arena_alloc(a, (found->nr_services +
						  services) * sizeof(*def));
	*c = *found;
	if (found->nr_shapes)
		memcpy(sh, found->shape, found->nr_shapes * sizeof(*sh));
	if (found->nr_services)
		memcpy(def, found->service,
		       found->nr_services * sizeof(*def));
	c->shape = sh;
	c->service = def;
	return c;
}

static bool is_resource(uint32_t shape)
{
	return shape >= PROM_RESOURCE_ID && shape < PROM_RESOURCE_ID + ROWS;
}

size_t prom_resources_without(const struct catalog *c)
{
	size_t nr = 0;
	for (size_t i = 0; i < c->nr_services; i++)
		nr += !is_resource(c->service[i].shape);
	return nr;
}

static struct shape copy_shape(const struct shape *old, struct arena *a)
{
	struct shape sh = *old;
	sh.label = arena_strdup(a, old->label);
	sh.metric = arena_strdup(a, old->metric);
	for (int i = RED_USED; i <= RED_LIMIT; i++)
		if (old->question[i])
			sh.question[i] = arena_strdup(a, old->question[i]);
	return sh;
}

/* Those of the catalog before. */
static const struct catalog *kept(const struct catalog *found,
				  const struct catalog *before, size_t nr,
				  struct arena *a)
{
	size_t n = 0;
	struct catalog *c = grown(found, ROWS, nr, a);
	struct shape *sh = (struct shape *)c->shape;
	struct service_def *def = (struct service_def *)c->service;
	for (size_t i = 0; i < before->nr_shapes && n < ROWS; i++)
		if (is_resource(before->shape[i].id)) {
			sh[c->nr_shapes++] = copy_shape(&before->shape[i], a);
			n++;
		}
	for (size_t i = 0; i < before->nr_services; i++) {
		struct service_def d = before->service[i];
		if (!is_resource(d.shape))
			continue;
		d.name = arena_strdup(a, d.name);
		d.value = arena_strdup(a, d.value);
		def[c->nr_services++] = d;
	}
	return c;
}

static size_t room_for(const struct catalog *found, size_t room)
{
	size_t taken = found->nr_services + room;
	size_t max = taken < LIMIT_SERVICES ? LIMIT_SERVICES - taken : 0;
	return max < LIMIT_RESOURCES ? max : LIMIT_RESOURCES;
}

const struct catalog *prom_resources_add(struct prom_resources *r,
					 const struct catalog *found,
					 const struct catalog *before,
					 size_t room, struct arena *a)
{
	size_t keep[ROWS], nr = 0, all = 0, max = room_for(found, room);
	size_t held = before ? before->nr_services
			       - prom_resources_without(before) : 0;
	if (r->failed && held && held <= max)
		return kept(found, before, held, a);
	share(r, max, keep);
	for (size_t i = 0; i < ROWS; i++) {
		struct names *n = &r->of[i];
		if (n->nr)
			qsort(n->name, n->nr, sizeof(*n->name),
			      compare_names);
		keep[i] = fewer(r, i, keep[i]);
		all += n->nr;
		nr += keep[i];
	}
	if (!nr)
		return found;
	struct catalog *c = grown(found, ROWS, nr, a);
	struct shape *sh = (struct shape *)c->shape;
	struct service_def *def = (struct service_def *)c->service;
	for (size_t i = 0; i < ROWS; i++) {
		if (!keep[i])
			continue;
		sh[c->nr_shapes++] = shape_of(r, i, keep[i], found, a);
		for (size_t k = 0; k < keep[i]; k++)
			def[c->nr_services++] = define(r, keep, i,
						       &r->of[i].name[k], a);
	}
	c->note = note_of(found, nr, all - nr, a);
	return c;
}
