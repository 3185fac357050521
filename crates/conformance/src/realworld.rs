//! The realworld suite.
