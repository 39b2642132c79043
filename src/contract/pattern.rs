//! ECMA-262 patterns as linear-time expressions over a whole string.
//!
//! The `regex` crate never backtracks, so no input can make a match slow. What it can't express (lookaround,
//! backreferences) is refused when the contract loads. What it spells or means otherwise is translated: `\d` and `\w`
//! are ASCII in ECMA-262, `\s` has its own list, `.` excludes four line ends, and a class has no set operations.

use regex::bytes::Regex;
use regex_syntax::hir::Hir;
use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// ECMA-262's white space and line ends, as the inside of a class.
const SPACE: &str = r"\t\n\x0B\x0C\r \u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}";
const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Z_a-z";

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    regex: Regex,
    hir: Hir,
}

impl Pattern {
    /// Compiles an ECMA-262 pattern; the error says what can't be had.
    pub(super) fn compile(source: &str) -> Result<Self, String> {
        let body = Translator { rest: source.chars().peekable(), out: String::new() }.translate()?;
        // By itself first: `a)|(b` would close the group around it and escape the anchors.
        regex_syntax::parse(&body).map_err(|error| one_line(&error.to_string()))?;
        let whole = format!("^(?:{body})$");
        let regex = Regex::new(&whole).map_err(|error| one_line(&error.to_string()))?;
        let hir = regex_syntax::parse(&whole).map_err(|error| one_line(&error.to_string()))?;
        Ok(Self { source: source.to_owned(), regex, hir })
    }

    /// The pattern as the contract has it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The expression that matches whole strings.
    #[must_use]
    pub fn regex(&self) -> &Regex {
        &self.regex
    }

    /// The expression's structure, anchors included.
    #[must_use]
    pub fn hir(&self) -> &Hir {
        &self.hir
    }

    /// The longest match in bytes of UTF-8, if there is a longest.
    #[must_use]
    pub fn max_bytes(&self) -> Option<usize> {
        self.hir.properties().maximum_len()
    }
}

