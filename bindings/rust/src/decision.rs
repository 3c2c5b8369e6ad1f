// SPDX-License-Identifier: BSD-3-Clause
//! What is known of a file, and what follows from it.

use crate::{error, sys};
use std::fs::Metadata;
use std::marker::PhantomData;
use std::os::raw::c_int;
use std::os::unix::fs::MetadataExt;
use std::{fmt, io, ptr};

/// The answer for one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the guest should use DAX.
    pub dax: bool,
    /// What that rests on.
    pub reason: Reason,
    /// The rule that decided, for [`crate::Policy::rule`].
    pub rule: Option<u32>,
    /// The tag xattr holds something that is neither yes nor no, and was ignored.
    pub bad_tag: bool,
}

/// What a decision rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// No rule matched: the policy's default.
    Default = 0,
    /// The last rule that matched.
    Rule = 1,
    /// An xattr on the file itself.
    Tag = 2,
    /// `FS_XFLAG_DAX` on the file itself.
    Flag = 3,
    /// A tag on the nearest tagged folder above.
    FolderTag = 4,
    /// Only regular files can be yes.
    NotRegular = 5,
    /// The daemon cannot map this file.
    Unmappable = 6,
}

/// How much a decision is to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The verdict: facts that cannot change it are not wanted.
    Verdict = 0,
    /// The very rule that wins as well.
    Exact = 1,
}

/// What must be learned before a decision can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// What `stat` says: see [`Facts::from_metadata`].
    Stat,
    /// `FS_XFLAG_DAX`: see [`Facts::inode_flag`].
    Flag,
    /// The xattr of this number in [`crate::Policy::xattrs`].
    Xattr(usize),
}

/// What is known of one xattr.
#[repr(transparent)]
pub struct Xattr<'a>(sys::fsdax_xattr, PhantomData<&'a [u8]>);

/// What is known of one file.
#[derive(Clone)]
pub struct Facts<'a> {
    /// With no xattrs: those are put in for a call.
    pub(crate) raw: sys::fsdax_facts,
    xattrs: &'a [Xattr<'a>],
}

impl Xattr<'_> {
    /// Nobody asked yet.
    pub const UNKNOWN: Xattr<'static> =
        Xattr(sys::fsdax_xattr { state: 0, value: ptr::null(), size: 0 }, PhantomData);
    /// The file has no such xattr.
    pub const ABSENT: Xattr<'static> = Xattr(
        sys::fsdax_xattr { state: sys::FSDAX_XATTR_ABSENT, value: ptr::null(), size: 0 },
        PhantomData,
    );
}

impl<'a> Xattr<'a> {
    /// The file has the xattr, with this value.
    pub fn value(value: &'a [u8]) -> Xattr<'a> {
        let raw = sys::fsdax_xattr {
            state: sys::FSDAX_XATTR_PRESENT,
            value: value.as_ptr() as *const _,
            size: value.len(),
        };
        Xattr(raw, PhantomData)
    }
}

impl Default for Facts<'_> {
    /// Nothing is known.
    fn default() -> Self {
        let raw = sys::fsdax_facts {
            mask: 0,
            mode: 0,
            uid: 0,
            gid: 0,
            nlink: 0,
            inode_flag: false,
            size: 0,
            mtime: 0,
            now: 0,
            xattrs: ptr::null(),
            n_xattrs: 0,
        };
        Facts { raw, xattrs: &[] }
    }
}

impl<'a> Facts<'a> {
    /// Put down what `stat` says; sizes in bytes, times in seconds since the epoch.
    pub fn stat(mut self, mode: u32, uid: u32, gid: u32, nlink: u32, size: u64, mtime: i64) -> Self {
        self.raw.mask |= sys::FSDAX_FACT_STAT;
        self.raw.mode = mode;
        self.raw.uid = uid;
        self.raw.gid = gid;
        self.raw.nlink = nlink;
        self.raw.size = size;
        self.raw.mtime = mtime;
        self
    }

