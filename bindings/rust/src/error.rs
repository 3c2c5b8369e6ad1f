// SPDX-License-Identifier: BSD-3-Clause
//! From what the C functions return to what Rust expects.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::raw::{c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A negative errno is an error; everything else is an answer.
pub(crate) fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        return Err(io::Error::from_raw_os_error(-result));
    }
    Ok(result)
}

/// A path for C, which cannot have a NUL in it.
pub(crate) fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "the path has a NUL byte in it")
    })
}

/// A string of the library that is UTF-8; None for NULL.
///
/// # Safety
/// `text` is NULL, or ends in a NUL and lives as long as `'a`.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    CStr::from_ptr(text).to_str().ok()
}

/// A string of the library that may have any bytes; None for NULL.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn bytes<'a>(text: *const c_char) -> Option<&'a OsStr> {
    if text.is_null() {
        return None;
    }
    Some(OsStr::from_bytes(CStr::from_ptr(text).to_bytes()))
}
