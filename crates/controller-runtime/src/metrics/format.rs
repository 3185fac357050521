//! The two text formats of a scrape.

/// In which form metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' own, which every scraper reads.
    Text,
    /// OpenMetrics, for scrapers that ask for it.
    OpenMetrics,
}

impl Format {
    /// The `Content-Type` of an answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Brings what the library writes, OpenMetrics, into this form. They differ in the end mark, in units, and in the
    /// heads of counters, which carry the name of the series, `_total` included, in the older one.
    pub(super) fn convert(self, openmetrics: String) -> String {
        if self == Self::OpenMetrics {
            return openmetrics;
        }
        let counters: Vec<&str> = openmetrics.lines().filter_map(|l| l.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
        let mut text = String::with_capacity(openmetrics.len());
        for line in openmetrics.lines().filter(|l| *l != "# EOF" && !l.starts_with("# UNIT ")) {
            let mut words = line.splitn(4, ' ');
            match (words.next(), words.next(), words.next(), words.next()) {
                (Some("#"), Some(kind @ ("HELP" | "TYPE")), Some(name), Some(rest)) if counters.contains(&name) => {
                    text.push_str(&format!("# {kind} {name}_total {rest}"));
                }
                _ => text.push_str(line),
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RT-50: a scraper that knows the older format only finds each series under the name that its head tells.
    #[test]
    fn heads_of_counters() {
        let open =
            "# HELP a Some # text.\n# TYPE a counter\na_total{x=\"y\"} 1\n# HELP b B.\n# TYPE b gauge\n# UNIT b seconds\nb 2\n# EOF\n";
        let text = "# HELP a_total Some # text.\n# TYPE a_total counter\na_total{x=\"y\"} 1\n# HELP b B.\n# TYPE b gauge\nb 2\n";
        assert_eq!(Format::Text.convert(open.to_owned()), text);
        assert_eq!(Format::OpenMetrics.convert(open.to_owned()), open);
    }
}
