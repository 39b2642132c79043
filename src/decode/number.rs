//! JSON numbers: their grammar, and integers' values.

use super::chunk::{first_non_digit, load16};
use crate::lanes::{Lanes, Sixteen, eight};

/// Checks a number at `start`. Yields its end and whether it is an integer (no fraction, no exponent); None if it is
/// malformed.
pub(super) fn scan_number(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut at = integer_end(bytes, start)?;
    let mut integer = true;
    if bytes.get(at) == Some(&b'.') {
        integer = false;
        at = digits_end(bytes, at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        integer = false;
        at += 1;
        if matches!(bytes.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at = digits_end(bytes, at)?;
    }
    Some((at, integer))
}

/// The end of `-?(0|[1-9][0-9]*)` at `start`; None without one.
#[inline]
pub(super) fn integer_end(bytes: &[u8], start: usize) -> Option<usize> {
    let first = start + usize::from(bytes.get(start) == Some(&b'-'));
    match bytes.get(first)? {
        b'0' => Some(first + 1),
        b'1'..=b'9' => digits_end(bytes, first),
        _ => None,
    }
}

#[inline]
fn digits_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        // Behind the end there are zeros, which are no digits.
        let count = first_non_digit(load16(bytes, at));
        at += count;
        if count < 16 {
            return (at > start).then_some(at);
        }
    }
}

/// A JSON number's value, the nearest of 64 bits, infinite where it is past them all; None for what is no number.
#[must_use]
#[cold]
pub fn parse_number(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An integer's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer {
    /// It fits.
    Value(i64),
    /// An integer past 64 bits.
    TooLarge,
    /// No integer in canonical form, `0|-?[1-9][0-9]*`.
    NotCanonical,
}

/// For each count of digits the last bytes of sixteen, which they fill.
const LAST: [Sixteen; 17] = {
    let mut masks = [[0; 16]; 17];
    let mut count = 1;
    while count < 17 {
        masks[count] = masks[count - 1];
        masks[count][16 - count] = u8::MAX;
        count += 1;
    }
    masks
};

/// For each count of digits the least number that has as many.
const LEAST: [u64; 17] = {
    let mut least = [0; 17];
    let mut count = 2;
    let mut ten = 10;
    while count < 17 {
        least[count] = ten;
        ten *= 10;
        count += 1;
    }
    least
};

/// The value of the digits from `start` to `end`, with as many steps for one digit as for 16: nothing is branched on that
/// no processor guesses. None for what is no number without sign in canonical form, for more digits, and for some that
/// end within the first 16 bytes.
#[inline(always)]
pub(super) fn parse_digits(lanes: impl Lanes, bytes: &[u8], start: u32, end: u32) -> Option<i64> {
    let count = end.wrapping_sub(start) as usize;
    let (own, least) = (LAST.get(count)?, *LEAST.get(count)?);
    let first = end.wrapping_sub(16) as usize;
    let [front, back] = lanes.number(bytes.get(first..first + 16)?.first_chunk()?, own)?;
    let value = u64::from(front) * 100_000_000 + u64::from(back);
    // Fewer than the least: a zero stands first.
    if (value < least) | (count == 0) {
        return None;
    }
    i64::try_from(value).ok()
}

/// Reads a text that must be an integer in canonical form, whole.
#[must_use]
pub fn parse_integer(text: &[u8]) -> Integer {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => return Integer::Value(0),
        [b'1'..=b'9', ..] => {}
        _ => return Integer::NotCanonical,
    }
    if digits.len() > 18 {
        return parse_long(digits, negative);
    }
    let mut value = 0;
    let mut rest = digits;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        let Some(number) = eight_digits(*eight) else { return Integer::NotCanonical };
        value = value * 100_000_000 + number;
        rest = behind;
    }
    for digit in rest {
        if !digit.is_ascii_digit() {
            return Integer::NotCanonical;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Integer::Value(if negative { -value } else { value })
}

#[inline]
fn eight_digits(digits: [u8; 8]) -> Option<i64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let word = u64::from_le_bytes(digits);
    let high = 0xF0F0_F0F0_F0F0_F0F0;
    if word & high != ZEROS || word.wrapping_add(0x0606_0606_0606_0606) & high != ZEROS {
        return None;
    }
    i64::try_from(eight(word - ZEROS)).ok()
}

