//! One file of a chart, and what loading may cost.

use std::time::SystemTime;

use ferroflux_go_template::value::Str;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file of a chart: its path below the chart's root (`templates/a.yaml`), its bytes without a byte order mark, and
/// when it was last changed. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct ChartFile {
    /// Path below the root of the chart it belongs to, with `/`.
    pub name: String,
    /// The content, shared with the templates and `.Files` that are made of it.
    pub data: Str,
    /// The modification time that the archive or directory gave.
    pub modified: SystemTime,
}

impl ChartFile {
    /// A file from bytes; a UTF-8 byte order mark at the start is dropped, as Helm does for every file of a chart.
    pub fn new(name: impl Into<String>, data: &[u8], modified: SystemTime) -> Self {
        let data = data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(data);
        Self { name: name.into(), data: data.into(), modified }
    }

    /// As [`ChartFile::new`], from bytes that need not be copied.
    pub(crate) fn of(name: String, data: Str, modified: SystemTime) -> Self {
        if data.as_bytes().starts_with(BYTE_ORDER_MARK) {
            Self::new(name, data.as_bytes(), modified)
        } else {
            Self { name, data, modified }
        }
    }

    /// The content as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        self.data.to_text()
    }
}

/// What loading one chart, with everything nested in it, may cost. The byte limits are Helm's.
#[derive(Debug, Clone, Copy)]
pub struct LoadLimits {
    /// Bytes of one unpacked file.
    pub file_bytes: u64,
    /// Bytes of all unpacked files together, archives inside archives included.
    pub total_bytes: u64,
    /// Files and directories.
    pub entries: usize,
    /// Charts inside charts, and directories inside directories.
    pub depth: usize,
}

impl Default for LoadLimits {
    fn default() -> Self {
        Self { file_bytes: 5 << 20, total_bytes: 100 << 20, entries: 100_000, depth: 64 }
    }
}

/// What is left of [`LoadLimits`] while a chart is being loaded.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) limits: LoadLimits,
    pub(crate) bytes_left: u64,
    pub(crate) entries_left: usize,
}

impl Budget {
    pub(crate) fn new(limits: LoadLimits) -> Self {
        Self { limits, bytes_left: limits.total_bytes, entries_left: limits.entries }
    }
}
