//! The address that artifact URLs carry (SRC-ART-01).

/// The host and port (or base URL) to advertise: `advertised` (`--storage-adv-addr`) if set, else that of the listen
/// address `listen` (`--storage-addr`), where an empty host is `localhost` and `0.0.0.0` or `[::]` is `hostname`.
pub fn advertised_address(advertised: &str, listen: &str, hostname: &str) -> String {
    if !advertised.is_empty() {
        return advertised.to_owned();
    }
    let (host, port) = listen.rsplit_once(':').unwrap_or((listen, ""));
    let host = match host {
        "" => "localhost",
        "0.0.0.0" | "[::]" => hostname,
        host => host,
    };
    if port.is_empty() { host.to_owned() } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::advertised_address;

    /// SRC-ART-01: the advertised address and its fallbacks.
    #[test]
    fn an_address_is_always_found() {
        assert_eq!(advertised_address("src.flux-system.svc.", ":9090", "pod"), "src.flux-system.svc.");
        assert_eq!(advertised_address("", ":9090", "pod"), "localhost:9090");
        assert_eq!(advertised_address("", "0.0.0.0:9090", "pod"), "pod:9090");
        assert_eq!(advertised_address("", "127.0.0.1:1", "pod"), "127.0.0.1:1");
    }
}
