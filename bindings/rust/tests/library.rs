// SPDX-License-Identifier: BSD-3-Clause
//! Against the library that is installed.

use fsdax::{Ask, Cursor, Facts, Memo, Outcome, Policy, Reason, Severity, Slot, Tag, Want, Xattr};
use std::ffi::CString;
use std::fs::{self, File};
use std::os::unix::io::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

const FILE: u32 = 0o100644;

fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

fn parse(text: &str) -> Policy {
    let (policy, report) = Policy::parse(&c("test.ini"), text.as_bytes()).expect("a good policy");
    assert!(report.is_empty(), "{}", report);
    policy
}

fn sized(size: u64) -> Facts<'static> {
    Facts::default().stat(FILE, 0, 0, 1, size, 0)
}

/// A folder of the test's own, removed when it ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("fsdax-rust-{}-{}", name, std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn rules_decide_and_have_names() {
    let policy = parse("[tag]\nxattr = none\n[rule big]\nsize = >=1M\ndax = yes\n");
    let root = Cursor::root(&policy, Tag::None).unwrap();
    let big = root.decide(b"a", &sized(1 << 20), Ask::Exact).unwrap();
    assert!(big.dax);
    assert_eq!(big.reason, Reason::Rule);
    let rule = policy.rule(big.rule.unwrap()).unwrap();
    assert_eq!((rule.name.to_str(), rule.line, rule.dax), (Some("big"), 3, true));
    let small = root.decide(b"a", &sized((1 << 20) - 1), Ask::Exact).unwrap();
    assert_eq!((small.dax, small.reason, small.rule), (false, Reason::Default, None));
    assert_eq!(policy.rules(), 1);
    assert!(policy.rule(1).is_none());
}

#[test]
fn what_is_not_known_is_wanted() {
    let policy = parse("[policy]\ndefault = yes\n[tag]\nxattr = user.fsdax\n");
    let root = Cursor::root(&policy, Tag::None).unwrap();
    assert_eq!(root.decide(b"a", &Facts::default(), Ask::Verdict), Err(Want::Stat));
    assert_eq!(root.decide(b"a", &sized(1), Ask::Verdict), Err(Want::Xattr(0)));
    assert_eq!(policy.xattrs().collect::<Vec<_>>(), [c("user.fsdax").as_c_str()]);
    let no = [Xattr::value(b"no")];
    let decision = root.decide(b"a", &sized(1).xattrs(&no), Ask::Verdict).unwrap();
    assert_eq!((decision.dax, decision.reason), (false, Reason::Tag));
    let absent = [Xattr::ABSENT];
    assert!(root.decide(b"a", &sized(1).xattrs(&absent), Ask::Verdict).unwrap().dax);
    let garbage = [Xattr::value(b"perhaps")];
    assert!(root.decide(b"a", &sized(1).xattrs(&garbage), Ask::Verdict).unwrap().bad_tag);
}

#[test]
fn paths_and_folders_agree() {
    let policy = parse("[tag]\nxattr = none\n[rule models]\npath = /models/**\ndax = yes\n");
    let root = Cursor::root(&policy, Tag::None).unwrap();
    let models = root.enter(b"models", Tag::None).unwrap();
    assert!(models.decide(b"a", &sized(1), Ask::Verdict).unwrap().dax);
    assert!(!root.decide(b"a", &sized(1), Ask::Verdict).unwrap().dax);
    let by_path = |path: &[u8]| policy.decide_path(path, Tag::None, &sized(1), Ask::Verdict);
    assert!(by_path(b"models/a").unwrap().unwrap().dax);
    assert!(!by_path(b"a").unwrap().unwrap().dax);
    assert!(by_path(b"models/../a").is_err());
    assert!(root.enter(b"..", Tag::None).is_err());
    assert!(root.enter(b"a/b", Tag::None).is_err());
    assert_eq!(root.enter(b"x", Tag::Yes).unwrap().tag(), Tag::Yes);
}

