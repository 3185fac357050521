//! The `format` keyword: what each name accepts, and the text for what it refuses. Unknown names accept everything.

use std::net::Ipv6Addr;

use ferroflux_regex_go::Regex;

/// Checks a text against a format.
pub(super) fn check(name: &str, text: &str) -> Result<(), String> {
    match name {
        "regex" => Regex::new(text).map(drop).map_err(|e| e.to_string()),
        "json-pointer" => json_pointer(text),
        "relative-json-pointer" => relative_json_pointer(text),
        "uuid" => uuid(text),
        "duration" => duration(text),
        "period" => period(text),
        "ipv4" => ipv4(text),
        "ipv6" => ipv6(text),
        "hostname" => hostname(text),
        "email" => email(text),
        "date" => date(text),
        "time" => time(text),
        "date-time" => date_time(text),
        "uri" | "iri" => url(text, true),
        "uri-reference" | "iri-reference" => {
            if text.contains('\\') {
                refuse("contains \\")
            } else {
                url(text, false)
            }
        }
        "uri-template" => uri_template(text),
        "semver" => semver(text),
        _ => Ok(()),
    }
}

fn refuse(why: impl Into<String>) -> Result<(), String> {
    Err(why.into())
}

fn require(holds: bool, why: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { refuse(why) }
}

fn bad_character(c: char) -> String {
    format!("invalid character {c:?}")
}

fn json_pointer(text: &str) -> Result<(), String> {
    require(text.is_empty() || text.starts_with('/'), "not starting with /")?;
    for token in text.split('/').skip(1) {
        let mut chars = token.chars();
        while let Some(c) = chars.next() {
            require(c != '~' || matches!(chars.next(), Some('0' | '1')), "~ must be followed by 0 or 1")?;
        }
    }
    Ok(())
}

fn relative_json_pointer(text: &str) -> Result<(), String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    require(digits > 0, "must start with non-negative integer")?;
    require(digits == 1 || !text.starts_with('0'), "starts with zero")?;
    match &text[digits..] {
        "#" => Ok(()),
        rest => json_pointer(rest),
    }
}

fn uuid(text: &str) -> Result<(), String> {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    require(groups.len() == GROUPS.len(), "must have 5 elements")?;
    for (i, (group, length)) in groups.iter().zip(GROUPS).enumerate() {
        require(group.len() == length, format!("element {} must be {length} characters long", i + 1))?;
        if let Some(c) = group.chars().find(|c| !c.is_ascii_hexdigit()) {
            return refuse(format!("non-hex character {c:?}"));
        }
    }
    Ok(())
}

fn duration(text: &str) -> Result<(), String> {
    let Some(rest) = text.strip_prefix('P') else { return refuse("must start with P") };
    require(!rest.is_empty(), "nothing after P")?;
    if let Some(weeks) = rest.strip_suffix('W') {
        require(!weeks.is_empty(), "no number in week")?;
        return require(weeks.bytes().all(|b| b.is_ascii_digit()), "invalid week");
    }
    for (i, part) in rest.split('T').enumerate() {
        require(i == 0 || !part.is_empty(), "no time elements")?;
        let Some(all) = ["YMD", "HMS"].get(i) else { return refuse("more than one T") };
        let mut units = *all;
        let mut part = part;
        while !part.is_empty() {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            require(digits > 0, "missing number")?;
            let Some(unit) = part[digits..].chars().next() else { return refuse("missing unit") };
            let Some(at) = units.find(unit) else {
                let why = if all.contains(unit) { format!("unit {unit:?} out of order") } else { format!("invalid unit {unit:?}") };
                return refuse(why);
            };
            units = &units[at + 1..];
            part = &part[digits + unit.len_utf8()..];
        }
    }
    Ok(())
}

fn period(text: &str) -> Result<(), String> {
    let Some((start, end)) = text.split_once('/') else { return refuse("missing slash") };
    let a_duration = |text: &str, which: &str| duration(text).map_err(|e| format!("invalid {which} duration: {e}"));
    let a_time = |text: &str, which: &str| date_time(text).map_err(|e| format!("invalid {which} date-time: {e}"));
    if start.starts_with('P') {
        a_duration(start, "start")?;
        a_time(end, "end")
    } else {
        a_time(start, "start")?;
        if end.starts_with('P') { a_duration(end, "end") } else { a_time(end, "end") }
    }
}

