//! The values of a layout: what stands before each, and how it is read in many logs.

use super::array::flat_array_end;
use super::number::scan_number;
use super::scanner::{literal, offset};
use super::text::scan_string;
use super::{BLOCK, Found, Log, Token, rows_of};
use crate::lanes::{Lanes, WIDTH, Window};

/// A window's width, as places in a log are counted.
const STEP: u32 = 32;
const _: () = assert!(STEP as usize == WIDTH);

/// What stands between two values: the closing quote that the one before may have, then what is always there, then the
/// opening quote of a text.
#[derive(Debug)]
pub(super) struct Between {
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
    pub(super) fn new(text: &[u8], first: bool, text_follows: bool) -> Self {
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
pub(super) struct Value {
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

struct Short;

impl Usual<{ 2 * WIDTH }> for Short {
    #[inline(always)]
    fn read(lanes: impl Lanes, bytes: &[u8; 2 * WIDTH], start: u32) -> Option<Found> {
        let start = start % STEP + 1;
        let specials = lanes.specials(window(bytes, start)?);
        (specials != 0).then(|| Found { token: Token::Text, start, end: start + specials.trailing_zeros() })
    }
}

struct Long;

impl Usual<{ 3 * WIDTH }> for Long {
    #[inline(always)]
    fn read(lanes: impl Lanes, bytes: &[u8; 3 * WIDTH], start: u32) -> Option<Found> {
        let start = start % STEP + 1;
        let behind = lanes.specials(window(bytes, start + STEP)?);
        let specials = u64::from(lanes.specials(window(bytes, start)?)) | u64::from(behind) << WIDTH;
        (specials != 0).then(|| Found { token: Token::Text, start, end: start + specials.trailing_zeros() })
    }
}

struct Digits;

impl Usual<{ 2 * WIDTH }> for Digits {
    #[inline(always)]
    fn read(lanes: impl Lanes, bytes: &[u8; 2 * WIDTH], start: u32) -> Option<Found> {
        let digits = window(bytes, start % STEP)?;
        let first = *digits.first()?;
        let quoted = u32::from(first == b'"');
        let count = (lanes.no_digits(digits) >> quoted).trailing_zeros();
        let canonical = (first != b'0') | (count == 1);
        let token = if quoted == 1 { Token::Text } else { Token::Integer };
        let start = start % STEP + quoted;
        (canonical & (count > 0) & (count < 31)).then_some(Found { token, start, end: start + count })
    }
}

/// What is read of a block's logs.
pub(super) struct Rows<'a, 'l> {
    logs: &'a [Log<'l>; BLOCK],
    found: &'a mut [[Found; BLOCK]],
    ends: [End; BLOCK],
    /// The field whose values were read last; before the first value no quote can be missing.
    last: usize,
    /// Those that still fit, one bit each.
    pub(super) fit: u64,
}

impl<'a, 'l> Rows<'a, 'l> {
    /// The logs whose bits are set in `rows`, none of them read.
    #[inline(always)]
    pub(super) fn new(logs: &'a [Log<'l>; BLOCK], found: &'a mut [[Found; BLOCK]], rows: u64) -> Self {
        Self { logs, found, ends: [End::START; BLOCK], last: usize::MAX, fit: rows }
    }

    /// Holds what stands at the end of a log's last value against `between`; yields the log, where that ends, and the bytes
    /// of the window that differ.
    #[inline(always)]
    fn compare(&mut self, lanes: impl Lanes, between: &Between, row: usize) -> Option<(Log<'l>, u32, u32)> {
        let (log, end) = (*self.logs.get(row)?, *self.ends.get(row)?);
        let last = self.found.get_mut(self.last).and_then(|found| found.get_mut(row));
        let (end, differences) = between.compare(lanes, log.rest, end, last)?;
        Some((log, end, differences))
    }

    /// Whether a log ends as it should behind its last value.
    #[inline(always)]
    pub(super) fn ends_with(&mut self, lanes: impl Lanes, tail: &Between, row: usize) -> bool {
        let Some((log, end, differences)) = self.compare(lanes, tail, row) else { return false };
        end as usize == log.length && differences == 0 && tail.goes_on(log.rest, end)
    }
}

impl Value {
    /// Of what lies between two values, `before`, and the value itself, without quotes.
    pub(super) fn new(before: &[u8], first: bool, token: Token, text: &[u8], field: u16, whole: bool) -> Self {
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

    /// Reads the value in those logs that still fit; `logs` says how many were read in all.
    #[inline(always)]
    pub(super) fn read(&mut self, lanes: impl Lanes, rows: &mut Rows<'_, '_>, logs: u32) {
        let left = match self.form {
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
        for row in rows_of(left) {
            if self.read_row(lanes, rows, row).is_none() {
                rows.fit &= !(1 << row);
            }
        }
        rows.last = usize::from(self.field);
    }

    /// Reads the value where it is of the usual form, and yields the bits of the other logs.
    #[inline(always)]
    fn read_usual<U: Usual<REACH>, const REACH: usize>(&self, lanes: impl Lanes, rows: &mut Rows<'_, '_>) -> u64 {
        let Some(places) = rows.found.get_mut(usize::from(self.field)) else { return rows.fit };
        let (before, mask, length) = (self.before.window, self.before.mask, self.before.length);
        let mut others = 0;
        for row in rows_of(rows.fit) {
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
                others |= 1 << row;
            }
        }
        others
    }

    /// Reads the value of a log, whatever it is; None if the log does not fit.
    #[inline(always)]
    fn read_row(&self, lanes: impl Lanes, rows: &mut Rows<'_, '_>, row: usize) -> Option<()> {
        let (Log { rest, .. }, start, differences) = rows.compare(lanes, &self.before, row)?;
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
        *rows.ends.get_mut(row)? = End::of(found);
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
