//! Documents that the schemas of charts refer to.

use ferroflux_helm_chart::SchemaLoader;
use ferroflux_kustomize::RemoteLoader;

use crate::remote::OnDemand;

/// The largest document that is taken.
const MAX_BYTES: usize = 10 << 20;

/// Fetches documents over http and https, through the proxy of the environment. Helm also reads any file of the machine
/// that a chart names; here a chart reads no file but its own.
#[derive(Debug, Default)]
pub(super) struct FromNetwork(OnDemand);

impl SchemaLoader for FromNetwork {
    fn load(&self, address: &str) -> Result<Vec<u8>, String> {
        if let Some(rest) = address.strip_prefix("file://") {
            // what stands before the path is a host, which counts for nothing
            let path = rest.find('/').map_or("", |at| &rest[at..]);
            let found = std::path::Path::new(path).exists();
            let why = if found { "schemas may not refer to files outside of their chart" } else { "no such file or directory" };
            return Err(format!("open {path}: {why}"));
        }
        let file = self.0.get(address).map_err(|e| format!("HTTP request failed for {address}: {e}"))?;
        match file.status {
            200 if file.body.len() > MAX_BYTES => Err(format!("the document at {address} has more than {} MiB", MAX_BYTES >> 20)),
            200 => Ok(file.body),
            status => {
                let reason = http_status(status).map(|text| format!(" ({text})")).unwrap_or_default();
                Err(format!("HTTP request to {address} returned status {status}{reason}"))
            }
        }
    }
}

/// The name of a status of HTTP that a server refuses with.
pub(super) fn http_status(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return None,
    })
}
