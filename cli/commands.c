/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * commands.c - the one table of subcommands: dispatch, --help and the completions are
 * all made from it.
 */
#include <string.h>

#include "command.h"

static const char help_set[] =
	"Put your own word on a file: yes, it shall use DAX, or no, it shall not.\n"
	"A tag on a file beats every rule of the policy. A tag on a folder counts for\n"
	"all that lies below it, up to the next tagged folder.\n"
	"\n"
	"The tag is an xattr, trusted.fsdax unless the policy names another. A file\n"
	"that already says so is not touched. With -R, all folders and regular files\n"
	"below are tagged too; links, pipes and devices are passed over.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl set vmlinuz                      tag one file: yes\n"
	"  fsdax-ctl set --dax=no /srv/db             the folder, and all files in it\n"
	"  fsdax-ctl set -R -n /srv/models            show what would be tagged\n"
	"  fsdax-ctl set --by=flag disk.img           by inode flag, as chattr +x does\n"
	"  fsdax-ctl set --wait=60 model.bin          until the guests have picked it up\n"
	"  find . -name '*.so' -print0 | fsdax-ctl set --files0-from=-\n";

static const char help_clear[] =
	"Take tags away, so that the rules decide again.\n"
	"\n"
	"Removes the xattr, and where the policy counts inode flags the flag as well.\n"
	"--by names one of the two. A file without a tag is not touched.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl clear vmlinuz                    one file\n"
	"  fsdax-ctl clear -R /srv/models             a tree, its folders included\n"
	"  fsdax-ctl clear -R --by=flag /srv/models   the inode flags, not the xattrs\n";

static const char help_show[] =
	"Show the tags that files and folders carry, and where they have them from.\n"
	"\n"
	"Prints, with tabs between, the tag (yes, no or none), what carries it (xattr,\n"
	"flag, or the folder that it is inherited from), and the path. With -R, only\n"
	"what has a tag of its own is shown; add -v to see everything.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl show vmlinuz                     one file\n"
	"  fsdax-ctl show -R /srv                     every tag below /srv\n"
	"  fsdax-ctl show -R --json /srv              the same, for a program to read\n";

static const char help_copy[] =
	"Copy tags from one tree to another, path by path: what SRC/a/b carries goes on\n"
	"DST/a/b. Two single files work too. A tagged path that DST lacks is reported.\n"
	"\n"
	"Copies the xattr, and where the policy counts inode flags the flag as well.\n"
	"What has no tag in SRC keeps the one it has in DST, unless --delete is given.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl copy /srv/models /mnt/models     after an rsync without -X\n"
	"  fsdax-ctl copy -n --delete old new         show what would change\n";

static const char help_explain[] =
	"Say what the policy decides about a file, and why.\n"
	"\n"
	"Prints, with tabs between, yes or no, the file:line:rule that decided (or what\n"
	"else did: tag, flag, folder-tag, default), and the path. With -v, every rule\n"
	"is gone through, the last first, and the condition that failed is shown with\n"
	"the value it was compared with; and running daemons say what their guests were\n"
	"told, and why a file cannot be mapped.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl explain vmlinuz                  one line\n"
	"  fsdax-ctl explain -v vmlinuz               every rule\n"
	"  fsdax-ctl explain --root /srv/share /srv/share/models/a.bin\n"
	"  fsdax-ctl explain --policy new.ini -R .    try out a policy on a tree\n";

static const char help_check[] =
	"Read the policy and report every mistake, with file, line and column. Rules that\n"
	"can never win and drop-in files that are never read are warned about.\n"
	"\n"
	"With PATHs, checks those files or folders instead of the installed policy.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl check                            the installed policy\n"
	"  fsdax-ctl check 50-models.ini              a file, before it is installed\n"
	"  fsdax-ctl check --effective                the merged policy, line by line\n"
	"  fsdax-ctl check --keys                     what can be written in a policy\n";

static const char help_scan[] =
	"Go through a tree and add up what the policy does to it: files, bytes, chunks of\n"
	"the DAX window, and what the guest pays in page descriptors where it would\n"
	"otherwise pay in page cache; by rule, by size of file, and by folder. Changes\n"
	"nothing.\n"
	"\n"
	"A file counts once, also if it has several names, or if a DIR lies below another.\n"
	"With --files0-from, operands must not lie below each other.\n"
	"\n"
	"A tree that is too large for one machine can be scanned in parts: --merge takes\n"
	"what scan --json printed for each, and prints what a scan of the whole would.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl scan /srv/share --root /srv/share\n"
	"  fsdax-ctl scan -x --exclude .git /home     this file system, no .git\n"
	"  fsdax-ctl scan --policy new.ini --json /srv\n"
	"  fsdax-ctl scan --html /srv >scan.html      a page for a browser\n"
	"  fsdax-ctl scan --merge part-*.json         the whole of these parts\n";

