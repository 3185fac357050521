//! For the build scripts of programs: relative relocations in packed form.
//!
//! A position-independent program carries a table of the addresses that its loader must adjust, 24 bytes each. That table
//! is read at every start and counts as memory of the process from then on: more than a megabyte for a controller. The
//! packed form (RELR) takes a fortieth of that. The loader must know it: glibc does since 2.36, and refuses to start such a
//! program before. So the packed form is asked for only where the C library of the build machine, which is that of the
//! programs built there, is new enough.

use std::process::Command;

/// The first glibc whose loader reads packed relocations.
const FIRST: (u32, u32) = (2, 36);

/// Tells Cargo to link the binaries of the package with packed relocations, if the program is built for this machine and
/// its C library can read them. To be called by a build script.
#[allow(clippy::print_stdout, reason = "build scripts speak to Cargo on standard output")]
pub fn link_binaries() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name| std::env::var(name).unwrap_or_default();
    let is_native = variable("TARGET") == variable("HOST") && variable("TARGET").ends_with("-linux-gnu");
    if is_native && libc_version().is_some_and(|version| version >= FIRST) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's glibc.
fn libc_version() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    parse(std::str::from_utf8(&output.stdout).ok()?)
}

/// Reads `glibc 2.36`.
fn parse(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(parse("glibc 2.36\n"), Some((2, 36)));
        assert_eq!(parse("glibc 2.35.1"), Some((2, 35)));
        assert_eq!(parse("musl 1.2"), None);
        assert!((2, 35) < FIRST && (2, 41) > FIRST);
    }
}