/// More than 18 digits: they may leave 64 bits.
#[cold]
fn parse_long(digits: &[u8], negative: bool) -> Integer {
    if !digits.iter().all(u8::is_ascii_digit) {
        return Integer::NotCanonical;
    }
    let value = digits.iter().try_fold(0_i64, |value, digit| {
        let digit = i64::from(digit - b'0');
        value.checked_mul(10)?.checked_add(if negative { -digit } else { digit })
    });
    value.map_or(Integer::TooLarge, Integer::Value)
}

#[cfg(test)]
mod tests {
    use super::{Integer, parse_digits, parse_integer, scan_number};
    use crate::lanes::Portable;

    #[test]
    fn digits_at_any_place() {
        for before in [0_u8, 3, 16, 20] {
            let start = usize::from(before);
            let mut number = 0_i64;
            for digit in "98765432101234567".bytes() {
                number = number * 10 + i64::from(digit - b'0');
                let text = number.to_string();
                let bytes = format!("{}{text}5", "7".repeat(start));
                let end = start + text.len();
                let parse =
                    |bytes: &[u8]| parse_digits(Portable, bytes, u32::from(before), u32::try_from(end).unwrap());
                let found = parse(bytes.as_bytes());
                assert_eq!(found, (end >= 16 && text.len() <= 16).then_some(number), "{bytes}");
                for place in start..end {
                    for wrong in [b'/', b':', b' ', b'-', 0, 0x7F, 0x80, 0xB0, 0xFF, b'a'] {
                        let mut bytes = bytes.clone().into_bytes();
                        bytes[place] = wrong;
                        assert_eq!(parse(&bytes), None);
                    }
                }
            }
        }
        let bytes = b"1234567890123456 0 00 01 x";
        assert_eq!(parse_digits(Portable, bytes, 17, 18), Some(0));
        for (start, end) in [(19, 21), (22, 24), (17, 17), (18, 17), (25, 27), (0, 30)] {
            assert_eq!(parse_digits(Portable, bytes, start, end), None);
        }
    }

    #[test]
    fn canonical_integers() {
        assert_eq!(parse_integer(b"0"), Integer::Value(0));
        assert_eq!(parse_integer(b"-684"), Integer::Value(-684));
        let mut number = 0_i64;
        for digit in "987654321012345678".bytes() {
            number = number * 10 + i64::from(digit - b'0');
            assert_eq!(parse_integer(number.to_string().as_bytes()), Integer::Value(number));
            assert_eq!(parse_integer((-number).to_string().as_bytes()), Integer::Value(-number));
        }
        for place in 1..17 {
            for wrong in [b'/', b':', b' ', b'.', 0, 0xFF, b'a'] {
                let mut digits = *b"98765432109876543";
                digits[place] = wrong;
                assert_eq!(parse_integer(&digits), Integer::NotCanonical);
            }
        }
        assert_eq!(parse_integer(b"9223372036854775807"), Integer::Value(i64::MAX));
        assert_eq!(parse_integer(b"-9223372036854775808"), Integer::Value(i64::MIN));
        assert_eq!(parse_integer(b"9223372036854775808"), Integer::TooLarge);
        for text in ["", "-", "-0", "00", "+1", "1 ", "1_0", "12345678901234567890x", "٦"] {
            assert_eq!(parse_integer(text.as_bytes()), Integer::NotCanonical, "{text}");
        }
    }

    #[test]
    fn numbers_follow_rfc_8259() {
        assert_eq!(scan_number(b"-0,", 0), Some((2, true)));
        assert_eq!(scan_number(b"6.84e+2 ", 0), Some((7, false)));
        assert_eq!(scan_number(b"0684", 0), Some((1, true)));
        for text in ["-", "1.", ".5", "1e", "1e+", "+1", "NaN"] {
            assert_eq!(scan_number(text.as_bytes(), 0), None, "{text}");
        }
    }
}
