/* An exporter of every metric family that redtop knows, one job a path:
 * /metrics/JOB. Counters follow the wall clock, so two scrapes differ by what
 * the rates say. For tests and for trying redtop by hand:
 *
 *	exporter [PORT]       prints the port; 0 or none: a free one
 *
 * It serves one connection after the other until it is killed. */
#include "base/buf.h"

#include <arpa/inet.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

enum form { HISTOGRAM, PLAIN, QUANTILES, COUNTER, VMRANGE };

/* Bounds in the unit of the metric, ended by 0. */
static const double default_s[] = { .005, .01, .025, .05, .1, .25, .5, 1, 2.5,
				    5, 10, 0 };
static const double otel_s[] = { .005, .01, .025, .05, .075, .1, .25, .5, .75,
				 1, 2.5, 5, 7.5, 10, 0 };
static const double traefik_s[] = { .1, .3, 1.2, 5, 0 };
static const double express_s[] = { .003, .03, .1, .3, 1.5, 10, 0 };
static const double fastapi_s[] = { .1, .5, 1, 0 };
static const double default_ms[] = { 5, 10, 25, 50, 100, 250, 500, 1000, 2500,
				     5000, 10000, 0 };

/* `status`: label and its values for fine, the caller's fault, the server's.
 * `each`: label sets in which all of it is repeated, parted by blanks. */
struct job {
	const char *name, *metric;
	enum form form;
	const double *bounds;
	const char *status;      /* on the durations, or NULL */
	const char *counter;     /* its name, or NULL */
	const char *counted;     /* status of the counter */
	const char *each;
	const char *counter_each;/* NULL: as each */
	double rate;
};