#[test]
fn mistakes_have_places() {
    let err = Policy::parse(&c("bad.ini"), b"[rule a]\npath = /x[\ndax = yes\n").unwrap_err();
    let remark = err.report.iter().find(|r| r.severity() == Severity::Error).expect("an error");
    assert_eq!((remark.file().unwrap().to_str(), remark.line()), (Some("bad.ini"), 2));
    assert!(remark.column() > 0 && !remark.message().is_empty());
    assert!(err.to_string().starts_with("bad.ini:2:"), "{}", err);
    let err = Policy::load(Some(Path::new("/nowhere/at/all")), None).unwrap_err();
    assert_eq!(err.error.kind(), std::io::ErrorKind::NotFound);
    assert!(Policy::load(Some(Path::new("with\0nul")), None).is_err());
}

#[test]
fn tags_on_disk() {
    let scratch = Scratch::new("tags");
    let dir = File::open(&scratch.0).unwrap();
    let (name, xattr) = (c("file"), c("user.fsdax"));
    fs::write(scratch.0.join("file"), "x").unwrap();
    match fsdax::tag::write(dir.as_fd(), &name, &xattr, Tag::Yes) {
        Ok(changed) => assert!(changed),
        Err(err) => return eprintln!("not tested: this file system has no user xattrs: {}", err),
    }
    assert!(!fsdax::tag::write(dir.as_fd(), &name, &xattr, Tag::Yes).unwrap());
    assert_eq!(fsdax::tag::read(dir.as_fd(), &name, &xattr).unwrap().tag, Tag::Yes);
    let root = Cursor::root(&parse("[tag]\nxattr = user.fsdax\n"), Tag::None).unwrap();
    let decision = root.decide_at(dir.as_fd(), &name, None).unwrap();
    assert_eq!((decision.dax, decision.reason), (true, Reason::Tag));
    let file = File::open(scratch.0.join("file")).unwrap();
    let facts = Facts::from_metadata(&file.metadata().unwrap());
    assert_eq!(root.decide_fd(file.as_fd(), &name, Some(&facts)).unwrap(), decision);
    assert!(root.decide_at(dir.as_fd(), &c("absent"), None).is_err());
}

#[test]
fn explained_condition_by_condition() {
    let policy = parse("[tag]\nxattr = none\n[rule a]\nsize = >=4K\npath = *.bin\ndax = yes\n");
    let root = Cursor::root(&policy, Tag::None).unwrap();
    let mut keys = Vec::new();
    let decision = root
        .explain(&c("x.bin"), b"x.bin", &sized(4096), &mut |step| {
            assert_eq!(step.outcome, Outcome::Matched);
            keys.push(step.key.unwrap_or("(rule)").to_string());
        })
        .unwrap();
    assert!(decision.dax);
    keys.sort();
    assert_eq!(keys, ["(rule)", "path", "size"]);
    let panics = std::panic::catch_unwind(|| {
        root.explain(&c("x"), b"x", &sized(1), &mut |_| panic!("on purpose"))
    });
    assert!(panics.is_err());
}

#[test]
fn a_memo_holds_until_something_changes() {
    let policy = parse("[tag]\nxattr = none\n");
    let root = Cursor::root(&policy, Tag::None).unwrap();
    let decision = root.decide(b"a", &sized(1), Ask::Verdict).unwrap();
    let mut memo = Memo::new();
    assert_eq!(memo.find(&root, 5, 6), None);
    memo.keep(&root, 5, 6, UNIX_EPOCH + Duration::from_secs(9), decision);
    assert_eq!(memo.find(&root, 5, 6), Some(decision));
    assert_eq!(memo.find(&root, 5, 7), None);
    assert_eq!(memo.find(&root.enter(b"d", Tag::Yes).unwrap(), 5, 6), None);
    memo.clear();
    assert_eq!(memo.find(&root, 5, 6), None);
    // A second change could share a ctime that is as young as this.
    memo.keep(&root, 5, 6, UNIX_EPOCH + Duration::new(5, 7), decision);
    assert_eq!(memo.find(&root, 5, 6), None);
}

#[test]
fn a_policy_is_swapped_under_threads() {
    let (no, yes) = (parse("[policy]\ndefault = no\n"), parse("[policy]\ndefault = yes\n"));
    let slot = Slot::new(&no).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    let root = Cursor::root(&slot.get(), Tag::None).unwrap();
                    let absent = [Xattr::ABSENT];
                    root.decide(b"a", &sized(1).xattrs(&absent), Ask::Verdict).unwrap();
                }
            });
        }
        for i in 0..2000 {
            slot.swap(if i % 2 == 0 { &yes } else { &no });
        }
    });
    assert_eq!(slot.generation(), 2000);
    assert!(!slot.get().settings().default_dax);
}

