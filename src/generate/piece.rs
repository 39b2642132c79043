//! Bytes that logs are made of, appended in the same steps whatever their length: no processor guesses it.

use std::ops::Deref;

/// Appends the first `length` bytes of `padded`.
#[inline(always)]
pub(super) fn push_padded<const N: usize>(out: &mut Vec<u8>, padded: &[u8; N], length: usize) {
    out.extend_from_slice(padded);
    out.truncate(out.len() - N + length.min(N));
}

/// Longer pieces are copied by their length.
const SHORT: usize = 48;

/// A piece that many logs have.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    padded: [u8; SHORT],
    whole: Box<[u8]>,
}

impl Piece {
    /// Appends it.
    #[inline(always)]
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        if self.whole.len() <= SHORT {
            push_padded(out, &self.padded, self.whole.len());
        } else {
            out.extend_from_slice(&self.whole);
        }
    }
}

impl From<&[u8]> for Piece {
    fn from(bytes: &[u8]) -> Self {
        let mut padded = [0; SHORT];
        for (to, from) in padded.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self { padded, whole: bytes.into() }
    }
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.whole
    }
}

/// The largest integer that fits into 16 bytes with its quotes and what stands behind it.
const TWELVE: u64 = 999_999_999_999;

/// Appends an integer in canonical form and a comma and a blank, in quotes or not.
#[inline(always)]
pub(super) fn push_integer(out: &mut Vec<u8>, value: i64, quoted: bool) {
    match u64::try_from(value) {
        Ok(value) if value <= TWELVE => {
            let (digits, count) = decimal(value);
            let (before, behind, quote) = if quoted { (b'"', *b"\", \0", 1) } else { (0, *b", \0\0", 0) };
            // Put together in a word, not in memory: a load of what was just stored in parts would wait for it.
            let behind = u128::from(u32::from_le_bytes(behind)) << (8 * (quote + count));
            let word = u128::from(before) | digits << (8 * quote) | behind;
            push_padded(out, &word.to_le_bytes(), (count + 2 * quote + 2) as usize);
        }
        _ => {
            out.extend_from_slice(if quoted { b"\"" } else { b"" });
            out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            out.extend_from_slice(if quoted { b"\", " } else { b", " });
        }
    }
}

/// The digits of an integer of up to 16, the first in the lowest byte and zeros behind them, and how many there are: fours,
/// pairs and digits of both halves at a time.
#[inline(always)]
fn decimal(value: u64) -> (u128, u32) {
    const ZEROS: u128 = 0x3030_3030_3030_3030_3030_3030_3030_3030;
    let word = u128::from(eight(value / 100_000_000)) | u128::from(eight(value % 100_000_000)) << 64;
    // Of zero the last one stays.
    let skipped = (word.trailing_zeros() / 8).min(15);
    ((word | ZEROS) >> (8 * skipped), 16 - skipped)
}

/// The eight digits of an integer below 10^8 as values of 0 to 9, the first in the lowest byte.
#[inline(always)]
fn eight(value: u64) -> u64 {
    let fours = (value / 10_000) | (value % 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let pairs = hundreds | (fours - 100 * hundreds) << 16;
    let tens = ((pairs * 103) >> 10) & 0x000F_000F_000F_000F;
    tens | (pairs - 10 * tens) << 8
}

#[cfg(test)]
mod tests {
    use super::{Piece, push_integer};

    #[test]
    fn integers_are_written_as_they_are_displayed() {
        let check = |value: i64| {
            for quoted in [false, true] {
                let mut out = b"{".to_vec();
                push_integer(&mut out, value, quoted);
                let quote = if quoted { "\"" } else { "" };
                assert_eq!(String::from_utf8(out).unwrap(), format!("{{{quote}{value}{quote}, "));
            }
        };
        for value in (0..20_000).chain([i64::MIN, i64::MAX, -1, -684]) {
            check(value);
        }
        let mut power = 1_i64;
        while let Some(next) = power.checked_mul(10) {
            for value in [power - 1, power, power + 1, power * 7 + 3, next - 1] {
                check(value);
            }
            power = next;
        }
        let mut random = 1_u64;
        for _ in 0..100_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            check(i64::try_from(random >> 1).unwrap() >> (random % 62));
        }
    }

    #[test]
    fn pieces_of_any_length_are_whole() {
        for length in 0..100_u8 {
            let bytes: Vec<u8> = (0..length).collect();
            let mut out = b"before".to_vec();
            Piece::from(bytes.as_slice()).push(&mut out);
            assert_eq!(out, [b"before".as_slice(), &bytes].concat());
        }
    }
}
