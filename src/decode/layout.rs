//! Layouts: what stands between the values of a log, learned from one log and tried on the next ones, a block at a time:
//! the first value of all of them, then the second, and so on. So no log waits for the end of a value of its own, and each
//! step is the same for all.
//!
//! A layout is only learned from a log that the scanner found valid, and only whole values fit between its texts: a string
//! of printable ASCII without a backslash, one with escapes or characters past ASCII, which is looked at as the scanner
//! would, a number, true or false, null, and an array of those. So a log that fits is valid JSON in valid UTF-8 with the
//! same names in the same order, and nothing of it needs to be checked again.

use super::array::flat_array_end;
use super::number::scan_number;
use super::scanner::{Member, literal, offset};
use super::text::scan_string;
use super::{BLOCK, Block, Found, Log, Token};
use crate::lanes::{Lanes, WIDTH, Window};

/// A window's width, as places in a log are counted.
const STEP: u32 = 32;
const _: () = assert!(STEP as usize == WIDTH);

/// The layouts met lately.
#[derive(Debug)]
pub(super) struct Layouts {
    /// For each field whether it is a string or an integer, which are often digits only.
    digits: Vec<bool>,
    known: Vec<Layout>,
    /// The one that is tried first: most logs of the last block fitted it.
    first: usize,
    /// The one that makes room for the next.
    oldest: usize,
    /// Learned since one fitted; the more, the fewer are learned.
    fruitless: u32,
    /// Logs to let pass before the next is learned.
    pause: u32,
}

/// As many producers may be mixed in one topic before the scanner must help.
const MOST: usize = 4;

#[derive(Debug)]
struct Layout {
    values: Vec<Value>,
    /// What stands behind the last value.
    tail: Between,
    /// The fields of which there is no value here: those that don't occur, and objects, whose fields follow.
    constants: Vec<(u16, Token)>,
    /// How many logs were read, or tried.
    logs: u32,
}

/// What stands between two values: the closing quote that the one before may have, then what is always there, then the
/// opening quote of a text.
#[derive(Debug)]
struct Between {
    /// The start of it, zeros behind it.
    window: Window,
    /// The bytes of the window that count; of them that of the opening quote.
    mask: u32,
    quote: u32,
    /// From its start to the value, or its opening quote.
    length: u32,
    /// What the window can't hold.
    rest: Vec<u8>,
}

impl Between {
    fn new(text: &[u8], first: bool, text_follows: bool) -> Self {
        let mut known = if first { Vec::new() } else { vec![b'"'] };
        known.extend_from_slice(text);
        let length = known.len();
        let mut quote = 0;
        if text_follows && length < WIDTH {
            known.push(b'"');
            quote = 1 << length;
        }
        let mut window = [0; WIDTH];
        for (to, from) in window.iter_mut().zip(&known) {
            *to = *from;
        }
        let mask = u32::try_from((1_u64 << known.len().min(WIDTH)) - 1).unwrap_or(u32::MAX);
        Self { window, mask, quote, length: offset(length), rest: known.get(WIDTH..).unwrap_or_default().to_vec() }
    }

    /// Holds what stands at a value's end against it; yields where it ends, and the bytes of the window that differ. `last`
    /// is the value before, which goes on where its quote should be if it has escapes or is not ASCII.
    #[inline(always)]
    fn compare(&self, lanes: impl Lanes, rest: &[u8], end: End, last: Option<&mut Found>) -> Option<(u32, u32)> {
        let mut at = end.at;
        let mut differences = lanes.differences(window(rest, at)?, &self.window) & self.mask & end.mask;
        if differences & 1 != 0 {
            at = read_on(rest, last)?;
            differences = lanes.differences(window(rest, at)?, &self.window) & self.mask & end.mask;
        }
        Some((at + self.length, differences))
    }

    /// Whether the bytes behind the window are the same, too.
    #[inline(always)]
    fn goes_on(&self, rest: &[u8], end: u32) -> bool {
        self.rest.is_empty() || {
            let end = end as usize;
            rest.get(end.wrapping_sub(self.rest.len())..end) == Some(&self.rest)
        }
    }
}

/// Where a value ends: at its closing quote, or at its last byte, where it has none and that byte does not count.
#[derive(Clone, Copy, Debug)]
struct End {
    at: u32,
    mask: u32,
}

impl End {
    /// Of a log nothing is read.
    const START: Self = Self { at: 0, mask: u32::MAX };

    #[inline(always)]
    fn of(found: Found) -> Self {
        let quote = u32::from(found.token == Token::Text);
        Self { at: found.end + quote - 1, mask: u32::MAX - 1 + quote }
    }
}

/// A value and what stands before it.
#[derive(Debug)]
struct Value {
    before: Between,
    form: Form,
    /// The field; behind the last one for a value that no field takes.
    field: u16,
    /// How many were of another form.
    others: u32,
}

