#include "record/libraries.h"

#include <stdio.h>
#include <xxhash.h>
#include <zstd.h>

const char *library_zstd(void)
{
	return ZSTD_versionString();
}

char *library_xxhash(char out[LIBRARY_TEXT])
{
	unsigned v = XXH_versionNumber();
	snprintf(out, LIBRARY_TEXT, "%u.%u.%u", v / 10000, v / 100 % 100,
		 v % 100);
	return out;
}
