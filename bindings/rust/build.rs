// SPDX-License-Identifier: BSD-3-Clause
//! Find libfsdax by pkg-config, without a crate for it.

use std::process::{exit, Command};

fn pkg_config(what: &str) -> String {
    let program = std::env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
    match Command::new(&program).args([what, "fsdax"]).output() {
        Ok(out) if out.status.success() => String::from_utf8_lossy(&out.stdout).into_owned(),
        Ok(out) => {
            eprintln!("{}", String::from_utf8_lossy(&out.stderr).trim());
            eprintln!("libfsdax is not installed, or PKG_CONFIG_PATH does not lead to its fsdax.pc");
            exit(1);
        }
        Err(err) => {
            eprintln!("cannot run {}: {}; install pkg-config, or set PKG_CONFIG", program, err);
            exit(1);
        }
    }
}

fn main() {
    println!("cargo:rerun-if-env-changed=PKG_CONFIG");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    println!("cargo:rerun-if-changed=build.rs");
    for word in pkg_config("--libs").split_whitespace() {
        if let Some(folder) = word.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={}", folder);
        }
    }
    // The usual folders are left out by pkg-config.
    println!("cargo:rustc-link-lib=dylib=fsdax");
}
