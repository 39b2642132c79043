//! The whole way: one pass over a log that checks all of RFC 8259 and notes where the fields' values lie.

use super::names::Names;
use super::number::scan_number;
use super::text::{is_space, scan_string, unescape};
use super::{Block, Found, Token};
use crate::verdict::Code;

/// A name and value of the log's own object, whether the contract knows the name or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) field: Option<u16>,
    pub(super) found: Found,
}

/// Longer objects are not worth a layout.
const MOST_MEMBERS: usize = 64;

#[derive(Debug)]
pub(super) struct Scanner {
    max_depth: usize,
    /// The open containers, innermost last.
    open: Vec<Container>,
    members: Vec<Member>,
    /// False if there are more members than noted, or one twice.
    members_whole: bool,
    name: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    CommaOrEnd,
}

impl Scanner {
    pub(super) fn new(max_depth: usize) -> Self {
        Self {
            max_depth,
            open: Vec::with_capacity(max_depth.min(64)),
            members: Vec::new(),
            members_whole: true,
            name: Vec::new(),
        }
    }

    /// The members of the log scanned last, in its order; None if they are too many or one occurs twice.
    pub(super) fn members(&self) -> Option<&[Member]> {
        self.members_whole.then_some(&self.members)
    }

    /// Finds the fields in a log of valid UTF-8 that is not empty.
    pub(super) fn scan(&mut self, log: &[u8], names: &Names, block: &mut Block, row: usize) -> Result<(), Code> {
        block.fill(row, Token::Absent);
        self.open.clear();
        self.members.clear();
        self.members_whole = true;
        let mut root_is_object = false;
        let mut field = None;
        let mut guess = 0;
        let mut next = Next::Value;
        let mut at = 0;
        loop {
            at = skip_space(log, at);
            let byte = *log.get(at).ok_or(Code::MalformedJson)?;
            match (next, byte) {
                (Next::ValueOrEnd, b']') | (Next::NameOrEnd, b'}') => {
                    at += 1;
                    self.open.pop();
                    next = Next::CommaOrEnd;
                }
                (Next::Value | Next::ValueOrEnd, _) => {
                    let top_level = self.open.as_slice() == [Container::Object];
                    let (token, start, end) = match byte {
                        b'{' | b'[' => {
                            if self.open.len() == self.max_depth {
                                return Err(Code::TooDeep);
                            }
                            let container = if byte == b'{' { Container::Object } else { Container::Array };
                            root_is_object |= self.open.is_empty() && container == Container::Object;
                            self.open.push(container);
                            if container == Container::Object {
                                (Token::Object, at, at + 1)
                            } else {
                                (Token::Array, at, at + 1)
                            }
                        }
                        b'"' => {
                            let (end, escaped) = scan_string(log, at + 1).ok_or(Code::MalformedJson)?;
                            (if escaped { Token::EscapedText } else { Token::Text }, at + 1, end)
                        }
                        b'-' | b'0'..=b'9' => {
                            let (end, integer) = scan_number(log, at).ok_or(Code::MalformedJson)?;
                            (if integer { Token::Integer } else { Token::Fraction }, at, end)
                        }
                        _ => {
                            let (token, length) = literal(&log[at..]).ok_or(Code::MalformedJson)?;
                            (token, at, at + length)
                        }
                    };
                    if top_level {
                        let found = Found { token, start: offset(start), end: offset(end) };
                        self.note(field.and_then(|field| block.place(field, row)), Member { field, found });
                    }
                    at = end + usize::from(matches!(token, Token::Text | Token::EscapedText));
                    next = match token {
                        Token::Object => Next::NameOrEnd,
                        Token::Array => Next::ValueOrEnd,
                        _ => Next::CommaOrEnd,
                    };
                }
                (Next::Name | Next::NameOrEnd, b'"') => {
                    let (end, escaped) = scan_string(log, at + 1).ok_or(Code::MalformedJson)?;
                    if self.open.len() == 1 {
                        field = self.field(&log[at + 1..end], escaped, names, guess);
                        guess = field.map_or(guess, |known| known + 1);
                    }
                    at = skip_space(log, end + 1);
                    if log.get(at) != Some(&b':') {
                        return Err(Code::MalformedJson);
                    }
                    at += 1;
                    next = Next::Value;
                }
                (Next::CommaOrEnd, _) => {
                    next = match (self.open.last(), byte) {
                        (Some(Container::Object), b',') => Next::Name,
                        (Some(Container::Array), b',') => Next::Value,
                        (Some(Container::Object), b'}') | (Some(Container::Array), b']') => {
                            self.open.pop();
                            Next::CommaOrEnd
                        }
                        _ => return Err(Code::MalformedJson),
                    };
                    at += 1;
                }
                (Next::Name | Next::NameOrEnd, _) => return Err(Code::MalformedJson),
            }
            if next == Next::CommaOrEnd && self.open.is_empty() {
                break;
            }
        }
        if skip_space(log, at) < log.len() {
            return Err(Code::MalformedJson);
        }
        if root_is_object { Ok(()) } else { Err(Code::NotAnObject) }
    }

    fn field(&mut self, name: &[u8], escaped: bool, names: &Names, guess: u16) -> Option<u16> {
        if !escaped {
            return names.find(name, guess);
        }
        self.name.clear();
        unescape(name, &mut self.name);
        names.find(&self.name, guess)
    }

    fn note(&mut self, place: Option<&mut Found>, member: Member) {
        if let Some(place) = place {
            if place.token == Token::Absent {
                *place = member.found;
            } else {
                place.token = Token::Duplicate;
                self.members_whole = false;
            }
        }
        if self.members.len() < MOST_MEMBERS {
            self.members.push(member);
        } else {
            self.members_whole = false;
        }
    }
}

/// A place in a log; logs are at most 1 GiB.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a longer log is too_large before it is scanned")]
pub(super) fn offset(at: usize) -> u32 {
    at as u32
}

fn skip_space(log: &[u8], mut at: usize) -> usize {
    while log.get(at).is_some_and(|byte| is_space(*byte)) {
        at += 1;
    }
    at
}

pub(super) fn literal(rest: &[u8]) -> Option<(Token, usize)> {
    if rest.starts_with(b"null") {
        Some((Token::Null, 4))
    } else if rest.starts_with(b"true") {
        Some((Token::Boolean, 4))
    } else if rest.starts_with(b"false") {
        Some((Token::Boolean, 5))
    } else {
        None
    }
}
