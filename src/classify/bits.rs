//! A column of bits, the first in the lowest place of the first word.

use arrow_buffer::{BooleanBuffer, Buffer};

use crate::decode::BLOCK;

/// Bits, written up to a word at a time.
#[derive(Debug, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
    length: usize,
}

impl Bits {
    pub(super) fn with_capacity(bits: usize) -> Self {
        Self { words: Vec::with_capacity(bits.div_ceil(BLOCK)), length: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Appends the lowest `count` bits, at most 64.
    #[inline]
    pub(super) fn push(&mut self, count: usize, bits: u64) {
        if count == 0 {
            return;
        }
        let bits = bits & u64::MAX >> (BLOCK - count.min(BLOCK));
        let used = self.length % BLOCK;
        match self.words.last_mut() {
            Some(last) if used > 0 => {
                *last |= bits << used;
                if used + count > BLOCK {
                    self.words.push(bits >> (BLOCK - used));
                }
            }
            _ => self.words.push(bits),
        }
        self.length += count;
    }

    pub(super) fn append(&mut self, other: &Self) {
        let mut left = other.length;
        for word in &other.words {
            let count = left.min(BLOCK);
            self.push(count, *word);
            left -= count;
        }
    }

    /// The word that begins with bit `first`, a multiple of 64.
    #[inline]
    pub(super) fn word(&self, first: usize) -> u64 {
        self.words.get(first / BLOCK).copied().unwrap_or(0)
    }

    /// Whether a bit is set; false past the end.
    #[inline]
    pub(super) fn get(&self, place: usize) -> bool {
        self.words.get(place / BLOCK).is_some_and(|word| word >> (place % BLOCK) & 1 == 1)
    }

    pub(super) fn finish(self) -> BooleanBuffer {
        BooleanBuffer::new(Buffer::from_vec(self.words), 0, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn parts_of_any_length_are_joined() {
        let mut bits = Bits::with_capacity(0);
        let mut expected = Vec::new();
        for (count, word) in [(3, 0b101), (64, u64::MAX / 3), (0, 7), (61, !0), (64, 1 << 63), (1, !0), (63, 5)] {
            bits.push(count, word);
            expected.extend((0..count).map(|place| word >> place & 1 == 1));
        }
        let mut twice = Bits::default();
        twice.push(7, 0);
        twice.append(&bits);
        assert_eq!((bits.len(), twice.len()), (expected.len(), expected.len() + 7));
        for (place, expected) in expected.iter().enumerate() {
            assert_eq!((bits.get(place), twice.get(place + 7)), (*expected, *expected), "{place}");
        }
        assert!(!bits.get(expected.len()));
        assert_eq!(bits.finish().iter().collect::<Vec<_>>(), expected);
    }
}
