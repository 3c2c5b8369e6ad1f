// SPDX-License-Identifier: BSD-3-Clause
//! From a decision to what goes over the wire, in terms of `<linux/fuse.h>`.
//!
//! The rules it keeps, each of them learned from what guest kernels do: nothing is flagged
//! unless the guest asked for per-inode DAX *and* there is a window; a folder is never flagged;
//! and every reply that carries attributes must come through [`Session::attr_flags`], or the
//! guest throws the inode out of its cache at each reply that disagrees.

use crate::Decision;

/// `fuse_attr.flags`: the guest should use DAX for this file.
pub const FUSE_ATTR_DAX: u32 = 1 << 1;
/// `FUSE_INIT`: mappings must be aligned, and so may be made.
pub const FUSE_MAP_ALIGNMENT: u64 = 1 << 26;
/// `FUSE_INIT`: there is a second word of flags.
pub const FUSE_INIT_EXT: u64 = 1 << 30;
/// `FUSE_INIT`: DAX may be decided per inode.
pub const FUSE_HAS_INODE_DAX: u64 = 1 << 33;
/// log2 of the alignment of mappings. Guests accept 12; larger ones break `stat`.
pub const MAP_ALIGNMENT: u16 = 12;

const S_IFMT: u32 = 0o170000;
const S_IFREG: u32 = 0o100000;

/// What a guest and the daemon agreed on in `FUSE_INIT`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Mappings may be made.
    pub window: bool,
    /// [`FUSE_ATTR_DAX`] may be sent.
    pub inode_dax: bool,
}

/// What of DAX goes into the reply to `FUSE_INIT`: bits to be set beside others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InitReply {
    /// For `flags`, and from bit 32 on for `flags2`.
    pub flags: u64,
    /// `map_alignment`; 0 if there is no window.
    pub map_alignment: u16,
}

/// All 64 flag bits of a `FUSE_INIT` request; a request that is too short has no `flags2`.
pub fn init_flags(flags: u32, flags2: Option<u32>) -> u64 {
    match flags2 {
        Some(more) if u64::from(flags) & FUSE_INIT_EXT != 0 => {
            u64::from(flags) | u64::from(more) << 32
        }
        _ => u64::from(flags),
    }
}

impl Session {
    /// Negotiate. `asked`: [`init_flags`] of the request; `window`: whether the daemon can
    /// serve `FUSE_SETUPMAPPING`. A guest mounted with dax=always gets a window and no
    /// per-inode DAX, one with dax=never asks for neither.
    pub fn negotiate(asked: u64, window: bool) -> (Session, InitReply) {
        let mut reply = InitReply::default();
        if !window || asked & FUSE_MAP_ALIGNMENT == 0 {
            return (Session::default(), reply);
        }
        reply.flags |= FUSE_MAP_ALIGNMENT;
        reply.map_alignment = MAP_ALIGNMENT;
        let inode_dax = asked & FUSE_INIT_EXT != 0 && asked & FUSE_HAS_INODE_DAX != 0;
        if inode_dax {
            reply.flags |= FUSE_INIT_EXT | FUSE_HAS_INODE_DAX;
        }
        (Session { window: true, inode_dax }, reply)
    }

    /// The value of `fuse_attr.flags` that goes with a decision about a file of this mode.
    pub fn attr_flags(&self, mode: u32, decision: &Decision) -> u32 {
        if self.window && self.inode_dax && mode & S_IFMT == S_IFREG && decision.dax {
            return FUSE_ATTR_DAX;
        }
        0
    }
}