    /// Put down what the standard library knows of a file (not of what a link leads to).
    pub fn from_metadata(metadata: &Metadata) -> Self {
        Facts::default().stat(
            metadata.mode(),
            metadata.uid(),
            metadata.gid(),
            metadata.nlink().try_into().unwrap_or(u32::MAX),
            metadata.size(),
            metadata.mtime(),
        )
    }

    /// Whether `FS_XFLAG_DAX` is set.
    pub fn inode_flag(mut self, set: bool) -> Self {
        self.raw.mask |= sys::FSDAX_FACT_FLAG;
        self.raw.inode_flag = set;
        self
    }

    /// Seconds since the epoch, for rules about ages; without it none of them matches.
    pub fn now(mut self, now: i64) -> Self {
        self.raw.now = now;
        self
    }

    /// The daemon cannot map this file.
    pub fn unmappable(mut self) -> Self {
        self.raw.mask |= sys::FSDAX_FACT_UNMAPPABLE;
        self
    }

    /// The xattrs, by their numbers in [`crate::Policy::xattrs`]; those past the end are unknown.
    pub fn xattrs(mut self, xattrs: &'a [Xattr<'a>]) -> Self {
        self.xattrs = xattrs;
        self
    }

    /// Call with the C form of all facts, which lives for the call.
    pub(crate) fn with_raw<R>(&self, call: impl FnOnce(*const sys::fsdax_facts) -> R) -> R {
        let mut raw = self.raw;
        raw.xattrs = self.xattrs.as_ptr() as *const sys::fsdax_xattr;
        raw.n_xattrs = self.xattrs.len();
        call(&raw)
    }
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facts(mode {:o}, size {})", self.raw.mode, self.raw.size)
    }
}

impl Want {
    /// What a call of the library means that returned `result` and `want`.
    pub(crate) fn or(
        result: c_int,
        want: c_int,
        decision: impl FnOnce() -> Decision,
    ) -> io::Result<Result<Decision, Want>> {
        match error::check(result) {
            Ok(_) => Ok(Ok(decision())),
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => Ok(Err(match want {
                sys::FSDAX_WANT_STAT => Want::Stat,
                sys::FSDAX_WANT_FLAG => Want::Flag,
                number => Want::Xattr(number as usize),
            })),
            Err(err) => Err(err),
        }
    }
}

impl Decision {
    pub(crate) fn from_raw(raw: sys::fsdax_decision) -> Decision {
        Decision {
            dax: raw.dax,
            reason: Reason::from_raw(raw.reason),
            rule: (raw.rule != sys::FSDAX_NO_RULE).then_some(raw.rule),
            bad_tag: raw.flags & sys::FSDAX_DECISION_BAD_TAG != 0,
        }
    }

    pub(crate) fn to_raw(self) -> sys::fsdax_decision {
        sys::fsdax_decision {
            dax: self.dax,
            reason: self.reason as u8,
            flags: if self.bad_tag { sys::FSDAX_DECISION_BAD_TAG } else { 0 },
            rule: self.rule.unwrap_or(sys::FSDAX_NO_RULE),
        }
    }

    /// Merge what two names of one inode say: no beats yes.
    pub fn merge(self, other: Decision) -> Decision {
        Decision::from_raw(unsafe { sys::fsdax_decision_merge(self.to_raw(), other.to_raw()) })
    }
}

impl Reason {
    fn from_raw(raw: u8) -> Reason {
        match raw {
            1 => Reason::Rule,
            2 => Reason::Tag,
            3 => Reason::Flag,
            4 => Reason::FolderTag,
            5 => Reason::NotRegular,
            6 => Reason::Unmappable,
            _ => Reason::Default,
        }
    }

    /// The name that `fsdax-ctl` prints too.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Default => "default",
            Reason::Rule => "rule",
            Reason::Tag => "tag",
            Reason::Flag => "flag",
            Reason::FolderTag => "folder-tag",
            Reason::NotRegular => "not-regular",
            Reason::Unmappable => "unmappable",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