/// So many values of another form than the usual one, and a quarter of all, are reason for another guess.
const MANY: u32 = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A string of less than a window, its opening quote the last byte before it.
    Text,
    /// The same of less than two windows.
    LongText,
    /// Digits, in quotes or not: some producers write numbers now this way, now that.
    Digits,
    /// Anything, or a text so far behind the value before that the window does not reach it.
    Any,
    /// An array of scalars, or anything but an array: where none stood before, one may be too deep.
    Array,
}

/// A way to read values of the usual form: always the same steps, with nothing branched on that no processor guesses.
/// Logs are read one beside the other, so no step waits for that of the log before.
trait Usual<const REACH: usize> {
    /// Reads the value that stands at `start` in `bytes`, at most a window from their start; None if it is another one.
    /// What is found counts from the start of `bytes`.
    fn read(lanes: impl Lanes, bytes: &[u8; REACH], start: u32) -> Option<Found>;
}

/// The window at a place in a stretch of memory.
#[inline(always)]
fn part(bytes: &[u8], at: u32) -> Option<&Window> {
    bytes.get(at as usize..at as usize + WIDTH)?.first_chunk()
}

struct Short;

impl Usual<{ 2 * WIDTH }> for Short {
    #[inline(always)]
    fn read(lanes: impl Lanes, bytes: &[u8; 2 * WIDTH], start: u32) -> Option<Found> {
        let start = start % STEP + 1;
        let specials = lanes.specials(part(bytes, start)?);
        (specials != 0).then(|| Found { token: Token::Text, start, end: start + specials.trailing_zeros() })
    }
}

struct Long;

impl Usual<{ 3 * WIDTH }> for Long {
    #[inline(always)]
    fn read(lanes: impl Lanes, bytes: &[u8; 3 * WIDTH], start: u32) -> Option<Found> {
        let start = start % STEP + 1;
        let behind = lanes.specials(part(bytes, start + STEP)?);
        let specials = u64::from(lanes.specials(part(bytes, start)?)) | u64::from(behind) << WIDTH;
        (specials != 0).then(|| Found { token: Token::Text, start, end: start + specials.trailing_zeros() })
    }
}

struct Digits;

impl Usual<{ 2 * WIDTH }> for Digits {
    #[inline(always)]
    fn read(lanes: impl Lanes, bytes: &[u8; 2 * WIDTH], start: u32) -> Option<Found> {
        let window = part(bytes, start % STEP)?;
        let first = *window.first()?;
        let quoted = u32::from(first == b'"');
        let count = (lanes.no_digits(window) >> quoted).trailing_zeros();
        let canonical = (first != b'0') | (count == 1);
        let token = if quoted == 1 { Token::Text } else { Token::Integer };
        let start = start % STEP + quoted;
        (canonical & (count > 0) & (count < 31)).then_some(Found { token, start, end: start + count })
    }
}

/// What is read of a block's logs.
struct Rows<'a, 'l> {
    logs: &'a [Log<'l>; BLOCK],
    found: &'a mut [[Found; BLOCK]],
    ends: [End; BLOCK],
    /// Those that still fit, one bit each.
    fit: u64,
}

impl Value {
    /// Of what lies between two values, `before`, and the value itself, without quotes.
    fn new(before: &[u8], first: bool, token: Token, text: &[u8], field: u16, whole: bool) -> Self {
        let digits = whole
            && !text.is_empty()
            && matches!(token, Token::Text | Token::Integer)
            && text.iter().all(u8::is_ascii_digit);
        let is_text = matches!(token, Token::Text | Token::EscapedText);
        let before = Between::new(before, first, is_text && !digits);
        let form = match token {
            _ if digits && before.length < STEP => Form::Digits,
            _ if is_text && before.quote != 0 && text.len() < WIDTH => Form::Text,
            _ if is_text && before.quote != 0 && text.len() < 2 * WIDTH => Form::LongText,
            Token::Array => Form::Array,
            _ => Form::Any,
        };
        Self { before, form, field, others: 0 }
    }

    /// Reads the value in those logs that still fit. `last` is the field of the value before, `logs` how many were read.
    #[inline(always)]
    fn read(&mut self, lanes: impl Lanes, rows: &mut Rows<'_, '_>, last: usize, logs: u32) {
        let mut left = match self.form {
            Form::Text => self.read_usual::<Short, { 2 * WIDTH }>(lanes, rows),
            Form::LongText => self.read_usual::<Long, { 3 * WIDTH }>(lanes, rows),
            Form::Digits => self.read_usual::<Digits, { 2 * WIDTH }>(lanes, rows),
            Form::Any | Form::Array => rows.fit,
        };
        if self.form != Form::Array && left != 0 {
            self.others = self.others.saturating_add(left.count_ones());
            if self.others > MANY + logs / 4 {
                self.others = 0;
                self.form = if self.form == Form::Text { Form::LongText } else { Form::Any };
            }
        }
        while left != 0 {
            let row = left.trailing_zeros() as usize % BLOCK;
            left &= left - 1;
            if self.read_row(lanes, rows, row, last).is_none() {
                rows.fit &= !(1 << row);
            }
        }
    }

