//! How a time is written: RFC 3339, or a pattern of the JDK's `DateTimeFormatter`, as the standard has it.

use crate::calendar;

/// Microseconds of a day.
pub(super) const MICROS_A_DAY: i64 = 86_400_000_000;
/// 0001-01-01 and 9999-12-31, counted from 1970-01-01.
pub(super) const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

/// A compiled format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat {
    source: Option<String>,
    parts: Vec<Part>,
}

/// One part of a time's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Four digits.
    Year,
    /// 01 to 12.
    Month,
    /// 01 to the month's last day.
    Day,
    /// 00 to 23.
    Hour,
    /// 00 to 59.
    Minute,
    /// 00 to 59: no column has room for a leap second.
    Second,
    /// So many digits of a second.
    Fraction(usize),
    /// A point and digits of a second, or nothing.
    OptionalFraction,
    /// Hours and minutes ahead of UTC.
    Offset {
        /// Whether Z says UTC.
        zulu: bool,
        /// Whether there are minutes.
        minutes: bool,
        /// Whether a colon stands before them.
        colon: bool,
    },
    /// This character; an ASCII letter of RFC 3339 in either case.
    Literal(char),
    /// T or t.
    DateAndTime,
}

const RFC_3339_DATE: [Part; 5] = [Part::Year, Part::Literal('-'), Part::Month, Part::Literal('-'), Part::Day];

impl TimeFormat {
    /// RFC 3339's `full-date`.
    pub(super) fn date() -> Self {
        Self { source: None, parts: RFC_3339_DATE.to_vec() }
    }

    /// RFC 3339's `date-time`.
    pub(super) fn timestamp() -> Self {
        let mut parts = RFC_3339_DATE.to_vec();
        parts.extend([
            Part::DateAndTime,
            Part::Hour,
            Part::Literal(':'),
            Part::Minute,
            Part::Literal(':'),
            Part::Second,
            Part::OptionalFraction,
            Part::Offset { zulu: true, minutes: true, colon: true },
        ]);
        Self { source: None, parts }
    }

    /// Compiles a pattern; the error says what can't be had. A date's has no time of day.
    pub(super) fn compile(source: &str, of_a_day: bool) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = source.chars().peekable();
        while let Some(c) = rest.next() {
            if c == '\'' {
                quoted(&mut rest, &mut parts)?;
                continue;
            }
            if !c.is_ascii_alphabetic() {
                if "[]{}#".contains(c) {
                    return Err(format!(
                        "'{c}' has a meaning of its own in patterns, which is not supported; quote it"
                    ));
                }
                parts.push(Part::Literal(c));
                continue;
            }
            let mut count = 1;
            while rest.next_if_eq(&c).is_some() {
                count += 1;
            }
            parts.push(letter(c, count)?);
        }
        let has = |wanted: Part| parts.iter().filter(|part| **part == wanted).count();
        if [Part::Year, Part::Month, Part::Day].iter().any(|part| has(*part) != 1) {
            return Err("a year (yyyy), a month (MM) and a day (dd) are wanted, each once".to_owned());
        }
        let time = parts.iter().any(|part| !matches!(part, Part::Year | Part::Month | Part::Day | Part::Literal(_)));
        if of_a_day && time {
            return Err("a date has no time of day; logicalType timestamp has".to_owned());
        }
        let twice = [Part::Hour, Part::Minute, Part::Second].iter().any(|part| has(*part) > 1)
            || parts.iter().filter(|part| matches!(part, Part::Fraction(_))).count() > 1
            || parts.iter().filter(|part| matches!(part, Part::Offset { .. })).count() > 1;
        if twice {
            return Err("one part stands there twice".to_owned());
        }
        Ok(Self { source: Some(source.to_owned()), parts })
    }

    /// The pattern as the contract has it; None for RFC 3339.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The parts in their order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether the text says how far from UTC it is; without that it is UTC.
    #[must_use]
    pub fn has_offset(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Offset { .. }))
    }

    /// Reads a text of this format, whole: microseconds since 1970, cut to them where it has more digits. None for any
    /// other text.
    #[must_use]
    pub fn read(&self, text: &[u8]) -> Option<i64> {
        match &self.source {
            Some(_) => self.read_parts(text),
            None if self.has_offset() => rfc_3339_timestamp(text),
            None => Some(rfc_3339_day(text.try_into().ok()?)? * MICROS_A_DAY),
        }
    }

    /// The same part by part.
    fn read_parts(&self, text: &[u8]) -> Option<i64> {
        let (mut year, mut month, mut of_month) = (0, 0, 0);
        let (mut seconds, mut micros, mut rest) = (0, 0, text);
        for part in &self.parts {
            match part {
                Part::Year => year = number(&mut rest, 4, 1, 9999)?,
                Part::Month => month = number(&mut rest, 2, 1, 12)?,
                Part::Day => of_month = number(&mut rest, 2, 1, 31)?,
                Part::Hour => seconds += 3_600 * number(&mut rest, 2, 0, 23)?,
                Part::Minute => seconds += 60 * number(&mut rest, 2, 0, 59)?,
                Part::Second => seconds += number(&mut rest, 2, 0, 59)?,
                Part::Fraction(count) => micros = fraction(&mut rest, *count)?,
                Part::OptionalFraction => micros = optional_fraction(&mut rest)?,
                Part::Offset { zulu, minutes, colon } => seconds -= offset(&mut rest, *zulu, *minutes, *colon)?,
                Part::Literal(c) => rest = rest.strip_prefix(c.encode_utf8(&mut [0; 4]).as_bytes())?,
                Part::DateAndTime => rest = rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b"t"))?,
            }
        }
        let day = day(year, month, of_month).filter(|_| rest.is_empty())?;
        Some(day * MICROS_A_DAY + seconds * 1_000_000 + micros)
    }
}

