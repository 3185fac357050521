//! Documents that the schemas of charts refer to.

use ferroflux_helm_chart::SchemaLoader;
use reqwest::header::HeaderMap;

use super::download::{Access, Downloads, reason};

/// The largest document that is taken.
const MAX_BYTES: usize = 10 << 20;

/// Fetches documents over http and https, through the proxy of the environment. Helm also reads any file of the machine
/// that a chart names; here a chart reads no file but its own.
#[derive(Debug, Default)]
pub(super) struct FromNetwork(Downloads);

impl SchemaLoader for FromNetwork {
    fn load(&self, address: &str) -> Result<Vec<u8>, String> {
        if let Some(rest) = address.strip_prefix("file://") {
            // what stands before the path is a host, which counts for nothing
            let path = rest.find('/').map_or("", |at| &rest[at..]);
            let found = std::path::Path::new(path).exists();
            let why = if found { "schemas may not refer to files outside of their chart" } else { "no such file or directory" };
            return Err(format!("open {path}: {why}"));
        }
        let answer = self.0.ask(address, &Access::default(), HeaderMap::new());
        let answer = answer.map_err(|e| format!("HTTP request failed for {address}: {e:#}"))?;
        match answer.status {
            200 if answer.body.len() > MAX_BYTES => Err(format!("the document at {address} has more than {} MiB", MAX_BYTES >> 20)),
            200 => Ok(answer.body),
            status => {
                let reason = reason(status).map(|text| format!(" ({text})")).unwrap_or_default();
                Err(format!("HTTP request to {address} returned status {status}{reason}"))
            }
        }
    }
}
