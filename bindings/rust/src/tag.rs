// SPDX-License-Identifier: BSD-3-Clause
//! Tags: what an admin said about one file or folder.

use crate::{error, sys};
use std::ffi::CStr;
use std::io;
use std::os::unix::io::{AsRawFd, BorrowedFd};

/// What an admin said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Tag {
    /// Nothing: the rules decide.
    None = 0,
    /// No DAX.
    No = 1,
    /// DAX.
    Yes = 2,
}

/// A tag as it stands on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The tag; none if there is no xattr, or one that cannot be read as a tag.
    pub tag: Tag,
    /// A decision written down by `fsdax-ctl apply`, not an admin's word.
    pub by_policy: bool,
    /// There is an xattr, but it is neither yes nor no.
    pub garbage: bool,
}

impl Tag {
    pub(crate) fn from_raw(raw: u32) -> Tag {
        match raw {
            1 => Tag::No,
            2 => Tag::Yes,
            _ => Tag::None,
        }
    }
}

/// Read the tag xattr of `name` in `dir`, or of `dir` itself if `name` is empty.
pub fn read(dir: BorrowedFd<'_>, name: &CStr, xattr: &CStr) -> io::Result<State> {
    let mut raw = sys::fsdax_tag_state { tag: 0, by_policy: false, garbage: false };
    error::check(unsafe {
        sys::fsdax_tag_read(dir.as_raw_fd(), name.as_ptr(), xattr.as_ptr(), &mut raw)
    })?;
    Ok(State { tag: Tag::from_raw(raw.tag), by_policy: raw.by_policy, garbage: raw.garbage })
}

/// Set the tag xattr, or with [`Tag::None`] remove it. Returns whether that changed anything.
pub fn write(dir: BorrowedFd<'_>, name: &CStr, xattr: &CStr, tag: Tag) -> io::Result<bool> {
    let changed = error::check(unsafe {
        let (dir, name) = (dir.as_raw_fd(), name.as_ptr());
        sys::fsdax_tag_write(dir, name, xattr.as_ptr(), tag as u32, 0)
    })?;
    Ok(changed != 0)
}

/// Read `FS_XFLAG_DAX`.
pub fn read_flag(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<bool> {
    let mut dax = false;
    error::check(unsafe { sys::fsdax_flag_read(dir.as_raw_fd(), name.as_ptr(), &mut dax) })?;
    Ok(dax)
}

/// Set or clear `FS_XFLAG_DAX`. Returns whether that changed anything.
pub fn write_flag(dir: BorrowedFd<'_>, name: &CStr, dax: bool) -> io::Result<bool> {
    let changed =
        error::check(unsafe { sys::fsdax_flag_write(dir.as_raw_fd(), name.as_ptr(), dax, 0) })?;
    Ok(changed != 0)
}