static const char help_plan[] =
	"Find what fits a DAX window: from which size on files may use it, which rules\n"
	"fit, and the curve behind that. Changes nothing. A file counts once, as in scan.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl plan --window 512M /srv/share\n"
	"  fsdax-ctl plan --window 8G --policy new.ini --json /srv/share\n"
	"  fsdax-ctl plan --window 8G --html /srv/share >plan.html\n";

static const char help_apply[] =
	"Write down what the policy decides, file by file, for those who cannot ask it:\n"
	"another daemon, or ext4 and xfs on DAX media.\n"
	"\n"
	"By default goes into the xattr, as 'yes policy' or 'no policy', which does not\n"
	"count as a tag: a changed policy is never beaten by its own old decisions. Tags\n"
	"that were set by hand are left alone. With --by=flag, the inode flag is set and\n"
	"cleared. A file with several names gets one answer: yes if every name says yes.\n"
	"What already stands there is not written again.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl apply -n /srv/share              show what would change\n"
	"  fsdax-ctl apply --root /srv/share /srv/share\n"
	"  fsdax-ctl apply --by=flag /mnt/pmem        for a native DAX file system\n";

static const char help_diff[] =
	"Show which files would change if the policy OLD were replaced by NEW. Each is a\n"
	"policy file or a folder of them. Changes nothing.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl diff /etc/fsdax/policy.d new.d /srv/share\n"
	"  fsdax-ctl diff old.ini new.ini --json /srv/share\n";

static const char help_state[] =
	"Show whether files use DAX right now, as the kernel says. For use inside a guest,\n"
	"or on ext4 and xfs on the host. A changed decision shows up only when the file\n"
	"was closed by all who had it open, and is opened again.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl state /mnt/share/models/a.bin    in a guest\n"
	"  fsdax-ctl state --json /mnt/share/*.bin\n"
	"  fsdax-ctl state -R /mnt/share              all files and folders of a tree\n";

static const char help_status[] =
	"Show what running daemons do: which folder they share, what their guest can do,\n"
	"how full its DAX window is and with which files, what was decided by which rule,\n"
	"and which files are open in a guest in the state from before a change.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl status                           all daemons of this machine\n"
	"  fsdax-ctl status --top=50                  more of the files in the window\n"
	"  fsdax-ctl status --watch                   live, with requests a second\n"
	"  fsdax-ctl status --json                    the same, for a program to read\n";

static const char help_metrics[] =
	"Print what running daemons count, in the text format of Prometheus: requests and\n"
	"errors by operation, the DAX window, decisions by rule, what is pending, reloads,\n"
	"front-ends. A SHARE is the name of a daemon's control socket without .sock, a tag,\n"
	"or the shared folder; without one, all daemons of this machine are asked.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl metrics                          all daemons of this machine\n"
	"  fsdax-ctl metrics models                   one that must be there\n"
	"  fsdax-ctl metrics --textfile=/var/lib/prometheus/node-exporter/fsdax.prom\n";

static const char help_reload[] =
	"Have running daemons read their policy again. If it has mistakes, they are printed\n"
	"as check does, and the policy from before stays in force. A guest has what changed\n"
	"when it next opens a file that is not open by then.\n"
	"\n"
	"Examples:\n"
	"  fsdax-ctl check && fsdax-ctl reload        all daemons of this machine\n"
	"  fsdax-ctl reload --socket=/run/share.ctl   one of them\n";

#define POLICY (OPT_POLICY | OPT_ROOT)
#define TREE (OPT_JOBS | OPT_ONE_FS | OPT_EXCLUDE | OPT_PROGRESS)

