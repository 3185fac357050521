//! Percent-encoding of the parts of a URL.

use thiserror::Error;

use crate::strconv;

/// The part of a URL, which decides what needs no escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    /// The zone of an IPv6 address.
    HostZone,
    User,
    Fragment,
}

/// What cannot be unescaped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum EscapeError {
    #[error("invalid URL escape {0}")]
    Escape(String),
    #[error("invalid character {0} in host name")]
    HostCharacter(String),
}

impl Part {
    fn is_plain(self, byte: u8) -> bool {
        let others: &[u8] = match self {
            Self::Path => b"$&+,/:;=@",
            Self::Host | Self::HostZone => b"!\"$&'()*+,:;<=>[]",
            Self::User => b"$&+,;=",
            Self::Fragment => b"!$&()*+,/:;=?@",
        };
        byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || others.contains(&byte)
    }

    pub(super) fn escape(self, text: &[u8]) -> Vec<u8> {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        let mut out = Vec::with_capacity(text.len());
        for byte in text {
            if self.is_plain(*byte) {
                out.push(*byte);
            } else {
                out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
        out
    }

    pub(super) fn unescape(self, text: &[u8]) -> Result<Vec<u8>, EscapeError> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((&byte, after)) = rest.split_first() {
            let in_host = matches!(self, Self::Host | Self::HostZone);
            if byte != b'%' {
                if in_host && byte.is_ascii() && !self.is_plain(byte) {
                    return Err(EscapeError::HostCharacter(strconv::quote([byte])));
                }
                out.push(byte);
                rest = after;
                continue;
            }
            let bad = || EscapeError::Escape(strconv::quote(&rest[..rest.len().min(3)]));
            let digit = |i: usize| after.get(i).and_then(|b| char::from(*b).to_digit(16));
            let (high, low) = digit(0).zip(digit(1)).ok_or_else(bad)?;
            let value = u8::try_from(high * 16 + low).unwrap_or(b'%');
            let percent = value == b'%';
            // Hosts may escape bytes beyond ASCII only; zones what could stand there as it is, and spaces.
            let allowed = match self {
                Self::Host => high >= 8 || percent,
                Self::HostZone => percent || value == b' ' || Self::Host.is_plain(value),
                _ => true,
            };
            if !allowed {
                return Err(bad());
            }
            out.push(value);
            rest = &after[2..];
        }
        Ok(out)
    }
}
