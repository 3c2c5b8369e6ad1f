// SPDX-License-Identifier: BSD-3-Clause
//! The C interface as it is in `<fsdax/fsdax.h>`, which documents it. Everything else in
//! this crate is safe and made of these.
#![allow(non_camel_case_types, missing_docs)]

use std::os::raw::{c_char, c_int, c_uint, c_void};

macro_rules! opaque {
    ($($name:ident),*) => {$(
        #[repr(C)]
        pub struct $name {
            _private: [u8; 0],
            _pinned: std::marker::PhantomData<(*mut u8, std::marker::PhantomPinned)>,
        }
    )*};
}
opaque!(fsdax_policy, fsdax_cursor, fsdax_report, fsdax_slot);

pub const FSDAX_NO_RULE: u32 = u32::MAX;
pub const FSDAX_DECISION_BAD_TAG: u16 = 0x1;
pub const FSDAX_DECIDE_EXACT: c_uint = 0x1;
pub const FSDAX_WANT_STAT: c_int = -1;
pub const FSDAX_WANT_FLAG: c_int = -2;
pub const FSDAX_FACT_STAT: u32 = 0x1;
pub const FSDAX_FACT_FLAG: u32 = 0x2;
pub const FSDAX_FACT_UNMAPPABLE: u32 = 0x4;
pub const FSDAX_XATTR_ABSENT: c_uint = 1;
pub const FSDAX_XATTR_PRESENT: c_uint = 2;
pub const FSDAX_TAG_BY_POLICY: c_uint = 0x1;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct fsdax_decision {
    pub dax: bool,
    pub reason: u8,
    pub flags: u16,
    pub rule: u32,
}

#[repr(C)]
pub struct fsdax_remark {
    pub severity: c_uint,
    pub file: *const c_char,
    pub line: u32,
    pub column: u32,
    pub width: u32,
    pub message: *const c_char,
    pub hint: *const c_char,
    pub text: *const c_char,
}

#[repr(C)]
pub struct fsdax_rule_info {
    pub name: *const c_char,
    pub file: *const c_char,
    pub line: u32,
    pub dax: bool,
}

#[repr(C)]
pub struct fsdax_settings {
    pub default_dax: bool,
    pub inode_flag: bool,
    pub tag_xattr: *const c_char,
    pub page_size: u64,
    pub chunk_size: u64,
    pub descriptor_size: u64,
}

