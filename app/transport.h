/* Credentials and transport of the command line: --http-config, --token-file,
 * --cacert, REDTOP_TOKEN. */
#ifndef APP_TRANSPORT_H
#define APP_TRANSPORT_H

#include "app/options.h"

/* REDTOP_TOKEN, or NULL; it is gone from the environment then, so that no
 * child and nobody who looks at /proc has it. */
char *transport_take_token(void);
/* Sets o->http, which lives as long as the program. 0, or an exit code when it
 * has said what is wrong. `token` may be NULL. */
int transport_open(struct options *o, const char *token);

#endif
