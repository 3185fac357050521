//! The grammar of documents, as a stack of what is open instead of recursion.

use std::collections::HashSet;

use super::Fault;
use super::scanner::{Scanner, Token};

/// What goes on when the node that was just read is over.
#[derive(Debug, Clone, Copy)]
enum Open {
    BlockSequence,
    /// A sequence that is indented no more than the key it belongs to.
    Indentless,
    BlockKey,
    BlockValue,
    /// Whether nothing stands before.
    FlowSequence(bool),
    /// A pair without braces in a flow sequence.
    PairKey,
    PairValue,
    /// Whether nothing stands before.
    FlowMapping(bool),
    FlowValue,
    /// A key of a flow mapping that no colon follows.
    FlowKeyAlone,
}

/// Reads the first document and gives the byte where its last token ends.
pub(super) fn first_document(scanner: Scanner<'_>) -> Result<usize, Fault> {
    let mut grammar = Grammar::new(scanner)?;
    grammar.document(true)?;
    Ok(grammar.scanner.passed)
}

/// Reads all documents.
pub(super) fn documents(scanner: Scanner<'_>) -> Result<(), Fault> {
    let mut grammar = Grammar::new(scanner)?;
    let mut first = true;
    while grammar.document(first)? {
        first = false;
    }
    Ok(())
}

struct Grammar<'a> {
    scanner: Scanner<'a>,
    open: Vec<Open>,
    anchors: HashSet<&'a str>,
    /// Handles of tags that the document's directives define.
    handles: Vec<&'a str>,
}

impl<'a> Grammar<'a> {
    fn new(scanner: Scanner<'a>) -> Result<Self, Fault> {
        let mut grammar = Self { scanner, open: Vec::new(), anchors: HashSet::new(), handles: Vec::new() };
        grammar.scanner.peek()?;
        grammar.scanner.take();
        Ok(grammar)
    }

