//! The two ways to a remote, as gix's blocking transports.

pub(crate) mod http;
pub(crate) mod proxy;
pub(crate) mod ssh;

use std::sync::{Arc, Mutex, PoisonError};

use crate::GitError;

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
