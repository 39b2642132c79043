//! When a record happens.

use crate::calendar::date;
use crate::error::{Error, Result};

/// 0001-01-01T00:00:00 and 9999-12-31T23:59:59: a year has four digits.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

/// Record 0 happens at `start`; from there `rate` records a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: i64,
    rate: f64,
}

impl Clock {
    pub(super) fn new(start: i64, rate: f64) -> Result<Self> {
        if !(FIRST..=LAST).contains(&start) {
            return Err(Error::Generator(format!("start {start} is not within the years 1 to 9999 (epoch seconds)")));
        }
        if !(rate.is_finite() && rate > 0.0) {
            return Err(Error::Generator(format!("rate {rate} is no number of logs a second above 0")));
        }
        Ok(Self { start, rate })
    }

    /// The second of a record.
    #[inline]
    pub(super) fn at(&self, index: u64) -> i64 {
        #[expect(clippy::cast_precision_loss, reason = "2^53 records take years")]
        let seconds = (index as f64 / self.rate).floor();
        #[expect(clippy::cast_possible_truncation, reason = "past 64 bits the last second is kept")]
        let seconds = seconds as i64;
        self.start.saturating_add(seconds)
    }
}

/// Appends `YYYY-MM-DD HH:MM:SS`, UTC; times past the year 9999 as its last second.
pub(super) fn push_text(out: &mut Vec<u8>, time: i64) {
    let time = time.clamp(FIRST, LAST);
    let (days, second) = (time.div_euclid(86_400), time.rem_euclid(86_400));
    let (year, month, day) = date(days);
    let (month, day) = (i64::from(month), i64::from(day));
    push_digits(out, year, 4);
    for (before, value) in
        [(b'-', month), (b'-', day), (b' ', second / 3_600), (b':', second / 60 % 60), (b':', second % 60)]
    {
        out.push(before);
        push_digits(out, value, 2);
    }
}

/// Appends the last `count` digits of a number that is not negative, zeros in front of it.
pub(super) fn push_digits(out: &mut Vec<u8>, mut value: i64, count: usize) {
    let start = out.len();
    out.resize(start + count, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit += u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, push_text};

    #[test]
    fn says_the_time() {
        for (time, expected) in [
            (0, "1970-01-01 00:00:00"),
            (1_619_724_510, "2021-04-29 19:28:30"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (-1, "1969-12-31 23:59:59"),
            (i64::MIN, "0001-01-01 00:00:00"),
            (i64::MAX, "9999-12-31 23:59:59"),
        ] {
            let mut out = Vec::new();
            push_text(&mut out, time);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn time_advances_with_the_index() {
        let clock = Clock::new(100, 4.0).unwrap();
        assert_eq!([0, 3, 4, 9].map(|index| clock.at(index)), [100, 100, 101, 102]);
        assert_eq!(Clock::new(100, 0.5).unwrap().at(3), 106);
        assert_eq!(Clock::new(100, 1e-300).unwrap().at(u64::MAX), i64::MAX);
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Clock::new(100, rate).is_err(), "{rate}");
        }
        assert!(Clock::new(i64::MAX, 1.0).is_err());
    }
}
