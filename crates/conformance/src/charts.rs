//! The charts suite.
