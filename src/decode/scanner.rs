//! The whole way: one pass over a log that checks all of RFC 8259 and notes where the fields' values lie.

use super::names::{Names, ROOT};
use super::number::scan_number;
use super::text::{is_space, scan_string, unescape};
use super::{Block, Found, Token};
use crate::verdict::Code;

/// A value under a name that is within no array, whether the contract knows the name or not; of objects only those that
/// it knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) field: Option<u16>,
    pub(super) found: Found,
}

/// Longer objects are not worth a layout.
const MOST_MEMBERS: usize = 256;

#[derive(Debug)]
pub(super) struct Scanner {
    max_depth: usize,
    /// The open containers, innermost last.
    open: Vec<Open>,
    /// How many arrays are open, and the field and first byte of the outermost.
    arrays: usize,
    array: (Option<u16>, usize),
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

/// An open container, and which object of the contract it is, if it is one.
#[derive(Clone, Copy, Debug)]
struct Open {
    container: Container,
    object: Option<u16>,
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
            arrays: 0,
            array: (None, 0),
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
        self.arrays = 0;
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
                    self.close(at, block, row);
                    next = Next::CommaOrEnd;
                }
                (Next::Value | Next::ValueOrEnd, _) => {
                    let is_member = self.arrays == 0 && !self.open.is_empty();
                    let own = field.filter(|_| is_member);
                    let (token, start, end) = match byte {
                        b'{' | b'[' => {
                            if self.open.len() == self.max_depth {
                                return Err(Code::TooDeep);
                            }
                            let container = if byte == b'{' { Container::Object } else { Container::Array };
                            let is_root = self.open.is_empty() && container == Container::Object;
                            root_is_object |= is_root;
                            let object = if is_root { Some(ROOT) } else { own.and_then(|field| names.object(field)) };
                            self.open.push(Open { container, object });
                            if container == Container::Object {
                                guess = 0;
                                (Token::Object, at, at + 1)
                            } else {
                                if self.arrays == 0 {
                                    self.array = (own, at);
                                }
                                self.arrays += 1;
                                (Token::Array, at, at + 1)
                            }
                        }
                        _ => {
                            let found = scan_scalar(log, at).ok_or(Code::MalformedJson)?;
                            (found.token, found.start as usize, found.end as usize)
                        }
                    };
                    // An array is noted as it ends, an object where the contract knows it.
                    if is_member && token != Token::Array && (token != Token::Object || own.is_some()) {
                        let found = Found { token, start: offset(start), end: offset(end) };
                        self.note(own.and_then(|field| block.place(field, row)), Member { field: own, found });
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
                    field = None;
                    if self.arrays == 0
                        && let Some(Open { object: Some(object), .. }) = self.open.last().copied()
                        && let Some((known, number)) = self.field(&log[at + 1..end], escaped, names, object, guess)
                    {
                        field = Some(known);
                        guess = number + 1;
                    }
                    at = skip_space(log, end + 1);
                    if log.get(at) != Some(&b':') {
                        return Err(Code::MalformedJson);
                    }
                    at += 1;
                    next = Next::Value;
                }
                (Next::CommaOrEnd, _) => {
                    next = match (self.open.last().map(|open| open.container), byte) {
                        (Some(Container::Object), b',') => Next::Name,
                        (Some(Container::Array), b',') => Next::Value,
                        (Some(Container::Object), b'}') | (Some(Container::Array), b']') => {
                            self.close(at + 1, block, row);
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

    fn field(&mut self, name: &[u8], escaped: bool, names: &Names, object: u16, guess: u16) -> Option<(u16, u16)> {
        if !escaped {
            return names.find(object, name, guess);
        }
        self.name.clear();
        unescape(name, &mut self.name);
        names.find(object, &self.name, guess)
    }

    /// The innermost container ends before `end`.
    fn close(&mut self, end: usize, block: &mut Block, row: usize) {
        let Some(Open { container: Container::Array, .. }) = self.open.pop() else { return };
        self.arrays -= 1;
        // An array that is the log itself has no name.
        if self.arrays == 0 && !self.open.is_empty() {
            let (field, start) = self.array;
            let found = Found { token: Token::Array, start: offset(start), end: offset(end) };
            self.note(field.and_then(|field| block.place(field, row)), Member { field, found });
        }
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

/// A string, a number or a literal that begins at `start`, in valid UTF-8; None if it is malformed.
#[inline]
pub(super) fn scan_scalar(log: &[u8], start: usize) -> Option<Found> {
    let (token, from, end) = match log.get(start)? {
        b'"' => {
            let (end, escaped) = scan_string(log, start + 1)?;
            (if escaped { Token::EscapedText } else { Token::Text }, start + 1, end)
        }
        b'-' | b'0'..=b'9' => {
            let (end, integer) = scan_number(log, start)?;
            (if integer { Token::Integer } else { Token::Fraction }, start, end)
        }
        _ => {
            let (token, length) = literal(log.get(start..)?)?;
            (token, start, start + length)
        }
    };
    Some(Found { token, start: offset(from), end: offset(end) })
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
