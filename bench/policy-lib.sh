# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# policy-lib.sh - the policy that daemons are measured with. Sourced.

# A policy of a thousand rules, and the tags that the shipped one honors.
make_policy()
{
	local i

	printf '[rule worth-a-chunk]\nsize = >= descriptors\ndax = yes\n'
	for ((i = 0; i < 999; i++)); do
		case $((i % 4)) in
		0) printf '[rule r%d]\npath = *.ext%d\ndax = no\n' $i $i ;;
		1) printf '[rule r%d]\npath = /some/folder%d/**\ndax = no\n' $i $i ;;
		2) printf '[rule r%d]\npath = **/cache%d/*.bin\ndax = no\n' $i $i ;;
		3) printf '[rule r%d]\npath = prefix%d*\ndax = no\n' $i $i ;;
		esac
	done
}
