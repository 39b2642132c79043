//! Bytes that logs are made of, appended in the same steps whatever their length: no processor guesses it.

use std::ops::Deref;

/// Longer pieces are copied by their length.
pub(super) const SHORT: usize = 48;
/// And pieces up to this length in fewer steps.
const SHORTER: usize = 32;
/// The most bytes of an integer, with quotes and what stands behind it.
pub(super) const MOST_OF_INTEGER: usize = 24;

/// A piece that many logs have.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    padded: [u8; SHORT],
    whole: Box<[u8]>,
}

impl Piece {
    /// The piece, if it is text.
    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.whole).unwrap_or_default()
    }

    /// Whether [`Sink::push_short`] is quick with it.
    #[inline(always)]
    pub(super) fn is_short(&self) -> bool {
        self.whole.len() <= SHORTER
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

/// Where a log is written to.
pub(super) trait Sink {
    /// Appends the first `length` bytes of `padded`.
    fn push_padded<const N: usize>(&mut self, padded: &[u8; N], length: usize);

    /// Appends any bytes.
    fn push_bytes(&mut self, bytes: &[u8]);

    /// Appends a piece that is short, as most are, in fewer steps.
    #[inline(always)]
    fn push_short(&mut self, piece: &Piece) {
        match piece.padded.first_chunk::<SHORTER>() {
            Some(padded) if piece.is_short() => self.push_padded(padded, piece.whole.len()),
            _ => self.push_piece(piece),
        }
    }

    /// Appends a piece.
    #[inline(always)]
    fn push_piece(&mut self, piece: &Piece) {
        if piece.whole.len() <= SHORT {
            self.push_padded(&piece.padded, piece.whole.len());
        } else {
            self.push_bytes(&piece.whole);
        }
    }

    /// Appends an integer in canonical form and a comma and a blank; where `quoted`, with the quote behind it.
    #[inline(always)]
    fn push_integer(&mut self, value: Decimal, quoted: bool) {
        match value.digits() {
            Some((digits, count)) => self.push_padded(&digits, count),
            None => self.push_bytes(itoa::Buffer::new().format(value.other()).as_bytes()),
        }
        let (behind, length) = if quoted { (*b"\", \0", 3) } else { (*b", \0\0", 2) };
        self.push_padded(&behind, length);
    }
}

impl Sink for Vec<u8> {
    #[inline(always)]
    fn push_padded<const N: usize>(&mut self, padded: &[u8; N], length: usize) {
        self.extend_from_slice(padded);
        self.truncate(self.len() - N + length.min(N));
    }

    #[inline(always)]
    fn push_bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A piece of memory that a log fits into, and more than [`SHORT`] bytes besides.
#[derive(Debug)]
pub(super) struct Slot<'a, const ROOM: usize> {
    pub(super) bytes: &'a mut [u8; ROOM],
    /// Where the next bytes go.
    pub(super) end: usize,
}

impl<const ROOM: usize> Sink for Slot<'_, ROOM> {
    #[inline(always)]
    fn push_padded<const N: usize>(&mut self, padded: &[u8; N], length: usize) {
        // One look at the end instead of two.
        if self.end > ROOM - N {
            return no_room();
        }
        self.bytes[self.end..self.end + N].copy_from_slice(padded);
        self.end += length.min(N);
    }

    #[inline(always)]
    fn push_bytes(&mut self, bytes: &[u8]) {
        self.bytes[self.end..][..bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }
}

/// Who gives a log a slot sees to it that it fits.
#[cold]
fn no_room() {
    unreachable!()
}

/// An integer ready to be written: up to 15 digits, the first in the lowest byte, and how many in the highest; 0 there
/// stands for any other integer in the lower half.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal(u128);

impl Decimal {
    /// Integers of so many digits are ready.
    const LAST: u64 = 999_999_999_999_999;

    #[inline(always)]
    pub(super) fn new(value: i64) -> Self {
        match u64::try_from(value) {
            Ok(value) if value <= Self::LAST => {
                let (digits, count) = decimal(value);
                Self(digits & (u128::MAX >> 8) | u128::from(count) << 120)
            }
            _ => Self(u128::from(value.cast_unsigned())),
        }
    }

    /// One that is not ready.
    fn other(self) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
        let value = self.0 as u64;
        value.cast_signed()
    }

    #[inline(always)]
    fn digits(self) -> Option<([u8; 16], usize)> {
        let count = (self.0 >> 120) as usize;
        (count > 0).then(|| (self.0.to_le_bytes(), count))
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
    use super::{Decimal, Piece, Sink, Slot};

    /// What both kinds of sinks make of it, if they agree.
    fn both(write: impl Fn(&mut Vec<u8>), write_slot: impl Fn(&mut Slot<'_, 200>)) -> Vec<u8> {
        let mut out = b"{".to_vec();
        write(&mut out);
        let mut slot = Slot { bytes: &mut [b'{'; 200], end: 1 };
        write_slot(&mut slot);
        assert_eq!(out, slot.bytes[..slot.end]);
        out
    }

    #[test]
    fn integers_are_written_as_they_are_displayed() {
        let check = |value: i64| {
            for quoted in [false, true] {
                let decimal = Decimal::new(value);
                let out = both(|out| out.push_integer(decimal, quoted), |slot| slot.push_integer(decimal, quoted));
                let quote = if quoted { "\"" } else { "" };
                assert_eq!(String::from_utf8(out).unwrap(), format!("{{{value}{quote}, "));
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
            let piece = Piece::from(bytes.as_slice());
            let out = both(|out| out.push_piece(&piece), |slot| slot.push_piece(&piece));
            assert_eq!(out, [b"{".as_slice(), &bytes].concat());
        }
    }
}