fn ipv4(text: &str) -> Result<(), String> {
    let groups: Vec<&str> = text.split('.').collect();
    require(groups.len() == 4, "expected four decimals")?;
    for group in groups {
        require(group.len() < 2 || !group.starts_with('0'), "leading zeros")?;
        let number: i64 = group.parse().map_err(|_| format!("strconv.Atoi: parsing {group:?}: invalid syntax"))?;
        require((0..=255).contains(&number), "decimal must be between 0 and 255")?;
    }
    Ok(())
}

fn ipv6(text: &str) -> Result<(), String> {
    require(text.contains(':'), "missing colon")?;
    require(!text.contains('%'), "zone id is not a part of ipv6 address")?;
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok(());
    }
    let why = match text.match_indices("::").nth(1) {
        Some((at, _)) => format!("multiple :: in address (at {:?})", &text[at + 1..]),
        None => "unable to parse IP".to_owned(),
    };
    refuse(format!("ParseAddr({text:?}): {why}"))
}

fn hostname(text: &str) -> Result<(), String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    require(text.len() <= 253, "more than 253 characters long")?;
    for label in text.split('.') {
        require((1..=63).contains(&label.len()), "label must be 1 to 63 characters long")?;
        require(!label.starts_with('-'), "label starts with hyphen")?;
        require(!label.ends_with('-'), "label ends with hyphen")?;
        if let Some(c) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            return refuse(bad_character(c));
        }
    }
    Ok(())
}

fn email(text: &str) -> Result<(), String> {
    require(text.len() <= 254, "more than 255 characters long")?;
    let Some((local, domain)) = text.rsplit_once('@') else { return refuse("missing @") };
    require(local.len() <= 64, "local part more than 64 characters long")?;
    if local.len() > 1 && local.starts_with('"') {
        let inside: String = local.chars().skip(1).take(local.chars().count().saturating_sub(2)).collect();
        require(!inside.contains(['\\', '"']), "backslash and quote are not allowed within quoted local part")?;
    } else {
        require(!local.starts_with('.'), "starts with dot")?;
        require(!local.ends_with('.'), "ends with dot")?;
        require(!local.contains(".."), "consecutive dots")?;
        if let Some(c) = local.chars().find(|c| !c.is_ascii_alphanumeric() && !".!#$%&'*+-/=?^_`{|}~".contains(*c)) {
            return refuse(bad_character(c));
        }
    }
    if let Some(address) = domain.strip_prefix('[').and_then(|d| d.strip_suffix(']')) {
        return match address.strip_prefix("IPv6:") {
            Some(address) => ipv6(address).map_err(|e| format!("invalid ipv6 address: {e}")),
            None => ipv4(address).map_err(|e| format!("invalid ipv4 address: {e}")),
        };
    }
    hostname(domain).map_err(|e| format!("invalid domain: {e}"))
}

/// A date as Go's `time.Parse` reads `2006-01-02`.
fn date(text: &str) -> Result<(), String> {
    let cannot = |rest: &str, part: &str| refuse(format!("parsing time {text:?} as \"2006-01-02\": cannot parse {rest:?} as {part:?}"));
    let number = |rest: &str, digits: usize| {
        rest.get(..digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse::<u32>().ok())
    };
    let Some(year) = number(text, 4) else { return cannot(text, "2006") };
    let rest = &text[4..];
    let Some(rest) = rest.strip_prefix('-') else { return cannot(rest, "-") };
    let Some(month) = number(rest, 2) else { return cannot(rest, "01") };
    if !(1..=12).contains(&month) {
        return refuse(format!("parsing time {text:?}: month out of range"));
    }
    let rest = &rest[2..];
    let Some(rest) = rest.strip_prefix('-') else { return cannot(rest, "-") };
    let Some(day) = number(rest, 2) else { return cannot(rest, "02") };
    if rest.len() > 2 {
        return refuse(format!("parsing time {text:?}: extra text: {:?}", &rest[2..]));
    }
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    require((1..=days).contains(&day), format!("parsing time {text:?}: day out of range"))
}

