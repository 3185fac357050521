//! What a scalar's characters allow: the rules of libyaml's emitter, which both Go libraries carry.

/// Which styles can hold a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Analysis {
    pub(crate) multiline: bool,
    pub(crate) flow_plain: bool,
    pub(crate) block_plain: bool,
    pub(crate) single_quoted: bool,
    pub(crate) block: bool,
}

/// The characters from `i` on, seen as libyaml sees them.
pub(crate) fn is_blank(b: &[u8], i: usize) -> bool {
    matches!(b.get(i), Some(b' ' | b'\t'))
}

/// The width of a line break at `i` (0 if there is none): LF, CR, next line, line and paragraph separator.
pub(crate) fn break_width(b: &[u8], i: usize) -> usize {
    match b[i..] {
        [b'\r' | b'\n', ..] => 1,
        [0xc2, 0x85, ..] => 2,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => 0,
    }
}

/// Whether the character at `i` is written as it is: printable and inside the basic plane, tabs excluded.
pub(crate) fn is_printable(b: &[u8], i: usize) -> bool {
    match b[i] {
        b'\n' | 0x20..=0x7e => true,
        0xc2 => b[i + 1] >= 0xa0,
        0xed => b[i + 1] < 0xa0,
        0xef => !matches!((b[i + 1], b[i + 2]), (0xbb, 0xbf) | (0xbf, 0xbe | 0xbf)),
        0xc3..=0xee => true,
        _ => false,
    }
}

/// The width of a character by its first byte.
pub(crate) fn width(first: u8) -> usize {
    match first {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

/// Analyses a text. `tabs_block` is the newer library's rule: a tab keeps block styles possible.
pub(crate) fn analyze(text: &str, tabs_block: bool) -> Analysis {
    let b = text.as_bytes();
    if b.is_empty() {
        return Analysis { multiline: false, flow_plain: false, block_plain: true, single_quoted: true, block: false };
    }
    let (mut block_indicators, mut flow_indicators, mut line_breaks, mut special, mut tabs) = (false, false, false, false, false);
    let (mut leading, mut trailing_space, mut trailing_break, mut break_space, mut space_break) = (false, false, false, false, false);
    let (mut previous_space, mut previous_break, mut preceded_by_whitespace) = (false, false, true);
    if b.starts_with(b"---") || b.starts_with(b"...") {
        (block_indicators, flow_indicators) = (true, true);
    }
    let mut i = 0;
    while i < b.len() {
        let c = b[i];
        // letters and digits, the most of any text
        if c.is_ascii_alphanumeric() {
            (previous_space, previous_break, preceded_by_whitespace) = (false, false, false);
            i += 1;
            continue;
        }
        let w = width(c);
        let followed_by_whitespace = i + w >= b.len() || is_blank(b, i + w);
        if i == 0 {
            match c {
                b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' => {
                    (flow_indicators, block_indicators) = (true, true);
                }
                b'?' | b':' => {
                    flow_indicators = true;
                    block_indicators |= followed_by_whitespace;
                }
                b'-' if followed_by_whitespace => (flow_indicators, block_indicators) = (true, true),
                _ => {}
            }
        } else {
            match c {
                b',' | b'?' | b'[' | b']' | b'{' | b'}' => flow_indicators = true,
                b':' => {
                    flow_indicators = true;
                    block_indicators |= followed_by_whitespace;
                }
                b'#' if preceded_by_whitespace => (flow_indicators, block_indicators) = (true, true),
                _ => {}
            }
        }
        if c == b'\t' && tabs_block {
            tabs = true;
        } else if !is_printable(b, i) {
            special = true;
        }
        let broken = break_width(b, i) > 0;
        if c == b' ' {
            leading |= i == 0;
            trailing_space |= i + 1 == b.len();
            break_space |= previous_break;
            (previous_space, previous_break) = (true, false);
        } else if broken {
            line_breaks = true;
            leading |= i == 0;
            trailing_break |= i + w == b.len();
            space_break |= previous_space;
            (previous_space, previous_break) = (false, true);
        } else {
            (previous_space, previous_break) = (false, false);
        }
        preceded_by_whitespace = broken || matches!(c, b' ' | b'\t' | 0);
        i += w;
    }
    let bare = !(leading || trailing_space || trailing_break || break_space || space_break || tabs || special || line_breaks);
    Analysis {
        multiline: line_breaks,
        flow_plain: bare && !flow_indicators,
        block_plain: bare && !block_indicators,
        single_quoted: !(break_space || space_break || tabs || special),
        block: !(trailing_space || space_break || special),
    }
}
