//! Times as `DATETIME(3)` in UTC, from and to microseconds since 1970.

use crate::calendar::{self, date};

const MICROS_A_DAY: i64 = 86_400_000_000;

/// Appends `'YYYY-MM-DD HH:MM:SS.mmm'`, cut to milliseconds. False, and nothing appended, outside the years 1 to 9999,
/// which is all that the column holds.
pub(crate) fn push_datetime(out: &mut String, micros: i64) -> bool {
    if !push_date(out, micros.div_euclid(MICROS_A_DAY)) {
        return false;
    }
    // The time goes before the date's closing quote.
    out.pop();
    // Below 86,400,000, so it fits.
    let millis = u32::try_from(micros.rem_euclid(MICROS_A_DAY) / 1000).unwrap_or_default();
    out.push(' ');
    digits::<2>(out, millis / 3_600_000);
    out.push(':');
    digits::<2>(out, millis / 60_000 % 60);
    out.push(':');
    digits::<2>(out, millis / 1000 % 60);
    out.push('.');
    digits::<3>(out, millis % 1000);
    out.push('\'');
    true
}

/// Appends `'YYYY-MM-DD'` of a day counted from 1970. False, and nothing appended, outside the years 1 to 9999.
pub(crate) fn push_date(out: &mut String, day: i64) -> bool {
    let (year, month, of_month) = date(day);
    let Some(year) = u32::try_from(year).ok().filter(|year| (1..=9999).contains(year)) else { return false };
    out.push('\'');
    digits::<4>(out, year);
    out.push('-');
    digits::<2>(out, month);
    out.push('-');
    digits::<2>(out, of_month);
    out.push('\'');
    true
}

/// Days since 1970 of `YYYY-MM-DD`; None for anything else.
pub(crate) fn parse_date(text: &[u8]) -> Option<i32> {
    let midnight = parse_datetime(&[text, b" 00:00:00"].concat())?;
    i32::try_from(midnight / MICROS_A_DAY).ok().filter(|_| text.len() == 10)
}

/// Microseconds since 1970 of `YYYY-MM-DD HH:MM:SS[.ffffff]`; None for anything else.
pub(crate) fn parse_datetime(text: &[u8]) -> Option<i64> {
    let (whole, fraction) = text.split_at_checked(19)?;
    let separators = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
    if separators.iter().any(|&(at, separator)| whole[at] != separator) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| number(&whole[range]);
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let seconds = (part(11..13)? * 60 + part(14..16)?) * 60 + part(17..19)?;
    let micros = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=6).contains(&digits.len()) => digits
            .iter()
            .chain(std::iter::repeat(&b'0'))
            .take(6)
            .try_fold(0, |sum, digit| Some(sum * 10 + number(std::slice::from_ref(digit))?))?,
        _ => return None,
    };
    ((1..=12).contains(&month) && (1..=31).contains(&day))
        .then(|| (calendar::day(year, month, day) * 86_400 + seconds) * 1_000_000 + micros)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

fn digits<const WIDTH: usize>(out: &mut String, mut number: u32) {
    let mut text = [b'0'; WIDTH];
    for digit in text.iter_mut().rev() {
        *digit += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    out.extend(text.iter().map(|&digit| char::from(digit)));
}

#[cfg(test)]
mod tests {
    use super::{parse_datetime, push_datetime};

    const FIRST: i64 = -62_135_596_800_000_000;
    const LAST: i64 = 253_402_300_799_999_999;

    fn written(micros: i64) -> Option<String> {
        let mut out = String::new();
        let fits = push_datetime(&mut out, micros);
        assert_eq!(fits, !out.is_empty());
        fits.then_some(out)
    }

    #[test]
    fn known_times() {
        for (micros, text) in [
            (0, "1970-01-01 00:00:00.000"),
            (-1, "1969-12-31 23:59:59.999"),
            (1_619_724_568_123_999, "2021-04-29 19:29:28.123"),
            (951_782_400_000_000, "2000-02-29 00:00:00.000"),
            (-2_203_891_200_000_000, "1900-03-01 00:00:00.000"),
            (4_102_444_800_000_000, "2100-01-01 00:00:00.000"),
            (FIRST, "0001-01-01 00:00:00.000"),
            (LAST, "9999-12-31 23:59:59.999"),
        ] {
            assert_eq!(written(micros).unwrap(), format!("'{text}'"));
            assert_eq!(parse_datetime(text.as_bytes()), Some(micros.div_euclid(1000) * 1000));
        }
    }

    #[test]
    fn beyond_four_digit_years_nothing_is_written() {
        for micros in [FIRST - 1, LAST + 1, i64::MIN, i64::MAX] {
            assert_eq!(written(micros), None);
        }
    }

    #[test]
    fn every_day_comes_back() {
        for micros in (FIRST..=LAST).step_by(usize::try_from(super::MICROS_A_DAY).unwrap()) {
            let text = written(micros).unwrap();
            assert_eq!(parse_datetime(text.trim_matches('\'').as_bytes()), Some(micros));
        }
    }

    #[test]
    fn other_texts_are_no_times() {
        assert_eq!(parse_datetime(b"2021-04-29 19:29:28"), Some(1_619_724_568_000_000));
        assert_eq!(parse_datetime(b"2021-04-29 19:29:28.1"), Some(1_619_724_568_100_000));
        for text in [
            "",
            "2021-04-29",
            "2021-04-29T19:29:28",
            "2021-04-29 19:29:28.",
            "2021-0x-29 19:29:28",
            "0000-00-00 00:00:00",
        ] {
            assert_eq!(parse_datetime(text.as_bytes()), None, "{text}");
        }
    }
}
