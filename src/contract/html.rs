//! The contract in words as HTML, for a notebook.

use std::fmt::Write as _;

use super::document::Contract;

impl Contract {
    /// What [`Contract::explain`] says, as a table with a row for each field. Every text in it is escaped.
    ///
    /// ```
    /// let html = logcore::contract::Contract::server_logs()?.html();
    /// assert!(html.contains("<td>device</td><td>a string (wrong_type)</td>"));
    /// # Ok::<(), logcore::Error>(())
    /// ```
    #[must_use]
    pub fn html(&self) -> String {
        let words = self.explain();
        let mut out = String::from("<div>");
        let mut in_table = false;
        for (number, paragraph) in words.split("\n\n").enumerate() {
            let mut lines = paragraph.trim_end().lines();
            let first = lines.next().unwrap_or_default();
            let rules: Vec<&str> = lines.clone().filter_map(|line| line.strip_prefix("  - ")).collect();
            let field = first.split_once(": ").filter(|_| !rules.is_empty());
            if in_table && field.is_none() {
                out.push_str("</tbody></table>");
                in_table = false;
            }
            if let Some((path, kind)) = field {
                if !in_table {
                    out.push_str(
                        "<table><thead><tr><th>Field</th><th>Type</th><th>Rules (and the code for breaking one)",
                    );
                    out.push_str("</th></tr></thead><tbody>");
                    in_table = true;
                }
                let rules: Vec<String> = rules.into_iter().map(escaped).collect();
                let _ = write!(
                    out,
                    "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                    escaped(path),
                    escaped(kind),
                    rules.join("<br>")
                );
            } else if number == 0 {
                let _ = write!(out, "<p><strong>{}</strong></p>", escaped(first));
            } else {
                let _ = write!(out, "<p>{}</p>", escaped(&paragraph.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
        }
        if in_table {
            out.push_str("</tbody></table>");
        }
        out.push_str("</div>");
        out
    }
}

/// `text` as the content of an element or a quoted attribute.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Contract, escaped};

    #[test]
    fn every_field_has_a_row_and_the_rest_is_text() {
        let contract = Contract::server_logs().unwrap();
        let html = contract.html();
        assert_eq!(html.matches("<tr><td>").count(), contract.fields().len());
        assert!(html.starts_with("<div><p><strong>server_logs (topic server-logs, version "));
        assert!(html.contains("<br>one of ANDROID, IOS (not_allowed)"));
        assert!(html.ends_with("(unknown_account, device_mismatch).</p></div>"), "{html}");
        assert_eq!(html.matches("<table>").count(), 1);
    }

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(escaped("<b a=\"x\" b='y'>&</b>"), "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&lt;/b&gt;");
    }
}
