// SPDX-License-Identifier: BSD-3-Clause
//! Policies: the ordered, compiled rules of all policy files.

use crate::decision::{Ask, Decision, Facts, Want};
use crate::{error, sys, Report, Tag};
use std::ffi::{c_void, CStr, CString, OsStr};
use std::mem::MaybeUninit;
use std::os::raw::c_int;
use std::os::unix::io::{AsRawFd, BorrowedFd};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::{fmt, io};

/// The rules of all policy files. Immutable; a clone counts a reference.
pub struct Policy(NonNull<sys::fsdax_policy>);

// Immutable, and counted by an atomic.
unsafe impl Send for Policy {}
unsafe impl Sync for Policy {}

/// A policy could not be loaded: the system's error, and what was found in the files.
#[derive(Debug)]
pub struct LoadError {
    /// What the system says; of kind [`io::ErrorKind`] `Other` or the like for mistakes in the text.
    pub error: io::Error,
    /// The mistakes, each with its place.
    pub report: Report,
}

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// Its name.
    pub name: &'a OsStr,
    /// The policy file, as found.
    pub file: &'a OsStr,
    /// The line of `[rule NAME]`.
    pub line: u32,
    /// What it says.
    pub dax: bool,
}

/// The settings of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings<'a> {
    /// What holds when no rule matches.
    pub default_dax: bool,
    /// `FS_XFLAG_DAX` counts as a tag.
    pub inode_flag: bool,
    /// The xattr that carries a tag, if any does.
    pub tag_xattr: Option<&'a CStr>,
    /// Bytes of a page in the guest.
    pub page_size: u64,
    /// Bytes of a chunk of the window.
    pub chunk_size: u64,
    /// Bytes of a page descriptor.
    pub descriptor_size: u64,
}

type Made = (*mut sys::fsdax_policy, *mut sys::fsdax_report);

/// Call one of the library's loaders.
fn load(
    call: impl FnOnce(&mut *mut sys::fsdax_policy, &mut *mut sys::fsdax_report) -> c_int,
) -> Result<(Policy, Report), LoadError> {
    let (mut policy, mut report): Made = (ptr::null_mut(), ptr::null_mut());
    let result = error::check(call(&mut policy, &mut report));
    let report = Report::from_raw(report);
    match (result, NonNull::new(policy)) {
        (Ok(_), Some(policy)) => Ok((Policy(policy), report)),
        (Ok(_), None) => Err(LoadError { error: io::ErrorKind::Other.into(), report }),
        (Err(error), _) => Err(LoadError { error, report }),
    }
}

fn refused(error: io::Error) -> LoadError {
    LoadError { error, report: Report::from_raw(ptr::null_mut()) }
}

