//! The command `ferroflux`.
fn main() {}