    fn peek(&mut self) -> Result<Token<'a>, Fault> {
        Ok(self.scanner.peek()?.0)
    }

    fn refuse(&mut self, problem: &'static str) -> Result<(), Fault> {
        Err(Fault::parsing(self.scanner.peek()?.1, problem))
    }

    /// Reads a document; `false` at the end.
    fn document(&mut self, first: bool) -> Result<bool, Fault> {
        while !first && self.peek()? == Token::DocumentEnd {
            self.scanner.take();
        }
        self.anchors.clear();
        self.handles.clear();
        match self.peek()? {
            Token::End => return Ok(false),
            Token::Version(..) | Token::TagDirective(_) | Token::DocumentStart => self.explicit_start()?,
            _ if first => self.node(true, false)?,
            _ => self.explicit_start()?,
        }
        while let Some(open) = self.open.pop() {
            self.step(open)?;
        }
        if self.peek()? == Token::DocumentEnd {
            self.scanner.take();
        }
        Ok(true)
    }

    fn explicit_start(&mut self) -> Result<(), Fault> {
        let mut versioned = false;
        loop {
            match self.peek()? {
                Token::Version(..) if versioned => return self.refuse("found duplicate %YAML directive"),
                Token::Version(1, 1) => versioned = true,
                Token::Version(..) => return self.refuse("found incompatible YAML document"),
                Token::TagDirective(handle) if self.handles.contains(&handle) => {
                    return self.refuse("found duplicate %TAG directive");
                }
                Token::TagDirective(handle) => self.handles.push(handle),
                Token::DocumentStart => break,
                _ => return self.refuse("did not find expected <document start>"),
            }
            self.scanner.take();
        }
        self.scanner.take();
        match self.peek()? {
            Token::Version(..) | Token::TagDirective(_) | Token::DocumentStart | Token::DocumentEnd | Token::End => Ok(()),
            _ => self.node(true, false),
        }
    }

    fn node(&mut self, block: bool, indentless: bool) -> Result<(), Fault> {
        if let Token::Alias(name) = self.peek()? {
            self.scanner.take();
            return if self.anchors.contains(name) { Ok(()) } else { Err(Fault::unknown_anchor(name)) };
        }
        let mut properties = (None, None);
        loop {
            match (self.scanner.peek()?, properties) {
                ((Token::Anchor(name), _), (None, _)) => properties.0 = Some(name),
                ((Token::Tag(handle), line), (_, None)) => properties.1 = Some((handle, line)),
                _ => break,
            }
            self.scanner.take();
        }
        if let Some((handle, line)) = properties.1
            && !["", "!", "!!"].contains(&handle)
            && !self.handles.contains(&handle)
        {
            return Err(Fault::parsing(line, "found undefined tag handle"));
        }
        let inside = match self.peek()? {
            Token::BlockEntry if indentless => {
                self.anchors.extend(properties.0);
                self.open.push(Open::Indentless);
                return Ok(());
            }
            Token::Scalar => None,
            Token::FlowSequence => Some(Open::FlowSequence(true)),
            Token::FlowMapping => Some(Open::FlowMapping(true)),
            Token::BlockSequence if block => Some(Open::BlockSequence),
            Token::BlockMapping if block => Some(Open::BlockKey),
            _ if properties.0.is_some() || properties.1.is_some() => {
                self.anchors.extend(properties.0);
                return Ok(());
            }
            _ => return self.refuse("did not find expected node content"),
        };
        self.anchors.extend(properties.0);
        self.scanner.take();
        self.open.extend(inside);
        Ok(())
    }

    fn step(&mut self, open: Open) -> Result<(), Fault> {
        match open {
            Open::BlockSequence => match self.peek()? {
                Token::BlockEntry => self.entry(open, |next| matches!(next, Token::BlockEntry | Token::BlockEnd)),
                Token::BlockEnd => self.close(),
                _ => self.refuse("did not find expected '-' indicator"),
            },
            Open::Indentless => match self.peek()? {
                Token::BlockEntry => {
                    self.entry(open, |next| matches!(next, Token::BlockEntry | Token::Key | Token::Value | Token::BlockEnd))
                }
                _ => Ok(()),
            },
            Open::BlockKey => match self.peek()? {
                Token::Key => self.block_part(Open::BlockValue),
                Token::BlockEnd => self.close(),
                _ => self.refuse("did not find expected key"),
            },
            Open::BlockValue if self.peek()? == Token::Value => self.block_part(Open::BlockKey),
            Open::BlockValue => {
                self.open.push(Open::BlockKey);
                Ok(())
            }
            Open::FlowSequence(first) => self.flow_sequence(first),
            Open::PairKey => {
                self.open.push(Open::PairValue);
                match self.peek()? {
                    // go-yaml passes over the token, whichever it is
                    Token::Value | Token::FlowEntry | Token::FlowSequenceEnd => self.close(),
                    _ => self.node(false, false),
                }
            }
            Open::PairValue => {
                self.open.push(Open::FlowSequence(false));
                self.flow_value(Token::FlowSequenceEnd)
            }
            Open::FlowMapping(first) => self.flow_mapping(first),
            Open::FlowValue => {
                self.open.push(Open::FlowMapping(false));
                self.flow_value(Token::FlowMappingEnd)
            }
            Open::FlowKeyAlone => {
                self.open.push(Open::FlowMapping(false));
                Ok(())
            }
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.scanner.take();
        Ok(())
    }

    /// An entry of a block sequence; nothing stands in it if `empty` holds for what follows the dash.
    fn entry(&mut self, sequence: Open, empty: impl Fn(Token<'_>) -> bool) -> Result<(), Fault> {
        self.scanner.take();
        let nothing = empty(self.peek()?);
        self.open.push(sequence);
        if nothing { Ok(()) } else { self.node(true, false) }
    }

    /// A key or a value of a block mapping, and what comes after it.
    fn block_part(&mut self, next: Open) -> Result<(), Fault> {
        self.scanner.take();
        let nothing = matches!(self.peek()?, Token::Key | Token::Value | Token::BlockEnd);
        self.open.push(next);
        if nothing { Ok(()) } else { self.node(true, true) }
    }

    /// Passes the comma before the next part of a flow collection, or its end; a comma may stand before that too.
    fn flow_goes_on(&mut self, first: bool, end: Token<'_>, neither: &'static str) -> Result<bool, Fault> {
        if !first && self.peek()? != end {
            if self.peek()? != Token::FlowEntry {
                self.refuse(neither)?;
            }
            self.scanner.take();
        }
        let ends = self.peek()? == end;
        if ends {
            self.scanner.take();
        }
        Ok(!ends)
    }

    fn flow_sequence(&mut self, first: bool) -> Result<(), Fault> {
        if !self.flow_goes_on(first, Token::FlowSequenceEnd, "did not find expected ',' or ']'")? {
            return Ok(());
        }
        match self.peek()? {
            Token::Key => {
                self.open.push(Open::PairKey);
                self.close()
            }
            _ => {
                self.open.push(Open::FlowSequence(false));
                self.node(false, false)
            }
        }
    }

    fn flow_mapping(&mut self, first: bool) -> Result<(), Fault> {
        if !self.flow_goes_on(first, Token::FlowMappingEnd, "did not find expected ',' or '}'")? {
            return Ok(());
        }
        match self.peek()? {
            Token::Key => {
                self.scanner.take();
                let nothing = matches!(self.peek()?, Token::Value | Token::FlowEntry | Token::FlowMappingEnd);
                self.open.push(Open::FlowValue);
                if nothing { Ok(()) } else { self.node(false, false) }
            }
            _ => {
                self.open.push(Open::FlowKeyAlone);
                self.node(false, false)
            }
        }
    }

    /// The value of a pair in a collection that ends with `end`, if there is one.
    fn flow_value(&mut self, end: Token<'_>) -> Result<(), Fault> {
        if self.peek()? != Token::Value {
            return Ok(());
        }
        self.scanner.take();
        let next = self.peek()?;
        if next == Token::FlowEntry || next == end { Ok(()) } else { self.node(false, false) }
    }
}
