/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shrink.c - a sequence that differs, cut down: pieces are left out, large ones first, as long as
 * what is left still differs; then each operation is made as simple as it can be.
 */
#include <stdlib.h>
#include <string.h>

#include "truth.h"

static bool still_differs(const struct settings *settings, const struct op *ops, unsigned int n)
{
	struct mismatch mismatch;
	enum verdict verdict = run_sequence(settings, ops, n, &mismatch);

	mismatch_free(&mismatch);
	return verdict == DIFFERENT;
}

static unsigned int leave_out(const struct op *ops, unsigned int n, unsigned int at,
			      unsigned int size, struct op *left)
{
	unsigned int end = at + size < n ? at + size : n;

	memcpy(left, ops, at * sizeof(*ops));
	memcpy(left + at, ops + end, (n - end) * sizeof(*ops));
	return n - (end - at);
}

static unsigned int cut(const struct settings *settings, struct op *ops, unsigned int n,
			struct op *left)
{
	for (unsigned int size = (n + 1) / 2; size; size = size > 1 ? (size + 1) / 2 : 0) {
		for (unsigned int at = 0; at < n && n > 1;) {
			unsigned int n_left = leave_out(ops, n, at, size, left);

			if (n_left && still_differs(settings, left, n_left)) {
				memcpy(ops, left, n_left * sizeof(*ops));
				n = n_left;
			} else {
				at += size;
			}
		}
		if (size == 1)
			break;
	}
	return n;
}

static void try_change(const struct settings *settings, struct op *ops, unsigned int n,
		       struct op *op, struct op changed)
{
	struct op saved = *op;

	if (memcmp(&saved, &changed, sizeof(saved)) == 0)
		return;
	*op = changed;
	if (!still_differs(settings, ops, n))
		*op = saved;
}

static void simplify(const struct settings *settings, struct op *ops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct op changed = ops[i];

		for (uint8_t probe = 0; probe < ops[i].probe; probe++) {
			changed.probe = probe;
			try_change(settings, ops, n, &ops[i], changed);
		}
		changed = ops[i];
		changed.actor = 0;
		try_change(settings, ops, n, &ops[i], changed);
		for (unsigned int arg = 0; arg < N_ARGS; arg++) {
			enum kind kind = call_at(ops[i].call)->kinds[arg];

			changed = ops[i];
			if (kind == NONE || kind == PATH)
				continue;
			changed.arg[arg] = kind == MODE ? 0644 : 0;
			try_change(settings, ops, n, &ops[i], changed);
		}
	}
}

unsigned int shrink(const struct settings *settings, struct op *ops, unsigned int n)
{
	struct settings often = *settings;
	struct op *left = calloc(n, sizeof(*left));
	unsigned int before;

	if (!left)
		return n;
	/* Look at the tree after each operation once there are few. */
	do {
		before = n;
		often.every = n <= 20 ? 1 : settings->every;
		n = cut(&often, ops, n, left);
	} while (n < before);
	if (n <= 50)
		simplify(&often, ops, n);
	free(left);
	return n;
}
