//! The contract in words as HTML, for a notebook.

use std::fmt::Write as _;

use super::document::Contract;

impl Contract {
    /// What [`Contract::explain`] says of fields, as a table. Every text in it is escaped. Its classes keep Jupyter's
    /// `MathJax` from taking a pattern such as `\[[0-9]+\]` for a formula.
    ///
    /// ```
    /// let html = logcore::contract::Contract::server_logs()?.html();
    /// assert!(html.contains("<td>device</td><td>a string (wrong_type)</td>"));
    /// # Ok::<(), logcore::Error>(())
    /// ```
    #[must_use]
    pub fn html(&self) -> String {
        let mut out = format!(
            "<div class=\"tex2jax_ignore mathjax_ignore\"><p><strong>{}</strong> (topic {}, version {})</p><table><thead><tr><th>Field</th><th>Type</th>\
             <th>Rules (and the code for breaking one)</th></tr></thead><tbody>",
            escaped(self.name()),
            escaped(self.topic()),
            escaped(self.version())
        );
        for field in self.fields_in_words() {
            let rules: Vec<String> = field.rules.iter().map(|rule| escaped(rule)).collect();
            let (path, kind, rules) = (escaped(&field.path), escaped(&field.kind), rules.join("<br>"));
            let _ = write!(out, "<tr><td>{path}</td><td>{kind}</td><td>{rules}</td></tr>");
        }
        let _ = write!(out, "</tbody></table><p>{}</p>", escaped(&self.lookup_in_words()));
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
        assert!(html.starts_with(
            "<div class=\"tex2jax_ignore mathjax_ignore\"><p><strong>server_logs</strong> (topic server-logs, version "
        ));
        assert!(html.contains("<br>one of ANDROID, IOS (not_allowed)"));
        assert!(html.ends_with("(unknown_account, device_mismatch).</p></div>"), "{html}");
        assert_eq!(html.matches("<table>").count(), 1);
    }

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(escaped("<b a=\"x\" b='y'>&</b>"), "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&lt;/b&gt;");
    }
}
