//! A string's format, ready to be held against text.

use super::TextCheck;
use crate::contract::TextFormat;
use crate::lanes::{Class, Lanes, WIDTH};
use crate::verdict::Code;

/// A format.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    /// 8-4-4-4-12 hex digits, looked at thirty-two at a time.
    Uuid(Class),
    /// Any other.
    Other(TextFormat),
}

/// Characters of a UUID, and the places of its hyphens.
const UUID: usize = 36;
const HYPHENS: u64 = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23;

impl Format {
    pub(super) fn new(format: TextFormat) -> Self {
        if format != TextFormat::Uuid {
            return Self::Other(format);
        }
        let mut hex = Class::default();
        for digit in b"0123456789abcdefABCDEF" {
            hex.insert(*digit);
        }
        Self::Uuid(hex)
    }

    /// Whether the text at the start of `within` is of the format.
    #[inline(always)]
    pub(super) fn matches(&self, lanes: impl Lanes, text: &[u8], within: &[u8]) -> bool {
        match self {
            Self::Other(format) => format.matches(text),
            Self::Uuid(hex) => {
                // The last 32 of 36 overlap the first.
                let (Some(first), Some(last)) = (within.first_chunk(), within.get(UUID - WIDTH..)) else {
                    return TextFormat::Uuid.matches(text);
                };
                let Some(last) = last.first_chunk() else { return TextFormat::Uuid.matches(text) };
                let strangers =
                    u64::from(lanes.strangers(first, hex)) | u64::from(lanes.strangers(last, hex)) << (UUID - WIDTH);
                let hyphens = u64::from(!lanes.differences(first, &[b'-'; WIDTH]));
                (text.len() == UUID) & (strangers == HYPHENS) & (hyphens == HYPHENS)
            }
        }
    }
}

impl TextCheck for Format {
    #[inline(always)]
    fn check_within(&self, lanes: impl Lanes, text: &[u8], within: &[u8]) -> Result<Option<u32>, Code> {
        if self.matches(lanes, text, within) { Ok(None) } else { Err(Code::InvalidFormat) }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;
    use crate::contract::TextFormat;
    use crate::lanes::Portable;

    #[test]
    fn a_uuid_with_any_character_anywhere() {
        let format = Format::new(TextFormat::Uuid);
        let good = b"141b3ff2-a921-11EB-bfae-367ddad5b1fa, and what comes behind it";
        for length in [0, 32, 35, 36, 37] {
            let text = &good[..length];
            for within in [text, &good[..]] {
                assert_eq!(format.matches(Portable, text, within), length == 36, "{length}");
            }
        }
        for place in 0..36 {
            for byte in 0..=u8::MAX {
                let mut bytes = *good;
                bytes[place] = byte;
                let text = &bytes[..36];
                assert_eq!(format.matches(Portable, text, &bytes), TextFormat::Uuid.matches(text), "{byte} at {place}");
            }
        }
    }
}