#define HTTP(label) label " 200 404 500"
static const struct job jobs[] = {
	{ "go", "http_request_duration_seconds", HISTOGRAM, default_s,
	  HTTP("code"), .rate = 40 },
	{ "express", "http_request_duration_seconds", HISTOGRAM, express_s,
	  HTTP("status_code"), .rate = 50 },
	{ "flagger", "http_request_duration_seconds", HISTOGRAM, default_s,
	  HTTP("status"), .rate = 30 },
	{ "fastapi", "http_request_duration_seconds", HISTOGRAM, fastapi_s,
	  NULL, "http_requests_total", "status 2xx 4xx 5xx",
	  "handler=\"/a\" handler=\"/b\"", .rate = 20 },
	{ "dotnet", "http_request_duration_seconds", HISTOGRAM, default_s,
	  HTTP("code"), "http_requests_received_total", HTTP("code"),
	  .rate = 25 },
	{ "flask", "flask_http_request_duration_seconds", HISTOGRAM, default_s,
	  HTTP("status"), "flask_http_request_total", HTTP("status"),
	  .rate = 15 },
	{ "spring", "http_server_requests_seconds", PLAIN, NULL,
	  HTTP("status"), .rate = 35 },
	{ "otel", "http_server_request_duration_seconds", HISTOGRAM, otel_s,
	  HTTP("http_response_status_code"), .rate = 60 },
	{ "otel-old", "http_server_duration_milliseconds", HISTOGRAM,
	  default_ms, HTTP("http_status_code"), .rate = 22 },
	{ "otel-older", "http_server_duration", HISTOGRAM, default_ms,
	  HTTP("http_status_code"), .rate = 21 },
	{ "otel-rpc", "rpc_server_duration_milliseconds", HISTOGRAM,
	  default_ms, "rpc_grpc_status_code 0 5 13", .rate = 33 },
	{ "grpc-go", "grpc_server_handling_seconds", HISTOGRAM, default_s,
	  NULL, "grpc_server_handled_total", "grpc_code OK NotFound Internal",
	  .rate = 44 },
	{ "grpc-go-bare", NULL, COUNTER, NULL, NULL,
	  "grpc_server_handled_total", "grpc_code OK NotFound Internal",
	  .rate = 11 },
	{ "grpc-java", "grpc_server_processing_duration_seconds", HISTOGRAM,
	  default_s, "statusCode OK NOT_FOUND UNAVAILABLE", .rate = 18 },
	{ "istio", "istio_request_duration_milliseconds", HISTOGRAM,
	  default_ms, HTTP("response_code"), "istio_requests_total",
	  HTTP("response_code"),
	  "reporter=\"destination\",destination_service_name=\"cart\" "
	  "reporter=\"source\",destination_service_name=\"cart\"", .rate = 70 },
	{ "envoy", "envoy_cluster_upstream_rq_time", HISTOGRAM, default_ms,
	  NULL, "envoy_cluster_upstream_rq_xx",
	  "envoy_response_code_class 2 4 5", "envoy_cluster_name=\"search\"",
	  .rate = 80 },
	{ "linkerd-proxy", "response_latency_ms", HISTOGRAM, default_ms, NULL,
	  "response_total", "classification success success failure",
	  "direction=\"inbound\",deployment=\"web\" "
	  "direction=\"outbound\",deployment=\"web\"", .rate = 55 },
	{ "ingress-nginx", "nginx_ingress_controller_request_duration_seconds",
	  HISTOGRAM, default_s, HTTP("status"),
	  "nginx_ingress_controller_requests", HTTP("status"),
	  "ingress=\"shop\"", .rate = 65 },
	{ "traefik", "traefik_service_request_duration_seconds", HISTOGRAM,
	  traefik_s, HTTP("code"), "traefik_service_requests_total",
	  HTTP("code"), "service=\"pay@docker\"", .rate = 45 },
	{ "kong", "kong_request_latency_ms", HISTOGRAM, default_ms, NULL,
	  "kong_http_requests_total", HTTP("code"), "service=\"orders\"",
	  .rate = 28 },
	{ "apisix", "apisix_http_latency", HISTOGRAM, default_ms, NULL,
	  "apisix_http_status", HTTP("code"),
	  "type=\"request\" type=\"upstream\" type=\"apisix\"", "a=\"b\"",
	  .rate = 27 },
	{ "haproxy", NULL, COUNTER, NULL, NULL,
	  "haproxy_backend_http_responses_total", "code 2xx 4xx 5xx",
	  "proxy=\"static\"", .rate = 90 },
	{ "nginx", NULL, COUNTER, NULL, NULL, "nginx_http_requests_total", "",
	  .rate = 95 },
	{ "caddy", "caddy_http_request_duration_seconds", HISTOGRAM, default_s,
	  HTTP("code"), NULL, NULL,
	  "handler=\"subroute\" handler=\"reverse_proxy\"", .rate = 17 },
	{ "skipper", "skipper_response_duration_seconds", HISTOGRAM, default_s,
	  HTTP("code"), .rate = 19 },
	{ "osm", "osm_request_duration_ms", HISTOGRAM, default_ms, NULL,
	  "osm_request_total", HTTP("response_code"), .rate = 23 },
	{ "hubble", "hubble_http_request_duration_seconds", HISTOGRAM,
	  default_s, NULL, "hubble_http_requests_total", HTTP("status"),
	  "reporter=\"server\" reporter=\"client\"", .rate = 24 },
	{ "apiserver", "apiserver_request_duration_seconds", HISTOGRAM,
	  default_s, NULL, "apiserver_request_total", HTTP("code"),
	  "verb=\"GET\" verb=\"WATCH\"", .rate = 26 },
	{ "coredns", "coredns_dns_request_duration_seconds", HISTOGRAM,
	  default_s, NULL, "coredns_dns_responses_total",
	  "rcode NOERROR NXDOMAIN SERVFAIL", .rate = 85 },
	{ "django", "django_http_requests_latency_seconds_by_view_method",
	  HISTOGRAM, default_s, NULL,
	  "django_http_responses_total_by_status_total", HTTP("status"),
	  .rate = 13 },
	{ "vertx", "vertx_http_server_response_time_seconds", HISTOGRAM,
	  default_s, HTTP("code"), .rate = 12 },
	{ "axum", "axum_http_requests_duration_seconds", HISTOGRAM, default_s,
	  HTTP("status"), .rate = 14 },
	{ "phoenix", "shop_prom_ex_phoenix_http_request_duration_milliseconds",
	  HISTOGRAM, default_ms, HTTP("status"), .rate = 16 },
	{ "gokit", "catalogue_request_latency_microseconds", QUANTILES, NULL,
	  "success true true false", .rate = 31 },
	{ "vm", "vm_http_request_duration_seconds", VMRANGE, default_s, NULL,
	  .rate = 32 },
	{ "loki", "loki_request_duration_seconds", HISTOGRAM, default_s,
	  HTTP("status_code"), .rate = 34 },
	/* No services: what a job does to others, or to itself. */
	{ "distractors", "http_client_requests_seconds", HISTOGRAM, default_s,
	  HTTP("status"), .rate = 50 },
	{ "distractors", "db_query_duration_seconds", HISTOGRAM, default_s,
	  NULL, .rate = 50 },
	{ "distractors", "workqueue_work_duration_seconds", HISTOGRAM,
	  default_s, NULL, .rate = 50 },
	{ "distractors", NULL, COUNTER, NULL, NULL,
	  "promhttp_metric_handler_requests_total", HTTP("code"), .rate = 50 },
};

