//! What templates may ask of the machine that the command runs on.

use std::net::ToSocketAddrs;
use std::time::SystemTime;

use ferroflux_go_template::error::CallError;
use ferroflux_go_template::host::Host;
use ferroflux_helm_chart::SystemHost;

/// The system's clock, time zone and randomness; its DNS only if that is enabled.
#[derive(Debug)]
pub(super) struct CommandHost {
    system: SystemHost,
    dns: bool,
}

impl CommandHost {
    pub(super) fn new(zone: String, dns: bool) -> Self {
        Self { system: SystemHost::new(zone), dns }
    }
}

impl Host for CommandHost {
    fn resolve(&self, name: &str) -> String {
        let addresses = if self.dns { (name, 0).to_socket_addrs().ok() } else { None };
        addresses.and_then(|mut found| found.next()).map_or_else(String::new, |address| address.ip().to_string())
    }

    fn variable(&self, name: &str) -> String {
        std::env::var_os(name).map_or_else(String::new, |value| value.to_string_lossy().into_owned())
    }

    fn now(&self) -> SystemTime {
        self.system.now()
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), CallError> {
        self.system.random(buffer)
    }

    fn local_zone(&self) -> &str {
        self.system.local_zone()
    }
}
