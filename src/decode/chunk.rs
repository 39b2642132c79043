//! Sixteen bytes at a time.

/// The 16 bytes from `at` on, the first in the lowest place; zeros behind the end.
#[inline]
pub(super) fn load16(bytes: &[u8], at: usize) -> u128 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(chunk) => u128::from_le_bytes(*chunk),
        None => load_last(bytes, at),
    }
}

/// Fewer than 16 bytes are left: the last 16 are loaded and those before `at` shifted out.
#[inline]
fn load_last(bytes: &[u8], at: usize) -> u128 {
    let left = bytes.len().saturating_sub(at);
    if let Some(chunk) = bytes.last_chunk() {
        let unwanted = 8 * (16 - left.min(16));
        // Nothing is left of a chunk that is shifted by its whole width.
        return u32::try_from(unwanted)
            .ok()
            .and_then(|bits| u128::from_le_bytes(*chunk).checked_shr(bits))
            .unwrap_or(0);
    }
    let mut chunk = [0; 16];
    for (to, from) in chunk.iter_mut().zip(bytes.get(at..).unwrap_or_default()) {
        *to = *from;
    }
    u128::from_le_bytes(chunk)
}

/// The place of the first `"`, `\\` or control character among 16 bytes; 16 without one.
#[cfg(target_arch = "x86_64")]
#[inline]
#[expect(unsafe_code, reason = "7.3 against 6.3 million logs a second in benches/classify.rs without it")]
pub(super) fn first_special(chunk: u128) -> usize {
    // SAFETY: the one condition is that the processor has SSE2, and every x86-64 has: it belongs to the architecture.
    unsafe { first_special_sse2(chunk) }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "sse2")]
fn first_special_sse2(chunk: u128) -> usize {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    #[expect(clippy::cast_possible_truncation, reason = "both halves, bit for bit")]
    let bytes = _mm_set_epi64x((chunk >> 64) as i64, chunk as i64);
    let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x22));
    let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x5C));
    let low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    let found = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), low));
    (found | 0x1_0000).trailing_zeros() as usize
}

/// The same eight bytes at a time, with carries instead of lanes.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(super) fn first_special(chunk: u128) -> usize {
    const ONES: u128 = 0x0101_0101_0101_0101_0101_0101_0101_0101;
    const HIGH: u128 = ONES << 7;
    // The high bit of each byte that is found. Above the lowest such byte the bits may be wrong (a borrow travels
    // upwards), so only the lowest counts.
    let zero = |word: u128| word.wrapping_sub(ONES) & !word;
    let control = chunk.wrapping_sub(ONES * 0x20) & !chunk;
    let found = (zero(chunk ^ (ONES * 0x22)) | zero(chunk ^ (ONES * 0x5C)) | control) & HIGH;
    (found.trailing_zeros() / 8) as usize
}

/// The place of the first byte among 16 that is no decimal digit; 16 without one.
#[cfg(target_arch = "x86_64")]
#[inline]
#[expect(unsafe_code, reason = "as above")]
pub(super) fn first_non_digit(chunk: u128) -> usize {
    // SAFETY: as above, every x86-64 has SSE2.
    unsafe { first_non_digit_sse2(chunk) }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "sse2")]
fn first_non_digit_sse2(chunk: u128) -> usize {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8, _mm_sub_epi8,
    };
    #[expect(clippy::cast_possible_truncation, reason = "both halves, bit for bit")]
    let bytes = _mm_set_epi64x((chunk >> 64) as i64, chunk as i64);
    let above_zero = _mm_sub_epi8(bytes, _mm_set1_epi8(0x30));
    let digits = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(above_zero, _mm_set1_epi8(9)), above_zero));
    (!digits).trailing_zeros() as usize
}

/// The same, byte by byte.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(super) fn first_non_digit(chunk: u128) -> usize {
    chunk.to_le_bytes().iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(16)
}

#[cfg(test)]
mod tests {
    use super::{first_non_digit, first_special, load16};

    #[test]
    fn what_lies_behind_the_end_is_zero() {
        let bytes: Vec<u8> = (1..=40).collect();
        for length in 0..=40 {
            for at in 0..=length + 2 {
                let mut expected = [0; 16];
                for (to, from) in expected.iter_mut().zip(bytes[..length].iter().skip(at)) {
                    *to = *from;
                }
                assert_eq!(load16(&bytes[..length], at), u128::from_le_bytes(expected), "{length} {at}");
            }
        }
    }

    #[test]
    fn finds_the_end_of_digits() {
        for place in 0..16 {
            for byte in 0..=u8::MAX {
                let mut chunk = *b"0123456789012345";
                chunk[place] = byte;
                let expected = if byte.is_ascii_digit() { 16 } else { place };
                assert_eq!(first_non_digit(u128::from_le_bytes(chunk)), expected, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn finds_the_first_of_each_kind_at_each_place() {
        for place in 0..16 {
            for byte in 0..=u8::MAX {
                let mut chunk = [b'~'; 16];
                chunk[place..].fill(b'"');
                chunk[place] = byte;
                let special = matches!(byte, b'"' | b'\\' | 0..0x20);
                let expected = if special { place } else { (place + 1).min(16) };
                assert_eq!(first_special(u128::from_le_bytes(chunk)), expected, "{byte} at {place}");
            }
        }
    }
}
