//! JSON numbers: their grammar, and integers' values.

use super::chunk::{first_non_digit, load16};

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

/// The number that eight digits make, two, four and eight of them at a time (Daniel Lemire, "Quickly parsing eight
/// digits", 2018); None if one is no digit.
#[inline]
fn eight_digits(digits: [u8; 8]) -> Option<i64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let word = u64::from_le_bytes(digits);
    let high = 0xF0F0_F0F0_F0F0_F0F0;
    if word & high != ZEROS || word.wrapping_add(0x0606_0606_0606_0606) & high != ZEROS {
        return None;
    }
    let word = word - ZEROS;
    let pairs = word * 10 + (word >> 8);
    let low = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
    let high = ((pairs >> 16) & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
    i64::try_from(low.wrapping_add(high) >> 32).ok()
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
    use super::{Integer, parse_integer, scan_number};

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
