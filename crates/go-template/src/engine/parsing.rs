//! Parsing the files of a chart, on several threads where there is enough to do: a big chart brings megabytes of
//! templates, and nothing can be rendered before the last of them is parsed.

use std::thread;

use super::processor::Processor;
use super::{HelmError, TemplateFile, ahead, catalog, presentation};
use crate::syntax::Parser;
use crate::syntax::tree::Template;
use crate::value::Str;

type Parsed = Result<Vec<Template>, HelmError>;

/// Bytes of templates that are worth a thread of their own.
const THREAD_BYTES: usize = 128 << 10;

/// Threads at most.
const MAX_THREADS: usize = 8;

/// Parses each file that is not among those parsed `ahead`; the answers stand in the order of the files.
pub(super) fn parse_all(files: &[TemplateFile], mut ahead: ahead::Parsed) -> Vec<Parsed> {
    if ahead.is_empty() {
        return parse_shared(files);
    }
    let parse_one = |file: &TemplateFile| {
        let known = ahead.remove(&ahead::place(&file.text)).and_then(|unnamed| unnamed.named(&Str::from(&*file.name)));
        known.map_or_else(|| parse(std::slice::from_ref(file)), |templates| vec![Ok(templates)])
    };
    files.iter().flat_map(parse_one).collect()
}

fn parse_shared(files: &[TemplateFile]) -> Vec<Parsed> {
    let bytes: usize = files.iter().map(|f| f.text.len()).sum();
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS).min(bytes / THREAD_BYTES);
    if threads < 2 {
        return parse(files);
    }
    let mut shares = shares(files, bytes.div_ceil(threads));
    let last = shares.pop().unwrap_or_default();
    let here = Processor::current();
    let elsewhere = |share| {
        here.leave();
        parse(share)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = shares.into_iter().map(|share| (share, scope.spawn(move || elsewhere(share)))).collect();
        // Lets them leave, if they were put here.
        thread::yield_now();
        let own = parse(last);
        // A thread that could not finish leaves its share to this one.
        let theirs = workers.into_iter().flat_map(|(share, worker)| worker.join().unwrap_or_else(|_| parse(share)));
        theirs.chain(own).collect()
    })
}

fn parse(files: &[TemplateFile]) -> Vec<Parsed> {
    let mut parser = Parser::new(catalog::find);
    let mut parsed = Vec::with_capacity(files.len());
    for file in files {
        let templates = parser.parse(&Str::from(&*file.name), &file.text);
        parsed.push(templates.map_err(|text| presentation::parse_error(&file.name, &text)));
    }
    parsed
}

/// Cuts the files into runs of about `size` bytes.
fn shares(files: &[TemplateFile], size: usize) -> Vec<&[TemplateFile]> {
    let mut shares = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, file) in files.iter().enumerate() {
        bytes += file.text.len();
        if bytes >= size {
            shares.extend(files.get(start..=index));
            (start, bytes) = (index + 1, 0);
        }
    }
    shares.extend(files.get(start..).filter(|rest| !rest.is_empty()));
    shares
}
