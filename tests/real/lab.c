#include "tests/real/lab.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- processes ----------------------------------------------------------- */

static int free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(bind(fd, (struct sockaddr *)&a, n) == 0);
	getsockname(fd, (struct sockaddr *)&a, &n);
	close(fd);
	return ntohs(a.sin_port);
}

pid_t lab_run(const char *log, char *const *argv)
{
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen(log, "w", stderr) || !freopen(log, "a", stdout))
			_exit(126);
		execv(argv[0], argv);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

void lab_end(pid_t pid)
{
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static size_t take(char *bytes, size_t size, size_t nr, void *arg)
{
	buf_add(arg, bytes, size * nr);
	return size * nr;
}

long lab_get(const char *url, struct buf *out)
{
	CURL *c = curl_easy_init();
	long status = 0;
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 10L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
	if (curl_easy_perform(c) == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	return status;
}

static bool is_up(const char *url)
{
	struct buf b;
	buf_init(&b, 0);
	long status = lab_get(url, &b);
	buf_release(&b);
	return status == 200;
}

static void wait_for(const char *url)
{
	for (int i = 0; i < LAB_PATIENCE * 10 && !is_up(url); i++)
		usleep(100000);
	assert_true(is_up(url));
}

/* ---- the server's own word ----------------------------------------------- */

double lab_ask(const struct lab *l, time_ms at, const char *fmt, ...)
{
	char query[2000];
	struct buf url, body;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(query, sizeof(query), fmt, ap);
	va_end(ap);
	buf_init(&url, 0);
	buf_init(&body, 0);
	char *coded = curl_easy_escape(NULL, query, 0);
	buf_printf(&url, "%s/api/v1/query?query=%s", l->url, coded);
	if (at != TIME_NONE)
		buf_printf(&url, "&time=%lld.%03lld", (long long)at / 1000,
			   (long long)at % 1000);
	curl_free(coded);
	long status = lab_get(url.s, &body);
	if (status != 200)
		print_message("%s: %s\n", query, buf_text(&body));
	assert_int_equal(status, 200);
	cJSON *tree = cJSON_Parse(buf_text(&body));
	const cJSON *r = cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "data"),
					     "result");
	const cJSON *v = cJSON_GetObjectItem(cJSON_GetArrayItem(r, 0), "value");
	double value = v ? strtod(cJSON_GetArrayItem(v, 1)->valuestring, NULL)
			 : (double)NAN;
	assert_true(cJSON_GetArraySize(r) <= 1);
	cJSON_Delete(tree);
	buf_release(&url);
	buf_release(&body);
	return value;
}

/* ---- the servers --------------------------------------------------------- */

static void write_config(struct lab *l)
{
	char path[100];
	struct buf jobs, url;
	buf_init(&jobs, 0);
	buf_init(&url, 0);
	snprintf(path, sizeof(path), "%s/prometheus.yml", l->dir);
	buf_printf(&url, "http://127.0.0.1:%d/jobs", l->exporter_port);
	assert_int_equal(lab_get(url.s, &jobs), 200);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "global: {scrape_interval: 1s}\nscrape_configs:\n"
		"- job_name: prometheus\n  static_configs: [{targets: "
		"['127.0.0.1:%d']}]\n- job_name: node\n  static_configs: "
		"[{targets: ['127.0.0.1:%d']}]\n", l->port, l->node_port);
	for (char *save = NULL, *job = strtok_r(jobs.s, "\n", &save); job;
	     job = strtok_r(NULL, "\n", &save))
		fprintf(f, "- job_name: %s\n  metrics_path: /metrics/%s\n"
			"  static_configs: [{targets: ['127.0.0.1:%d']}]\n",
			job, job, l->exporter_port);
	fclose(f);
	buf_release(&jobs);
	buf_release(&url);
}

static void start_exporter(struct lab *l)
{
	char port[16], url[64], log[100];
	l->exporter_port = free_port();
	snprintf(port, sizeof(port), "%d", l->exporter_port);
	snprintf(log, sizeof(log), "%s/exporter.log", l->dir);
	l->exporter = lab_run(log, (char *[]){ l->exporter_path, port, NULL });
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/jobs",
		 l->exporter_port);
	wait_for(url);
}

static const char *servers(void)
{
	const char *dir = getenv("REDTOP_SERVERS");
	return dir ? dir : "build/servers";
}

