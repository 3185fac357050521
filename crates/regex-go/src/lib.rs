//! RE2 syntax on top of the regex crate
