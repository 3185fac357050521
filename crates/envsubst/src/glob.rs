//! Glob patterns over bytes, for trimming: `*` (also over `/`), `?`, `[a-z]`, `[^a]`, `\c`.

/// Steps left before a pattern is given up.
pub(crate) struct Steps(pub(crate) u64);

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoMatch {
    /// The pattern is malformed; the original then leaves the value alone.
    BadPattern,
    /// No steps are left.
    TooExpensive,
}

/// Whether the whole of `name` matches. A malformed pattern is noticed only where matching gets to it.
pub(crate) fn matches(mut pattern: &[u8], mut name: &[u8], steps: &mut Steps) -> Result<bool, NoMatch> {
    'pattern: while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(true);
        }
        if let Some(after) = match_chunk(chunk, name, steps)?
            && (after.is_empty() || !pattern.is_empty())
        {
            name = after;
            continue;
        }
        if star {
            for skip in 1..=name.len() {
                if let Some(after) = match_chunk(chunk, &name[skip..], steps)? {
                    if pattern.is_empty() && !after.is_empty() {
                        continue;
                    }
                    name = after;
                    continue 'pattern;
                }
            }
        }
        return Ok(false);
    }
    Ok(name.is_empty())
}

/// Leading stars, then everything up to the next star outside brackets.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|c| **c == b'*').count();
    let pattern = &pattern[stars..];
    let mut in_range = false;
    let mut i = 0;
    while i < pattern.len() {
        match pattern[i] {
            b'\\' if i + 1 < pattern.len() => i += 1,
            b'[' => in_range = true,
            b']' => in_range = false,
            b'*' if !in_range => break,
            _ => {}
        }
        i += 1;
    }
    (stars > 0, &pattern[..i], &pattern[i..])
}

/// Matches a chunk at the start of `s`; what is left of `s` if it does.
fn match_chunk<'s>(mut chunk: &[u8], mut s: &'s [u8], steps: &mut Steps) -> Result<Option<&'s [u8]>, NoMatch> {
    while let Some(&c) = chunk.first() {
        steps.0 = steps.0.checked_sub(1).ok_or(NoMatch::TooExpensive)?;
        let Some(&first) = s.first() else { return Ok(None) };
        match c {
            b'[' => {
                let (r, n) = decode_rune(s);
                s = &s[n..];
                chunk = &chunk[1..];
                let negated = chunk.first() == Some(&b'^');
                if negated {
                    chunk = &chunk[1..];
                }
                let mut found = false;
                let mut ranges = 0;
                loop {
                    if chunk.first() == Some(&b']') && ranges > 0 {
                        chunk = &chunk[1..];
                        break;
                    }
                    let (low, rest) = range_end(chunk)?;
                    let (high, rest) = if rest[0] == b'-' { range_end(&rest[1..])? } else { (low, rest) };
                    chunk = rest;
                    found |= (low..=high).contains(&r);
                    ranges += 1;
                }
                if found == negated {
                    return Ok(None);
                }
            }
            b'?' => {
                s = &s[decode_rune(s).1..];
                chunk = &chunk[1..];
            }
            _ => {
                if c == b'\\' {
                    chunk = &chunk[1..];
                }
                let Some(&literal) = chunk.first() else { return Err(NoMatch::BadPattern) };
                if literal != first {
                    return Ok(None);
                }
                s = &s[1..];
                chunk = &chunk[1..];
            }
        }
    }
    Ok(Some(s))
}

/// One end of a range in brackets and what follows it, which is never nothing.
fn range_end(chunk: &[u8]) -> Result<(char, &[u8]), NoMatch> {
    let chunk = match chunk {
        [] | [b'-' | b']', ..] | [b'\\'] => return Err(NoMatch::BadPattern),
        [b'\\', rest @ ..] => rest,
        all => all,
    };
    let (r, n) = decode_rune(chunk);
    if (r == char::REPLACEMENT_CHARACTER && n == 1) || chunk.len() == n {
        return Err(NoMatch::BadPattern);
    }
    Ok((r, &chunk[n..]))
}

/// The first character and its width; a byte that starts none is U+FFFD of width 1.
pub(crate) fn decode_rune(s: &[u8]) -> (char, usize) {
    let head = &s[..s.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default(),
    };
    valid.chars().next().map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8()))
}
