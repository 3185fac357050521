//! `NO_PROXY`.

use std::net::IpAddr;

use crate::{Target, name_of};

/// What is reached directly.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exemptions(Vec<Exemption>);

#[derive(Debug, Clone)]
enum Exemption {
    Everything,
    /// Addresses of which so many leading bits are these.
    Network(IpAddr, u8),
    Address(IpAddr, Option<u16>),
    /// A name without its leading dot; `itself` tells whether the name alone counts, beside its subdomains.
    Name {
        name: String,
        itself: bool,
        port: Option<u16>,
    },
}

impl Exemptions {
    /// Reads a list with commas; what cannot be read is left out.
    pub(crate) fn parse(list: &str) -> Self {
        Self(list.split(',').filter_map(|entry| Exemption::parse(entry.trim())).collect())
    }

    pub(crate) fn holds(&self, target: &Target, port: Option<u16>) -> bool {
        self.0.iter().any(|exemption| exemption.holds(target, port))
    }
}

impl Exemption {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Some((address, bits)) = entry.split_once('/') {
            return Some(Self::Network(address.parse().ok()?, bits.parse().ok()?));
        }
        if let Ok(address) = entry.parse() {
            return Some(Self::Address(address, None));
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (entry, None),
        };
        if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse() {
            return Some(Self::Address(address, port));
        }
        let host = name_of(host);
        let host = host.strip_prefix('*').unwrap_or(&host);
        let (name, itself) = host.strip_prefix('.').map_or((host, true), |rest| (rest, false));
        (!name.is_empty()).then(|| Self::Name { name: name.to_owned(), itself, port })
    }

    fn holds(&self, target: &Target, asked: Option<u16>) -> bool {
        let fits = |port: &Option<u16>| port.is_none() || *port == asked;
        match (self, target) {
            (Self::Everything, _) => true,
            (Self::Network(network, bits), Target::Address(address)) => same_network(*network, *address, *bits),
            (Self::Address(exempt, port), Target::Address(address)) => exempt == address && fits(port),
            (Self::Name { name, itself, port }, Target::Name(target)) => {
                let below = target.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
                (below || (*itself && target == name)) && fits(port)
            }
            _ => false,
        }
    }
}

/// Whether the first bits of two addresses of one family are the same.
fn same_network(a: IpAddr, b: IpAddr, bits: u8) -> bool {
    let differing = match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        _ => return false,
    };
    differing >= u32::from(bits)
}
