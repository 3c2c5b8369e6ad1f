/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-folder.c - folders of policy files: which are read, which replace and which mask which. A
 * record of the input is a file: in which of three folders or beside it, by what name, of which
 * kind; or a folder that is not there, or is none. What is read must be what the plainest reading
 * of the rules in fsdax-policy(5) says, in that order.
 *
 * Not reached in lib/dropin.c: no memory, errors of a disk, and a file of more than 64 MiB.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fsdax/fsdax.h>

#include "confined.h"
#include "insist.h"
#include "records.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct step {
	uint8_t dir, name, kind, more;
	uint8_t bytes[12]; /* of a name, or of a file's text */
};

enum { DIRS = 3, STEPS_MAX = 12, NAME_BYTES = 64 };

RECORDS_MUTATOR(0, sizeof(struct step))

/* A file that was made. */
struct made {
	unsigned int dir;
	int fd;	     /* of the folder that it is in */
	bool beside; /* the one above */
	char name[NAME_BYTES];
	bool reads_as_rule; /* it has a rule, whose name is its number; else it has nothing */
	bool good, folder;
};

static char paths[DIRS][64];
static int dirs[DIRS], parents[DIRS], texts;
/* What stands in a folder's place meanwhile. */
static enum { ITSELF, NOTHING, A_FILE } places[DIRS];
static struct made made[STEPS_MAX];
static unsigned int n_made;

/* ---- Making files ------------------------------------------------------------------------ */

/* A name that leads nowhere else. */
static void pick_name(const struct step *step, char name[NAME_BYTES])
{
	static const char *const names[] = {
		"a.ini", "b.ini",	   "10-x.ini", "B.ini", ".hidden.ini", "README", "a.ini~",
		"a",	 "a.ini.dpkg-new", ".ini",     "a.INI", "\xff.ini",    "z.conf", "x y.ini",
	};
	size_t n = 0;

	if (step->name % 16 < 14) {
		strcpy(name, names[step->name % 16]);
		return;
	}
	for (; n < sizeof(step->bytes) && step->bytes[n]; n++)
		name[n] = step->bytes[n] == '/' ? '_' : (char)step->bytes[n];
	strcpy(name + n, step->name % 16 == 14 ? ".ini" : "x");
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		strcpy(name, "dots");
}

static void write_file(int dir, const char *name, const char *text, size_t size)
{
	int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

	insist(fd >= 0 && write(fd, text, size) == (ssize_t)size, "not written: %s",
	       strerror(errno));
	close(fd);
}

/*
 * Files that are all right, and others, are made once, and put where a step says as another name of
 * theirs: some small, some larger than is read at once.
 */
static void make_texts(const char *path)
{
	static char text[64 * 1024];
	char name[NAME_BYTES];
	int size;

	insist(!mkdirat(AT_FDCWD, path, 0755), "no folder: %s", strerror(errno));
	texts = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_file(texts, "empty", "", 0);
	write_file(texts, "nonsense", "[nonsense]\n", 11);
	for (unsigned int i = 0; i < STEPS_MAX; i++) {
		size = snprintf(text, sizeof(text), "[rule r%u]\npath = *.r%u\ndax = yes\n", i, i);
		snprintf(name, sizeof(name), "some%u", i);
		write_file(texts, name, text, (size_t)size);
		for (size_t at = (size_t)size; at < sizeof(text); at++)
			text[at] = at % 128 ? '#' : '\n';
		snprintf(name, sizeof(name), "many%u", i);
		write_file(texts, name, text, sizeof(text));
	}
}

static void put_text(int dir, const char *name, const char *text)
{
	insist(!linkat(texts, text, dir, name, 0), "not there: %s", strerror(errno));
}

static void put_rule(int dir, const char *name, unsigned int number, bool many)
{
	char text[NAME_BYTES];

	snprintf(text, sizeof(text), "%s%u", many ? "many" : "some", number);
	put_text(dir, name, text);
}

/* The folder's files stay where they are, under another name of the folder. */
static void take_place(unsigned int i, bool file)
{
	if (places[i] != ITSELF)
		return;
	insist(!renameat(parents[i], "policy.d", parents[i], "aside"), "not moved: %s",
	       strerror(errno));
	places[i] = file ? A_FILE : NOTHING;
	if (file)
		write_file(parents[i], "policy.d", "", 0);
}

static void give_places_back(void)
{
	for (unsigned int i = 0; i < DIRS; i++) {
		if (places[i] == ITSELF)
			continue;
		insist(!renameat(parents[i], "aside", parents[i], "policy.d") ||
			       (!unlinkat(parents[i], "policy.d", 0) &&
				!renameat(parents[i], "aside", parents[i], "policy.d")),
		       "not moved back: %s", strerror(errno));
		places[i] = ITSELF;
	}
}

static bool is_made(const struct made *one)
{
	for (const struct made *other = made; other < one; other++) {
		if (other->fd == one->fd && !strcmp(other->name, one->name))
			return true;
	}
	return false;
}

