// SPDX-License-Identifier: BSD-3-Clause
//! Decide, per file, whether a virtiofs guest should use DAX: a safe interface to libfsdax.
//!
//! The flow is that of the C library: load a [`Policy`], keep a [`Cursor`] per folder, decide
//! about each file in it, and turn the [`Decision`] into the flag that goes over the wire with
//! a [`fuse::Session`].
//!
//! ```no_run
//! use fsdax::{Cursor, Policy};
//! use std::{ffi::CString, fs::File, os::unix::io::AsFd};
//!
//! let share = File::open("/srv/share")?;
//! let (policy, warnings) = Policy::load(None, None)?;
//! eprint!("{}", warnings);
//! let tag = policy.folder_tag(share.as_fd(), &CString::default())?;
//! let root = Cursor::root(&policy, tag)?;
//! let decision = root.decide_at(share.as_fd(), &CString::new("vmlinuz")?, None)?;
//! println!("{} because of {}", decision.dax, decision.reason);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Policies and cursors never change: they may be used by any number of threads at a time, and
//! cloning one counts a reference. Errors of the system are [`std::io::Error`]s.
#![warn(missing_docs)]

mod cursor;
mod decision;
mod error;
mod explain;
pub mod fuse;
mod memo;
mod policy;
mod report;
mod slot;
pub mod sys;
pub mod tag;

pub use cursor::Cursor;
pub use decision::{Ask, Decision, Facts, Reason, Want, Xattr};
pub use explain::{Outcome, Step};
pub use memo::Memo;
pub use policy::{LoadError, Policy, Rule, Settings};
pub use report::{Remark, Report, Severity};
pub use slot::Slot;
pub use tag::Tag;

/// The version of the library that is linked, such as "0.1.0".
pub fn version() -> &'static str {
    // A static string of digits and dots.
    unsafe { error::text(sys::fsdax_version()) }.unwrap_or("")
}
