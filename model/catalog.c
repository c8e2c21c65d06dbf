/* The words of the catalog, and how the values of a status label are read. */
#include "model/catalog.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *layer_name(enum layer l)
{
	static const char *const names[LAYER_NR] = {
		[LAYER_EDGE] = "edge", [LAYER_MESH] = "mesh",
		[LAYER_APP] = "app", [LAYER_DEPENDENCY] = "dependency",
	};
	return (unsigned)l < LAYER_NR ? names[l] : "";
}

const char *red_role_name(enum red_role r)
{
	static const char *const names[RED_ROLES] = {
		[RED_RATE] = "rate", [RED_ERRORS] = "errors",
		[RED_BUCKETS] = "buckets", [RED_NATIVE] = "native",
		[RED_QUANTILE] = "quantile", [RED_SUM] = "sum",
		[RED_MEAN] = "mean", [RED_BURN_5M] = "burn 5m",
		[RED_BURN_1H] = "burn 1h", [RED_VERSION] = "version",
		[RED_ROUTES] = "routes",
		[RED_ROUTE_BUCKETS] = "route buckets",
		[RED_CHART] = "chart", [RED_USED] = "used",
		[RED_LIMIT] = "limit",
	};
	return (unsigned)r < RED_ROLES ? names[r] : "";
}

const char *method_name(enum method m)
{
	static const char *const names[] = {
		[METHOD_NONE] = "none", [METHOD_HISTOGRAM] = "histogram",
		[METHOD_NATIVE] = "native", [METHOD_SUMMARY] = "summary",
		[METHOD_SERVER] = "server",
	};
	return (unsigned)m <= METHOD_SERVER ? names[m] : "";
}

static bool is_of_services(const struct catalog *c, uint32_t shape)
{
	for (size_t i = 0; i < c->nr_shapes; i++)
		if (c->shape[i].id == shape)
			return !c->shape[i].question[RED_CHART]
			       && !c->shape[i].question[RED_USED];
	return false;
}

size_t catalog_services(const struct catalog *c)
{
	size_t nr = 0;
	uint32_t shape = 0;
	bool counts = false;
	for (size_t i = 0; i < c->nr_services; i++) {
		if (c->service[i].shape != shape || !i) {
			shape = c->service[i].shape;
			counts = is_of_services(c, shape);
		}
		nr += counts;
	}
	return nr;
}

double unit_scale(enum unit u)
{
	switch (u) {
	case UNIT_MILLISECONDS:
		return 1e-3;
	case UNIT_MICROSECONDS:
		return 1e-6;
	default:
		return 1;
	}
}

/* By number. Those that are the server's fault are errors, the rest are the
 * caller's, like HTTP's 4xx. */
static const struct grpc_code {
	const char *camel, *upper;
	enum status_class class;
} grpc_codes[] = {
	{ "OK",                 "OK",                  CLASS_OK },
	{ "Canceled",           "CANCELLED",           CLASS_4XX },
	{ "Unknown",            "UNKNOWN",             CLASS_ERROR },
	{ "InvalidArgument",    "INVALID_ARGUMENT",    CLASS_4XX },
	{ "DeadlineExceeded",   "DEADLINE_EXCEEDED",   CLASS_ERROR },
	{ "NotFound",           "NOT_FOUND",           CLASS_4XX },
	{ "AlreadyExists",      "ALREADY_EXISTS",      CLASS_4XX },
	{ "PermissionDenied",   "PERMISSION_DENIED",   CLASS_4XX },
	{ "ResourceExhausted",  "RESOURCE_EXHAUSTED",  CLASS_4XX },
	{ "FailedPrecondition", "FAILED_PRECONDITION", CLASS_4XX },
	{ "Aborted",            "ABORTED",             CLASS_4XX },
	{ "OutOfRange",         "OUT_OF_RANGE",        CLASS_4XX },
	{ "Unimplemented",      "UNIMPLEMENTED",       CLASS_ERROR },
	{ "Internal",           "INTERNAL",            CLASS_ERROR },
	{ "Unavailable",        "UNAVAILABLE",         CLASS_ERROR },
	{ "DataLoss",           "DATA_LOSS",           CLASS_ERROR },
	{ "Unauthenticated",    "UNAUTHENTICATED",     CLASS_4XX },
};
#define GRPC_CODES (sizeof(grpc_codes) / sizeof(*grpc_codes))

