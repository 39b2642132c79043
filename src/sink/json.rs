//! JSON text, written straight into a buffer.

use std::ops::Range;

use crate::calendar::date;

/// Appends a string with its quotes. `text` is UTF-8; what JSON allows to stand is left as it is.
pub(super) fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    // Nearly always nothing is to be escaped, and a loop without an early end takes many bytes at once.
    let special = text.iter().fold(false, |special, byte| special | matches!(byte, b'"' | b'\\' | 0..0x20));
    while special && let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        let (plain, from_special) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((byte, behind)) = from_special.split_first() {
            push_escape(out, *byte);
            rest = behind;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(br"\n"),
        b'\r' => out.extend_from_slice(br"\r"),
        b'\t' => out.extend_from_slice(br"\t"),
        _ => {
            out.extend_from_slice(br"\u00");
            out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// The bytes that [`push_string`] would append.
pub(super) fn string_size(text: &[u8]) -> usize {
    let extra = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 1,
        0..0x20 => 5,
        _ => 0,
    };
    2 + text.len() + text.iter().map(extra).sum::<usize>()
}

/// Appends an integer.
pub(super) fn push_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes times with their quotes, UTC with three decimals: `"2021-04-29T19:28:30.000Z"`. Most times of a stream lie in the
/// second of the one before, and the text up to there is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    second: Option<i64>,
    /// Up to the decimal point.
    text: Vec<u8>,
}

impl Times {
    /// Appends a time; `millis` counts from 1970.
    #[inline]
    pub(super) fn push(&mut self, out: &mut Vec<u8>, millis: i64) {
        let second = millis.div_euclid(1_000);
        if self.second != Some(second) {
            self.second = Some(second);
            self.text.clear();
            push_second(&mut self.text, second);
        }
        out.extend_from_slice(&self.text);
        let mut decimals = *b"000Z\"";
        put_digits(&mut decimals, 0..3, millis.rem_euclid(1_000));
        out.extend_from_slice(&decimals);
    }
}

/// Appends a number in its shortest form that reads back the same.
pub(super) fn push_number(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
}

/// Appends `"2021-04-29"`; `day` counts from 1970.
pub(super) fn push_date(out: &mut Vec<u8>, day: i64) {
    let (year, month, of_month) = date(day);
    let mut text = *b"\"0000-00-00\"";
    put_digits(&mut text, 1..5, year);
    put_digits(&mut text, 6..8, i64::from(month));
    put_digits(&mut text, 9..11, i64::from(of_month));
    out.extend_from_slice(&text);
}

/// Appends `"2021-04-29T19:28:30.`.
fn push_second(out: &mut Vec<u8>, second: i64) {
    let (days, of_day) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    let (year, month, day) = date(days);
    out.push(b'"');
    if (0..10_000).contains(&year) {
        let mut text = *b"0000";
        put_digits(&mut text, 0..4, year);
        out.extend_from_slice(&text);
    } else {
        push_integer(out, year);
    }
    let mut text = *b"-00-00T00:00:00.";
    put_digits(&mut text, 1..3, i64::from(month));
    put_digits(&mut text, 4..6, i64::from(day));
    put_digits(&mut text, 7..9, of_day / 3_600);
    put_digits(&mut text, 10..12, of_day / 60 % 60);
    put_digits(&mut text, 13..15, of_day % 60);
    out.extend_from_slice(&text);
}

/// The last digits of a number that is not negative, as many as there are places.
#[inline]
fn put_digits(text: &mut [u8], places: Range<usize>, value: i64) {
    let mut rest = value.unsigned_abs();
    for place in text.get_mut(places).into_iter().flatten().rev() {
        let digit = (rest % 10) as u8;
        *place = b'0' + digit;
        rest /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::{Times, push_integer, push_string, string_size};

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_read_back_as_they_were() {
        for string in ["", "plain", "\"\\\n\r\t\u{0}\u{1f}\u{7f}\u{85}é😀", "ends in \\", "\u{8}\u{c}"] {
            let written = text(|out| push_string(out, string.as_bytes()));
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), string);
            assert_eq!(string_size(string.as_bytes()), written.len(), "{string:?}");
        }
    }

    #[test]
    fn times_are_utc_with_milliseconds() {
        for (millis, expected) in [
            (1_619_724_510_000, "\"2021-04-29T19:28:30.000Z\""),
            (0, "\"1970-01-01T00:00:00.000Z\""),
            (-1, "\"1969-12-31T23:59:59.999Z\""),
            (951_782_400_001, "\"2000-02-29T00:00:00.001Z\""),
            (-62_135_596_800_000, "\"0001-01-01T00:00:00.000Z\""),
            (253_402_300_799_999, "\"9999-12-31T23:59:59.999Z\""),
        ] {
            let mut times = Times::default();
            for _ in 0..2 {
                let mut out = Vec::new();
                times.push(&mut out, millis);
                assert_eq!(String::from_utf8(out).unwrap(), expected);
                // The next second, and one with other decimals.
                times.push(&mut Vec::new(), millis + 1_000);
                times.push(&mut Vec::new(), millis + 999);
            }
        }
        assert_eq!(text(|out| push_integer(out, i64::MIN)), "-9223372036854775808");
    }
}
