/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * terminal.c - see terminal.h. By the sequences that every terminal of today knows (xterm's), so
 * that no library is needed that would have to be asked for them.
 *
 * Signals that kill may come at any time: their handler gives the terminal back, by what may be
 * called in one, and dies as it would have. The others are held back but for when we wait.
 */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

/* Another screen, no cursor, no lines that go on below; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"
#define HOME "\033[H"
#define REST_OF_LINE "\033[K"
#define REST_OF_SCREEN "\033[J"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/* There is one terminal. */
static struct {
	volatile sig_atomic_t on, changed;
	bool has_keys; /* standard input is a terminal, too */
	struct termios before, during;
	sigset_t mask; /* as it was */
} terminal;

/* ---- In handlers, too ------------------------------------------------------------------------ */

static void say(const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, text, size);

		if (n < 0 && errno != EINTR)
			return;
		text += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

static void enter(void)
{
	terminal.on = 1;
	if (terminal.has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.during);
	say(ENTER, sizeof(ENTER) - 1);
}

static void leave(void)
{
	if (!terminal.on)
		return;
	terminal.on = 0;
	say(LEAVE, sizeof(LEAVE) - 1);
	if (terminal.has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
}

/* Have a signal do what it does to a program that does not care. */
static void take_signal(int signal)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t set;

	sigaction(signal, &usual, NULL);
	kill(getpid(), signal);
	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void on_death(int signal)
{
	leave();
	take_signal(signal);
}

static void on_change(int signal)
{
	(void)signal;
	terminal.changed = 1;
}

/* From the shell's ^Z until its fg. */
static void on_stop(int signal)
{
	const struct sigaction again = {.sa_handler = on_stop};
	int error = errno;

	leave();
	take_signal(signal);
	sigaction(signal, &again, NULL);
	enter();
	terminal.changed = 1;
	errno = error;
}

/* ---- Beginning and end ----------------------------------------------------------------------- */

bool terminal_usable(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

/* What nobody wants to know, as under nohup(1), stays so. */
static void catch (int signal, void (*handler)(int))
{
	const struct sigaction action = {.sa_handler = handler};
	struct sigaction old;

	if (!sigaction(signal, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(signal, &action, NULL);
}

static void catch_signals(void)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGTSTP);
	sigaddset(&held, SIGWINCH);
	sigprocmask(SIG_BLOCK, &held, &terminal.mask);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
		catch (deadly[i], on_death);
	catch (SIGTSTP, on_stop);
	catch (SIGWINCH, on_change);
}

void terminal_begin(void)
{
	terminal.has_keys = !tcgetattr(STDIN_FILENO, &terminal.before);
	terminal.during = terminal.before;
	terminal.during.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	terminal.during.c_cc[VMIN] = 1;
	terminal.during.c_cc[VTIME] = 0;
	catch_signals();
	enter();
}

void terminal_end(void)
{
	leave();
	sigprocmask(SIG_SETMASK, &terminal.mask, NULL);
}

/* ---- Drawing --------------------------------------------------------------------------------- */

static struct winsize size_of_terminal(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
		size = (struct winsize){.ws_col = 80, .ws_row = 24};
	return size;
}

int terminal_columns(void)
{
	return size_of_terminal().ws_col;
}

/* How many bytes of a line fit. */
static size_t fitting(const char *line, size_t len, int columns)
{
	mbstate_t state = {0};
	size_t done = 0;

	while (done < len) {
		wchar_t c;
		size_t n = mbrtowc(&c, line + done, len - done, &state);
		int width;

		if (n == 0 || n > len - done)
			break;
		width = wcwidth(c);
		columns -= width > 0 ? width : 0;
		if (columns < 0)
			break;
		done += n;
	}
	return done;
}

static void put_line(FILE *out, const char *line, size_t len, int columns, bool bold)
{
	bold = bold && len && *line != ' ';
	/* First, for behind a line that fills the row the cursor stands on its last letter. */
	fprintf(out, REST_OF_LINE "%s%.*s%s", bold ? BOLD : "", (int)fitting(line, len, columns),
		line, bold ? PLAIN : "");
}

static void put_screen(FILE *out, const char *text, bool bold)
{
	static const char more[] = "... and more, for which there is no room";
	const struct winsize size = size_of_terminal();

	int row;

	fputs(HOME, out);
	for (row = 0; row < size.ws_row && *text; row++) {
		size_t len = strcspn(text, "\n");
		const char *next = text + len + (text[len] == '\n');

		if (row)
			fputs("\r\n", out);
		if (row == size.ws_row - 1 && *next)
			put_line(out, more, sizeof(more) - 1, size.ws_col, false);
		else
			put_line(out, text, len, size.ws_col, bold);
		text = next;
	}
	if (row < size.ws_row)
		fputs("\r\n" REST_OF_SCREEN, out);
}

void terminal_show(const char *text, bool bold)
{
	char *screen = NULL;
	size_t size;
	FILE *out = open_memstream(&screen, &size);

	if (!out)
		return;
	put_screen(out, text, bold);
	if (!fclose(out))
		say(screen, size);
	free(screen);
}

/* ---- Waiting --------------------------------------------------------------------------------- */

static enum terminal_event read_key(void)
{
	char key;
	ssize_t n = read(STDIN_FILENO, &key, 1);

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		return TERMINAL_QUIT;
	return n == 1 && (key == 'q' || key == 'Q') ? TERMINAL_QUIT : TERMINAL_CHANGED;
}

enum terminal_event terminal_wait(int ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
	int n = ppoll(&keys, terminal.has_keys ? 1 : 0, &time, &terminal.mask);

	if (terminal.changed) {
		terminal.changed = 0;
		return TERMINAL_CHANGED;
	}
	if (n > 0)
		return read_key();
	return n < 0 && errno != EINTR ? TERMINAL_QUIT : TERMINAL_TIME;
}
