//! The source-controller process.
fn main() {}
