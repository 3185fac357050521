//! The order in which go-yaml prints the keys of a map.

use std::cmp::Ordering;

/// Compares keys in go-yaml's natural order (KB-OUT-01): rune by rune, other characters before letters, runs of digits by
/// their value and then by their length.
///
/// The original is no total order for keys that mix digits with letters in some ways (`v1`, `v10`, `v1alpha1`), so that
/// its output may vary: sort with [`sort_keys`], which always answers the same.
pub fn compare_keys(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    if less(a, b, false) {
        Ordering::Less
    } else if less(b, a, false) {
        Ordering::Greater
    } else {
        a.cmp(b)
    }
}

fn less(a: &str, b: &str, v3: bool) -> bool {
    // the common beginning, cut back to a whole character
    let mut at = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    while !a.is_char_boundary(at) || !b.is_char_boundary(at) {
        at -= 1;
    }
    let (Some(x), Some(y)) = (a[at..].chars().next(), b[at..].chars().next()) else {
        return a.len() < b.len();
    };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x < y,
        // the newer library puts letters first behind a digit
        (x_letter, y_letter) if x_letter != y_letter => {
            return if v3 && a[..at].ends_with(|c: char| c.is_numeric()) { x_letter } else { y_letter };
        }
        _ => {}
    }
    let (mut x_value, mut y_value) = (0_i64, 0_i64);
    if x == '0' || y == '0' {
        // zeros inside a number count, leading ones do not
        let before = a[..at].chars().rev().take_while(|c| c.is_numeric());
        if before.into_iter().any(|c| c != '0') {
            (x_value, y_value) = (1, 1);
        }
    }
    let x_len = digits(&a[at..], &mut x_value);
    let y_len = digits(&b[at..], &mut y_value);
    if x_value != y_value {
        return x_value < y_value;
    }
    if x_len != y_len {
        return x_len < y_len;
    }
    x < y
}

/// The number of digits at the start and, into `value`, what they add up to (wrapping, as in the original).
fn digits(text: &str, value: &mut i64) -> usize {
    let mut n = 0;
    for c in text.chars().take_while(|c| c.is_numeric()) {
        *value = value.wrapping_mul(10).wrapping_add(i64::from(u32::from(c)) - 48);
        n += 1;
    }
    n
}

/// Sorts items by their keys for printing. The result does not depend on the order they come in, also for keys that the
/// original's comparison puts in a circle.
pub fn sort_keys<T: Copy>(items: &mut Vec<T>, key: impl Fn(&T) -> &str) {
    sort_by(items, key, false);
}

/// As [`sort_keys`] in the order of go-yaml v3, which differs where letters follow digits.
pub fn sort_keys_v3<T: Copy>(items: &mut Vec<T>, key: impl Fn(&T) -> &str) {
    sort_by(items, key, true);
}

fn sort_by<T: Copy>(items: &mut Vec<T>, key: impl Fn(&T) -> &str, v3: bool) {
    // Everything starts from one order, so that circles are always cut at the same place; most keys need no more.
    if !items.is_sorted_by(|a, b| key(a) <= key(b)) {
        items.sort_unstable_by(|a, b| key(a).cmp(key(b)));
    }
    if items.windows(2).all(|w| less(key(&w[0]), key(&w[1]), v3)) {
        return;
    }
    // The standard sort may panic on a comparison that is no total order; a merge sort does not care.
    let mut spare = Vec::with_capacity(items.len());
    let mut run = 1;
    while run < items.len() {
        spare.clear();
        for chunk in items.chunks(run * 2) {
            let (mut left, mut right) = chunk.split_at(run.min(chunk.len()));
            while let ([a, ..], [b, ..]) = (left, right) {
                let side = if less(key(b), key(a), v3) { &mut right } else { &mut left };
                spare.push(side[0]);
                *side = &side[1..];
            }
            spare.extend_from_slice(left);
            spare.extend_from_slice(right);
        }
        std::mem::swap(items, &mut spare);
        run *= 2;
    }
}
