#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The completions, in the shells themselves where they are installed.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

for shell in bash zsh fish; do
	"$FSDAX_CTL" completion $shell >"$SCRATCH/$shell"
	is $? 0 "completion $shell"
	for command in set clear show copy explain check scan plan apply diff state status metrics reload; do
		like "$(<"$SCRATCH/$shell")" "[!a-z]${command}[!a-z]" "$shell: knows $command"
	done
done

# ---- bash ---------------------------------------------------------------------------------

# Words with the cursor at the end of the last; bash takes --x=y apart at the equals sign.
bash_completes() {
	bash -c '
		compopt() { :; }
		. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_fsdax_ctl
		printf "%s\n" "${COMPREPLY[@]}"' _ "$SCRATCH/bash" fsdax-ctl "$@" | tr '\n' ' '
}

mkdir "$SCRATCH/in"
cd "$SCRATCH/in" || exit
mkdir folder
touch file "file two"
is "$(bash_completes s)" "set show scan state status " "bash: commands"
is "$(bash_completes set --d)" "--dax= --dry-run " "bash: options of the command"
is "$(bash_completes scan --d)" " " "bash: and of no other"
is "$(bash_completes set --w)" "--wait " "bash: an option whose value may be left out"
is "$(bash_completes status --so)" "--socket= " "bash: options of a command without operands"
is "$(bash_completes status fil)" " " "bash: and nothing in their place"
is "$(bash_completes set --dax = n)" "no " "bash: values behind ="
is "$(bash_completes set --dax =)" "yes no " "bash: all values"
is "$(bash_completes set --by x)" "xattr " "bash: a value as a word of its own"
is "$(bash_completes set fil)" "file file two " "bash: files"
is "$(bash_completes scan f)" "folder " "bash: folders, for a command that takes folders"
is "$(bash_completes scan --merge f)" "file file two folder " "bash: and files, where it takes those"
is "$(bash_completes scan --policy = fil)" "file file two " "bash: files as values"
is "$(bash_completes scan --root = f)" "folder " "bash: folders as values"
is "$(bash_completes set --xattr = f)" " " "bash: nothing where anything goes"

# ---- zsh ------------------------------------------------------------------------------------

if command -v zsh >/dev/null; then
	holds "zsh: it can be read" zsh -n "$SCRATCH/zsh"
	zsh_hands() {
		zsh -fc '
			_arguments() { print -rl -- "$@" }
			_describe() { print -rl -- "${(@P)argv[-1]}" }
			script=$1; shift
			words=("$@"); CURRENT=$#
			_fsdax-ctl() { }
			. $script' _ "$SCRATCH/zsh" "$@"
	}
	like "$(zsh_hands fsdax-ctl '')" "set:tag files" "zsh: commands, with what they do"
	args=$(zsh_hands fsdax-ctl set '')
	has "$args" '--wait=-[return when the guests have picked it up' "zsh: a value that may be left out"
	has "$args" '--dax=[what to tag them with (default\: yes)]:yes|no:(yes no)' "zsh: options with values"
	has "$args" '(-R --recursive)-R[' "zsh: letters and names exclude each other"
	has "$args" '*--exclude=[' "zsh: what may be repeated"
	has "$(zsh_hands fsdax-ctl plan '')" '*:path:_files -/' "zsh: folders"
	has "$(zsh_hands fsdax-ctl scan '')" 'if (( ${words[(I)--merge]} )); then _files; else _files -/' \
		"zsh: and files, where it takes those"
else
	echo "# no zsh here"
fi

# ---- fish -------------------------------------------------------------------------------------

if command -v fish >/dev/null; then
	fish_completes() {
		HOME=$SCRATCH fish --no-config -c "source $SCRATCH/fish; complete -C '$*'" | cut -f1 |
			tr '\n' ' '
	}
	is "$(fish_completes 'fsdax-ctl sh')" "show " "fish: commands"
	is "$(fish_completes 'fsdax-ctl set --da')" "--dax " "fish: options of the command"
	is "$(fish_completes 'fsdax-ctl scan --da')" "" "fish: and of no other"
	is "$(fish_completes 'fsdax-ctl set --dax=')" "--dax=no --dax=yes " "fish: values"
	is "$(fish_completes 'fsdax-ctl set fil')" "file file two " "fish: files"
else
	echo "# no fish here"
fi
done_testing
