/* SPDX-License-Identifier: BSD-3-Clause */
/* metrics.h - the state of daemons in the text format of Prometheus, version 0.0.4. */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include <stddef.h>
#include <stdio.h>

#include <json-c/json.h>

/* One daemon. */
struct metrics_share {
	char *name;		    /* the label "share": UTF-8, another one for each share */
	struct json_object *place;  /* {"socket": its path}, which so is UTF-8 */
	struct json_object *answer; /* to `status`; NULL: it gave none */
	double seconds;		    /* that the answer took */
};

/* Print all metrics of all shares, each metric with its HELP and TYPE. 0 or -ENOMEM. */
int metrics_print(FILE *out, const struct metrics_share *shares, size_t n);

#endif
