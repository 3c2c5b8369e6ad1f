// SPDX-License-Identifier: BSD-3-Clause
//! What is wrong with a policy, and where.

use crate::{error, sys};
use std::ffi::{c_void, CStr, OsStr};
use std::fmt;
use std::marker::PhantomData;
use std::ptr;

/// Everything a load had to say, in file and line order.
pub struct Report(*mut sys::fsdax_report);

// Only read once it was made.
unsafe impl Send for Report {}
unsafe impl Sync for Report {}

/// How bad a remark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Belongs to the remark before it.
    Note,
    /// The policy works, perhaps not as meant.
    Warning,
    /// The policy was refused.
    Error,
}

/// One remark. Displayed, it has the line and a caret below it, as a compiler prints it.
pub struct Remark<'a> {
    raw: *const sys::fsdax_remark,
    report: PhantomData<&'a Report>,
}

impl Report {
    /// Takes over what the library made; NULL has no remarks.
    pub(crate) fn from_raw(raw: *mut sys::fsdax_report) -> Report {
        Report(raw)
    }

    /// The number of remarks.
    pub fn len(&self) -> usize {
        unsafe { sys::fsdax_report_count(self.0) }
    }

    /// Whether there was nothing to say.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All remarks.
    pub fn iter(&self) -> impl Iterator<Item = Remark<'_>> {
        (0..self.len()).map(move |i| Remark {
            raw: unsafe { sys::fsdax_report_get(self.0, i) },
            report: PhantomData,
        })
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        unsafe { sys::fsdax_report_free(self.0) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|remark| remark.fmt(f))
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|remark| remark.to_string())).finish()
    }
}

impl<'a> Remark<'a> {
    fn raw(&self) -> &'a sys::fsdax_remark {
        // Lives as long as the report.
        unsafe { &*self.raw }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self.raw().severity {
            0 => Severity::Note,
            1 => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// The policy file, if it is about one.
    pub fn file(&self) -> Option<&'a OsStr> {
        unsafe { error::bytes(self.raw().file) }
    }

    /// The line, from 1; 0 if it is about the whole file.
    pub fn line(&self) -> u32 {
        self.raw().line
    }

    /// The column, from 1, in characters; 0 if it is about the line.
    pub fn column(&self) -> u32 {
        self.raw().column
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &'a str {
        unsafe { error::text(self.raw().message) }.unwrap_or("")
    }

    /// What to do next.
    pub fn hint(&self) -> Option<&'a str> {
        unsafe { error::text(self.raw().hint) }
    }
}

impl fmt::Display for Remark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = ptr::null_mut();
        if unsafe { sys::fsdax_remark_format(self.raw, &mut text) } < 0 {
            return f.write_str(self.message()); // no memory for more
        }
        let result = f.write_str(&unsafe { CStr::from_ptr(text) }.to_string_lossy());
        unsafe { sys::free(text as *mut c_void) };
        result
    }
}