/// The day counted from 1970-01-01; None where the month is not as long. The month is one, the day between 1 and 31.
#[inline]
fn day(year: i64, month: i64, of_month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (of_month <= last).then(|| calendar::day(year, month, of_month))
}

/// What the parts of [`RFC_3339_DATE`] read, several times as fast: nothing is branched on before the end.
#[inline]
fn rfc_3339_day(text: &[u8; 10]) -> Option<i64> {
    let [y1, y2, y3, y4, first, m1, m2, second, d1, d2] = *text;
    let mut wrong = (first != b'-') | (second != b'-');
    let year = two(y1, y2, &mut wrong) * 100 + two(y3, y4, &mut wrong);
    let (month, of_month) = (two(m1, m2, &mut wrong), two(d1, d2, &mut wrong));
    wrong |= (year == 0) | !(1..=12).contains(&month) | !(1..=31).contains(&of_month);
    if wrong { None } else { day(year, month, of_month) }
}

/// The same for those of [`TimeFormat::timestamp`].
#[inline]
fn rfc_3339_timestamp(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let ([t, h1, h2, first, m1, m2, second, s1, s2], mut rest) = rest.split_first_chunk::<9>()?;
    let mut wrong = (*t | 0x20 != b't') | (*first != b':') | (*second != b':');
    let (hour, minute) = (two(*h1, *h2, &mut wrong), two(*m1, *m2, &mut wrong));
    let second = two(*s1, *s2, &mut wrong);
    wrong |= (hour > 23) | (minute > 59) | (second > 59);
    if wrong {
        return None;
    }
    let micros = optional_fraction(&mut rest)?;
    let seconds = hour * 3_600 + minute * 60 + second - offset(&mut rest, true, true, true)?;
    let day = rfc_3339_day(date).filter(|_| rest.is_empty())?;
    Some(day * MICROS_A_DAY + seconds * 1_000_000 + micros)
}

/// The number of two digits; `wrong` is set where one is none.
#[inline(always)]
fn two(first: u8, second: u8, wrong: &mut bool) -> i64 {
    let (first, second) = (first.wrapping_sub(b'0'), second.wrapping_sub(b'0'));
    *wrong |= (first > 9) | (second > 9);
    i64::from(first) * 10 + i64::from(second)
}

fn letter(c: char, count: usize) -> Result<Part, String> {
    Ok(match (c, count) {
        ('y' | 'u', 4) => Part::Year,
        ('M', 2) => Part::Month,
        ('d', 2) => Part::Day,
        ('H', 2) => Part::Hour,
        ('m', 2) => Part::Minute,
        ('s', 2) => Part::Second,
        ('S', 1..=9) => Part::Fraction(count),
        ('X', 1..=3) => Part::Offset { zulu: true, minutes: count > 1, colon: count == 3 },
        ('x', 1..=3) => Part::Offset { zulu: false, minutes: count > 1, colon: count == 3 },
        ('Z', 1) => Part::Offset { zulu: false, minutes: true, colon: false },
        _ => {
            return Err(format!(
                "'{}' is not supported; yyyy, MM, dd, HH, mm, ss, S to SSSSSSSSS, X to XXX, x to xxx and Z are",
                c.to_string().repeat(count)
            ));
        }
    })
}

/// Text up to the next quote; two quotes stand for one.
fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, parts: &mut Vec<Part>) -> Result<(), String> {
    if rest.next_if_eq(&'\'').is_some() {
        parts.push(Part::Literal('\''));
        return Ok(());
    }
    loop {
        match rest.next() {
            Some('\'') if rest.next_if_eq(&'\'').is_some() => parts.push(Part::Literal('\'')),
            Some('\'') => return Ok(()),
            Some(c) => parts.push(Part::Literal(c)),
            None => return Err("a quote is not closed".to_owned()),
        }
    }
}

/// The number that so many digits stand for, within the bounds.
fn number(rest: &mut &[u8], count: usize, least: i64, most: i64) -> Option<i64> {
    let (digits, behind) = rest.split_at_checked(count)?;
    let value = digits
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))?;
    *rest = behind;
    (least..=most).contains(&value).then_some(value)
}

