//! Layouts: what stands between the values of a log, learned from one log and tried on the next.
//!
//! A layout is only learned from a log that the scanner found valid, and only whole values fit between its texts: a string
//! of printable ASCII without a backslash, one with escapes or characters past ASCII, which is looked at as the scanner
//! would, a number, true or false, null, and an array of those. So a log that fits is valid JSON in valid UTF-8 with the
//! same names in the same order, and nothing of it needs to be checked again.

use super::array::flat_array_end;
use super::number::scan_number;
use super::scanner::{Member, literal, offset};
use super::text::scan_string;
use super::{Block, Found, Log, Token};
use crate::lanes::{Lanes, WIDTH, Window};

/// The layouts met lately.
#[derive(Debug)]
pub(super) struct Layouts {
    /// For each field whether it is a string or an integer, which are often digits only.
    digits: Vec<bool>,
    known: Vec<Layout>,
    /// The one that is tried first: two logs in a row have fitted it, or it was learned last.
    last: usize,
    /// The one that the last log fitted.
    rival: usize,
    /// Learned since one fitted; the more, the fewer are learned.
    fruitless: u32,
    /// Logs to let pass before the next is learned.
    pause: u32,
    copy: Vec<u8>,
}

/// As many producers may be mixed in one topic before the scanner must help.
const MOST: usize = 4;
/// A longer log is scanned where it lies.
const LONGEST_COPY: usize = 4096;

#[derive(Debug)]
struct Layout {
    values: Vec<Value>,
    /// The fields of which there is no value here: those that don't occur, and objects, whose fields follow.
    constants: Vec<(u16, Token)>,
    tail: Vec<u8>,
    /// How many were read, or tried.
    logs: u32,
}

/// A value and the text before it.
#[derive(Debug)]
struct Value {
    /// The start of the text between this value and the one before: the closing quote that the one before may have, then
    /// what is always there, then the opening quote of a text. Zeros behind it.
    before: Window,
    /// The bytes of it that count; of them that of the opening quote.
    mask: u32,
    quote: u32,
    /// From the start of that text to the value, or its opening quote.
    length: usize,
    /// The rest of a longer text.
    rest: Vec<u8>,
    form: Form,
    /// The field; behind the last one for a value that no field takes.
    field: u16,
    steady: Steady,
    /// How many were of another length.
    unsteady: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A string, its opening quote the last byte before it.
    Text,
    /// Digits, in quotes or not: some producers write numbers now this way, now that.
    Digits,
    /// Anything, or a text so far behind the value before that the window does not reach it.
    Any,
    /// An array of scalars, or anything but an array: where none stood before, one may be too deep.
    Array,
}

/// A length that is known before the value is read: where the next value begins does not wait for this one's end, which
/// takes the processor longer than all the rest.
#[derive(Clone, Copy, Debug, Default)]
struct Steady {
    span: usize,
    /// Of the masks of the first window and of a text's second one, the bits that count, and how they are for such a
    /// value: nothing but its end is set. While no length is known, none counts, and one is wanted.
    care: [u32; 2],
    want: [u32; 2],
}

impl Steady {
    const NONE: Self = Self { span: 0, care: [0; 2], want: [1; 2] };

    fn new(span: usize, form: Form) -> Self {
        let longest = if form == Form::Text { 2 * WIDTH - 1 } else { WIDTH - 2 };
        if span > longest || matches!(form, Form::Any | Form::Array) {
            return Self::NONE;
        }
        let want = 1_u64 << span;
        let halves = |mask: u64| [mask & u64::from(u32::MAX), mask >> 32].map(|half| u32::try_from(half).unwrap_or(0));
        Self { span, care: halves(want | (want - 1)), want: halves(want) }
    }
}

