/* Versions of the libraries that only this room may name. */
#ifndef RECORD_LIBRARIES_H
#define RECORD_LIBRARIES_H

#define LIBRARY_TEXT 24

const char *library_zstd(void);
char *library_xxhash(char out[LIBRARY_TEXT]);

#endif
