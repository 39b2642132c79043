//! JSON text, written straight into a buffer.

use crate::calendar::date;

/// Appends a string with its quotes. `text` is UTF-8; what JSON allows to stand is left as it is.
pub(super) fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
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

/// Appends a time with its quotes, UTC with three decimals: `"2021-04-29T19:28:30.000Z"`. `millis` counts from 1970.
pub(super) fn push_time(out: &mut Vec<u8>, millis: i64) {
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = date(days);
    out.push(b'"');
    push_digits(out, year, 4);
    out.push(b'-');
    push_digits(out, i64::from(month), 2);
    out.push(b'-');
    push_digits(out, i64::from(day), 2);
    out.push(b'T');
    push_digits(out, of_day / 3_600_000, 2);
    out.push(b':');
    push_digits(out, of_day / 60_000 % 60, 2);
    out.push(b':');
    push_digits(out, of_day / 1_000 % 60, 2);
    out.push(b'.');
    push_digits(out, of_day % 1_000, 3);
    out.extend_from_slice(b"Z\"");
}

fn push_digits(out: &mut Vec<u8>, value: i64, width: usize) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value);
    out.extend(std::iter::repeat_n(b'0', width.saturating_sub(digits.len())));
    out.extend_from_slice(digits.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::{push_integer, push_string, push_time, string_size};

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
            assert_eq!(text(|out| push_time(out, millis)), expected);
        }
        assert_eq!(text(|out| push_integer(out, i64::MIN)), "-9223372036854775808");
    }
}