impl Value {
    /// Of what lies between two values, `before`, and the value itself, without quotes.
    fn new(before: &[u8], first: bool, token: Token, text: &[u8], field: u16, whole: bool) -> Self {
        let digits = whole
            && !text.is_empty()
            && matches!(token, Token::Text | Token::Integer)
            && text.iter().all(u8::is_ascii_digit);
        let mut known = if first { Vec::new() } else { vec![b'"'] };
        known.extend_from_slice(before);
        let length = known.len();
        let form = match token {
            _ if digits => Form::Digits,
            Token::Text | Token::EscapedText if length < WIDTH => Form::Text,
            Token::Array => Form::Array,
            _ => Form::Any,
        };
        let mut quote = 0;
        if form == Form::Text {
            known.push(b'"');
            quote = 1 << length;
        }
        let mut window = [0; WIDTH];
        for (to, from) in window.iter_mut().zip(&known) {
            *to = *from;
        }
        let mask = u32::try_from((1_u64 << known.len().min(WIDTH)) - 1).unwrap_or(u32::MAX);
        let rest = known.get(WIDTH..).unwrap_or_default().to_vec();
        let steady = Steady::new(text.len(), form);
        Self { before: window, mask, quote, length, rest, form, field, steady, unsteady: 0 }
    }

    /// Reads the value in its usual form; None for any other.
    #[inline(always)]
    fn read(&mut self, lanes: impl Lanes, bytes: &[u8], start: usize, logs: u32) -> Read {
        match self.form {
            Form::Text => {
                let start = start + 1;
                let specials = lanes.specials(window(bytes, start)?);
                let steady = &self.steady;
                let end = if specials & steady.care[0] == steady.want[0]
                    && (steady.care[1] == 0
                        || lanes.specials(window(bytes, start + WIDTH)?) & steady.care[1] == steady.want[1])
                {
                    start + steady.span
                } else {
                    self.see(logs);
                    if specials == 0 {
                        text_end(lanes, bytes, start + WIDTH)?
                    } else {
                        start + specials.trailing_zeros() as usize
                    }
                };
                Some(Found { token: Token::Text, start: offset(start), end: offset(end) })
            }
            Form::Digits => {
                // Whether there are quotes is calculated with, not branched on: no processor guesses it.
                let window = window(bytes, start)?;
                let first = *window.first()?;
                let quoted = u32::from(first == b'"');
                let others = lanes.no_digits(window) >> quoted;
                let count = if others & self.steady.care[0] == self.steady.want[0] {
                    offset(self.steady.span)
                } else {
                    self.see(logs);
                    others.trailing_zeros()
                };
                let canonical = (first != b'0') | (count == 1);
                if !(canonical & (count > 0) & (count < 31)) {
                    return None;
                }
                let token = if quoted == 1 { Token::Text } else { Token::Integer };
                let start = offset(start) + quoted;
                Some(Found { token, start, end: start + count })
            }
            Form::Any => None,
            Form::Array => {
                let end = (bytes.get(start) == Some(&b'[')).then(|| flat_array_end(bytes, start))??;
                Some(Found { token: Token::Array, start: offset(start), end: offset(end) })
            }
        }
    }

    /// A value was not of the steady length.
    #[inline(always)]
    fn see(&mut self, logs: u32) {
        if self.steady.care[0] != 0 {
            self.unsteady += 1;
            if self.unsteady > 4 + logs / 8 {
                self.steady = Steady::NONE;
            }
        }
    }
}

/// The window that begins at `at`.
#[inline(always)]
fn window(bytes: &[u8], at: usize) -> Option<&Window> {
    bytes.get(at..).and_then(<[u8]>::first_chunk)
}

/// Reads on a text that does not end where printable ASCII does; yields its end. None where there is none.
#[cold]
#[inline(never)]
fn read_on(bytes: &[u8], text: Option<&mut Found>) -> Option<usize> {
    let text = text.filter(|text| text.token == Token::Text)?;
    let start = text.start as usize;
    let (end, escaped) = scan_string(bytes, start)?;
    std::str::from_utf8(bytes.get(start..end)?).ok()?;
    text.end = offset(end);
    if escaped {
        text.token = Token::EscapedText;
    }
    Some(end)
}

