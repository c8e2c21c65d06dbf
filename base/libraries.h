/* Versions of the libraries that only this room may name. */
#ifndef BASE_LIBRARIES_H
#define BASE_LIBRARIES_H

const char *library_utf8proc(void);
const char *library_yaml(void);

#endif
