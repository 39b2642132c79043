//! Names and values as they stand in a statement.
//!
//! Every session runs with `NO_BACKSLASH_ESCAPES` and utf8mb4 (see `connection`), so that within single quotes only the
//! quote itself is special, whatever the server's own `sql_mode` is. NUL and control characters stand for themselves:
//! the protocol carries a statement with its length.

use memchr::memchr;

use super::Failure;
use crate::error::Error;

/// Most characters of an identifier.
const LONGEST_IDENTIFIER: usize = 64;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `name` in backticks.
///
/// # Errors
/// [`Error::Mysql`] for a name that the server can't have: empty, over 64 characters, ending in a space, with NUL or
/// with a character beyond U+FFFF.
pub(crate) fn identifier(out: &mut String, name: &str) -> Result<(), Failure> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.chars().count() > LONGEST_IDENTIFIER {
        "it has more than 64 characters"
    } else if name.ends_with(char::is_whitespace) {
        "it ends in a space"
    } else if name.chars().any(|character| character == '\0' || u32::from(character) > 0xFFFF) {
        "it has a NUL or a character beyond U+FFFF"
    } else {
        quoted(out, name, '`');
        return Ok(());
    };
    Err(Failure::Own(Error::Mysql(format!("{name:?} can't be a name in MySQL: {why}; give it another name"))))
}

/// Appends `` `database`.`table` ``.
///
/// # Errors
/// As [`identifier`].
pub(crate) fn qualified(out: &mut String, database: &str, table: &str) -> Result<(), Failure> {
    identifier(out, database)?;
    out.push('.');
    identifier(out, table)
}

/// Appends a string literal.
pub(crate) fn text(out: &mut String, value: &str) {
    quoted(out, value, '\'');
}

/// Appends a literal of these bytes: as text where they are UTF-8, half as long as in hexadecimal.
pub(crate) fn bytes(out: &mut String, value: &[u8]) {
    if let Ok(readable) = std::str::from_utf8(value) {
        out.push_str("_binary");
        text(out, readable);
        return;
    }
    out.reserve(2 * value.len() + 3);
    out.push_str("X'");
    for byte in value {
        out.push(char::from(HEX[usize::from(byte >> 4)]));
        out.push(char::from(HEX[usize::from(byte & 15)]));
    }
    out.push('\'');
}

fn quoted(out: &mut String, value: &str, quote: char) {
    out.push(quote);
    let mut rest = value;
    while let Some(at) = memchr(quote as u8, rest.as_bytes()) {
        out.push_str(&rest[..=at]);
        out.push(quote);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::{bytes, identifier, text};

    fn written(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn only_the_quote_is_doubled() {
        for (value, literal) in [
            ("", "''"),
            ("plain", "'plain'"),
            ("'", "''''"),
            ("a'b''c", "'a''b''''c'"),
            (r"\' OR 1=1 -- ", r"'\'' OR 1=1 -- '"),
            ("\0\n\r\x1a\"`", "'\0\n\r\x1a\"`'"),
            ("é😀’", "'é😀’'"),
        ] {
            assert_eq!(written(|out| text(out, value)), literal);
        }
    }

    #[test]
    fn bytes_are_text_if_they_can_be() {
        assert_eq!(written(|out| bytes(out, b"it's")), "_binary'it''s'");
        assert_eq!(written(|out| bytes(out, b"")), "_binary''");
        assert_eq!(written(|out| bytes(out, b"\xFF\x00'")), "X'FF0027'");
        // GBK and its like take the quote for a second byte; as UTF-8 this is no text, so it is written in hexadecimal.
        assert_eq!(written(|out| bytes(out, b"\xBF'")), "X'BF27'");
    }

    #[test]
    fn identifiers_of_any_text_that_the_server_can_have() {
        for (name, quoted) in [("a`b", "`a``b`"), ("größe'\"\\.", "`größe'\"\\.`"), ("select", "`select`")] {
            let mut out = String::new();
            assert!(identifier(&mut out, name).is_ok());
            assert_eq!(out, quoted);
        }
        let longest = "é".repeat(64);
        assert!(identifier(&mut String::new(), &longest).is_ok());
        let too_long = "é".repeat(65);
        for name in ["", "a ", "a\0b", "😀", &too_long] {
            let mut out = String::new();
            let error = identifier(&mut out, name).unwrap_err().into_own().to_string();
            assert!(error.contains("can't be a name in MySQL") && out.is_empty(), "{error}");
        }
    }
}