fn time(text: &str) -> Result<(), String> {
    require(text.len() >= 9, "less than 9 characters long")?;
    let bytes = text.as_bytes();
    require(bytes[2] == b':' && bytes[5] == b':', "missing colon in correct place")?;
    let two = |from: usize, why: &str| -> Result<i32, String> {
        text.get(from..from + 2).and_then(|d| d.parse().ok()).ok_or_else(|| why.to_owned())
    };
    let (hour, minute, second) = (two(0, "invalid hour/min/sec")?, two(3, "invalid hour/min/sec")?, two(6, "invalid hour/min/sec")?);
    require(hour >= 0 && minute >= 0 && second >= 0, "non-positive hour/min/sec")?;
    require(hour <= 23 && minute <= 59 && second <= 60, "hour/min/sec out of range")?;
    let mut rest = text.get(8..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        require(digits > 0, "no digits in second fraction")?;
        rest = &fraction[digits..];
    }
    let mut of_day = hour * 60 + minute;
    if !rest.eq_ignore_ascii_case("z") {
        require(rest.len() == 6, "offset must be 6 characters long")?;
        let sign = match rest.as_bytes()[0] {
            b'+' => -1,
            b'-' => 1,
            _ => return refuse("offset must begin with plus/minus"),
        };
        require(rest.as_bytes()[3] == b':', "missing colon in offset in correct place")?;
        let part = |from: usize| -> Result<i32, String> {
            rest.get(from..from + 2).and_then(|d| d.parse().ok()).ok_or_else(|| "invalid hour/min in offset".to_owned())
        };
        let (hours, minutes) = (part(1)?, part(4)?);
        require(hours >= 0 && minutes >= 0, "non-positive hour/min in offset")?;
        require(hours <= 23 && minutes <= 59, "hour/min in offset out of range")?;
        of_day += sign * (hours * 60 + minutes);
        if of_day < 0 {
            of_day += 24 * 60;
        }
    }
    require(second < 60 || of_day == 23 * 60 + 59, "invalid leap second")
}

fn date_time(text: &str) -> Result<(), String> {
    require(text.len() >= 20, "less than 20 characters long")?;
    require(matches!(text.as_bytes()[10], b't' | b'T'), "11th character must be t or T")?;
    let (Some(day), Some(hour)) = (text.get(..10), text.get(11..)) else { return refuse("invalid date element") };
    date(day).map_err(|e| format!("invalid date element: {e}"))?;
    time(hour).map_err(|e| format!("invalid time element: {e}"))
}

/// A URL as Go's `net/url` reads it, cut to what it refuses most often.
fn url(text: &str, absolute: bool) -> Result<(), String> {
    let parse = |why: String| refuse(format!("parse {text:?}: {why}"));
    if text.chars().any(|c| c.is_ascii_control()) {
        return parse("net/url: invalid control character in URL".to_owned());
    }
    let without_fragment = text.split('#').next().unwrap_or_default();
    let scheme_end =
        without_fragment.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.')).unwrap_or(without_fragment.len());
    let colon = without_fragment[scheme_end..].starts_with(':');
    let scheme = colon && scheme_end > 0 && without_fragment.starts_with(|c: char| c.is_ascii_alphabetic());
    if colon && scheme_end == 0 {
        return parse("missing protocol scheme".to_owned());
    }
    let rest = if scheme { &without_fragment[scheme_end + 1..] } else { without_fragment };
    if !scheme && rest.split('/').next().unwrap_or_default().contains(':') {
        return parse("first path segment in URL cannot contain colon".to_owned());
    }
    if let Some(authority) = rest.strip_prefix("//") {
        let authority = authority.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        if host.starts_with('[') {
            if !host.contains(']') {
                return parse("missing ']' in host".to_owned());
            }
        } else {
            if let Some(c) = host.chars().find(|c| matches!(c, ' ' | '<' | '>' | '"' | '`' | '{' | '}' | '|' | '\\' | '^')) {
                return parse(format!("invalid character {:?} in host name", c.to_string()));
            }
            if let Some((_, port)) = host.rsplit_once(':')
                && !port.bytes().all(|b| b.is_ascii_digit())
            {
                return parse(format!("invalid port {:?} after host", format!(":{port}")));
            }
        }
    }
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('%') {
        let hex = bytes.get(at + 1).is_some_and(u8::is_ascii_hexdigit) && bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit);
        if !hex {
            let end = (at + 3).min(text.len());
            return parse(format!("invalid URL escape {:?}", text.get(at..end).unwrap_or("%")));
        }
    }
    require(scheme || !absolute, "relative url")
}

