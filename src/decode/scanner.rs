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
        let mut at = skip_space(log, 0);
        let root_is_object = log.get(at) == Some(&b'{');
        let mut field = None;
        let mut guess = 0;
        'values: loop {
            // A value begins here.
            let byte = *log.get(at).ok_or(Code::MalformedJson)?;
            let is_member = self.arrays == 0 && !self.open.is_empty();
            let own = field.filter(|_| is_member);
            if byte == b'{' || byte == b'[' {
                self.open(byte, at, own, names)?;
                if byte == b'{' && own.is_some() {
                    let found = Found { token: Token::Object, start: offset(at), end: offset(at + 1) };
                    self.note(own.and_then(|field| block.place(field, row)), Member { field: own, found });
                }
                at = skip_space(log, at + 1);
                match (byte, log.get(at)) {
                    (b'{', Some(b'"')) => {
                        guess = 0;
                        (field, at) = self.name(log, at, names, &mut guess)?;
                        continue;
                    }
                    (b'[', Some(b']')) | (b'{', Some(b'}')) => {}
                    (b'[', _) => continue,
                    _ => return Err(Code::MalformedJson),
                }
            } else {
                let found = scan_scalar(log, at).ok_or(Code::MalformedJson)?;
                // An array is noted as it ends.
                if is_member {
                    self.note(own.and_then(|field| block.place(field, row)), Member { field: own, found });
                }
                let quote = usize::from(matches!(found.token, Token::Text | Token::EscapedText));
                at = skip_space(log, found.end as usize + quote);
            }
            // What comes behind a value, or ends a container that has none.
            while let Some(Open { container, .. }) = self.open.last() {
                match (container, log.get(at)) {
                    (Container::Object, Some(b',')) => {
                        at = skip_space(log, at + 1);
                        if log.get(at) != Some(&b'"') {
                            return Err(Code::MalformedJson);
                        }
                        (field, at) = self.name(log, at, names, &mut guess)?;
                        continue 'values;
                    }
                    (Container::Array, Some(b',')) => {
                        at = skip_space(log, at + 1);
                        continue 'values;
                    }
                    (Container::Object, Some(b'}')) | (Container::Array, Some(b']')) => {
                        self.close(at + 1, block, row);
                        at = skip_space(log, at + 1);
                    }
                    _ => return Err(Code::MalformedJson),
                }
            }
            break;
        }
        if at < log.len() {
            return Err(Code::MalformedJson);
        }
        if root_is_object { Ok(()) } else { Err(Code::NotAnObject) }
    }

    /// Opens the container that begins at `at`, the value of the field `own` if it is one.
    #[inline]
    fn open(&mut self, byte: u8, at: usize, own: Option<u16>, names: &Names) -> Result<(), Code> {
        if self.open.len() == self.max_depth {
            return Err(Code::TooDeep);
        }
        if byte == b'{' {
            let object = if self.open.is_empty() { Some(ROOT) } else { own.and_then(|field| names.object(field)) };
            self.open.push(Open { container: Container::Object, object });
        } else {
            if self.arrays == 0 {
                self.array = (own, at);
            }
            self.arrays += 1;
            self.open.push(Open { container: Container::Array, object: None });
        }
        Ok(())
    }

    /// Reads the name whose quote is at `at`, and the colon; yields its field, if it is one, and where the value begins.
    #[inline]
    fn name(&mut self, log: &[u8], at: usize, names: &Names, guess: &mut u16) -> Result<(Option<u16>, usize), Code> {
        let (end, escaped) = scan_string(log, at + 1).ok_or(Code::MalformedJson)?;
        let mut field = None;
        if self.arrays == 0
            && let Some(Open { object: Some(object), .. }) = self.open.last().copied()
            && let Some((known, number)) =
                self.field(log.get(at + 1..end).unwrap_or_default(), escaped, names, object, *guess)
        {
            field = Some(known);
            *guess = number + 1;
        }
        let at = skip_space(log, end + 1);
        if log.get(at) != Some(&b':') {
            return Err(Code::MalformedJson);
        }
        Ok((field, skip_space(log, at + 1)))
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

#[inline]
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
        b'0'..=b'9' if !matches!(log.get(start + 1), Some(b'0'..=b'9' | b'.' | b'e' | b'E')) => {
            (Token::Integer, start, start + 1)
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