static void start_node(struct lab *l)
{
	char path[300], listen_at[60], log[100];
	l->node_port = free_port();
	snprintf(path, sizeof(path), "%s/usr/bin/prometheus-node-exporter",
		 servers());
	snprintf(listen_at, sizeof(listen_at),
		 "--web.listen-address=127.0.0.1:%d", l->node_port);
	snprintf(log, sizeof(log), "%s/node.log", l->dir);
	l->node = lab_run(log, (char *[]){ path, listen_at, NULL });
}

static void start_prometheus(struct lab *l)
{
	char path[300], config[100], data[100], web[60], log[100], url[100];
	l->port = free_port();
	write_config(l);
	snprintf(path, sizeof(path), "%s/usr/bin/prometheus", servers());
	snprintf(config, sizeof(config), "--config.file=%s/prometheus.yml",
		 l->dir);
	snprintf(data, sizeof(data), "--storage.tsdb.path=%s/data", l->dir);
	snprintf(web, sizeof(web), "--web.listen-address=127.0.0.1:%d",
		 l->port);
	snprintf(log, sizeof(log), "%s/prometheus.log", l->dir);
	l->prometheus = lab_run(log, (char *[]){ path, config, data, web,
						 NULL });
	snprintf(l->url, sizeof(l->url), "http://127.0.0.1:%d", l->port);
	snprintf(url, sizeof(url), "%s/-/ready", l->url);
	wait_for(url);
}

void lab_start(struct lab *l, const char *program)
{
	const char *slash = strrchr(program, '/');
	*l = (struct lab){ 0 };
	snprintf(l->exporter_path, sizeof(l->exporter_path), "%.*sexporter",
		 slash ? (int)(slash - program + 1) : 0, program);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	snprintf(l->dir, sizeof(l->dir), "/tmp/redtop-real-XXXXXX");
	assert_non_null(mkdtemp(l->dir));
	start_exporter(l);
	start_node(l);
	start_prometheus(l);
}

void lab_wait(const struct lab *l, int scrapes)
{
	double least = 0;
	for (int i = 0; i < LAB_PATIENCE * 2 && !(least >= scrapes); i++) {
		usleep(500000);
		least = lab_ask(l, TIME_NONE, "min(count_over_time(up[5m]))");
	}
	assert_true(least >= scrapes);
}

static void remove_dir(const char *dir)
{
	char command[100];
	assert_int_equal(strncmp(dir, "/tmp/redtop-real-", 17), 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

void lab_stop(struct lab *l)
{
	lab_end(l->prometheus);
	lab_end(l->node);
	lab_end(l->exporter);
	remove_dir(l->dir);
}

/* ---- a server of the past ------------------------------------------------ */

void past_init(struct past *p)
{
	*p = (struct past){ .server = -1 };
	snprintf(p->dir, sizeof(p->dir), "/tmp/redtop-real-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
}

static void make_blocks(const struct past *p, const char *text)
{
	char blocks[100], tool[300], log[100];
	int status = -1;
	snprintf(blocks, sizeof(blocks), "%s/blocks", p->dir);
	snprintf(log, sizeof(log), "%s/promtool.log", p->dir);
	snprintf(tool, sizeof(tool), "%s/usr/bin/promtool", servers());
	pid_t pid = lab_run(log, (char *[]){ tool, "tsdb", "create-blocks-from",
					     "openmetrics",
					     "--max-block-duration=24h",
					     (char *)text, blocks, NULL });
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	unlink(text);
}

void past_serve(struct past *p, const char *text)
{
	char path[300], config[100], store[100], web[60], log[100], ready[100];
	make_blocks(p, text);
	int port = free_port();
	snprintf(config, sizeof(config), "%s/prometheus.yml", p->dir);
	FILE *f = fopen(config, "w");
	assert_non_null(f);
	fputs("global: {}\n", f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/usr/bin/prometheus", servers());
	snprintf(config, sizeof(config), "--config.file=%s/prometheus.yml",
		 p->dir);
	snprintf(store, sizeof(store), "--storage.tsdb.path=%s/blocks", p->dir);
	snprintf(web, sizeof(web), "--web.listen-address=127.0.0.1:%d", port);
	snprintf(log, sizeof(log), "%s/prometheus.log", p->dir);
	p->server = lab_run(log, (char *[]){
		path, config, store, web,
		"--storage.tsdb.retention.time=100y", NULL });
	snprintf(p->url, sizeof(p->url), "http://127.0.0.1:%d", port);
	snprintf(ready, sizeof(ready), "%s/-/ready", p->url);
	wait_for(ready);
}

void past_stop(struct past *p)
{
	lab_end(p->server);
	remove_dir(p->dir);
}
