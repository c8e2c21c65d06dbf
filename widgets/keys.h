/* Every key of this version: the key line, the help, `redtop help` and the
 * man page print these rows. */
#ifndef WIDGETS_KEYS_H
#define WIDGETS_KEYS_H

#include "widgets/widget.h"

enum key_group { KEYS_MOVE, KEYS_TIME, KEYS_FIND, KEYS_OVER, KEYS_SELF,
		 KEY_GROUPS };
const char *key_group_name(enum key_group g); /* "move", "time", ... */

#define ON(page) (1u << (page))
#define ON_ALL (ON(PAGE_OVERVIEW) | ON(PAGE_SERVICE) | ON(PAGE_CHANGED) | \
		ON(PAGE_SATURATION) | ON(PAGE_SLO) | \
		ON(PAGE_EVENTS) | ON(PAGE_NET) | ON(PAGE_OWN))

struct key_row {
	const char *keys;    /* "j k ↑ ↓", "Space p", "Ctrl-L" */
	const char *help;
	enum key_group group;
	unsigned pages;      /* ON(...): where it does something */
	const char *since;   /* version */
};

/* Ends with keys NULL. */
extern const struct key_row key_rows[];

#endif
