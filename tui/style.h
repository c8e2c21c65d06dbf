/* What a cell means. Colours come from a theme, so golden screens survive
 * themes. */
#ifndef TUI_STYLE_H
#define TUI_STYLE_H

#include <stdint.h>

/* unistd.h and fcntl.h have a macro of this name: 4, as below, so that the
 * order of includes does not matter. */
#undef R_OK

/* Foregrounds and grounds share one list: any role can stand behind another
 * (a stacked area cell has two). R_DEFAULT as a ground is the terminal's. */
enum role {
	R_DEFAULT, /* as ground only */
	R_TEXT, R_BRIGHT, R_DIM, R_OK, R_STALE, R_WARN, R_CRIT, R_LIMIT,
	R_EVENT, R_P50, R_P95, R_P99, R_S2, R_S4, R_S5,
	R_BAR, R_FAINT, R_GRID,      /* lines, never text */
	R_SPARK, R_SPARK_ZERO,
	R_AREA1, R_AREA2, R_AREA3,   /* traffic by height */
	R_ERR1, R_ERR2, R_ERR3, R_ERR4, R_ERR5, /* errors by height */
	R_HEAT_IN1, R_HEAT_IN2, R_HEAT_IN3, R_HEAT_IN4, R_HEAT_IN5, R_HEAT_IN6,
	R_HEAT_IN7, R_HEAT_IN8,
	R_HEAT_OUT1, R_HEAT_OUT2, R_HEAT_OUT3, R_HEAT_OUT4, R_HEAT_OUT5,
	R_HEAT_OUT6, R_HEAT_OUT7, R_HEAT_OUT8,
	R_CROSSHAIR,
	/* grounds */
	R_HEADER, R_SELECT, R_PAGE, R_ALERT /* warn, blind */, R_REPLAY,
	R_POPUP, R_BURN1, R_BURN6, R_BURN14,
	/* text on R_PAGE, R_ALERT, R_REPLAY: bold and plain */
	R_ON_ALERT, R_ON_ALERT_DIM,
	R_NR
};
const char *role_name(enum role r); /* "text", "heat.in1", "ground.page" */

/* Two bytes: what and on what. */
struct style {
	uint8_t role, ground;
};
#define STYLE(r) ((struct style){ .role = (uint8_t)(r) })
#define STYLE_ON(r, g)                                                         \
	((struct style){ .role = (uint8_t)(r), .ground = (uint8_t)(g) })

#endif
