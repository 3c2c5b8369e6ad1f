/* SPDX-License-Identifier: BSD-3-Clause */
/* fuse_session.c - see fuse_session.h. */
#include "fuse_session.h"

#include <string.h>
#include <sys/stat.h>

#include "fuse_compat.h"
#include "insist.h"
#include "share.h"
#include "share_fixture.h"

void session_begin(struct session *session, struct share *share)
{
	session->share = share;
	session->nodes[0] = (struct node){.id = FUSE_ROOT_ID, .lookups = 1, .type = S_IFDIR};
	session->n_nodes = 1;
	session->n_files = 0;
	session->lost = false;
}

static struct node *find_node(struct session *session, uint64_t nodeid)
{
	for (unsigned int i = 0; i < session->n_nodes; i++) {
		if (session->nodes[i].id == nodeid)
			return &session->nodes[i];
	}
	return NULL;
}

/* What holds for all attributes, and what has to be as it was. */
static void check_attr(const struct session *session, struct node *node,
		       const struct fuse_attr *attr)
{
	const struct share *share = session->share;
	uint32_t dax = attr->flags & FUSE_ATTR_DAX;

	insist(!(attr->flags & ~(FUSE_ATTR_DAX | FUSE_ATTR_SUBMOUNT)), "attribute flags %#x",
	       attr->flags);
	insist(!dax || S_ISREG(attr->mode), "what is no file is DAX: mode %o", attr->mode);
	insist(!dax || (share->dax.window && share->dax.inode_dax), "DAX, but nobody asked");
	insist(!fixture_is_outside(attr->ino), "attributes of what is not in the share");
	if (!node)
		return;
	if (node->ino) {
		insist(node->ino == attr->ino && node->type == (attr->mode & S_IFMT),
		       "nodeid %#llx is another inode now", (unsigned long long)node->id);
		insist(node->dax == dax, "nodeid %#llx: DAX is not what it was",
		       (unsigned long long)node->id);
	}
	node->ino = attr->ino;
	node->type = attr->mode & S_IFMT;
	node->dax = dax;
}

void session_entry(struct session *session, const struct fuse_entry_out *entry)
{
	struct node *node = find_node(session, entry->nodeid);

	insist(entry->nodeid, "an entry without a nodeid");
	if (!node && session->n_nodes < NODES_MAX) {
		node = &session->nodes[session->n_nodes++];
		*node = (struct node){.id = entry->nodeid};
	}
	if (node)
		node->lookups++;
	else
		session->lost = true;
	check_attr(session, node, &entry->attr);
}

void session_attr(struct session *session, uint64_t nodeid, const struct fuse_attr *attr)
{
	check_attr(session, find_node(session, nodeid), attr);
}

void session_opened(struct session *session, uint64_t nodeid, uint64_t fh, bool is_dir)
{
	for (unsigned int i = 0; i < session->n_files; i++)
		insist(session->files[i].fh != fh, "a handle's number was given out twice");
	if (session->n_files == HANDLES_MAX)
		session->lost = true;
	else
		session->files[session->n_files++] = (struct open_file){fh, nodeid, is_dir};
}

void session_released(struct session *session, uint64_t fh)
{
	for (unsigned int i = 0; i < session->n_files; i++) {
		if (session->files[i].fh == fh) {
			session->files[i] = session->files[--session->n_files];
			return;
		}
	}
	insist(session->lost, "a handle was released that was never given out");
}

void session_forgot(struct session *session, uint64_t nodeid, uint64_t n)
{
	struct node *node = find_node(session, nodeid);

	if (!node || nodeid == FUSE_ROOT_ID)
		return;
	node->lookups = n < node->lookups ? node->lookups - n : 0;
	if (!node->lookups)
		*node = session->nodes[--session->n_nodes];
}
