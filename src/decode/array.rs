//! The items of an array.

use super::scanner::{offset, scan_scalar};
use super::text::{is_space, scan_string};
use super::{Found, Token};

/// Goes over the items of an array of valid JSON. What is within an item that is an object or array is passed over.
pub(crate) struct Items<'a> {
    log: &'a [u8],
    at: usize,
}

impl<'a> Items<'a> {
    /// Of the array found in a log.
    pub(crate) fn new(log: &'a [u8], array: Found) -> Self {
        Self { log, at: array.start as usize + 1 }
    }
}

impl Iterator for Items<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        while self.log.get(self.at).is_some_and(|byte| is_space(*byte) || *byte == b',') {
            self.at += 1;
        }
        let start = self.at;
        let (found, end) = match self.log.get(start)? {
            b']' => return None,
            b'{' | b'[' => {
                let token = if self.log.get(start) == Some(&b'{') { Token::Object } else { Token::Array };
                let end = container_end(self.log, start)?;
                (Found { token, start: offset(start), end: offset(end) }, end)
            }
            _ => scalar(self.log, start)?,
        };
        self.at = end;
        Some(found)
    }
}

/// A scalar that begins at `start`, and the byte behind it.
fn scalar(log: &[u8], start: usize) -> Option<(Found, usize)> {
    let found = scan_scalar(log, start)?;
    let quote = usize::from(matches!(found.token, Token::Text | Token::EscapedText));
    Some((found, found.end as usize + quote))
}

/// The byte behind an object or array of valid JSON.
fn container_end(log: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut open) = (start, 0_usize);
    loop {
        match log.get(at)? {
            b'{' | b'[' => open += 1,
            b'}' | b']' => {
                open -= 1;
                if open == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => at = scan_string(log, at + 1)?.0,
            _ => {}
        }
        at += 1;
    }
}

/// The byte behind an array of scalars at `start`; None for anything else. The bytes need not be valid JSON, nor UTF-8.
#[cold]
#[inline(never)]
pub(super) fn flat_array_end(log: &[u8], start: usize) -> Option<usize> {
    let skip = |mut at: usize| {
        while log.get(at).is_some_and(|byte| is_space(*byte)) {
            at += 1;
        }
        at
    };
    let mut at = skip(start + 1);
    if log.get(at) == Some(&b']') {
        return Some(at + 1);
    }
    loop {
        at = skip(scalar(log, at)?.1);
        match log.get(at)? {
            b',' => at = skip(at + 1),
            b']' => break,
            _ => return None,
        }
    }
    std::str::from_utf8(log.get(start..at)?).ok()?;
    Some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::{Items, flat_array_end};
    use crate::decode::{Found, Token};

    #[test]
    fn items_of_every_kind() {
        let log = br#"{"a": [ 1, -2.5e3 ,"x","\u0041", true,null, {"b": ["]"]}, [[], "["] ] }"#;
        let array = Found { token: Token::Array, start: 6, end: 0 };
        let found: Vec<(Token, &str)> =
            Items::new(log, array).map(|item| (item.token, std::str::from_utf8(item.text(log)).unwrap())).collect();
        let expected = [
            (Token::Integer, "1"),
            (Token::Fraction, "-2.5e3"),
            (Token::Text, "x"),
            (Token::EscapedText, r"\u0041"),
            (Token::Boolean, "true"),
            (Token::Null, "null"),
            (Token::Object, r#"{"b": ["]"]}"#),
            (Token::Array, r#"[[], "["]"#),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn only_whole_flat_arrays_end() {
        for good in ["[]", "[ ]", "[1]", "[ 1 , \"a\\n\" , null ]", "[true,false,-0.5E-1]", "[\"é\"]"] {
            assert_eq!(flat_array_end(format!("{good}, 1]").as_bytes(), 0), Some(good.len()), "{good}");
        }
        for bad in ["[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[[1]]", "[{}]", "[\"a]", "[nul]", "[01]", "[\"\x01\"]"]
        {
            assert_eq!(flat_array_end(bad.as_bytes(), 0), None, "{bad}");
        }
        assert_eq!(flat_array_end(b"[\"\xC3\"]", 0), None);
    }
}
