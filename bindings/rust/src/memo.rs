// SPDX-License-Identifier: BSD-3-Clause
//! Decisions kept with an inode.

use crate::{sys, Cursor, Decision};
use std::ptr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A decision kept with an inode, so that a reply costs no system call: it holds while the
/// inode's ctime and the folder's cursor stay the same. For an inode with several names keep
/// only what [`Decision::merge`] makes of all of them.
pub struct Memo(sys::fsdax_memo);

// The cursor it keeps is immutable, and counted by an atomic.
unsafe impl Send for Memo {}
unsafe impl Sync for Memo {}

impl Default for Memo {
    fn default() -> Memo {
        Memo::new()
    }
}

impl Memo {
    /// With nothing kept.
    pub const fn new() -> Memo {
        Memo(sys::fsdax_memo {
            cursor: ptr::null_mut(),
            ctime_sec: 0,
            ctime_nsec: 0,
            decision: sys::fsdax_decision { dax: false, reason: 0, flags: 0, rule: 0 },
        })
    }

    /// What is kept, if it answers for this cursor and ctime.
    pub fn find(&self, cursor: &Cursor, ctime_sec: i64, ctime_nsec: u32) -> Option<Decision> {
        let kept = self.0.cursor == cursor.as_ptr()
            && self.0.ctime_sec == ctime_sec
            && self.0.ctime_nsec == ctime_nsec;
        kept.then(|| Decision::from_raw(self.0.decision))
    }

    /// Keep a decision, unless it could go stale unseen. `now`: read before the facts were
    /// gathered.
    pub fn keep(
        &mut self,
        cursor: &Cursor,
        ctime_sec: i64,
        ctime_nsec: u32,
        now: SystemTime,
        decision: Decision,
    ) {
        // Before the epoch: the clock is not set, and nothing that is younger is kept.
        let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let seconds = now.as_secs().try_into().unwrap_or(i64::MAX);
        unsafe {
            sys::fsdax_memo_keep(
                &mut self.0,
                cursor.as_ptr(),
                ctime_sec,
                ctime_nsec,
                seconds,
                now.subsec_nanos(),
                decision.to_raw(),
            )
        }
    }

    /// Forget what is kept.
    pub fn clear(&mut self) {
        unsafe { sys::fsdax_memo_clear(&mut self.0) }
    }
}

impl Drop for Memo {
    fn drop(&mut self) {
        self.clear();
    }
}
