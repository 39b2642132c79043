//! JSON strings: where they end, and what their escapes stand for.

use super::chunk::{first_special, load16};

/// JSON's white space.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

/// The first `"`, `\` or control character at or after `from`; the length if there is none.
pub(super) fn plain_end(bytes: &[u8], mut from: usize) -> usize {
    loop {
        let place = first_special(load16(bytes, from));
        if place < 16 {
            // Behind the end there are zeros, which end a run too.
            return from + place;
        }
        from += 16;
    }
}

/// Checks a string whose opening quote is before `start`, in valid UTF-8. Yields the place of the closing quote and
/// whether there was an escape; None if it is malformed.
pub(super) fn scan_string(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut at = start;
    let mut escaped = false;
    loop {
        at = plain_end(bytes, at);
        match bytes.get(at)? {
            b'"' => return Some((at, escaped)),
            b'\\' => {
                escaped = true;
                // Where there is one escape, another often follows at once.
                while let Some(b'\\') = bytes.get(at) {
                    at += escape(bytes.get(at..)?)?.1;
                }
            }
            _ => return None,
        }
    }
}

/// The character that an escape at the start of `bytes` stands for, and the escape's length.
fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let plain = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\x08',
        b'f' => '\x0C',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(bytes),
        _ => return None,
    };
    Some((plain, 2))
}

fn unicode_escape(bytes: &[u8]) -> Option<(char, usize)> {
    let first = hex4(bytes.get(2..6)?)?;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first).map(|c| (c, 6));
    }
    if bytes.get(6..8)? != br"\u" {
        return None;
    }
    let second = hex4(bytes.get(8..12)?)?;
    if !(0xDC00..0xE000).contains(&second) {
        return None;
    }
    char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)).map(|c| (c, 12))
}

/// The values of hexadecimal digits, 255 for other bytes.
const HEX: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0_u8;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        values[digit as usize] = value;
        values[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    values
};

fn hex4(digits: &[u8]) -> Option<u32> {
    let [a, b, c, d] = digits.first_chunk()?.map(|digit| u32::from(HEX[usize::from(digit)]));
    let value = a << 12 | b << 8 | c << 4 | d;
    (a.max(b).max(c).max(d) < 16).then_some(value)
}

/// Appends to `out` what a string's text stands for. What is no escape is copied as it is.
pub fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = if rest.first() == Some(&b'\\') { Some(0) } else { memchr::memchr(b'\\', rest) } {
        let (plain, from_escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((c, length)) = escape(from_escape) {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            rest = from_escape.get(length..).unwrap_or_default();
        } else {
            out.push(b'\\');
            rest = from_escape.get(1..).unwrap_or_default();
        }
    }
    out.extend_from_slice(rest);
}
