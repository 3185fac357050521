//! Ports for programs that have to be told theirs.

use std::io::{Error, ErrorKind, Result};
use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below these are the ports of well-known services.
const LOWEST: u16 = 10_000;
/// Where Linux begins, unless told otherwise, with the ports that it gives to whoever asks for any.
const EPHEMERAL: u16 = 32_768;

/// A port of loopback that was free a moment ago. Between now and the start of the program that shall listen there, nobody
/// gets it by chance: it lies below the ports of outgoing connections and of listeners on port 0, and a process is given
/// each port once.
///
/// # Errors
/// No port can be bound.
pub fn free_port() -> Result<u16> {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let range = range();
    if range.is_empty() {
        return Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port());
    }
    let count = range.end - range.start;
    // Processes that run side by side begin far from each other.
    let start = std::process::id().wrapping_mul(509) % u32::from(count);
    for _ in 0..count {
        let step = u32::from(GIVEN.fetch_add(1, Ordering::Relaxed));
        let offset = u16::try_from((start + step) % u32::from(count)).map_err(Error::other)?;
        let port = range.start + offset;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Error::new(ErrorKind::AddrInUse, format!("no port of {}–{} is free", range.start, range.end - 1)))
}

/// Where to look; empty where outgoing connections may use them all.
fn range() -> Range<u16> {
    let configured = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok();
    let first = configured.and_then(|text| text.split_whitespace().next()?.parse().ok());
    LOWEST..first.unwrap_or(EPHEMERAL)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn given_once() {
        let mut ports: Vec<u16> = (0..50).map(|_| free_port().unwrap()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 50);
    }
}