fn uri_template(text: &str) -> Result<(), String> {
    url(text, false)?;
    for part in text.split('/') {
        let mut open = false;
        for c in part.chars().filter(|c| matches!(c, '{' | '}')) {
            require((c == '{') != open, "nested curly braces")?;
            open = c == '{';
        }
        require(!open, "no matching closing brace")?;
    }
    Ok(())
}

fn semver(text: &str) -> Result<(), String> {
    let odd = |id: &str| id.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-');
    let (rest, build) = text.split_once('+').map_or((text, None), |(r, b)| (r, Some(b)));
    if let Some(build) = build {
        require(!build.is_empty(), "build is empty")?;
        for id in build.split('.') {
            require(!id.is_empty(), "build identifier is empty")?;
            if let Some(c) = odd(id) {
                return refuse(format!("{} in build identifier", bad_character(c)));
            }
        }
    }
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(c, p)| (c, Some(p)));
    for id in pre.into_iter().flat_map(|p| p.split('.')) {
        require(!id.is_empty(), "pre-release identifier is empty")?;
        if let Some(c) = odd(id) {
            return refuse(format!("{} in pre-release identifier", bad_character(c)));
        }
        let number = id.bytes().all(|b| b.is_ascii_digit());
        require(!number || id.len() == 1 || !id.starts_with('0'), "pre-release numeric identifier starts with zero")?;
    }
    let numbers: Vec<&str> = core.split('.').collect();
    require(numbers.len() == 3, "versionCore must have 3 numbers separated by dot")?;
    for (number, name) in numbers.iter().zip(["major", "minor", "patch"]) {
        require(!number.is_empty(), format!("{name} is empty"))?;
        require(number.len() == 1 || !number.starts_with('0'), format!("{name} starts with zero"))?;
        require(number.bytes().all(|b| b.is_ascii_digit()), format!("{name} contains non-digit"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    /// HE-SCH-01, HE-SCH-02: accepted texts, and refused ones with their reasons.
    #[test]
    fn formats() {
        for (name, text) in [
            ("email", "a.b@c-d.org"),
            ("hostname", "a.b.c."),
            ("ipv6", "2001:db8::1"),
            ("uri", "https://a.b:80/c?d=%20#e"),
            ("uri-reference", "a b"),
            ("date", "2024-02-29"),
            ("time", "23:59:60Z"),
            ("date-time", "2024-02-29T12:00:00.5+01:00"),
            ("duration", "P1Y2MT3H"),
            ("period", "2024-02-29T12:00:00Z/P1D"),
            ("semver", "1.0.0-rc.1+b"),
            ("uuid", "01234567-89ab-cdef-0123-456789abcdef"),
            ("unknown", "anything"),
        ] {
            assert_eq!(check(name, text), Ok(()), "{name} {text}");
        }
        for (name, text, why) in [
            ("email", "a@-x", "invalid domain: label starts with hyphen"),
            ("ipv6", "1::2::3", "ParseAddr(\"1::2::3\"): multiple :: in address (at \":3\")"),
            ("uri", "::", "parse \"::\": missing protocol scheme"),
            ("uri", "/x", "relative url"),
            ("uri", "http://a b", "parse \"http://a b\": invalid character \" \" in host name"),
            ("date", "2020-02-31", "parsing time \"2020-02-31\": day out of range"),
            ("date", "2020-1-1", "parsing time \"2020-1-1\" as \"2006-01-02\": cannot parse \"1-1\" as \"01\""),
            ("date-time", "2020-01-01T25:00:00Z", "invalid time element: hour/min/sec out of range"),
            ("duration", "P1D2Y", "unit 'Y' out of order"),
            ("json-pointer", "/~2", "~ must be followed by 0 or 1"),
            ("semver", "1.0", "versionCore must have 3 numbers separated by dot"),
        ] {
            assert_eq!(check(name, text), Err(why.to_owned()), "{name} {text}");
        }
    }
}
