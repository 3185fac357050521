//! Links the command at a fixed address, as Go links the programs that people know from here. A position-independent
//! program first adjusts every address in its tables: for this one that is two hundred pages and half of the time until
//! `main`, at every start. Stack, heap and libraries stay where nobody can foresee; the controllers, which face the
//! network, are position-independent.
//!
//! Of the libraries that Rust's programs load at their start, the one that unwinds the stack is linked in: that is one
//! file less to open and map.
#![allow(clippy::print_stdout, reason = "build scripts speak to Cargo on standard output")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name| std::env::var(name).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
