//! What can go wrong, in the words that Flux uses (KC-APPLY-11).

use ferroflux_manifest::ObjectRef;
use kube::core::Status;

/// A request that failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The API server refused it.
    #[error("{}", .0.message)]
    Refused(Box<Status>),
    /// It got no answer, or none that can be read.
    #[error("{}", told(.0))]
    Transport(#[from] kube::Error),
    /// The cluster does not know the kind.
    #[error("no matches for kind {kind:?} in version {api_version:?}")]
    NoSuchKind {
        /// The kind.
        kind: String,
        /// The version it was asked for in.
        api_version: String,
    },
    /// A namespaced object without a namespace. The text is the API server's for such a request.
    #[error("the server could not find the requested resource")]
    NoNamespace,
}

/// What the API server said, or what kept it from answering, down to the cause; the library's own text repeats the whole
/// status of a refusal and leaves out the causes of everything else.
pub fn told(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        return status.message.clone();
    }
    let text = error.to_string();
    let mut text = text.strip_prefix("ServiceError: ").unwrap_or(&text).to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

impl ApiError {
    /// The HTTP status code of a refusal, 404 for a request that could not name its namespace, else 0.
    pub fn code(&self) -> u16 {
        match self {
            Self::Refused(status) => status.code,
            Self::NoNamespace => 404,
            Self::Transport(_) | Self::NoSuchKind { .. } => 0,
        }
    }

    /// The API server's reason, a CamelCase word; empty for other failures.
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused(status) => {
                let causes = status.details.as_ref().map(|d| d.causes.as_slice()).unwrap_or_default();
                if causes.iter().any(|c| c.reason == "FieldManagerConflict") { "FieldManagerConflict" } else { &status.reason }
            }
            _ => "",
        }
    }

    /// Whether a dry-run failed because a field cannot be changed: conflicts, invalid objects, and what webhooks and
    /// validation rules say in words (KC-APPLY-09).
    pub fn is_immutable(&self) -> bool {
        let text = self.to_string();
        matches!(self.code(), 409 | 422) || text.contains("is immutable") || text.contains("immutable field")
    }

    /// Whether the object is not there.
    pub fn is_not_found(&self) -> bool {
        self.code() == 404
    }
}

/// An apply that failed. The text names the object.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The object was refused before anything was written.
    #[error("{}", dry_run_text(.object, .error))]
    DryRun {
        /// The object.
        object: Box<ObjectRef>,
        /// Why.
        error: ApiError,
    },
    /// The object was refused when it was written.
    #[error("{object} apply failed: {error}")]
    Apply {
        /// The object.
        object: Box<ObjectRef>,
        /// Why.
        error: ApiError,
    },
    /// The live object could not be read.
    #[error("{object} query failed: {error}")]
    Query {
        /// The object.
        object: Box<ObjectRef>,
        /// Why.
        error: ApiError,
    },
    /// The leavings of other field managers could not be removed.
    #[error("{object} metadata.managedFields cleanup failed: {error}")]
    Cleanup {
        /// The object.
        object: Box<ObjectRef>,
        /// Why.
        error: ApiError,
    },
    /// The managed fields could not be moved to the new API version.
    #[error("{object} failed to migrate API version: {error}")]
    Migrate {
        /// The object.
        object: Box<ObjectRef>,
        /// Why.
        error: ApiError,
    },
    /// An object with an immutable change could not be deleted.
    #[error("{object} immutable field detected, failed to delete object: {error}")]
    Recreate {
        /// The object.
        object: Box<ObjectRef>,
        /// Why.
        error: ApiError,
    },
}

fn dry_run_text(object: &ObjectRef, error: &ApiError) -> String {
    if error.is_not_found() {
        let what = if object.namespace.is_empty() { "namespace not specified" } else { "not found" };
        return format!("{object} {what}: {error}");
    }
    match error.reason() {
        "" => format!("{object} dry-run failed: {error}"),
        reason => format!("{object} dry-run failed ({reason}): {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::response::{StatusCause, StatusDetails};

    fn refused(code: u16, reason: &str, message: &str) -> ApiError {
        ApiError::Refused(Box::new(Status { code, reason: reason.into(), message: message.into(), ..Status::default() }))
    }

    fn text(namespace: &str, error: ApiError) -> String {
        ApplyError::DryRun { object: Box::new(ObjectRef::new("v1", "ConfigMap", namespace, "a")), error }.to_string()
    }

    /// KC-APPLY-11: the words of a dry-run that was refused.
    #[test]
    fn dry_run_texts() {
        assert_eq!(text("ns", refused(422, "Invalid", "no")), "ConfigMap/ns/a dry-run failed (Invalid): no");
        assert_eq!(
            text("ns", refused(404, "NotFound", "namespaces \"ns\" not found")),
            "ConfigMap/ns/a not found: namespaces \"ns\" not found"
        );
        assert_eq!(
            text("", ApiError::NoNamespace),
            "ConfigMap/a namespace not specified: the server could not find the requested resource"
        );
        let unknown = ApiError::NoSuchKind { kind: "Foo".into(), api_version: "x.io/v1".into() };
        assert_eq!(text("ns", unknown), "ConfigMap/ns/a dry-run failed: no matches for kind \"Foo\" in version \"x.io/v1\"");
        let cause = StatusCause { reason: "FieldManagerConflict".into(), message: String::new(), field: String::new() };
        let details = StatusDetails {
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: vec![cause],
            retry_after_seconds: 0,
        };
        let conflict = ApiError::Refused(Box::new(Status {
            code: 409,
            reason: "Conflict".into(),
            message: "m".into(),
            details: Some(details),
            ..Status::default()
        }));
        assert_eq!(text("ns", conflict), "ConfigMap/ns/a dry-run failed (FieldManagerConflict): m");
    }

    /// KC-APPLY-09: what counts as a change of an immutable field.
    #[test]
    fn immutable() {
        assert!(refused(422, "Invalid", "x").is_immutable());
        assert!(refused(409, "Conflict", "x").is_immutable());
        assert!(refused(403, "Forbidden", "spec.size: field is immutable").is_immutable());
        assert!(refused(400, "BadRequest", "this is an immutable field").is_immutable());
        assert!(!refused(403, "Forbidden", "not allowed").is_immutable());
    }
}
