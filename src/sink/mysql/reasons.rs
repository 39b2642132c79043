//! The column `reasons`: a JSON list of `{"path", "code"}`.

use serde_json::Value;

use crate::mysql::text;

/// Appends the start of a list as a literal; reasons and [`end`] follow.
pub(super) fn begin(out: &mut String) {
    out.push_str("'[");
}

/// Appends the end of a list.
pub(super) fn end(out: &mut String) {
    out.push_str("]'");
}

/// Appends one reason; `first` of its list.
pub(super) fn push(out: &mut String, first: bool, path: &str, code: &str) {
    out.push_str(if first { "{\"path\":" } else { ",{\"path\":" });
    push_string(out, path);
    out.push_str(",\"code\":");
    push_string(out, code);
    out.push('}');
}

/// A JSON string within a literal.
fn push_string(out: &mut String, value: &str) {
    let special = |byte: u8| byte < 0x20 || matches!(byte, b'"' | b'\\' | b'\'');
    if !value.bytes().any(special) {
        out.push('"');
        out.push_str(value);
        out.push('"');
        return;
    }
    let json = Value::from(value).to_string();
    // The literal of this part alone, without its outer quotes.
    let at = out.len();
    text(out, &json);
    out.remove(at);
    out.pop();
}

/// The reasons in the text of a list, each as path and code; None for any other text.
pub(super) fn parse(text: &[u8]) -> Option<Vec<(String, String)>> {
    let list: Value = serde_json::from_slice(text).ok()?;
    let part = |reason: &Value, name: &str| reason.get(name)?.as_str().map(str::to_owned);
    list.as_array()?.iter().map(|reason| Some((part(reason, "path")?, part(reason, "code")?))).collect()
}

#[cfg(test)]
mod tests {
    use super::{begin, end, parse, push};

    fn literal(reasons: &[(&str, &str)]) -> String {
        let mut out = String::new();
        begin(&mut out);
        for (index, (path, code)) in reasons.iter().enumerate() {
            push(&mut out, index == 0, path, code);
        }
        end(&mut out);
        out
    }

    #[test]
    fn a_list_as_a_literal() {
        assert_eq!(literal(&[]), "'[]'");
        assert_eq!(
            literal(&[("$", "empty"), ("it's \"\\", "null")]),
            r#"'[{"path":"$","code":"empty"},{"path":"it''s \"\\","code":"null"}]'"#
        );
    }

    #[test]
    fn comes_back() {
        let reasons = [("$", "empty"), ("it's \"\\\n\0é😀", "null")];
        let text = literal(&reasons);
        let stored = text[1..text.len() - 1].replace("''", "'");
        let expected: Vec<_> = reasons.iter().map(|(path, code)| ((*path).to_owned(), (*code).to_owned())).collect();
        assert_eq!(parse(stored.as_bytes()), Some(expected));
        // MySQL's JSON sorts the names and adds spaces.
        assert_eq!(parse(br#"[{"code": "x", "path": "y"}]"#), Some(vec![("y".to_owned(), "x".to_owned())]));
        for wrong in ["", "{}", "[1]", r#"[{"path":"x"}]"#, "[] []"] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
