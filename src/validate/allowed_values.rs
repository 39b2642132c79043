//! A list of values: a perfect hash on the first 16 bytes, so that a value costs one load, one multiplication and one
//! comparison. Longer values, and lists for which no perfect hash is found, go through a hash map.

use std::collections::HashMap;

/// The values with their places in the contract's list.
#[derive(Clone, Debug)]
pub(crate) struct AllowedValues {
    table: Vec<Entry>,
    multiplier: u64,
    shift: u32,
    others: HashMap<Box<[u8]>, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u128,
    /// Above 16 in an empty place, so that nothing equals it.
    length: u8,
    index: u32,
}

const EMPTY: Entry = Entry { key: 0, length: u8::MAX, index: 0 };
/// The longest value in the table.
const WIDTH: usize = 16;
/// The largest table that is tried, as a power of two: 512 KiB.
const MOST_BITS: u32 = 14;

impl AllowedValues {
    pub(super) fn new<V: AsRef<str>>(values: &[V]) -> Self {
        let indexed = || (0_u32..).zip(values.iter().map(|value| value.as_ref().as_bytes()));
        let short: Vec<Entry> = indexed()
            .filter(|(_, value)| value.len() <= WIDTH)
            .map(|(index, value)| Entry { key: key(value, value), length: length(value), index })
            .collect();
        let long = indexed().filter(|(_, value)| value.len() > WIDTH);
        match perfect_hash(&short) {
            Some((table, multiplier, shift)) => {
                let others = long.map(|(index, value)| (value.into(), index)).collect();
                Self { table, multiplier, shift, others }
            }
            None => Self {
                table: vec![EMPTY; 2],
                multiplier: 0,
                shift: 63,
                others: indexed().map(|(index, value)| (value.into(), index)).collect(),
            },
        }
    }

    /// The place of a value that stands at the start of `within`.
    #[inline(always)]
    pub(super) fn find(&self, value: &[u8], within: &[u8]) -> Option<u32> {
        if value.len() <= WIDTH
            && let Some(index) = self.find_key(key(value, within), length(value))
        {
            return Some(index);
        }
        if self.others.is_empty() { None } else { self.others.get(value).copied() }
    }

    /// The place of a value of `length` bytes at the start of those 16; None for one that is not in the table.
    #[inline(always)]
    pub(super) fn find_short(&self, length: usize, within: &[u8; WIDTH]) -> Option<u32> {
        let key = u128::from_le_bytes(*within) & FIRST.get(length)?;
        self.find_key(key, u8::try_from(length).ok()?)
    }

    #[inline(always)]
    fn find_key(&self, key: u128, length: u8) -> Option<u32> {
        let entry = self.table.get(slot(key, self.multiplier, self.shift))?;
        (entry.key == key && entry.length == length).then_some(entry.index)
    }
}

#[inline]
fn length(value: &[u8]) -> u8 {
    u8::try_from(value.len()).unwrap_or(u8::MAX)
}

/// For each length the bytes of sixteen that it fills.
const FIRST: [u128; WIDTH + 1] = {
    let mut masks = [0; WIDTH + 1];
    let mut length = 1;
    while length <= WIDTH {
        masks[length] = u128::MAX >> (8 * (WIDTH - length));
        length += 1;
    }
    masks
};

/// The value's bytes, zeros behind them. Of `within` 16 bytes are loaded where there are as many.
#[inline(always)]
fn key(value: &[u8], within: &[u8]) -> u128 {
    if let Some(chunk) = within.first_chunk::<WIDTH>() {
        let mask = FIRST.get(value.len()).copied().unwrap_or(u128::MAX);
        return u128::from_le_bytes(*chunk) & mask;
    }
    let mut bytes = [0; WIDTH];
    for (to, from) in bytes.iter_mut().zip(value) {
        *to = *from;
    }
    u128::from_le_bytes(bytes)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves of the key are taken")]
fn slot(key: u128, multiplier: u64, shift: u32) -> usize {
    let folded = (key as u64) ^ ((key >> 64) as u64).rotate_left(29);
    (folded.wrapping_mul(multiplier) >> shift) as usize
}

/// A table in which each entry has a place of its own.
fn perfect_hash(entries: &[Entry]) -> Option<(Vec<Entry>, u64, u32)> {
    let fewest_bits = usize::BITS - entries.len().leading_zeros();
    for bits in fewest_bits.max(1)..=MOST_BITS {
        let mut multiplier = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..200 {
            let shift = 64 - bits;
            if let Some(table) = place(entries, multiplier, shift, 1 << bits) {
                return Some((table, multiplier, shift));
            }
            // Knuth's linear congruential step, made odd.
            multiplier = multiplier.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) | 1;
        }
    }
    None
}

fn place(entries: &[Entry], multiplier: u64, shift: u32, size: usize) -> Option<Vec<Entry>> {
    let mut table = vec![EMPTY; size];
    for entry in entries {
        let place = table.get_mut(slot(entry.key, multiplier, shift))?;
        if place.length != u8::MAX {
            return None;
        }
        *place = *entry;
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::AllowedValues;

    #[test]
    fn finds_each_value_and_nothing_else() {
        let words = ["", "a", "A\0", "A", "click", "exactly16bytes__", "seventeen bytes__", "é", "click\0"];
        let values = AllowedValues::new(&words);
        for (index, word) in (0_u32..).zip(words) {
            let followed = format!("{word}\", \"and more text behind it\": 1");
            assert_eq!(values.find(word.as_bytes(), followed.as_bytes()), Some(index), "{word:?}");
            assert_eq!(values.find(word.as_bytes(), word.as_bytes()), Some(index), "{word:?}");
        }
        for word in ["b", "A\0\0", "clic", "clicks", "exactly16bytes_", "seventeen bytes_x", "\0"] {
            let followed = format!("{word}\", \"and more text behind it\": 1");
            assert_eq!(values.find(word.as_bytes(), followed.as_bytes()), None, "{word:?}");
        }
    }

    #[test]
    fn long_lists_work_too() {
        let words: Vec<String> = (0..5000).map(|number| format!("value-{number}")).collect();
        let values = AllowedValues::new(&words);
        for (index, word) in (0_u32..).zip(&words) {
            assert_eq!(values.find(word.as_bytes(), word.as_bytes()), Some(index));
        }
        assert_eq!(values.find(b"value-5000", b"value-5000"), None);
    }
}