    /// Reads the value where it is of the usual form, and yields the bits of the other logs.
    #[inline(always)]
    fn read_usual<U: Usual<REACH>, const REACH: usize>(&self, lanes: impl Lanes, rows: &mut Rows<'_, '_>) -> u64 {
        let Some(places) = rows.found.get_mut(usize::from(self.field)) else { return rows.fit };
        let (before, mask, length) = (self.before.window, self.before.mask, self.before.length);
        let (mut left, mut others) = (rows.fit, 0);
        while left != 0 {
            let row = left.trailing_zeros() as usize % BLOCK;
            let bit = left & left.wrapping_neg();
            left ^= bit;
            let (Some(log), Some(end), Some(place)) = (rows.logs.get(row), rows.ends.get_mut(row), places.get_mut(row))
            else {
                continue;
            };
            let at = end.at as usize;
            if let Some(bytes) = log.rest.get(at..at + REACH).and_then(<[u8]>::first_chunk::<REACH>)
                && let Some(window) = bytes.first_chunk()
                && lanes.differences(window, &before) & mask & end.mask == 0
                && let Some(found) = U::read(lanes, bytes, length)
            {
                let found = Found { token: found.token, start: found.start + end.at, end: found.end + end.at };
                *end = End::of(found);
                *place = found;
            } else {
                others |= bit;
            }
        }
        others
    }

    /// Reads the value of a log, whatever it is; None if the log does not fit.
    #[inline(always)]
    fn read_row(&self, lanes: impl Lanes, rows: &mut Rows<'_, '_>, row: usize, last: usize) -> Option<()> {
        let rest = rows.logs.get(row)?.rest;
        let end = rows.ends.get_mut(row)?;
        let last = rows.found.get_mut(last).and_then(|found| found.get_mut(row));
        let (start, differences) = self.before.compare(lanes, rest, *end, last)?;
        if differences & !self.before.quote != 0 || !self.before.goes_on(rest, start) {
            return None;
        }
        let found = match (self.form, rest.get(start as usize)?) {
            (Form::Array, b'[') => {
                let end = flat_array_end(rest, start as usize)?;
                Found { token: Token::Array, start, end: offset(end) }
            }
            _ => read_any(lanes, rest, start)?,
        };
        *end = End::of(found);
        *rows.found.get_mut(usize::from(self.field))?.get_mut(row)? = found;
        Some(())
    }
}

/// The window that begins at `at`.
#[inline(always)]
fn window(bytes: &[u8], at: u32) -> Option<&Window> {
    let at = at as usize;
    bytes.get(at..at + WIDTH).and_then(<[u8]>::first_chunk)
}

/// Reads on a text that does not end where printable ASCII does; yields its end. None where there is none.
#[cold]
#[inline(never)]
fn read_on(bytes: &[u8], text: Option<&mut Found>) -> Option<u32> {
    let text = text.filter(|text| text.token == Token::Text)?;
    let start = text.start as usize;
    let (end, escaped) = scan_string(bytes, start)?;
    std::str::from_utf8(bytes.get(start..end)?).ok()?;
    text.end = offset(end);
    if escaped {
        text.token = Token::EscapedText;
    }
    Some(text.end)
}

/// A string, a number, a truth value or null. Of a text the closing quote is not looked at: what comes next begins with it.
#[inline(always)]
fn read_any(lanes: impl Lanes, bytes: &[u8], start: u32) -> Option<Found> {
    let at = start as usize;
    match bytes.get(at)? {
        b'"' => {
            let end = text_end(lanes, bytes, start + 1)?;
            Some(Found { token: Token::Text, start: start + 1, end })
        }
        b'n' | b't' | b'f' => {
            let (token, length) = literal(bytes.get(at..)?)?;
            Some(Found { token, start, end: offset(at + length) })
        }
        _ => {
            let (end, integer) = scan_number(bytes, at)?;
            let token = if integer { Token::Integer } else { Token::Fraction };
            Some(Found { token, start, end: offset(end) })
        }
    }
}

/// Where a text ends that goes on at `at`.
#[inline(always)]
fn text_end(lanes: impl Lanes, bytes: &[u8], mut at: u32) -> Option<u32> {
    loop {
        let specials = lanes.specials(window(bytes, at)?);
        if specials != 0 {
            return Some(at + specials.trailing_zeros());
        }
        at += STEP;
    }
}

