//! A string's length in code points.

use crate::verdict::Code;

/// The bounds of a length, both included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    fewest: usize,
    most: usize,
}

impl Length {
    /// None where every length is allowed.
    pub(super) fn new(fewest: usize, most: Option<usize>) -> Option<Self> {
        (fewest > 0 || most.is_some()).then_some(Self { fewest, most: most.unwrap_or(usize::MAX) })
    }

    #[inline]
    pub(super) fn check(self, text: &[u8]) -> Result<(), Code> {
        // A code point takes one to four bytes, so most lengths are decided without counting.
        if text.len() < self.fewest {
            return Err(Code::TooShort);
        }
        if text.len() / 4 >= self.fewest && text.len() <= self.most {
            return Ok(());
        }
        let count = text.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        if count < self.fewest {
            Err(Code::TooShort)
        } else if count > self.most {
            Err(Code::TooLong)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Length;
    use crate::verdict::Code;

    #[test]
    fn counts_code_points() {
        let length = Length::new(2, Some(4)).unwrap();
        for (text, verdict) in [
            ("", Err(Code::TooShort)),
            ("a", Err(Code::TooShort)),
            ("😀", Err(Code::TooShort)),
            ("é😀", Ok(())),
            ("😀😀😀😀", Ok(())),
            ("abcd", Ok(())),
            ("abcde", Err(Code::TooLong)),
            ("😀😀😀😀a", Err(Code::TooLong)),
        ] {
            assert_eq!(length.check(text.as_bytes()), verdict, "{text}");
        }
        assert!(Length::new(0, None).is_none());
        assert_eq!(Length::new(0, Some(0)).unwrap().check(b""), Ok(()));
    }
}
