//! Times as text, in a field's own format.

use super::span::Span;
use super::time::push_digits;
use crate::calendar::date;
use crate::contract::{Part, TimeFormat, TimeRules};

const MICROS: i64 = 1_000_000;
const MICROS_A_DAY: i64 = 86_400 * MICROS;

/// Writes times that the rules allow.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    format: TimeFormat,
    /// The finest part of a time that the text has, in microseconds.
    grain: i64,
    /// The times that the rules allow, in grains.
    span: Span,
}

impl Moment {
    /// Of a field whose bounds count steps of `unit` microseconds; None where no text of the format lies within them.
    pub(super) fn new(rules: &TimeRules, unit: i64) -> Option<Self> {
        let grain = rules.format.parts().iter().map(grain).min()?;
        let first = rules.minimum.checked_mul(unit)?;
        let last = rules.maximum.checked_mul(unit)?;
        let span =
            Span::new(first.div_euclid(grain) + i64::from(first.rem_euclid(grain) > 0), last.div_euclid(grain), None)?;
        Some(Self { format: rules.format.clone(), grain, span })
    }

    /// Appends a time with its quotes, the last one that the rules allow up to the second given.
    pub(super) fn push(&self, out: &mut Vec<u8>, second: i64) {
        let micros = self.span.at_most(second.saturating_mul(MICROS).div_euclid(self.grain)) * self.grain;
        let (year, month, day) = date(micros.div_euclid(MICROS_A_DAY));
        let of_day = micros.rem_euclid(MICROS_A_DAY);
        let second = of_day / MICROS;
        out.push(b'"');
        for part in self.format.parts() {
            match part {
                Part::Year => push_digits(out, year, 4),
                Part::Month => push_digits(out, i64::from(month), 2),
                Part::Day => push_digits(out, i64::from(day), 2),
                Part::Hour => push_digits(out, second / 3_600, 2),
                Part::Minute => push_digits(out, second / 60 % 60, 2),
                Part::Second => push_digits(out, second % 60, 2),
                // Nanoseconds, of which there are as many as the format has digits.
                Part::Fraction(count) => {
                    let unit = 10_i64.pow(9_u32.saturating_sub(u32::try_from(*count).unwrap_or(9)));
                    push_digits(out, of_day % MICROS * 1_000 / unit, *count);
                }
                // RFC 3339's may be left out.
                Part::OptionalFraction => {}
                Part::Offset { zulu: true, .. } => out.push(b'Z'),
                Part::Offset { minutes, colon, .. } => out.extend_from_slice(match (minutes, colon) {
                    (false, _) => b"+00",
                    (true, false) => b"+0000",
                    (true, true) => b"+00:00",
                }),
                Part::Literal(c) => {
                    let mut text = Vec::new();
                    super::json::push_string(&mut text, c.encode_utf8(&mut [0; 4]));
                    out.extend_from_slice(text.get(1..text.len() - 1).unwrap_or_default());
                }
                Part::DateAndTime => out.push(b'T'),
            }
        }
        out.push(b'"');
    }
}

fn grain(part: &Part) -> i64 {
    match part {
        Part::Fraction(count) => 10_i64.pow(6_u32.saturating_sub(u32::try_from(*count).unwrap_or(6))),
        Part::Second => MICROS,
        Part::Minute => 60 * MICROS,
        Part::Hour => 3_600 * MICROS,
        _ => MICROS_A_DAY,
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;
    use crate::contract::{Contract, Kind};

    #[test]
    fn writes_what_the_format_reads() {
        for format in [
            "",
            "format: dd.MM.yyyy HH:mm",
            "format: \"yyyyMMdd'T'HHmmss.SSSxx\"",
            "format: 'yyyy-MM-dd HH:mm:ss.SXXX'",
        ] {
            let text = format!(
                "{{apiVersion: v3.1.0, kind: DataContract, schema: [{{name: s, properties: [{{name: at, logicalType: \
                 timestamp, logicalTypeOptions: {{{format}}}}}]}}]}}"
            );
            let contract = Contract::parse(&text).unwrap();
            let Kind::Timestamp(rules) = &contract.fields()[0].kind else { panic!("a timestamp") };
            let moment = Moment::new(rules, 1).unwrap();
            for second in [0, 1_619_724_510, -1, i64::MIN, i64::MAX] {
                let mut out = Vec::new();
                moment.push(&mut out, second);
                let read = rules.format.read(&out[1..out.len() - 1]);
                let expected = i128::from(second) * 1_000_000;
                let (first, last) = (i128::from(rules.minimum), i128::from(rules.maximum));
                let difference = expected.clamp(first, last) - i128::from(read.unwrap());
                assert!((0..60_000_000).contains(&difference), "{}", String::from_utf8_lossy(&out));
            }
        }
    }
}
