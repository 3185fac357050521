//! Requests about objects of any kind.

use std::sync::Arc;

use ferroflux_manifest::ObjectRef;
use http::{HeaderValue, Request, Response, header};
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use serde_json::{Value, json};

use crate::discovery::{ApiResource, Discovery};
use crate::error::ApiError;
use crate::watches::Watches;

/// One API server, used under one identity. Clones and identities share the connection, what is known of the cluster's
/// kinds, and (per identity) the watches (design D4).
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    discovery: Arc<Discovery>,
    watches: Arc<Watches>,
    user: Option<Arc<str>>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The answer to a request that succeeded.
pub(crate) struct Answer {
    /// The server's clock, for comparison with times in the object.
    pub(crate) date: Option<jiff::Timestamp>,
    pub(crate) body: bytes::Bytes,
}

/// An object as the server returned it.
pub(crate) struct Returned {
    pub(crate) object: Value,
    pub(crate) date: Option<jiff::Timestamp>,
}

impl Cluster {
    /// The cluster of `client`, under the client's own identity.
    pub fn new(client: Client) -> Self {
        Self { client, discovery: Arc::default(), watches: Arc::default(), user: None }
    }

    /// The same cluster as somebody else: requests carry `Impersonate-User` (KC-IMP-01).
    pub fn impersonating(&self, user: &str) -> Self {
        Self { user: Some(user.into()), ..self.clone() }
    }

    /// Whom requests impersonate.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn watches(&self) -> &Arc<Watches> {
        &self.watches
    }

    pub(crate) fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// How objects of a kind are addressed.
    pub async fn resource(&self, object: &ObjectRef) -> Result<ApiResource, ApiError> {
        self.discovery.resource(&self.client, object).await
    }

    /// The path of an object. A namespaced object must have a namespace.
    async fn path(&self, object: &ObjectRef) -> Result<String, ApiError> {
        let resource = self.resource(object).await?;
        if resource.namespaced && object.namespace.is_empty() {
            return Err(ApiError::NoNamespace);
        }
        Ok(resource.path(&object.namespace, Some(&object.name)))
    }

    /// The live object.
    pub async fn get(&self, object: &ObjectRef) -> Result<Value, ApiError> {
        let path = self.path(object).await?;
        self.returned(http::Method::GET, path, None, Vec::new()).await.map(|r| r.object)
    }

    /// Server-side apply with forced ownership.
    pub(crate) async fn apply(&self, id: &ObjectRef, object: &Value, manager: &str, dry_run: bool) -> Result<Returned, ApiError> {
        let mut uri = self.path(id).await?;
        // Objects are written from values, which have no duplicate fields, and an apply refuses unknown ones by itself: the
        // server need not read them a second time for that.
        uri.push_str("?force=true&fieldValidation=Ignore&fieldManager=");
        uri.push_str(manager);
        if dry_run {
            uri.push_str("&dryRun=All");
        }
        let body = serde_json::to_vec(object).map_err(kube::Error::SerdeError)?;
        self.returned(http::Method::PATCH, uri, Some("application/apply-patch+yaml"), body).await
    }

    /// A JSON patch.
    pub(crate) async fn json_patch(&self, id: &ObjectRef, patch: &Value, manager: &str) -> Result<Value, ApiError> {
        let uri = format!("{}?fieldManager={manager}", self.path(id).await?);
        let body = serde_json::to_vec(patch).map_err(kube::Error::SerdeError)?;
        self.returned(http::Method::PATCH, uri, Some("application/json-patch+json"), body).await.map(|r| r.object)
    }

    /// Deletes an object in the background; with a UID only that very object.
    pub(crate) async fn delete(&self, id: &ObjectRef, uid: Option<&str>) -> Result<(), ApiError> {
        let path = self.path(id).await?;
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
        if let Some(uid) = uid {
            options["preconditions"] = json!({"uid": uid});
        }
        let body = serde_json::to_vec(&options).map_err(kube::Error::SerdeError)?;
        self.send(http::Method::DELETE, path, Some("application/json"), body).await.map(drop)
    }

    /// Lists a collection as JSON.
    pub(crate) async fn list(&self, path: &str, query: &str) -> Result<Value, ApiError> {
        let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        self.returned(http::Method::GET, uri, None, Vec::new()).await.map(|r| r.object)
    }

    /// A request with this identity.
    pub(crate) fn request(
        &self,
        method: http::Method,
        uri: String,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Request<Vec<u8>>, ApiError> {
        let mut request = Request::builder().method(method).uri(uri).header(header::ACCEPT, "application/json");
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(user) = &self.user {
            let user = HeaderValue::from_str(user).map_err(|e| kube::Error::HttpError(e.into()))?;
            request = request.header("Impersonate-User", user);
        }
        request.body(body).map_err(|e| kube::Error::HttpError(e).into())
    }

    async fn send(&self, method: http::Method, uri: String, content_type: Option<&str>, body: Vec<u8>) -> Result<Answer, ApiError> {
        let request = self.request(method, uri, content_type, body)?;
        read(self.client.send(request.map(Body::from)).await?).await
    }

    async fn returned(&self, method: http::Method, uri: String, content_type: Option<&str>, body: Vec<u8>) -> Result<Returned, ApiError> {
        let answer = self.send(method, uri, content_type, body).await?;
        let object = serde_json::from_slice(&answer.body).map_err(kube::Error::SerdeError)?;
        Ok(Returned { object, date: answer.date })
    }
}

/// Reads an answer whole. A refusal becomes an error with the server's own status, or with its text where it sent none.
pub(crate) async fn read(response: Response<Body>) -> Result<Answer, ApiError> {
    let code = response.status();
    let date = response.headers().get(header::DATE).and_then(|d| d.to_str().ok()).and_then(|d| jiff::fmt::rfc2822::parse(d).ok());
    let body = response.into_body().collect_bytes().await?;
    if code.is_success() {
        return Ok(Answer { date: date.map(|d| d.timestamp()), body });
    }
    let mut status: Status = serde_json::from_slice(&body).unwrap_or_default();
    if status.message.is_empty() {
        let text = String::from_utf8_lossy(&body);
        let text = text.trim();
        status.message = if text.is_empty() { format!("the server answered {code}") } else { text.chars().take(1024).collect() };
    }
    if status.code == 0 {
        status.code = code.as_u16();
    }
    Err(ApiError::Refused(Box::new(status)))
}