static const double shares[] = { 0.95, 0.03, 0.02 };

static double elapsed(void)
{
	struct timeval tv;
	gettimeofday(&tv, NULL);
	return fmod((double)tv.tv_sec, 1e6) + (double)tv.tv_usec / 1e6;
}

/* The share of requests within x seconds: a log-normal around 40 ms. */
static double within(double x)
{
	return 0.5 * erfc(-(log(x) - log(0.04)) / (0.9 * sqrt(2)));
}

/* Word i of a list, into a small buffer; false behind the last. */
static bool word(const char *list, size_t i, char out[200])
{
	for (; list; i--) {
		list += strspn(list, " ");
		size_t n = strcspn(list, " ");
		if (n == 0 || n >= 200)
			return false;
		memcpy(out, list, n);
		out[n] = '\0';
		if (i == 0)
			return true;
		list += n;
	}
	return false;
}

static void line(struct buf *b, const char *name, const char *suffix,
		 const char *labels, const char *more, double v)
{
	buf_printf(b, "%s%s{%s%s%s} %.17g\n", name, suffix, labels,
		   *labels && *more ? "," : "", more, v);
}

/* Requests of the i-th status so far: whole ones. */
static double requests(const struct job *j, size_t i)
{
	return floor(j->rate * shares[i] * elapsed());
}

static double scale_of(const struct job *j)
{
	if (j->bounds == default_ms)
		return 1000;
	return j->form == QUANTILES ? 1e6 : 1;
}

static void buckets(struct buf *b, const struct job *j, const char *labels,
		    double n)
{
	char le[64];
	for (size_t i = 0; j->bounds[i] > 0; i++) {
		snprintf(le, sizeof(le), "le=\"%g\"", j->bounds[i]);
		line(b, j->metric, "_bucket", labels, le,
		     floor(n * within(j->bounds[i] / scale_of(j))));
	}
	line(b, j->metric, "_bucket", labels, "le=\"+Inf\"", n);
}

static void durations(struct buf *b, const struct job *j, const char *labels,
		      double n)
{
	if (j->form == HISTOGRAM)
		buckets(b, j, labels, n);
	if (j->form == VMRANGE)
		line(b, j->metric, "_bucket", labels,
		     "vmrange=\"3.594e-02...4.084e-02\"", n);
	if (j->form == QUANTILES) {
		line(b, j->metric, "", labels, "quantile=\"0.5\"", 40e3);
		line(b, j->metric, "", labels, "quantile=\"0.99\"", 320e3);
	}
	line(b, j->metric, "_sum", labels, "", n * 0.06 * scale_of(j));
	line(b, j->metric, "_count", labels, "", n);
}