/// A value. Of a text the closing quote is not looked at: what comes next begins with it.
type Read = Option<Found>;

/// A string, a number, a truth value or null.
#[inline(always)]
fn read_any(lanes: impl Lanes, bytes: &[u8], start: usize) -> Read {
    match bytes.get(start)? {
        b'"' => {
            let end = text_end(lanes, bytes, start + 1)?;
            Some(Found { token: Token::Text, start: offset(start + 1), end: offset(end) })
        }
        b'n' | b't' | b'f' => {
            let (token, length) = literal(bytes.get(start..)?)?;
            Some(Found { token, start: offset(start), end: offset(start + length) })
        }
        _ => {
            let (end, integer) = scan_number(bytes, start)?;
            let token = if integer { Token::Integer } else { Token::Fraction };
            Some(Found { token, start: offset(start), end: offset(end) })
        }
    }
}

/// Where a text ends that goes on at `at`.
#[inline(always)]
fn text_end(lanes: impl Lanes, bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let specials = lanes.specials(window(bytes, at)?);
        if specials != 0 {
            return Some(at + specials.trailing_zeros() as usize);
        }
        at += WIDTH;
    }
}

impl Layouts {
    pub(super) fn new(digits: Vec<bool>) -> Self {
        Self { digits, known: Vec::new(), last: 0, rival: 0, fruitless: 0, pause: 0, copy: Vec::new() }
    }

    /// Finds the fields of a log that fits the layout of the last one; false if it doesn't.
    #[inline(always)]
    pub(super) fn read_last(&mut self, lanes: impl Lanes, log: Log<'_>, block: &mut Block, row: usize) -> bool {
        if let Some(layout) = self.known.get_mut(self.last)
            && log.rest.len() - log.length >= WIDTH
            && layout.read(lanes, log.rest, log.length, block, row)
        {
            self.fruitless = 0;
            self.rival = self.last;
            return true;
        }
        false
    }

    /// Finds the fields of a log that fits another known layout; false if none does.
    #[inline(always)]
    pub(super) fn read(&mut self, lanes: impl Lanes, log: Log<'_>, block: &mut Block, row: usize) -> bool {
        // A log behind which not as much lies as a window holds gets zeros there.
        let mut copy = std::mem::take(&mut self.copy);
        let copied = log.rest.len() - log.length < WIDTH;
        let mut rest = log.rest;
        if copied && log.length <= LONGEST_COPY {
            copy.clear();
            copy.extend_from_slice(log.bytes());
            copy.extend_from_slice(&[0; WIDTH]);
            rest = &copy;
        }
        let last = self.last;
        let others = (0..self.known.len()).filter(|index| *index != last);
        let mut fits = false;
        // No closures for the reading: they are compiled for every processor, and the lanes then called.
        for index in (copied && last < self.known.len()).then_some(last).into_iter().chain(others) {
            if let Some(layout) = self.known.get_mut(index)
                && layout.read(lanes, rest, log.length, block, row)
            {
                // One odd log among many is not worth a change, which the log behind it would pay for.
                if self.rival == index {
                    self.last = index;
                }
                self.rival = index;
                self.fruitless = 0;
                fits = true;
                break;
            }
        }
        self.copy = copy;
        fits
    }

    /// Learns the layout of a valid log that fits none.
    pub(super) fn learn(&mut self, log: &[u8], members: Option<&[Member]>) {
        if self.pause > 0 {
            self.pause -= 1;
            return;
        }
        let Some(layout) = members.and_then(|members| Layout::of(log, members, &self.digits)) else { return };
        if self.known.len() < MOST {
            self.last = self.known.len();
            self.known.push(layout);
        } else {
            self.last = (self.last + 1) % MOST;
            if let Some(place) = self.known.get_mut(self.last) {
                *place = layout;
            }
        }
        self.rival = self.last;
        // A stream in which each log has a layout of its own must not pay for learning them all.
        self.fruitless = (self.fruitless + 1).min(10);
        self.pause = (1 << self.fruitless) - 2;
    }
}