#[test]
fn names_agree_on_no() {
    let policy = parse("[tag]\nxattr = none\n[rule a]\npath = a\ndax = yes\n");
    let root = Cursor::root(&policy, Tag::None).unwrap();
    let yes = root.decide(b"a", &sized(1), Ask::Exact).unwrap();
    let no = root.decide(b"b", &sized(1), Ask::Exact).unwrap();
    assert_eq!(yes.merge(no), no);
    assert_eq!(no.merge(yes), no);
    assert_eq!(yes.merge(yes), yes);
}

/// What the C headers say, as a program that was compiled with them prints it: layouts, and all
/// that can be negotiated. $FSDAX_C_SAYS names the file.
#[test]
fn as_the_c_headers_say() {
    let said = match std::env::var("FSDAX_C_SAYS") {
        Ok(file) => fs::read_to_string(file).unwrap(),
        Err(_) => return eprintln!("not tested: no FSDAX_C_SAYS"),
    };
    assert_eq!(said, layouts() + &negotiations());
}

macro_rules! layout {
    ($text:ident, $type:ident, $($field:ident),*) => {
        let uninit = std::mem::MaybeUninit::<fsdax::sys::$type>::uninit();
        let base = uninit.as_ptr();
        $text += &format!("{} {}", stringify!($type), std::mem::size_of::<fsdax::sys::$type>());
        $($text += &format!(" {}", unsafe {
            std::ptr::addr_of!((*base).$field) as usize - base as usize
        });)*
        $text += "\n";
    };
}

fn layouts() -> String {
    let mut text = String::new();
    layout!(text, fsdax_decision, dax, reason, flags, rule);
    layout!(text, fsdax_remark, severity, file, line, column, width, message, hint, text);
    layout!(text, fsdax_rule_info, name, file, line, dax);
    layout!(text, fsdax_settings, default_dax, inode_flag, tag_xattr, page_size, chunk_size,
        descriptor_size);
    layout!(text, fsdax_xattr, state, value, size);
    layout!(text, fsdax_facts, mask, mode, uid, gid, nlink, inode_flag, size, mtime, now, xattrs,
        n_xattrs);
    layout!(text, fsdax_memo, cursor, ctime_sec, ctime_nsec, decision);
    layout!(text, fsdax_step, rule, key, wanted, found, line, outcome, exclude);
    layout!(text, fsdax_tag_state, tag, by_policy, garbage);
    text
}

fn negotiations() -> String {
    use fsdax::fuse::*;
    let mut text = String::new();
    for bits in 0..16u64 {
        let on = |bit: u32| bits >> bit & 1 != 0;
        let flags = if on(0) { FUSE_MAP_ALIGNMENT } else { 0 } | if on(1) { FUSE_INIT_EXT } else { 0 };
        let flags2 = if on(2) { (FUSE_HAS_INODE_DAX >> 32) as u32 } else { 0 };
        let asked = init_flags(flags as u32, on(3).then_some(flags2));
        for window in [false, true] {
            let (session, reply) = Session::negotiate(asked, window);
            text += &format!("{:x} {:x} {}", asked, reply.flags, reply.map_alignment);
            for mode in [0o100644, 0o040755, 0o120777] {
                for dax in [false, true] {
                    let policy = parse(&format!(
                        "[policy]\ndefault = {}\n[tag]\nxattr = none\n",
                        if dax { "yes" } else { "no" }
                    ));
                    let root = Cursor::root(&policy, Tag::None).unwrap();
                    let facts = Facts::default().stat(0o100644, 0, 0, 1, 1, 0);
                    let decision = root.decide(b"a", &facts, Ask::Verdict).unwrap();
                    text += &format!(" {}", session.attr_flags(mode, &decision));
                }
            }
            text += "\n";
        }
    }
    text
}

#[test]
fn the_version_is_the_crate_s() {
    let mut version = env!("CARGO_PKG_VERSION").split('.');
    let mut library = fsdax::version().split('.');
    assert_eq!(version.next(), library.next());
}
