//! Addresses of documents and of places in them.

/// Whether everything is valid for what stands at an address: an unknown `urn:`, a schema of schemas.
pub(super) fn is_permissive(address: &str) -> bool {
    address.starts_with("urn:") || address.contains("json-schema.org/draft")
}

pub(super) fn without_fragment(address: &str) -> &str {
    address.split_once('#').map_or(address, |(address, _)| address)
}

/// The absolute address of a reference from a base address, with `.` and `..` resolved as in RFC 3986.
pub(super) fn join(base: &str, reference: &str) -> String {
    let base = without_fragment(base);
    if reference.starts_with('#') || reference.is_empty() {
        return format!("{base}{reference}");
    }
    let scheme = reference.find(':').is_some_and(|colon| {
        let scheme = &reference[..colon];
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    });
    if scheme {
        return without_dots(reference);
    }
    let authority_end = authority_end(base);
    if let Some(path) = reference.strip_prefix('/') {
        return without_dots(&format!("{}/{path}", &base[..authority_end]));
    }
    let directory = base.rfind('/').map_or(base, |slash| &base[..=slash.max(authority_end)]);
    without_dots(&format!("{directory}{reference}"))
}

/// Where the path of an address begins.
fn authority_end(address: &str) -> usize {
    address.find("://").map_or(0, |at| address[at + 3..].find('/').map_or(address.len(), |slash| at + 3 + slash))
}

/// An address whose path has no `.` and `..`.
fn without_dots(address: &str) -> String {
    let (address, rest) = address.split_at(address.find(['?', '#']).unwrap_or(address.len()));
    let (authority, path) = address.split_at(authority_end(address));
    if authority.is_empty() || !path.contains("/.") {
        return format!("{authority}{path}{rest}");
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let end = if path.ends_with("/.") || path.ends_with("/..") { "/" } else { "" };
    format!("{authority}/{}{end}{rest}", kept.join("/"))
}

/// The text of a fragment, in which `%20` stands for a blank.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten().and_then(|h| u8::from_str_radix(h, 16).ok());
        out.push(hex.unwrap_or(bytes[i]));
        i += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
