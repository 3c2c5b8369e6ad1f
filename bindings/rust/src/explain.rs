// SPDX-License-Identifier: BSD-3-Clause
//! How a decision came about, condition by condition.

use crate::{error, sys, Cursor, Decision, Facts};
use std::any::Any;
use std::ffi::{c_void, CStr, OsStr};
use std::mem::MaybeUninit;
use std::os::raw::c_int;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::io;

/// How one condition of one rule went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did not hold.
    Failed,
    /// It held.
    Matched,
    /// The fact was not given.
    Unknown,
}

/// One condition of one rule, compared; or with no key the rule as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The rule, for [`crate::Policy::rule`].
    pub rule: u32,
    /// "size", "path" and so on.
    pub key: Option<&'a str>,
    /// The value in the policy.
    pub wanted: Option<&'a OsStr>,
    /// What it was compared with.
    pub found: Option<&'a OsStr>,
    /// The line of the condition, or of the rule.
    pub line: u32,
    /// How it went.
    pub outcome: Outcome,
    /// A pattern that started with '!'.
    pub exclude: bool,
}

struct Call<'f> {
    step: &'f mut dyn FnMut(&Step<'_>),
    panic: Option<Box<dyn Any + Send>>,
}

/// # Safety
/// Called by the library, with the data that [`Cursor::explain`] gave it.
unsafe extern "C" fn forward(data: *mut c_void, raw: *const sys::fsdax_step) -> c_int {
    let call = &mut *(data as *mut Call<'_>);
    let raw = &*raw;
    let step = Step {
        rule: raw.rule,
        key: error::text(raw.key),
        wanted: error::bytes(raw.wanted),
        found: error::bytes(raw.found),
        line: raw.line,
        outcome: match raw.outcome {
            0 => Outcome::Failed,
            1 => Outcome::Matched,
            _ => Outcome::Unknown,
        },
        exclude: raw.exclude,
    };
    // A panic must not go through C; it goes on behind it.
    match catch_unwind(AssertUnwindSafe(|| (call.step)(&step))) {
        Ok(()) => 0,
        Err(panic) => {
            call.panic = Some(panic);
            1
        }
    }
}

impl Cursor {
    /// Decide, naming the very rule that wins, and call `step` for every condition of every
    /// rule, the last rule first. `path`: of the file below the share's root, for the texts.
    pub fn explain(
        &self,
        path: &CStr,
        name: &[u8],
        facts: &Facts<'_>,
        step: &mut dyn FnMut(&Step<'_>),
    ) -> io::Result<Decision> {
        let mut decision = MaybeUninit::uninit();
        let mut call = Call { step, panic: None };
        let result = facts.with_raw(|facts| unsafe {
            sys::fsdax_explain(
                self.as_ptr(),
                path.as_ptr(),
                name.as_ptr() as *const _,
                name.len(),
                facts,
                forward,
                &mut call as *mut Call<'_> as *mut c_void,
                decision.as_mut_ptr(),
            )
        });
        if let Some(panic) = call.panic {
            resume_unwind(panic);
        }
        error::check(result)?;
        Ok(Decision::from_raw(unsafe { decision.assume_init() }))
    }
}