static enum status_class grpc_class(const char *value)
{
	if (isdigit((unsigned char)*value)) {
		char *end;
		unsigned long n = strtoul(value, &end, 10);
		return *end == '\0' && n < GRPC_CODES ? grpc_codes[n].class
						      : CLASS_OK;
	}
	for (size_t i = 0; i < GRPC_CODES; i++)
		if (strcasecmp(value, grpc_codes[i].camel) == 0 ||
		    strcasecmp(value, grpc_codes[i].upper) == 0)
			return grpc_codes[i].class;
	return CLASS_OK;
}

/* Exactly what the matchers `5..` and `5` find. */
static enum status_class http_class(const char *value)
{
	size_t n = strlen(value);
	if (n != 1 && n != 3)
		return CLASS_OK;
	return *value == '5' ? CLASS_ERROR :
	       *value == '4' ? CLASS_4XX : CLASS_OK;
}

static enum status_class is_error(bool yes)
{
	return yes ? CLASS_ERROR : CLASS_OK;
}

enum status_class status_class(enum status_kind k, const char *value)
{
	if (!value || !*value)
		return CLASS_OK;
	switch (k) {
	case STATUS_HTTP:
		return http_class(value);
	case STATUS_GRPC:
		return grpc_class(value);
	case STATUS_RCODE:
		return is_error(strcmp(value, "SERVFAIL") == 0 ||
				strcmp(value, "REFUSED") == 0);
	case STATUS_FAILURE:
		return is_error(strcmp(value, "failure") == 0);
	case STATUS_SUCCESS:
		return is_error(strcmp(value, "false") == 0);
	case STATUS_ERROR:
		return is_error(strcmp(value, "true") == 0);
	case STATUS_OUTCOME:
		return strcmp(value, "CLIENT_ERROR") == 0 ? CLASS_4XX :
		       is_error(strcmp(value, "SERVER_ERROR") == 0);
	case STATUS_NONE:
		break;
	}
	return CLASS_OK;
}

static const char *status_pattern(enum status_kind k, int form)
{
	switch (k) {
	case STATUS_HTTP:
		return form == STATUS_FORM_NUMBER ? "=\"5\"" : "=~\"5..\"";
	case STATUS_GRPC:
		return form == STATUS_FORM_NUMBER ? "=~\"2|4|12|13|14|15\"" :
		       form == STATUS_FORM_UPPER ?
			"=~\"UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|"
			"UNAVAILABLE|DATA_LOSS\"" :
			"=~\"Unknown|DeadlineExceeded|Unimplemented|Internal|"
			"Unavailable|DataLoss\"";
	case STATUS_RCODE:
		return "=~\"SERVFAIL|REFUSED\"";
	case STATUS_FAILURE:
		return "=\"failure\"";
	case STATUS_SUCCESS:
		return "=\"false\"";
	case STATUS_ERROR:
		return "=\"true\"";
	case STATUS_OUTCOME:
		return "=\"SERVER_ERROR\"";
	case STATUS_NONE:
		break;
	}
	return NULL;
}

static bool is_plain_label(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

void status_matcher(enum status_kind k, const char *label, int form,
		    struct buf *out)
{
	const char *pattern = status_pattern(k, form);
	if (!pattern || !label)
		return;
	buf_printf(out, is_plain_label(label) ? "%s" : "\"%s\"", label);
	buf_str(out, pattern);
}