fn one_line(message: &str) -> String {
    let last = message.lines().last().unwrap_or(message);
    last.trim_start_matches("error: ").to_owned()
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

/// One member of a class: a single character, which may start a range, or a ready-made set.
enum Member {
    One(char),
    Set(String),
}

impl Translator<'_> {
    fn translate(mut self) -> Result<String, String> {
        // Whether something stands before that a quantifier can repeat.
        let mut repeatable = false;
        while let Some(c) = self.rest.next() {
            if matches!(c, '*' | '+' | '?' | '{') && !repeatable {
                return Err(format!("nothing that could be repeated stands before {c}"));
            }
            repeatable = !matches!(c, '*' | '+' | '?' | '{' | '^' | '$' | '|' | '(');
            match c {
                '\\' => repeatable = self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '{' => self.count()?,
                '.' => self.out.push_str(r"[^\n\r\u{2028}\u{2029}]"),
                '^' | '$' | '|' | ')' | '*' | '+' | '?' => self.out.push(c),
                other => push_literal(&mut self.out, other),
            }
            // A lazy quantifier matches the same strings, as a whole.
            if matches!(c, '*' | '+' | '?' | '{') && self.rest.next_if_eq(&'?').is_some() {
                self.out.push('?');
            }
        }
        Ok(self.out)
    }

    /// False for an assertion, which can't be repeated.
    fn escape(&mut self) -> Result<bool, String> {
        match self.rest.peek() {
            Some('b') => self.out.push_str(r"(?-u:\b)"),
            Some('B') => self.out.push_str(r"(?-u:\B)"),
            Some('1'..='9' | 'k') => return Err("backreferences are not supported".to_owned()),
            _ => {
                match self.escaped_member()? {
                    Member::One(c) => push_literal(&mut self.out, c),
                    Member::Set(set) => self.out.push_str(&set),
                }
                return Ok(true);
            }
        }
        self.rest.next();
        Ok(false)
    }

    /// What follows a backslash and means the same inside and outside of a class.
    fn escaped_member(&mut self) -> Result<Member, String> {
        let c = self.rest.next().ok_or("the pattern ends in a backslash")?;
        Ok(match c {
            'd' => Member::Set(format!("[{DIGIT}]")),
            'D' => Member::Set(format!("[^{DIGIT}]")),
            'w' => Member::Set(format!("[{WORD}]")),
            'W' => Member::Set(format!("[^{WORD}]")),
            's' => Member::Set(format!("[{SPACE}]")),
            'S' => Member::Set(format!("[^{SPACE}]")),
            't' => Member::One('\t'),
            'n' => Member::One('\n'),
            'r' => Member::One('\r'),
            'v' => Member::One('\x0B'),
            'f' => Member::One('\x0C'),
            '0' if !self.rest.peek().is_some_and(char::is_ascii_digit) => Member::One('\0'),
            'c' => match self.rest.next() {
                Some(letter) if letter.is_ascii_alphabetic() => Member::One(char::from(letter as u8 % 32)),
                _ => return Err(r"\c needs a letter".to_owned()),
            },
            'x' => Member::One(self.hex(2).and_then(char::from_u32).ok_or(r"\x needs two hex digits")?),
            'u' => Member::One(self.unicode()?),
            'p' | 'P' => return Err(r"Unicode properties (\p) are not supported".to_owned()),
            other if other.is_ascii_alphanumeric() => return Err(format!(r"unknown escape \{other}")),
            other => Member::One(other),
        })
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..digits {
            value = value * 16 + self.rest.next()?.to_digit(16)?;
        }
        Some(value)
    }

    fn unicode(&mut self) -> Result<char, String> {
        const WRONG: &str = r"\u needs four hex digits, a surrogate pair or {…}";
        if self.rest.next_if_eq(&'{').is_some() {
            let mut value = 0_u32;
            loop {
                match self.rest.next() {
                    Some('}') => return char::from_u32(value).ok_or_else(|| WRONG.to_owned()),
                    Some(c) => {
                        let digit = c.to_digit(16).ok_or(WRONG)?;
                        value = value.checked_mul(16).and_then(|v| v.checked_add(digit)).ok_or(WRONG)?;
                    }
                    None => return Err(WRONG.to_owned()),
                }
            }
        }
        let high = self.hex(4).ok_or(WRONG)?;
        if (0xD800..0xDC00).contains(&high) {
            let pair = self.rest.next_if_eq(&'\\').and_then(|_| self.rest.next_if_eq(&'u'));
            let low = pair.and_then(|_| self.hex(4)).filter(|low| (0xDC00..0xE000).contains(low)).ok_or(WRONG)?;
            return char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).ok_or_else(|| WRONG.to_owned());
        }
        char::from_u32(high).ok_or_else(|| WRONG.to_owned())
    }

    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        match self.rest.next() {
            Some(':') => self.out.push_str("?:"),
            Some('<') if !matches!(self.rest.peek(), Some('=' | '!')) => self.group_name()?,
            Some('=' | '!' | '<') => return Err("lookahead and lookbehind are not supported".to_owned()),
            _ => return Err("this kind of group (?…) is not supported".to_owned()),
        }
        Ok(())
    }

    /// A group's name says nothing about what it matches, so it is checked and left out.
    fn group_name(&mut self) -> Result<(), String> {
        let mut name = String::new();
        loop {
            match self.rest.next() {
                Some('>') => break,
                Some(c) if c == '_' || c == '$' || c.is_alphabetic() || (!name.is_empty() && c.is_alphanumeric()) => {
                    name.push(c);
                }
                _ => return Err("a group's name is written (?<name>…)".to_owned()),
            }
        }
        if name.is_empty() { Err("a group's name is written (?<name>…)".to_owned()) } else { Ok(()) }
    }

    fn count(&mut self) -> Result<(), String> {
        let mut inner = String::new();
        loop {
            match self.rest.next() {
                Some('}') => break,
                Some(c) if c.is_ascii_digit() || c == ',' => inner.push(c),
                _ => return Err(r"a literal brace is written \{".to_owned()),
            }
        }
        let mut parts = inner.splitn(2, ',');
        let first_is_number = parts.next().is_some_and(|part| !part.is_empty());
        if !first_is_number || parts.next().is_some_and(|part| part.contains(',')) {
            return Err(format!("{{{inner}}} is no repetition count"));
        }
        self.out.push('{');
        self.out.push_str(&inner);
        self.out.push('}');
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut inner = String::new();
        loop {
            let member = match self.rest.next() {
                None => return Err("a [ is not closed".to_owned()),
                Some(']') => break,
                Some('\\') => self.class_escape()?,
                Some(c) => Member::One(c),
            };
            let start = match member {
                Member::Set(set) => {
                    inner.push_str(&set);
                    continue;
                }
                Member::One(c) => c,
            };
            if !self.at_range() {
                push_literal(&mut inner, start);
                continue;
            }
            self.rest.next();
            let end = match self.rest.next() {
                Some('\\') => self.class_escape()?,
                Some(c) => Member::One(c),
                None => return Err("a [ is not closed".to_owned()),
            };
            match end {
                Member::One(end) if start <= end => {
                    push_literal(&mut inner, start);
                    inner.push('-');
                    push_literal(&mut inner, end);
                }
                Member::One(end) => return Err(format!("the range {start}-{end} is out of order")),
                Member::Set(_) => return Err("a range can't end in a class such as \\d".to_owned()),
            }
        }
        match (negated, inner.is_empty()) {
            (false, true) => self.out.push_str(r"[^\x00-\u{10FFFF}]"),
            (true, true) => self.out.push_str(r"[\x00-\u{10FFFF}]"),
            (negated, false) => {
                self.out.push_str(if negated { "[^" } else { "[" });
                self.out.push_str(&inner);
                self.out.push(']');
            }
        }
        Ok(())
    }

    /// True before a `-` that makes a range: one that does not end the class.
    fn at_range(&self) -> bool {
        let mut ahead = self.rest.clone();
        ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']')
    }

    fn class_escape(&mut self) -> Result<Member, String> {
        if self.rest.next_if_eq(&'b').is_some() {
            return Ok(Member::One('\x08'));
        }
        self.escaped_member()
    }
}