/* label="value" of the i-th status; false: the same value as one before. */
static bool status_label(const char *status, size_t i, char out[420])
{
	char label[200], value[200], other[200];
	if (!word(status, 0, label) || !word(status, i + 1, value))
		return false;
	for (size_t k = 0; k < i; k++)
		if (word(status, k + 1, other) && strcmp(other, value) == 0)
			return false;
	snprintf(out, 420, "%s=\"%s\"", label, value);
	return true;
}

static void by_status(struct buf *b, const struct job *j, const char *each,
		      bool counter)
{
	const char *status = counter ? j->counted : j->status;
	for (size_t i = 0; i < COUNT(shares); i++) {
		char label[420] = "", labels[640];
		if (status && *status && !status_label(status, i, label))
			continue;
		snprintf(labels, sizeof(labels), "%s%s%s", label,
			 *label && *each ? "," : "", each);
		if (counter)
			line(b, j->counter, "", labels, "", requests(j, i));
		else
			durations(b, j, labels, requests(j, i));
		if (!status || !*status)
			break;
	}
}

static void write_job(struct buf *b, const struct job *j)
{
	char each[200];
	for (size_t i = 0; i == 0 || word(j->each, i, each); i++) {
		if (!word(j->each, i, each))
			*each = '\0';
		if (j->metric)
			by_status(b, j, each, false);
		if (j->counter && !j->counter_each)
			by_status(b, j, each, true);
	}
	if (j->counter && j->counter_each)
		by_status(b, j, j->counter_each, true);
	if (strcmp(j->name, "haproxy") == 0)
		line(b, "haproxy_backend_response_time_average_seconds", "",
		     "proxy=\"static\"", "", 0.0123);
	if (strcmp(j->name, "go") == 0)
		line(b, "go_app_build_info", "", "version=\"v841\"", "", 1);
}

static void answer(int fd, const char *path)
{
	struct buf b, head;
	buf_init(&b, 0);
	buf_init(&head, 0);
	if (strcmp(path, "/jobs") == 0)
		for (size_t i = 0; i < COUNT(jobs); i++)
			if (!i || strcmp(jobs[i].name, jobs[i - 1].name) != 0)
				buf_printf(&b, "%s\n", jobs[i].name);
	for (size_t i = 0; i < COUNT(jobs); i++)
		if (strncmp(path, "/metrics/", 9) == 0 &&
		    strcmp(path + 9, jobs[i].name) == 0)
			write_job(&b, &jobs[i]);
	buf_printf(&head, "HTTP/1.1 %s\r\nContent-Type: text/plain; "
		   "version=0.0.4\r\nContent-Length: %zu\r\n"
		   "Connection: close\r\n\r\n",
		   b.len ? "200 OK" : "404 Not Found", b.len);
	buf_add(&head, buf_text(&b), b.len);
	for (size_t at = 0; at < head.len;) {
		ssize_t n = write(fd, head.s + at, head.len - at);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	buf_release(&head);
	buf_release(&b);
}

static void serve(int fd)
{
	char ask[4096];
	size_t len = 0;
	struct timeval limit = { .tv_sec = 2 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while (len < sizeof(ask) - 1) {
		ssize_t n = read(fd, ask + len, sizeof(ask) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		ask[len] = '\0';
		if (strstr(ask, "\r\n\r\n"))
			break;
	}
	char path[200];
	ask[len] = '\0';
	if (sscanf(ask, "GET %199[^ ?]", path) == 1)
		answer(fd, path);
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(a);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	signal(SIGPIPE, SIG_IGN);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, size) < 0 || listen(fd, 128) < 0) {
		perror("exporter");
		return 1;
	}
	getsockname(fd, (struct sockaddr *)&a, &size);
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	for (;;) {
		int c = accept(fd, NULL, NULL);
		if (c >= 0)
			serve(c);
	}
}
