//! The source controller