/// A character that stands for itself, inside and outside of a class.
fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || c == '_' {
        out.push(c);
    } else {
        // Writing to a String can't fail.
        let _ = write!(out, r"\u{{{:X}}}", u32::from(c));
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::compile(pattern).unwrap().regex().is_match(text.as_bytes())
    }

    #[test]
    fn covers_the_whole_string() {
        assert!(matches("a|bc", "bc"));
        assert!(!matches("a|bc", "abc"));
        assert!(!matches("^[0-9]{2}$", "12\n"));
        assert!(matches("^[0-9]{2}$", "12"));
        assert!(matches("(?<year>[0-9]{4})-(?<month>[0-9]{2}?)", "2021-04"));
        assert!(!matches("(?<year>[0-9]{4})", "2021\n"));
        assert!(matches("a*?b+?c??", "aabb"));
    }

    #[test]
    fn classes_mean_what_ecma_262_says() {
        assert!(matches(r"\d+", "12"));
        assert!(!matches(r"\d", "\u{664}"));
        assert!(!matches(r"\w", "é"));
        assert!(matches(r"\s", "\u{FEFF}"));
        assert!(!matches(".", "\u{2028}"));
        assert!(matches(r"[^\d]", "é"));
        assert!(matches(r"[[&&~\-]+", "[&&~-"));
        assert!(matches(r"[a-c-]+", "ab-"));
        assert!(matches(r"[\w-]+", "a-b_"));
        assert!(matches("[^]", "\n"));
        assert!(!matches("[]", "x"));
        assert!(matches(r"\u{1F600}\uD83D\uDE00\x41\cJ\0", "\u{1F600}\u{1F600}A\n\0"));
        assert!(matches(r"a\/b\.c", "a/b.c"));
    }

    #[test]
    fn what_it_cannot_do_is_refused() {
        for pattern in [
            "(?=a)",
            "(?!a)",
            "(?<=a)b",
            r"(a)\1",
            r"\k<a>",
            r"\p{L}",
            "a{",
            "a{,2}",
            "[b-a]",
            "[a",
            "(a",
            r"\",
            "(?i:a)",
            "a)",
            r"\q",
            "*",
            "a{1,2,3}",
            "a)|(b",
            "a**",
            "a++",
            "a{2}{3}",
            "^*",
            "(|*)",
            r"\b+",
            "(?<>a)",
            "(?<1>a)",
            "(?<n a>a)",
            r"\u{110000}",
            r"\uD800",
        ] {
            assert!(Pattern::compile(pattern).is_err(), "{pattern} compiles");
        }
    }

    #[test]
    fn knows_the_longest_match() {
        assert_eq!(Pattern::compile("^[0-9a-f]{32}$").unwrap().max_bytes(), Some(32));
        assert_eq!(Pattern::compile("a*").unwrap().max_bytes(), None);
    }
}
