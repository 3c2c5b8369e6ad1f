/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * terminal.h - a screen that is drawn anew again and again, on the terminal at standard output; and
 * what was there before is there again at the end, whatever ends the program: a key, a signal
 * that kills, or one that stops it for a while.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

/* Whether there is a terminal that can do so. */
bool terminal_usable(void);

void terminal_begin(void);
void terminal_end(void);

/* Of now. */
int terminal_columns(void);

/*
 * Show lines of text, as many and as much of each as there is room for. What is not indented is
 * bold, if bold is wanted.
 */
void terminal_show(const char *text, bool bold);

enum terminal_event {
	TERMINAL_TIME,	  /* so many milliseconds have gone by */
	TERMINAL_QUIT,	  /* the user pressed q, or there is no terminal any more */
	TERMINAL_CHANGED, /* it has another size, or was given back: draw it anew */
};

/* The terminal can be stopped and change its size while this waits, and at no other time. */
enum terminal_event terminal_wait(int ms);

#endif
