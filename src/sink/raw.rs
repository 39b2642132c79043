//! The payload of a bad log, kept: as text where it can be read, else as base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::json;

/// How much of a payload is kept.
pub(super) const KEPT_BYTES: usize = 262_144;

/// The first bytes of a payload, and whether more followed.
pub(super) fn kept(payload: &[u8]) -> (&[u8], bool) {
    match payload.split_at_checked(KEPT_BYTES) {
        Some((first, rest)) => (first, !rest.is_empty()),
        None => (payload, false),
    }
}

/// Appends `"raw":…` or `"raw_base64":…`, then `"raw_truncated":true` where something is left out.
pub(super) fn push(out: &mut Vec<u8>, payload: &[u8]) {
    let (first, truncated) = kept(payload);
    match std::str::from_utf8(payload) {
        Ok(text) if is_readable(text) => {
            out.extend_from_slice(b"\"raw\":");
            json::push_string(out, &text.as_bytes()[..text.floor_char_boundary(first.len())]);
        }
        _ => {
            out.extend_from_slice(b"\"raw_base64\":\"");
            let start = out.len();
            out.resize(start + first.len().div_ceil(3) * 4, b'A');
            // The buffer has just the size that the encoding takes.
            let written = STANDARD.encode_slice(first, &mut out[start..]).unwrap_or(0);
            out.truncate(start + written);
            out.push(b'"');
        }
    }
    if truncated {
        out.extend_from_slice(b",\"raw_truncated\":true");
    }
}

/// Without control characters but tab, line feed and carriage return.
fn is_readable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

#[cfg(test)]
mod tests {
    use super::{KEPT_BYTES, push};

    fn pushed(payload: &[u8]) -> String {
        let mut out = Vec::new();
        push(&mut out, payload);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(pushed("{é\t\r\n\"".as_bytes()), r#""raw":"{é\t\r\n\"""#);
        assert_eq!(pushed(b""), r#""raw":"""#);
    }

    #[test]
    fn the_rest_is_base64() {
        assert_eq!(pushed(b"\xFF\x00"), r#""raw_base64":"/wA=""#);
        assert_eq!(pushed(b"a\x00"), r#""raw_base64":"YQA=""#);
        assert_eq!(pushed("\u{85}".as_bytes()), r#""raw_base64":"woU=""#);
        assert_eq!(pushed(b"\x7F"), r#""raw_base64":"fw==""#);
    }

    #[test]
    fn long_payloads_are_cut_at_a_character() {
        let text = format!("{}é", "x".repeat(KEPT_BYTES - 1));
        assert_eq!(
            pushed(text.as_bytes()),
            format!("\"raw\":\"{}\",\"raw_truncated\":true", "x".repeat(KEPT_BYTES - 1))
        );
        let whole = "x".repeat(KEPT_BYTES);
        assert_eq!(pushed(whole.as_bytes()), format!("\"raw\":\"{whole}\""));
        // A control character past the cut decides too: the payload is not text.
        let hidden = format!("{whole}\u{1}");
        assert!(pushed(hidden.as_bytes()).starts_with("\"raw_base64\":\"eHh4"));
    }
}
