//! One HTTP download into a file, digested as it comes.

use std::path::Path;

use ferroflux_artifact::digest::{Algorithm, Digest};
use tokio::io::{AsyncWriteExt, BufWriter};
use url::Url;

use super::FetchError;

/// Downloads `url` into `file` and answers the digest of what came; more than `limit` bytes are refused, whether they
/// are announced or not.
pub(super) async fn download(
    client: &reqwest::Client,
    url: &Url,
    file: &Path,
    algorithm: Algorithm,
    limit: Option<u64>,
) -> Result<Digest, FetchError> {
    let address = || url.to_string();
    let broken = |e: reqwest::Error| FetchError::Connection { url: address(), reason: causes(&e.without_url()) };
    let mut answer = client.get(url.clone()).send().await.map_err(broken)?;
    match answer.status() {
        reqwest::StatusCode::OK => {}
        reqwest::StatusCode::NOT_FOUND => return Err(FetchError::NotFound),
        status => return Err(FetchError::Status { url: address(), status }),
    }
    let check = |size: u64| match limit {
        Some(limit) if size > limit => Err(FetchError::TooBig { url: address(), limit }),
        _ => Ok(()),
    };
    check(answer.content_length().unwrap_or(0))?;
    let mut out = BufWriter::with_capacity(128 * 1024, tokio::fs::File::create(file).await?);
    let (mut digester, mut size) = (algorithm.digester(), 0);
    while let Some(chunk) = answer.chunk().await.map_err(broken)? {
        size += chunk.len() as u64;
        check(size)?;
        digester.update(&chunk);
        out.write_all(&chunk).await?;
    }
    out.flush().await?;
    Ok(digester.finish())
}

/// The error with its causes: the outermost one says only that a request failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
