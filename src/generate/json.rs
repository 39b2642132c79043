//! JSON text as Python's `json.dumps` writes it: ASCII, `", "` and `": "` between the parts.

use serde_json::Value;

/// Appends a string in quotes, everything beyond printable ASCII escaped.
pub(super) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(br#"\""#),
            '\\' => out.extend_from_slice(br"\\"),
            '\n' => out.extend_from_slice(br"\n"),
            '\r' => out.extend_from_slice(br"\r"),
            '\t' => out.extend_from_slice(br"\t"),
            '\x08' => out.extend_from_slice(br"\b"),
            '\x0C' => out.extend_from_slice(br"\f"),
            ' '..='~' => out.push(c as u8),
            other => push_escapes(out, other),
        }
    }
    out.push(b'"');
}

fn push_escapes(out: &mut Vec<u8>, c: char) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(br"\u");
        out.extend([12, 8, 4, 0].map(|shift| DIGITS[usize::from(*unit >> shift & 15)]));
    }
}

/// Appends any value.
pub(super) fn push_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(text) => push_string(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.extend_from_slice(b", ");
                }
                push_value(out, item);
            }
            out.push(b']');
        }
        Value::Object(entries) => {
            out.push(b'{');
            for (place, (key, item)) in entries.iter().enumerate() {
                if place > 0 {
                    out.extend_from_slice(b", ");
                }
                push_string(out, key);
                out.extend_from_slice(b": ");
                push_value(out, item);
            }
            out.push(b'}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => out.extend_from_slice(value.to_string().as_bytes()),
    }
}

/// How many arrays and objects are open at once in it.
pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(entries) => 1 + entries.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{depth, push_string, push_value};

    #[test]
    fn escapes_as_python_does() {
        let mut out = Vec::new();
        push_string(&mut out, "say \"hi\"\\ \t\n\r\x08\x0C\0\x7F/ été ☀ 😀");
        // From json.dumps of Python 3.11.
        let python = r#""say \"hi\"\\ \t\n\r\b\f\u0000\u007f/ \u00e9t\u00e9 \u2600 \ud83d\ude00""#;
        assert_eq!(String::from_utf8(out).unwrap(), python);
    }

    #[test]
    fn separates_as_python_does() {
        let value = serde_json::json!({"a": [1, -2.5, null, true], "b": {}, "c": [[]]});
        let mut out = Vec::new();
        push_value(&mut out, &value);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"a": [1, -2.5, null, true], "b": {}, "c": [[]]}"#);
        assert_eq!(depth(&value), 3);
        assert_eq!(depth(&serde_json::json!("x")), 0);
    }
}