impl Policy {
    /// Load a policy: from a folder of `*.ini` files or one file, or with `None` from
    /// `/usr/lib/fsdax/policy.d`, `/run/fsdax/policy.d` and `/etc/fsdax/policy.d` below `root`.
    /// The report has the warnings.
    pub fn load(path: Option<&Path>, root: Option<&Path>) -> Result<(Policy, Report), LoadError> {
        let path = path.map(error::c_path).transpose().map_err(refused)?;
        let root = root.map(error::c_path).transpose().map_err(refused)?;
        let pointer = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |t| t.as_ptr());
        load(|policy, report| unsafe {
            sys::fsdax_policy_load(pointer(&path), pointer(&root), policy, report)
        })
    }

    /// Load a policy from drop-in folders of one's own, lowest precedence first.
    pub fn load_dirs(dirs: &[&Path]) -> Result<(Policy, Report), LoadError> {
        let dirs: Vec<CString> =
            dirs.iter().map(|dir| error::c_path(dir)).collect::<io::Result<_>>().map_err(refused)?;
        let pointers: Vec<_> = dirs.iter().map(|dir| dir.as_ptr()).collect();
        load(|policy, report| unsafe {
            sys::fsdax_policy_load_dirs(pointers.as_ptr(), pointers.len(), policy, report)
        })
    }

    /// Compile a policy from memory. Messages call it `name`.
    pub fn parse(name: &CStr, text: &[u8]) -> Result<(Policy, Report), LoadError> {
        load(|policy, report| unsafe {
            let bytes = text.as_ptr() as *const c_void;
            sys::fsdax_policy_parse(name.as_ptr(), bytes, text.len(), policy, report)
        })
    }

    /// Takes over a reference that the library gave.
    ///
    /// # Safety
    /// `raw` is a policy, with a reference for the caller.
    pub(crate) unsafe fn from_raw(raw: *mut sys::fsdax_policy) -> Policy {
        Policy(NonNull::new_unchecked(raw))
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::fsdax_policy {
        self.0.as_ptr()
    }

    /// The number of rules. Later ones win.
    pub fn rules(&self) -> u32 {
        unsafe { sys::fsdax_policy_rules(self.as_ptr()) }
    }

    /// Rule `i`, counted from 0, as in [`Decision::rule`].
    pub fn rule(&self, i: u32) -> Option<Rule<'_>> {
        let mut info = MaybeUninit::uninit();
        if unsafe { sys::fsdax_policy_rule(self.as_ptr(), i, info.as_mut_ptr()) } != 0 {
            return None;
        }
        let info = unsafe { info.assume_init() };
        Some(Rule {
            name: unsafe { error::bytes(info.name) }?,
            file: unsafe { error::bytes(info.file) }?,
            line: info.line,
            dax: info.dax,
        })
    }

    /// The settings.
    pub fn settings(&self) -> Settings<'_> {
        let mut raw = MaybeUninit::uninit();
        let raw = unsafe {
            sys::fsdax_policy_settings(self.as_ptr(), raw.as_mut_ptr());
            raw.assume_init()
        };
        Settings {
            default_dax: raw.default_dax,
            inode_flag: raw.inode_flag,
            // Lives as long as the policy.
            tag_xattr: (!raw.tag_xattr.is_null()).then(|| unsafe { CStr::from_ptr(raw.tag_xattr) }),
            page_size: raw.page_size,
            chunk_size: raw.chunk_size,
            descriptor_size: raw.descriptor_size,
        }
    }

    /// What the policy can ask for: `FSDAX_NEED_*` bits.
    pub fn needs(&self) -> u32 {
        unsafe { sys::fsdax_policy_needs(self.as_ptr()) }
    }

    /// The xattrs that the policy can ask for, by the numbers that [`Want::Xattr`] gives.
    pub fn xattrs(&self) -> impl Iterator<Item = &CStr> {
        let count = unsafe { sys::fsdax_policy_xattrs(self.as_ptr()) };
        (0..count).map(move |i| unsafe { CStr::from_ptr(sys::fsdax_policy_xattr(self.as_ptr(), i)) })
    }

    /// The tag that a folder carries: for [`crate::Cursor::root`] and [`crate::Cursor::enter`].
    /// `name` is in the folder `dir`; empty for `dir` itself.
    pub fn folder_tag(&self, dir: BorrowedFd<'_>, name: &CStr) -> io::Result<Tag> {
        let mut tag = 0;
        error::check(unsafe {
            sys::fsdax_folder_tag(self.as_ptr(), dir.as_raw_fd(), name.as_ptr(), &mut tag)
        })?;
        Ok(Tag::from_raw(tag))
    }

    /// Decide about a path below the share's root, as in "models/a.bin". `folder_tag`: of the
    /// nearest tagged folder on the way. As [`crate::Cursor::decide`] otherwise.
    pub fn decide_path(
        &self,
        path: &[u8],
        folder_tag: Tag,
        facts: &Facts<'_>,
        ask: Ask,
    ) -> io::Result<Result<Decision, Want>> {
        let mut decision = MaybeUninit::uninit();
        let mut want = 0;
        let result = facts.with_raw(|facts| unsafe {
            let (path, len) = (path.as_ptr() as *const _, path.len());
            sys::fsdax_decide_path(
                self.as_ptr(),
                path,
                len,
                folder_tag as u32,
                facts,
                ask as u32,
                decision.as_mut_ptr(),
                &mut want,
            )
        });
        // Written only on success.
        Want::or(result, want, || Decision::from_raw(unsafe { decision.assume_init() }))
    }
}

impl Clone for Policy {
    fn clone(&self) -> Policy {
        unsafe { Policy::from_raw(sys::fsdax_policy_ref(self.as_ptr())) }
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        unsafe { sys::fsdax_policy_unref(self.as_ptr()) }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy({} rules)", self.rules())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.report.is_empty() {
            return self.error.fmt(f);
        }
        self.report.fmt(f)
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