const struct command commands[] = {
	{
		.name = "set",
		.args = "FILE...",
		.summary = "tag files: use DAX for them, or do not",
		.help = help_set,
		.options = POLICY | OPT_OUTPUT | OPT_WALK | OPT_RECURSIVE | OPT_DRY_RUN | OPT_DAX |
			   OPT_BY | OPT_XATTR | OPT_WAIT | OPT_SOCKET,
		.min_args = 1,
		.max_args = -1,
		.run = cmd_set,
	},
	{
		.name = "clear",
		.args = "FILE...",
		.summary = "take tags away: the rules decide again",
		.help = help_clear,
		.options = POLICY | OPT_OUTPUT | OPT_WALK | OPT_RECURSIVE | OPT_DRY_RUN | OPT_BY |
			   OPT_XATTR | OPT_WAIT | OPT_SOCKET,
		.min_args = 1,
		.max_args = -1,
		.run = cmd_clear,
	},
	{
		.name = "show",
		.args = "FILE...",
		.summary = "show tags, and where they come from",
		.help = help_show,
		.options = POLICY | OPT_OUTPUT | OPT_WALK | OPT_RECURSIVE | OPT_XATTR,
		.min_args = 1,
		.max_args = -1,
		.run = cmd_show,
	},
	{
		.name = "copy",
		.args = "SRC DST",
		.summary = "copy the tags of one tree to another",
		.help = help_copy,
		.options =
			POLICY | OPT_OUTPUT | TREE | OPT_DRY_RUN | OPT_BY | OPT_XATTR | OPT_DELETE,
		.min_args = 2,
		.max_args = 2,
		.run = cmd_copy,
	},
	{
		.name = "explain",
		.args = "FILE...",
		.summary = "say what is decided about a file, and why",
		.help = help_explain,
		.options = POLICY | OPT_OUTPUT | OPT_WALK | OPT_RECURSIVE | OPT_SOCKET,
		.min_args = 1,
		.max_args = -1,
		.run = cmd_explain,
	},
	{
		.name = "check",
		.args = "[PATH...]",
		.summary = "find the mistakes in a policy",
		.help = help_check,
		.options = OPT_POLICY | OPT_OUTPUT | OPT_EFFECTIVE | OPT_KEYS,
		.min_args = 0,
		.max_args = -1,
		.run = cmd_check,
	},
	{
		.name = "scan",
		.args = "DIR...",
		.summary = "add up what the policy does to a tree",
		.help = help_scan,
		.options = POLICY | OPT_OUTPUT | OPT_WALK | OPT_HTML | OPT_MERGE,
		.min_args = 1,
		.max_args = -1,
		.run = cmd_scan,
	},
	{
		.name = "plan",
		.args = "DIR...",
		.summary = "find what fits a DAX window",
		.help = help_plan,
		.options = POLICY | OPT_OUTPUT | OPT_WALK | OPT_WINDOW | OPT_HTML,
		.min_args = 1,
		.max_args = -1,
		.run = cmd_plan,
	},
	{
		.name = "apply",
		.args = "DIR...",
		.summary = "write the decisions down, as tags or inode flags",
		.help = help_apply,
		.options = POLICY | OPT_OUTPUT | OPT_WALK | OPT_DRY_RUN | OPT_BY | OPT_XATTR,
		.min_args = 1,
		.max_args = -1,
		.run = cmd_apply,
	},
	{
		.name = "diff",
		.args = "OLD NEW DIR...",
		.summary = "show which files another policy would change",
		.help = help_diff,
		.options = OPT_ROOT | OPT_OUTPUT | TREE,
		.min_args = 3,
		.max_args = -1,
		.run = cmd_diff,
	},
	{
		.name = "state",
		.args = "FILE...",
		.summary = "show whether files use DAX right now",
		.help = help_state,
		.options = OPT_OUTPUT | OPT_WALK | OPT_RECURSIVE,
		.min_args = 1,
		.max_args = -1,
		.run = cmd_state,
	},
	{
		.name = "status",
		.args = "",
		.summary = "show what running daemons do",
		.help = help_status,
		.options = OPT_SOCKET | OPT_TOP | OPT_WATCH | OPT_JSON | OPT_COLOR,
		.min_args = 0,
		.max_args = 0,
		.run = cmd_status,
	},
	{
		.name = "metrics",
		.args = "[SHARE...]",
		.summary = "print what running daemons count, for Prometheus",
		.help = help_metrics,
		.options = OPT_SOCKET | OPT_TEXTFILE | OPT_COLOR,
		.min_args = 0,
		.max_args = -1,
		.run = cmd_metrics,
	},
	{
		.name = "reload",
		.args = "",
		.summary = "have running daemons read the policy again",
		.help = help_reload,
		.options = OPT_SOCKET | OPT_JSON | OPT_COLOR | OPT_QUIET,
		.min_args = 0,
		.max_args = 0,
		.run = cmd_reload,
	},
	{.name = NULL},
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}
