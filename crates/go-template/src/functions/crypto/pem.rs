//! PEM blocks.

use crate::functions::encoding::base64;

/// A block: its label and its bytes.
pub(super) struct Block {
    pub(super) label: String,
    pub(super) data: Vec<u8>,
}

pub(super) fn encode(label: &str, data: &[u8]) -> String {
    let body = base64::encode(data);
    let mut out = format!("-----BEGIN {label}-----\n");
    for start in (0..body.len()).step_by(64) {
        out.push_str(&body[start..body.len().min(start + 64)]);
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

/// The first block of a text. Header lines in it are skipped.
pub(super) fn decode(text: &[u8]) -> Option<Block> {
    let text = String::from_utf8_lossy(text);
    let mut rest = &*text;
    loop {
        let start = rest.find("-----BEGIN ")?;
        let at_line_start = start == 0 || rest.as_bytes().get(start - 1) == Some(&b'\n');
        rest = &rest[start + "-----BEGIN ".len()..];
        if let Some(block) = at_line_start.then(|| block(rest)).flatten() {
            return Some(block);
        }
    }
}

/// Parses from behind `-----BEGIN `.
fn block(text: &str) -> Option<Block> {
    let (line, body) = text.split_once('\n')?;
    let label = line.trim_end().strip_suffix("-----")?;
    let end = body.find(&format!("-----END {label}-----"))?;
    let lines = body[..end].lines().filter(|l| !l.contains(':'));
    let encoded: String = lines.flat_map(str::split_whitespace).collect();
    let data = base64::decode(encoded.as_bytes()).ok()?;
    Some(Block { label: label.to_owned(), data })
}