#[repr(C)]
pub struct fsdax_xattr {
    pub state: c_uint,
    pub value: *const c_void,
    pub size: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct fsdax_facts {
    pub mask: u32,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub nlink: u32,
    pub inode_flag: bool,
    pub size: u64,
    pub mtime: i64,
    pub now: i64,
    pub xattrs: *const fsdax_xattr,
    pub n_xattrs: usize,
}

#[repr(C)]
pub struct fsdax_memo {
    pub cursor: *mut fsdax_cursor,
    pub ctime_sec: i64,
    pub ctime_nsec: u32,
    pub decision: fsdax_decision,
}

#[repr(C)]
pub struct fsdax_step {
    pub rule: u32,
    pub key: *const c_char,
    pub wanted: *const c_char,
    pub found: *const c_char,
    pub line: u32,
    pub outcome: c_uint,
    pub exclude: bool,
}

#[repr(C)]
pub struct fsdax_tag_state {
    pub tag: c_uint,
    pub by_policy: bool,
    pub garbage: bool,
}

/// [`fsdax_decide_at`] and [`fsdax_decide_fd`].
pub type gather_fn = unsafe extern "C" fn(
    *const fsdax_cursor,
    c_int,
    *const c_char,
    *mut fsdax_facts,
    c_uint,
    *mut fsdax_decision,
) -> c_int;

pub type step_fn = unsafe extern "C" fn(*mut c_void, *const fsdax_step) -> c_int;

extern "C" {
    pub fn fsdax_version() -> *const c_char;

    pub fn fsdax_report_free(report: *mut fsdax_report);
    pub fn fsdax_report_count(report: *const fsdax_report) -> usize;
    pub fn fsdax_report_get(report: *const fsdax_report, i: usize) -> *const fsdax_remark;
    pub fn fsdax_remark_format(remark: *const fsdax_remark, text: *mut *mut c_char) -> c_int;

    pub fn fsdax_policy_load(
        path: *const c_char,
        root: *const c_char,
        policy: *mut *mut fsdax_policy,
        report: *mut *mut fsdax_report,
    ) -> c_int;
    pub fn fsdax_policy_load_dirs(
        dirs: *const *const c_char,
        n_dirs: usize,
        policy: *mut *mut fsdax_policy,
        report: *mut *mut fsdax_report,
    ) -> c_int;
    pub fn fsdax_policy_parse(
        name: *const c_char,
        text: *const c_void,
        size: usize,
        policy: *mut *mut fsdax_policy,
        report: *mut *mut fsdax_report,
    ) -> c_int;
    pub fn fsdax_policy_ref(policy: *mut fsdax_policy) -> *mut fsdax_policy;
    pub fn fsdax_policy_unref(policy: *mut fsdax_policy);
    pub fn fsdax_policy_rules(policy: *const fsdax_policy) -> u32;
    pub fn fsdax_policy_rule(
        policy: *const fsdax_policy,
        i: u32,
        info: *mut fsdax_rule_info,
    ) -> c_int;
    pub fn fsdax_policy_settings(policy: *const fsdax_policy, settings: *mut fsdax_settings);
    pub fn fsdax_policy_needs(policy: *const fsdax_policy) -> u32;
    pub fn fsdax_policy_xattrs(policy: *const fsdax_policy) -> usize;
    pub fn fsdax_policy_xattr(policy: *const fsdax_policy, i: usize) -> *const c_char;

    pub fn fsdax_cursor_root(
        policy: *mut fsdax_policy,
        tag: c_uint,
        root: *mut *mut fsdax_cursor,
    ) -> c_int;
    pub fn fsdax_cursor_enter(
        parent: *mut fsdax_cursor,
        name: *const c_char,
        len: usize,
        tag: c_uint,
        child: *mut *mut fsdax_cursor,
    ) -> c_int;
    pub fn fsdax_cursor_ref(cursor: *mut fsdax_cursor) -> *mut fsdax_cursor;
    pub fn fsdax_cursor_unref(cursor: *mut fsdax_cursor);
    pub fn fsdax_cursor_policy(cursor: *const fsdax_cursor) -> *mut fsdax_policy;
    pub fn fsdax_cursor_tag(cursor: *const fsdax_cursor) -> c_uint;

    pub fn fsdax_decide(
        cursor: *const fsdax_cursor,
        name: *const c_char,
        len: usize,
        facts: *const fsdax_facts,
        flags: c_uint,
        decision: *mut fsdax_decision,
        want: *mut c_int,
    ) -> c_int;
    pub fn fsdax_decide_path(
        policy: *const fsdax_policy,
        path: *const c_char,
        len: usize,
        folder_tag: c_uint,
        facts: *const fsdax_facts,
        flags: c_uint,
        decision: *mut fsdax_decision,
        want: *mut c_int,
    ) -> c_int;
    pub fn fsdax_decide_at(
        cursor: *const fsdax_cursor,
        dirfd: c_int,
        name: *const c_char,
        facts: *mut fsdax_facts,
        flags: c_uint,
        decision: *mut fsdax_decision,
    ) -> c_int;
    pub fn fsdax_decide_fd(
        cursor: *const fsdax_cursor,
        fd: c_int,
        name: *const c_char,
        facts: *mut fsdax_facts,
        flags: c_uint,
        decision: *mut fsdax_decision,
    ) -> c_int;
    pub fn fsdax_decision_merge(a: fsdax_decision, b: fsdax_decision) -> fsdax_decision;

    pub fn fsdax_memo_keep(
        memo: *mut fsdax_memo,
        cursor: *mut fsdax_cursor,
        ctime_sec: i64,
        ctime_nsec: u32,
        now_sec: i64,
        now_nsec: u32,
        decision: fsdax_decision,
    );
    pub fn fsdax_memo_clear(memo: *mut fsdax_memo);

    pub fn fsdax_explain(
        cursor: *const fsdax_cursor,
        path: *const c_char,
        name: *const c_char,
        len: usize,
        facts: *const fsdax_facts,
        step: step_fn,
        data: *mut c_void,
        decision: *mut fsdax_decision,
    ) -> c_int;

    pub fn fsdax_tag_read(
        dirfd: c_int,
        name: *const c_char,
        xattr: *const c_char,
        state: *mut fsdax_tag_state,
    ) -> c_int;
    pub fn fsdax_tag_write(
        dirfd: c_int,
        name: *const c_char,
        xattr: *const c_char,
        tag: c_uint,
        flags: c_uint,
    ) -> c_int;
    pub fn fsdax_flag_read(dirfd: c_int, name: *const c_char, dax: *mut bool) -> c_int;
    pub fn fsdax_flag_write(
        dirfd: c_int,
        name: *const c_char,
        dax: bool,
        flags: c_uint,
    ) -> c_int;
    pub fn fsdax_folder_tag(
        policy: *const fsdax_policy,
        dirfd: c_int,
        name: *const c_char,
        tag: *mut c_uint,
    ) -> c_int;

    pub fn fsdax_slot_new(policy: *mut fsdax_policy, slot: *mut *mut fsdax_slot) -> c_int;
    pub fn fsdax_slot_free(slot: *mut fsdax_slot);
    pub fn fsdax_slot_get(slot: *mut fsdax_slot) -> *mut fsdax_policy;
    pub fn fsdax_slot_swap(slot: *mut fsdax_slot, policy: *mut fsdax_policy);
    pub fn fsdax_slot_generation(slot: *const fsdax_slot) -> u64;

    pub fn free(text: *mut c_void);
}
