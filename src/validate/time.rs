//! A time's format and range.

use crate::contract::TimeRules;
use crate::verdict::Code;

/// The time that a text holds, in steps of `unit` microseconds.
///
/// # Errors
/// The code of the first rule that it breaks.
#[inline]
pub fn check_time(rules: &TimeRules, unit: i64, text: &[u8]) -> Result<i64, Code> {
    let value = rules.format.read(text).ok_or(Code::InvalidFormat)?.div_euclid(unit);
    if (rules.minimum..=rules.maximum).contains(&value) { Ok(value) } else { Err(Code::OutOfRange) }
}

#[cfg(test)]
mod tests {
    use super::check_time;
    use crate::contract::{Contract, Kind};
    use crate::verdict::Code;

    #[test]
    fn format_comes_before_range() {
        let text = "{apiVersion: v3.1.0, kind: DataContract, schema: [{name: s, properties: [{name: at, \
                    logicalType: timestamp, logicalTypeOptions: {minimum: '2000-01-01T00:00:00Z'}}]}]}";
        let contract = Contract::parse(text).unwrap();
        let Kind::Timestamp(rules) = &contract.fields()[0].kind else { panic!("a timestamp") };
        let check = |text: &str| check_time(rules, 1, text.as_bytes());
        assert_eq!(check("2000-01-01T00:00:00Z"), Ok(946_684_800_000_000));
        assert_eq!(check("2000-01-01T00:59:59+01:00"), Err(Code::OutOfRange));
        assert_eq!(check("9999-12-31T23:59:59.999999-00:01"), Err(Code::OutOfRange));
        assert_eq!(check("1999-12-31"), Err(Code::InvalidFormat));
    }
}
