#include "tui/style.h"

_Static_assert(R_OK == 4, "the macro of unistd.h has the same value");

static const char *const names[R_NR] = {
	[R_DEFAULT] = "default",
	[R_TEXT] = "text", [R_BRIGHT] = "bright", [R_DIM] = "dim",
	[R_STALE] = "stale", [R_OK] = "ok", [R_WARN] = "warn",
	[R_CRIT] = "crit", [R_LIMIT] = "limit", [R_EVENT] = "event",
	[R_P50] = "p50", [R_P95] = "p95", [R_P99] = "p99",
	[R_S2] = "s2", [R_S4] = "s4", [R_S5] = "s5",
	[R_BAR] = "bar", [R_FAINT] = "faint", [R_GRID] = "grid",
	[R_SPARK] = "spark", [R_SPARK_ZERO] = "spark.zero",
	[R_AREA1] = "area1", [R_AREA2] = "area2", [R_AREA3] = "area3",
	[R_ERR1] = "err1", [R_ERR2] = "err2", [R_ERR3] = "err3",
	[R_ERR4] = "err4", [R_ERR5] = "err5",
	[R_HEAT_IN1] = "heat.in1", [R_HEAT_IN2] = "heat.in2",
	[R_HEAT_IN3] = "heat.in3", [R_HEAT_IN4] = "heat.in4",
	[R_HEAT_IN5] = "heat.in5", [R_HEAT_IN6] = "heat.in6",
	[R_HEAT_IN7] = "heat.in7", [R_HEAT_IN8] = "heat.in8",
	[R_HEAT_OUT1] = "heat.out1", [R_HEAT_OUT2] = "heat.out2",
	[R_HEAT_OUT3] = "heat.out3", [R_HEAT_OUT4] = "heat.out4",
	[R_HEAT_OUT5] = "heat.out5", [R_HEAT_OUT6] = "heat.out6",
	[R_HEAT_OUT7] = "heat.out7", [R_HEAT_OUT8] = "heat.out8",
	[R_CROSSHAIR] = "crosshair",
	[R_HEADER] = "ground.header", [R_SELECT] = "ground.select",
	[R_PAGE] = "ground.page", [R_ALERT] = "ground.alert",
	[R_REPLAY] = "ground.replay", [R_POPUP] = "ground.popup",
	[R_BURN1] = "ground.burn1", [R_BURN6] = "ground.burn6",
	[R_BURN14] = "ground.burn14",
	[R_ON_ALERT] = "on.alert", [R_ON_ALERT_DIM] = "on.alert.dim",
};

const char *role_name(enum role r)
{
	return r < R_NR ? names[r] : "default";
}
