/* SPDX-License-Identifier: BSD-3-Clause */
/* Print what the C headers say, for library.rs to compare itself with. */
#include <fsdax/fuse.h>
#include <stdio.h>

#define SIZE(type) printf(#type " %zu", sizeof(struct type))
#define AT(type, field) printf(" %zu", offsetof(struct type, field))

static void layouts(void)
{
	SIZE(fsdax_decision);
	AT(fsdax_decision, dax), AT(fsdax_decision, reason), AT(fsdax_decision, flags);
	AT(fsdax_decision, rule), puts("");
	SIZE(fsdax_remark);
	AT(fsdax_remark, severity), AT(fsdax_remark, file), AT(fsdax_remark, line);
	AT(fsdax_remark, column), AT(fsdax_remark, width), AT(fsdax_remark, message);
	AT(fsdax_remark, hint), AT(fsdax_remark, text), puts("");
	SIZE(fsdax_rule_info);
	AT(fsdax_rule_info, name), AT(fsdax_rule_info, file), AT(fsdax_rule_info, line);
	AT(fsdax_rule_info, dax), puts("");
	SIZE(fsdax_settings);
	AT(fsdax_settings, default_dax), AT(fsdax_settings, inode_flag);
	AT(fsdax_settings, tag_xattr), AT(fsdax_settings, page_size);
	AT(fsdax_settings, chunk_size), AT(fsdax_settings, descriptor_size), puts("");
	SIZE(fsdax_xattr);
	AT(fsdax_xattr, state), AT(fsdax_xattr, value), AT(fsdax_xattr, size), puts("");
	SIZE(fsdax_facts);
	AT(fsdax_facts, mask), AT(fsdax_facts, mode), AT(fsdax_facts, uid), AT(fsdax_facts, gid);
	AT(fsdax_facts, nlink), AT(fsdax_facts, inode_flag), AT(fsdax_facts, size);
	AT(fsdax_facts, mtime), AT(fsdax_facts, now), AT(fsdax_facts, xattrs);
	AT(fsdax_facts, n_xattrs), puts("");
	SIZE(fsdax_memo);
	AT(fsdax_memo, cursor), AT(fsdax_memo, ctime_sec), AT(fsdax_memo, ctime_nsec);
	AT(fsdax_memo, decision), puts("");
	SIZE(fsdax_step);
	AT(fsdax_step, rule), AT(fsdax_step, key), AT(fsdax_step, wanted), AT(fsdax_step, found);
	AT(fsdax_step, line), AT(fsdax_step, outcome), AT(fsdax_step, exclude), puts("");
	SIZE(fsdax_tag_state);
	AT(fsdax_tag_state, tag), AT(fsdax_tag_state, by_policy);
	AT(fsdax_tag_state, garbage), puts("");
}

/* One request, and whether the daemon has a window: what is agreed on, and flagged. */
static void negotiate(unsigned int bits, bool window)
{
	static const uint32_t modes[] = {S_IFREG | 0644, S_IFDIR | 0755, S_IFLNK | 0777};
	struct fuse_init_in in = {0};
	struct fuse_init_out out = {0};
	struct fsdax_fuse_session session;
	uint64_t asked;

	in.flags = (bits & 1 ? FUSE_MAP_ALIGNMENT : 0) | (bits & 2 ? FUSE_INIT_EXT : 0);
	in.flags2 = bits & 4 ? (uint32_t)(FUSE_HAS_INODE_DAX >> 32) : 0;
	asked = fsdax_fuse_init_flags(&in, bits & 8);
	session = fsdax_fuse_init(asked, window, &out);
	printf("%llx %llx %u", (unsigned long long)asked,
	       (unsigned long long)(out.flags | (uint64_t)out.flags2 << 32), out.map_alignment);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		for (int dax = 0; dax < 2; dax++) {
			struct fsdax_decision decision = {.dax = dax};

			printf(" %u", fsdax_fuse_attr_flags(&session, modes[i], &decision));
		}
	puts("");
}

int main(void)
{
	layouts();
	for (unsigned int bits = 0; bits < 16; bits++)
		for (int window = 0; window < 2; window++)
			negotiate(bits, window);
	return 0;
}
