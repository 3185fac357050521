//! The functions suite.
