// SPDX-License-Identifier: BSD-3-Clause
//! A policy that can be replaced while threads decide by it.

use crate::{error, sys, Policy};
use std::io;
use std::ptr::{self, NonNull};

/// Holds the policy in force. Any number of threads may use it.
pub struct Slot(NonNull<sys::fsdax_slot>);

// The library locks.
unsafe impl Send for Slot {}
unsafe impl Sync for Slot {}

impl Slot {
    /// With this policy in force.
    pub fn new(policy: &Policy) -> io::Result<Slot> {
        let mut slot = ptr::null_mut();
        error::check(unsafe { sys::fsdax_slot_new(policy.as_ptr(), &mut slot) })?;
        Ok(Slot(NonNull::new(slot).expect("the library gave no slot")))
    }

    /// The policy in force.
    pub fn get(&self) -> Policy {
        unsafe { Policy::from_raw(sys::fsdax_slot_get(self.0.as_ptr())) }
    }

    /// Put another policy in force.
    pub fn swap(&self, policy: &Policy) {
        unsafe { sys::fsdax_slot_swap(self.0.as_ptr(), policy.as_ptr()) }
    }

    /// How often the policy was swapped.
    pub fn generation(&self) -> u64 {
        unsafe { sys::fsdax_slot_generation(self.0.as_ptr()) }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        unsafe { sys::fsdax_slot_free(self.0.as_ptr()) }
    }
}