/// Microseconds of so many digits of a second, at least one.
fn fraction(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (digits, behind) = rest.split_at_checked(count)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    *rest = behind;
    let six = digits.iter().chain(std::iter::repeat(&b'0')).take(6);
    Some(six.fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// Microseconds of the digits behind a point; 0 without one.
fn optional_fraction(rest: &mut &[u8]) -> Option<i64> {
    let Some(behind) = rest.strip_prefix(b".") else { return Some(0) };
    let count = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
    *rest = behind;
    fraction(rest, count)
}

/// Seconds ahead of UTC.
fn offset(rest: &mut &[u8], zulu: bool, minutes: bool, colon: bool) -> Option<i64> {
    let (sign, behind) = rest.split_first()?;
    *rest = behind;
    let sign = match sign {
        b'Z' | b'z' if zulu => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let mut seconds = number(rest, 2, 0, 23)? * 3_600;
    if minutes {
        if colon {
            *rest = rest.strip_prefix(b":")?;
        }
        seconds += number(rest, 2, 0, 59)? * 60;
    }
    Some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::TimeFormat;

    #[test]
    fn rfc_3339() {
        let format = TimeFormat::timestamp();
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2021-04-29t19:28:30.5z", Some(1_619_724_510_500_000)),
            ("2021-04-29T21:28:30.123456789+02:00", Some(1_619_724_510_123_456)),
            ("2021-04-29T14:58:30-04:30", Some(1_619_724_510_000_000)),
            ("2000-02-29T00:00:00Z", Some(951_782_400_000_000)),
            ("1900-02-29T00:00:00Z", None),
            ("2021-04-31T00:00:00Z", None),
            ("2021-04-29T24:00:00Z", None),
            ("2021-04-29T23:59:60Z", None),
            ("0000-01-01T00:00:00Z", None),
            ("2021-04-29T19:28:30", None),
            ("2021-04-29T19:28:30.Z", None),
            ("2021-04-29 19:28:30Z", None),
            ("2021-04-29T19:28:30Z ", None),
            ("2021-04-29T19:28:30+0200", None),
            ("２021-04-29T19:28:30Z", None),
            ("", None),
        ] {
            assert_eq!(format.read(text.as_bytes()), micros, "{text}");
            assert_eq!(format.read_parts(text.as_bytes()), micros, "{text}, part by part");
        }
        assert_eq!(TimeFormat::date().read(b"1970-01-02"), Some(86_400_000_000));
        assert_eq!(TimeFormat::date().read(b"1970-01-02T00:00:00Z"), None);
    }

    #[test]
    fn every_day_and_every_wrong_character() {
        let (date, timestamp) = (TimeFormat::date(), TimeFormat::timestamp());
        for year in ["0000", "0001", "1900", "2000", "2023", "2024", "9999"] {
            for month in 0..=13 {
                for day in 0..=32 {
                    let text = format!("{year}-{month:02}-{day:02}");
                    assert_eq!(date.read(text.as_bytes()), date.read_parts(text.as_bytes()), "{text}");
                    let text = format!("{text}T23:59:59.000001-12:34");
                    assert_eq!(timestamp.read(text.as_bytes()), timestamp.read_parts(text.as_bytes()), "{text}");
                }
            }
        }
        for good in ["2024-02-29t09:08:07.654z", "2024-12-31T20:10:00+05:45"] {
            for place in 0..good.len() {
                for byte in 0..=u8::MAX {
                    let mut text = good.as_bytes().to_vec();
                    text[place] = byte;
                    assert_eq!(timestamp.read(&text), timestamp.read_parts(&text), "{byte} at {place} of {good}");
                    assert_eq!(date.read(&text[..10]), date.read_parts(&text[..10]), "{byte} at {place} of {good}");
                }
            }
        }
    }

    #[test]
    fn patterns_of_the_jdk() {
        let read = |pattern: &str, text: &str| TimeFormat::compile(pattern, false).unwrap().read(text.as_bytes());
        assert_eq!(read("dd.MM.yyyy HH:mm:ss", "29.04.2021 19:28:30"), Some(1_619_724_510_000_000));
        assert_eq!(read("yyyyMMdd'T'HHmmssSSSX", "20210429T212830250+02"), Some(1_619_724_510_250_000));
        assert_eq!(read("yyyy-MM-dd'T'HH:mm:ssxx", "2021-04-29T19:28:30+0000"), Some(1_619_724_510_000_000));
        assert_eq!(read("yyyy-MM-dd'T'HH:mm:ssxx", "2021-04-29T19:28:30Z"), None);
        assert_eq!(read("'é''s' yyyy-MM-dd", "é's 1970-01-01"), Some(0));
        for (wrong, why) in [
            ("yyyy-MM", "each once"),
            ("yyyy-M-dd", "'M' is not supported"),
            ("yyyy-MM-dd[ HH]", "'['"),
            ("yyyy-MM-dd 'at", "not closed"),
            ("yyyy-MM-dd HH HH", "twice"),
        ] {
            let error = TimeFormat::compile(wrong, false).unwrap_err();
            assert!(error.contains(why), "{wrong}: {error}");
        }
        assert!(TimeFormat::compile("yyyy-MM-dd HH", true).unwrap_err().contains("no time of day"));
    }
}