impl Layouts {
    pub(super) fn new(digits: Vec<bool>) -> Self {
        Self { digits, known: Vec::new(), first: 0, oldest: 0, fruitless: 0, pause: 0 }
    }

    /// Finds the fields of those logs whose bits are set in `rows` and that fit a known layout; yields their bits. Behind
    /// each log at least a window lies.
    #[inline(always)]
    pub(super) fn read(&mut self, lanes: impl Lanes, logs: &[Log<'_>; BLOCK], rows: u64, block: &mut Block) -> u64 {
        self.read_some(lanes, logs, rows, block, self.known.len())
    }

    /// The same for the layout that was learned last.
    #[inline(always)]
    pub(super) fn read_first(
        &mut self,
        lanes: impl Lanes,
        logs: &[Log<'_>; BLOCK],
        rows: u64,
        block: &mut Block,
    ) -> u64 {
        self.read_some(lanes, logs, rows, block, 1)
    }

    #[inline(always)]
    fn read_some(
        &mut self,
        lanes: impl Lanes,
        logs: &[Log<'_>; BLOCK],
        rows: u64,
        block: &mut Block,
        layouts: usize,
    ) -> u64 {
        let (mut fit, mut first, mut most) = (0_u64, self.first, 0);
        for index in (self.first..self.known.len()).chain(0..self.first).take(layouts) {
            if let Some(layout) = self.known.get_mut(index).filter(|_| rows & !fit != 0) {
                let found = layout.read(lanes, logs, rows & !fit, block);
                fit |= found;
                if found.count_ones() > most {
                    (first, most) = (index, found.count_ones());
                }
            }
        }
        self.first = first;
        if fit != 0 {
            self.fruitless = 0;
        }
        fit
    }

    /// Learns the layout of a valid log that fits none; whether it did.
    pub(super) fn learn(&mut self, log: &[u8], members: Option<&[Member]>) -> bool {
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        // A stream in which each log has a layout of its own, or none, must not pay for learning them all.
        self.fruitless = (self.fruitless + 1).min(10);
        self.pause = (1 << self.fruitless) - 2;
        let Some(layout) = members.and_then(|members| Layout::of(log, members, &self.digits)) else { return false };
        if self.known.len() < MOST {
            self.first = self.known.len();
            self.known.push(layout);
        } else {
            // Not the one that most logs fit.
            self.oldest = (self.oldest + 1 + usize::from((self.oldest + 1) % MOST == self.first)) % MOST;
            if let Some(place) = self.known.get_mut(self.oldest) {
                *place = layout;
            }
            self.first = self.oldest;
        }
        true
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
        let tail = Between::new(log.get(at..)?, values.is_empty(), false);
        Some(Self { values, tail, constants, logs: 0 })
    }

    /// Reads those logs whose bits are set in `rows`, a value of all of them after the other; yields the bits of those that
    /// fit. What is found may reach past a log's end: then what comes last ends elsewhere than the log does.
    #[inline(always)]
    fn read(&mut self, lanes: impl Lanes, logs: &[Log<'_>; BLOCK], rows: u64, block: &mut Block) -> u64 {
        self.logs = self.logs.saturating_add(rows.count_ones());
        let mut rows = Rows { logs, found: &mut block.found, ends: [End::START; BLOCK], fit: rows };
        // Before the first value no quote is missing.
        let mut last = usize::MAX;
        for value in &mut self.values {
            value.read(lanes, &mut rows, last, self.logs);
            last = usize::from(value.field);
        }
        let mut left = rows.fit;
        while left != 0 {
            let row = left.trailing_zeros() as usize % BLOCK;
            left &= left - 1;
            if !self.ends(lanes, &mut rows, row, last) {
                rows.fit &= !(1 << row);
            }
        }
        for (field, token) in &self.constants {
            if let Some(places) = rows.found.get_mut(usize::from(*field)) {
                for (place, row) in places.iter_mut().zip(0..) {
                    if rows.fit >> row & 1 == 1 {
                        *place = Found { token: *token, start: 0, end: 0 };
                    }
                }
            }
        }
        rows.fit
    }

    /// Whether the log ends as it should behind its last value.
    #[inline(always)]
    fn ends(&self, lanes: impl Lanes, rows: &mut Rows<'_, '_>, row: usize, last: usize) -> bool {
        let (Some(log), Some(end)) = (rows.logs.get(row), rows.ends.get(row)) else { return false };
        let last = rows.found.get_mut(last).and_then(|found| found.get_mut(row));
        let Some((end, differences)) = self.tail.compare(lanes, log.rest, *end, last) else { return false };
        end as usize == log.length && differences == 0 && self.tail.goes_on(log.rest, end)
    }
}
