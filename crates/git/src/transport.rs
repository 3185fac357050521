//! The two ways to a remote, as gix's blocking transports.

pub(crate) mod http;
pub(crate) mod proxy;
pub(crate) mod ssh;

use std::sync::{Arc, Mutex, PoisonError};

use crate::GitError;

/// The lines before what a server says, over HTTP and in version 1 of the protocol.
const SERVICE: &[u8] = b"001e# service=git-upload-pack\n0000";
const VERSION_1: &[u8] = b"000eversion 1\n";
/// Bytes of a greeting that decide whether it is one of version 1; every greeting has as many.
const GREETING: usize = SERVICE.len() + VERSION_1.len();

/// A greeting of version 1 is one of version 0 after a line that says so. gix takes that line for the first ref, so it
/// goes. `head` is the beginning of the greeting, or all of it.
fn drop_version_1(mut head: Vec<u8>) -> Vec<u8> {
    let at = if head.starts_with(SERVICE) { SERVICE.len() } else { 0 };
    if head[at..].starts_with(VERSION_1) {
        head.drain(at..at + VERSION_1.len());
    }
    head
}

/// Where a transport leaves the error that really happened: gix passes on only its text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<GitError>>>);

impl Failure {
    /// Leaves an error; the first one counts. Answers what to hand to gix.
    pub(crate) fn leave(&self, error: GitError) -> std::io::Error {
        let text = error.to_string();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        std::io::Error::other(text)
    }

    /// Takes it.
    pub(crate) fn take(&self) -> Option<GitError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
