#include "base/libraries.h"

#include <utf8proc.h>
#include <yaml.h>

const char *library_utf8proc(void)
{
	return utf8proc_version();
}

const char *library_yaml(void)
{
	return yaml_get_version_string();
}
