//! The Go template language with the functions that Helm gives it
