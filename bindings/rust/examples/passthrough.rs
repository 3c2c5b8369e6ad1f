// SPDX-License-Identifier: BSD-3-Clause
//! passthrough POLICY SHARE - what a virtiofs daemon written in Rust does with the library: it
//! negotiates as a guest with per-inode DAX would ask it to, keeps a cursor per folder, and
//! gives each entry the flag that goes into its attributes. Prints what the replies would have.

use fsdax::{fuse, Cursor, Facts, Policy, Tag};
use std::error::Error;
use std::ffi::CString;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::io::AsFd;
use std::path::{Path, PathBuf};

/// A folder the guest knows: as a daemon has it behind a nodeid.
struct Folder {
    path: PathBuf,
    file: File,
    cursor: Cursor,
}

impl Folder {
    /// LOOKUP of a folder: the tag that it carries counts for what lies below.
    fn enter(&self, name: &CString) -> Result<Folder, Box<dyn Error>> {
        let tag = self.cursor.policy().folder_tag(self.file.as_fd(), name)?;
        let path = self.path.join(std::ffi::OsStr::from_bytes(name.as_bytes()));
        // A daemon opens it below this folder's descriptor; the standard library can't.
        let file = File::open(&path)?;
        Ok(Folder { file, cursor: self.cursor.enter(name.as_bytes(), tag)?, path })
    }
}

/// READDIRPLUS: each entry with its flag, which LOOKUP and GETATTR would give too.
fn read_folder(folder: &Folder, session: &fuse::Session, share: &Path) -> Result<(), Box<dyn Error>> {
    let mut names: Vec<_> = fs::read_dir(&folder.path)?.collect::<Result<_, _>>()?;
    names.sort_by_key(|entry| entry.file_name());
    for entry in names {
        let name = CString::new(entry.file_name().as_bytes())?;
        let metadata = entry.metadata()?; // of a link, not of what it leads to
        let facts = Facts::from_metadata(&metadata);
        let decision = folder.cursor.decide_at(folder.file.as_fd(), &name, Some(&facts))?;
        let flags = session.attr_flags(std::os::unix::fs::MetadataExt::mode(&metadata), &decision);
        let path = entry.path();
        println!("{}\t{}\t{}", flags, decision.reason, path.strip_prefix(share)?.display());
        if metadata.is_dir() {
            read_folder(&folder.enter(&name)?, session, share)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let (policy, share) = match (args.next(), args.next()) {
        (Some(policy), Some(share)) => (PathBuf::from(policy), PathBuf::from(share)),
        _ => return Err("usage: passthrough POLICY SHARE".into()),
    };
    let (policy, warnings) = Policy::load(Some(&policy), None)?;
    eprint!("{}", warnings);

    let asked = fuse::FUSE_MAP_ALIGNMENT | fuse::FUSE_INIT_EXT | fuse::FUSE_HAS_INODE_DAX;
    let (session, _reply) = fuse::Session::negotiate(asked, true);
    let file = File::open(&share)?;
    let tag = policy.folder_tag(file.as_fd(), &CString::default())?;
    let root = Folder { cursor: Cursor::root(&policy, tag)?, file, path: share.clone() };
    debug_assert!(tag == Tag::None || root.cursor.tag() == tag);
    read_folder(&root, &session, &share)
}