static void make(const struct step *step)
{
	struct made *one = &made[n_made];
	int dir;

	*one = (struct made){.dir = step->dir % DIRS, .beside = step->dir >= 0xf0, .good = true};
	if (step->kind % 8 == 7 && step->more >= 0xf0) {
		take_place(one->dir, step->more % 2);
		return;
	}
	dir = one->fd = one->beside ? parents[one->dir] : dirs[one->dir];
	pick_name(step, one->name);
	if (is_made(one))
		return;
	switch (step->kind % 8) {
	case 0:
	case 1:
		put_rule(dir, one->name, n_made, step->more >= 0xf0);
		one->reads_as_rule = true;
		break;
	case 2: put_text(dir, one->name, "empty"); break;
	case 3: insist(!symlinkat("/dev/null", dir, one->name), "no link"); break;
	case 4:
		insist(!symlinkat("nowhere", dir, one->name), "no link");
		one->good = false;
		break;
	case 5:
		insist(!mkdirat(dir, one->name, 0755), "no folder");
		one->folder = true;
		one->good = false;
		break;
	case 6:
		insist(!mkfifoat(dir, one->name, 0644), "no pipe");
		one->good = false;
		break;
	default:
		put_text(dir, one->name, "nonsense");
		one->good = false;
		break;
	}
	n_made++;
}

static void remove_made(void)
{
	for (unsigned int i = 0; i < n_made; i++) {
		insist(!unlinkat(made[i].fd, made[i].name, made[i].folder ? AT_REMOVEDIR : 0),
		       "%s: %s", made[i].name, strerror(errno));
	}
	n_made = 0;
}

/* ---- What is to be read --------------------------------------------------------------------- */

static bool is_policy_name(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 4 && !strcmp(name + len - 4, ".ini");
}

static bool is_seen(const struct made *one)
{
	return !one->beside && places[one->dir] == ITSELF && is_policy_name(one->name);
}

/* Whether none of a later folder has its name. */
static bool counts(const struct made *one)
{
	if (!is_seen(one))
		return false;
	for (unsigned int i = 0; i < n_made; i++) {
		if (made[i].dir > one->dir && is_seen(&made[i]) && !strcmp(made[i].name, one->name))
			return false;
	}
	return true;
}

/* The rules that there should be, in their order: numbers of files. */
static unsigned int expect(unsigned int numbers[STEPS_MAX], bool *good)
{
	unsigned int n = 0;

	*good = true;
	for (unsigned int i = 0; i < DIRS; i++)
		*good &= places[i] != A_FILE;
	for (unsigned int i = 0; i < n_made; i++) {
		unsigned int at = n;

		if (!counts(&made[i]))
			continue;
		*good &= made[i].good;
		if (!made[i].reads_as_rule)
			continue;
		while (at && strcmp(made[numbers[at - 1]].name, made[i].name) > 0) {
			numbers[at] = numbers[at - 1];
			at--;
		}
		numbers[at] = i;
		n++;
	}
	return n;
}

/* ---- What is read ------------------------------------------------------------------------------ */

struct found {
	unsigned int numbers[STEPS_MAX + 1], n;
};

static int note_rule(void *data, const struct fsdax_policy_line *line)
{
	struct found *found = data;
	unsigned int number;

	if (!line->key && sscanf(line->section, "rule r%u", &number) == 1 && found->n < STEPS_MAX)
		found->numbers[found->n++] = number;
	return 0;
}

static void check(void)
{
	const char *const list[DIRS] = {paths[0], paths[1], paths[2]};
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report = NULL;
	unsigned int wanted[STEPS_MAX], n;
	struct found found = {.n = 0};
	bool good;
	int err = fsdax_policy_load_dirs(list, DIRS, &policy, &report);

	n = expect(wanted, &good);
	insist(err == (good ? 0 : -EBADMSG), "loading is %d, though all is %s", err,
	       good ? "good" : "not good");
	if (!err) {
		insist(!fsdax_policy_print(policy, note_rule, &found), "not printed");
		insist(found.n == n && !memcmp(found.numbers, wanted, n * sizeof(*wanted)),
		       "%u rules rather than %u, or in another order", found.n, n);
	} else {
		insist(fsdax_report_errors(report), "it does not say what is wrong");
	}
	fsdax_policy_unref(policy);
	fsdax_report_free(report);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *path = confined_enter();
	char text_path[64];

	(void)argc;
	(void)argv;
	for (unsigned int i = 0; i < DIRS; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%u/policy.d", path, i);
		*strrchr(paths[i], '/') = '\0';
		insist(!mkdir(paths[i], 0755), "no folder: %s", strerror(errno));
		parents[i] = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		paths[i][strlen(paths[i])] = '/';
		insist(!mkdir(paths[i], 0755), "no folder: %s", strerror(errno));
		dirs[i] = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	snprintf(text_path, sizeof(text_path), "%s/texts", path);
	make_texts(text_path);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;

	confined_fds_before();
	for (size_t at = 0; at + sizeof(step) <= size && n_made < STEPS_MAX; at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		make(&step);
	}
	check();
	give_places_back();
	remove_made();
	confined_fds_after();
	return 0;
}