impl Layout {
    fn of(log: &[u8], members: &[Member], digits: &[bool]) -> Option<Self> {
        let occurs = |field: &u16| members.iter().any(|member| member.field == Some(*field));
        let none = u16::try_from(digits.len()).ok()?;
        let mut constants: Vec<(u16, Token)> =
            (0..none).filter(|field| !occurs(field)).map(|field| (field, Token::Absent)).collect();
        let mut values: Vec<Value> = Vec::with_capacity(members.len());
        let mut at = 0;
        for member in members {
            // A string's quotes belong to it here: the next log may have a number or null in its place.
            let quote = match member.found.token {
                Token::Object => {
                    constants.push((member.field?, Token::Object));
                    continue;
                }
                Token::Array if flat_array_end(log, member.found.start as usize).is_some() => 0,
                Token::Text | Token::EscapedText => 1,
                Token::Integer | Token::Fraction | Token::Boolean | Token::Null => 0,
                _ => return None,
            };
            let start = (member.found.start as usize).checked_sub(quote)?;
            let (before, text) = (log.get(at..start)?, member.found.text(log));
            let field = member.field.unwrap_or(none);
            // Where a number may have a fraction, the next one often has.
            let whole = digits.get(usize::from(field)).copied().unwrap_or(false);
            values.push(Value::new(before, values.is_empty(), member.found.token, text, field, whole));
            at = member.found.end as usize + quote;
        }
        Some(Self { values, constants, tail: log.get(at..)?.to_vec(), logs: 0 })
    }

    /// Reads the log of that length at the start of `rest`. What is found may reach past its end: then what comes last
    /// ends elsewhere than the log does.
    #[inline(always)]
    fn read(&mut self, lanes: impl Lanes, rest: &[u8], length: usize, block: &mut Block, row: usize) -> bool {
        self.logs = self.logs.saturating_add(1);
        let mut at = 0;
        // Whether the value before has a closing quote, at `at`; where it has none, `at` is its last byte.
        let mut closing = 1;
        let mut last = None;
        for value in &mut self.values {
            let Some(before) = window(rest, at) else { return false };
            let mask = value.mask & ((u32::MAX - 1) | closing);
            let mut differences = lanes.differences(before, &value.before) & mask;
            if differences & closing != 0 {
                let text = last.and_then(|field| block.place(field, row));
                let Some(end) = read_on(rest, text) else { return false };
                at = end;
                let Some(before) = window(rest, at) else { return false };
                differences = lanes.differences(before, &value.before) & mask;
            }
            let start = at + value.length;
            let mut read = None;
            if differences == 0 && value.rest.is_empty() {
                read = value.read(lanes, rest, start, self.logs);
            } else if differences & !value.quote != 0
                || !value.rest.is_empty() && rest.get(at + WIDTH..start) != Some(&value.rest)
            {
                return false;
            }
            if read.is_none() {
                read = read_any(lanes, rest, start);
            }
            let Some(found) = read else { return false };
            closing = u32::from(found.token == Token::Text);
            at = (found.end + closing - 1) as usize;
            if let Some(place) = block.place(value.field, row) {
                *place = found;
            }
            last = Some(value.field);
        }
        // Again no branch on whether there is a quote; without any value there is none.
        if (closing == 1) & (rest.get(at) != Some(&b'"')) & !self.values.is_empty() {
            let text = last.and_then(|field| block.place(field, row));
            let Some(end) = read_on(rest, text) else { return false };
            at = end;
        }
        for (field, token) in &self.constants {
            if let Some(place) = block.place(*field, row) {
                *place = Found { token: *token, start: 0, end: 0 };
            }
        }
        at += usize::from(!self.values.is_empty());
        if at + self.tail.len() != length {
            return false;
        }
        rest.iter().skip(at).zip(&self.tail).all(|(found, known)| found == known)
    }
}
