// SPDX-License-Identifier: BSD-3-Clause
//! Cursors: a folder, as the rules see it.

use crate::decision::{Ask, Decision, Facts, Want};
use crate::{error, sys, Policy, Tag};
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::unix::io::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::{fmt, io};

/// A folder below the share's root: which parts of which patterns its path has matched so far,
/// and the tag that its files inherit. Made once per folder and used for each file in it.
/// Immutable; a clone counts a reference; keeps its policy alive.
pub struct Cursor(NonNull<sys::fsdax_cursor>);

// Immutable, and counted by an atomic.
unsafe impl Send for Cursor {}
unsafe impl Sync for Cursor {}

impl Cursor {
    /// The share's root. `tag`: what the root folder itself carries.
    pub fn root(policy: &Policy, tag: Tag) -> io::Result<Cursor> {
        let mut root = ptr::null_mut();
        error::check(unsafe { sys::fsdax_cursor_root(policy.as_ptr(), tag as u32, &mut root) })?;
        Ok(Cursor(NonNull::new(root).expect("the library gave no cursor")))
    }

    /// The folder `name` in this one. `tag`: what that folder itself carries; [`Tag::None`]
    /// inherits. A name that is empty, "." or "..", or has a slash, is an error.
    pub fn enter(&self, name: &[u8], tag: Tag) -> io::Result<Cursor> {
        let mut child = ptr::null_mut();
        error::check(unsafe {
            let (name, len) = (name.as_ptr() as *const _, name.len());
            sys::fsdax_cursor_enter(self.as_ptr(), name, len, tag as u32, &mut child)
        })?;
        Ok(Cursor(NonNull::new(child).expect("the library gave no cursor")))
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::fsdax_cursor {
        self.0.as_ptr()
    }

    /// The policy, with a reference of its own.
    pub fn policy(&self) -> Policy {
        unsafe {
            Policy::from_raw(sys::fsdax_policy_ref(sys::fsdax_cursor_policy(self.as_ptr())))
        }
    }

    /// The tag that files in the folder inherit.
    pub fn tag(&self) -> Tag {
        Tag::from_raw(unsafe { sys::fsdax_cursor_tag(self.as_ptr()) })
    }

    /// Decide about the file `name` in this folder by what is known of it. No system call, no
    /// allocation, no lock. Where something that isn't known would matter, [`Want`] names it.
    pub fn decide(&self, name: &[u8], facts: &Facts<'_>, ask: Ask) -> Result<Decision, Want> {
        let mut decision = MaybeUninit::uninit();
        let mut want = 0;
        let result = facts.with_raw(|facts| unsafe {
            let (name, len) = (name.as_ptr() as *const _, name.len());
            sys::fsdax_decide(
                self.as_ptr(),
                name,
                len,
                facts,
                ask as u32,
                decision.as_mut_ptr(),
                &mut want,
            )
        });
        // Written only on success; there is no other error than that something is wanted.
        Want::or(result, want, || Decision::from_raw(unsafe { decision.assume_init() }))
            .unwrap_or(Err(Want::Stat))
    }

    /// Gather what is needed about the file `name` in the folder `dir`, and decide. Facts that
    /// are `known` already, from a `stat`, are not asked for again; their xattrs are not used.
    pub fn decide_at(
        &self,
        dir: BorrowedFd<'_>,
        name: &CStr,
        known: Option<&Facts<'_>>,
    ) -> io::Result<Decision> {
        self.gather(sys::fsdax_decide_at, dir, name, known)
    }

    /// As [`Cursor::decide_at`], for a file that is open; `O_PATH` will do.
    pub fn decide_fd(
        &self,
        file: BorrowedFd<'_>,
        name: &CStr,
        known: Option<&Facts<'_>>,
    ) -> io::Result<Decision> {
        self.gather(sys::fsdax_decide_fd, file, name, known)
    }

    /// Call one of the two functions of the library that gather facts.
    fn gather(
        &self,
        call: sys::gather_fn,
        fd: BorrowedFd<'_>,
        name: &CStr,
        known: Option<&Facts<'_>>,
    ) -> io::Result<Decision> {
        let mut facts = known.map_or_else(|| Facts::default().raw, |facts| facts.raw);
        let mut decision = MaybeUninit::uninit();
        error::check(unsafe {
            let (fd, name) = (fd.as_raw_fd(), name.as_ptr());
            call(self.as_ptr(), fd, name, &mut facts, 0, decision.as_mut_ptr())
        })?;
        Ok(Decision::from_raw(unsafe { decision.assume_init() }))
    }
}

impl Clone for Cursor {
    fn clone(&self) -> Cursor {
        let raw = unsafe { sys::fsdax_cursor_ref(self.as_ptr()) };
        Cursor(NonNull::new(raw).expect("the library gave no cursor"))
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        unsafe { sys::fsdax_cursor_unref(self.as_ptr()) }
    }
}

/// Two cursors that are the same decide alike.
impl PartialEq for Cursor {
    fn eq(&self, other: &Cursor) -> bool {
        self.0 == other.0
    }
}

impl Eq for Cursor {}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({:p}, {:?})", self.0, self.tag())
    }
}
