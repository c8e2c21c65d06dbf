/* Every kind of widget that is. */
#include "widgets/widget.h"

#include <string.h>

extern const struct widget_ops header_widget, verdict_widget, table_widget,
	selected_widget, crumbs_widget, latency_widget, throughput_widget,
	errors_widget, burn_widget, burnchart_widget, heat_widget,
	routes_widget, events_widget, eventlist_widget, sources_widget,
	net_widget, scrub_widget, keys_widget, help_widget, start_widget,
	toosmall_widget, chart_widget, saturation_widget, slos_widget,
	slohead_widget, sloburn_widget, burnstrip_widget, burndown_widget,
	tiers_widget, slomethod_widget, spenders_widget, limits_widget,
	changedhead_widget, changedtable_widget, changedevents_widget,
	ruledout_widget;

const struct widget_ops *const widget_kinds[] = {
	&header_widget,
	&verdict_widget,
	&table_widget,
	&selected_widget,
	&crumbs_widget,
	&latency_widget,
	&throughput_widget,
	&errors_widget,
	&burn_widget,
	&burnchart_widget,
	&heat_widget,
	&routes_widget,
	&events_widget,
	&chart_widget,
	&saturation_widget,
	&limits_widget,
	&slos_widget,
	&slohead_widget,
	&sloburn_widget,
	&burnstrip_widget,
	&burndown_widget,
	&tiers_widget,
	&slomethod_widget,
	&spenders_widget,
	&changedhead_widget,
	&changedtable_widget,
	&changedevents_widget,
	&ruledout_widget,
	&eventlist_widget,
	&sources_widget,
	&net_widget,
	&scrub_widget,
	&keys_widget,
	&help_widget,
	&start_widget,
	&toosmall_widget,
	NULL,
};

const struct widget_ops *widget_find(const char *name)
{
	for (size_t i = 0; widget_kinds[i]; i++)
		if (!strcmp(widget_kinds[i]->name, name))
			return widget_kinds[i];
	return NULL;
}

const char *page_name(enum page p)
{
	static const char *const names[PAGE_NR] = {
		[PAGE_OVERVIEW] = "overview", [PAGE_SERVICE] = "service",
		[PAGE_CHANGED] = "changed",
		[PAGE_SATURATION] = "saturation", [PAGE_SLO] = "slo",
		[PAGE_EVENTS] = "events",
		[PAGE_NET] = "net", [PAGE_START] = "start", [PAGE_OWN] = "own",
	};
	return names[p];
}
