#include "tui/paint.h"

#define FULL_BLOCK 0x2588
#define UPPER_HALF 0x2580
#define LEFT_HALF 0x258C
#define LIGHT_SHADE 0x2591

static bool is_heat(int r)
{
	return r >= R_HEAT_IN1 && r <= R_HEAT_OUT8;
}

static bool is_fill(int r)
{
	return r >= R_P50 && r <= R_HEAT_OUT8;
}

/* 1 to 8, within the objective or beyond. */
static int heat_level(int r)
{
	return !is_heat(r) ? 0 : (r - R_HEAT_IN1) % 8 + 1;
}

/* Both half rows as one shade, marked if either is beyond the objective. */
static struct paint heat(const struct theme *t, const struct cell *c,
			 int colors)
{
	int level = (heat_level(c->role) + heat_level(c->ground) + 1) / 2;
	int role = c->role >= R_HEAT_OUT1 || c->ground >= R_HEAT_OUT1
		   ? R_HEAT_OUT1 : R_HEAT_IN1;
	uint32_t ch = level <= 2 ? LIGHT_SHADE : level <= 4 ? LIGHT_SHADE + 1
		      : level <= 6 ? LIGHT_SHADE + 2 : FULL_BLOCK;
	return (struct paint){ ch, theme_look(t, (enum role)role, R_DEFAULT,
					      colors) };
}

/* The part that fills the cell more; a hole above the other would look like
 * missing data. */
static struct paint stacked(const struct theme *t, const struct cell *c,
			    int colors)
{
	int eighths = (int)c->ch - UPPER_HALF;
	enum role role = (enum role)(eighths >= 3 ? c->role : c->ground);
	struct look look = theme_look(t, role, R_DEFAULT, colors);
	return (struct paint){ FULL_BLOCK, look };
}

struct paint paint_cell(const struct theme *t, const struct cell *c, int colors)
{
	struct paint p = {
		c->ch, theme_look(t, (enum role)c->role, (enum role)c->ground,
				  colors)
	};
	if (c->ch == LEFT_HALF && c->ground == R_SELECT)
		p.look.attr &= (unsigned char)~ATTR_REVERSE;
	if (p.look.bg >= 0 || !is_fill(c->ground))
		return p;
	if (c->ch == UPPER_HALF && (is_heat(c->role) || is_heat(c->ground)))
		return heat(t, c, colors);
	if (c->ch > UPPER_HALF && c->ch < FULL_BLOCK)
		return stacked(t, c, colors);
	return p;
}
