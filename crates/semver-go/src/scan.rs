//! Scanning of the pieces that versions and constraints share: runs of identifier characters after `-` and `+`.

/// The length of the longest prefix of `text` that is `id(.id)*` where `id` is one or more of `[0-9A-Za-z-]`.
///
/// A dot that no identifier follows does not belong to the prefix. Zero if there is no identifier at all.
pub(crate) fn dotted_identifiers(text: &[u8]) -> usize {
    let mut end = 0;
    loop {
        let start = if end == 0 { 0 } else { end + 1 };
        let run = text[start..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
        if run == 0 {
            return end;
        }
        end = start + run;
        if text.get(end) != Some(&b'.') {
            return end;
        }
    }
}

/// The length of `<marker>id(.id)*` at the start of `text`, zero if it is not there.
pub(crate) fn suffix(text: &[u8], marker: u8) -> usize {
    match text.split_first() {
        Some((first, rest)) if *first == marker => match dotted_identifiers(rest) {
            0 => 0,
            n => n + 1,
        },
        _ => 0,
    }
}
