//! When each record is due at a fixed rate, whatever became of the ones before it (open loop).
//!
//! Waiting for an answer before the next record would hide a slow broker: the load would sink with it. Here the due times
//! are fixed beforehand, and what is late is measured.

use std::time::Duration;

use crate::{Error, Result};

/// Record `i` is due `i / rate` seconds after the start.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    rate: f64,
}

impl Schedule {
    /// # Errors
    /// [`Error::Kafka`] unless `rate` (records/s) is a finite number above 0.
    pub fn new(rate: f64) -> Result<Self> {
        // Slower than one record in 31 years, due times leave what a Duration holds.
        if rate.is_finite() && rate >= 1e-9 {
            Ok(Self { rate })
        } else {
            Err(Error::Kafka(format!("a rate of {rate} records/s can't be kept; it has to be above 0")))
        }
    }

    /// When record `index` is due, counted from the start.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "past 2^53 records, 2,800 years at 100,000/s, it is off by one record"
    )]
    pub fn due(self, index: u64) -> Duration {
        Duration::try_from_secs_f64(index as f64 / self.rate).unwrap_or(Duration::MAX)
    }

    /// How long to wait for record `index` when `now` has passed since the start; None when it is due.
    #[must_use]
    pub fn wait(self, index: u64, now: Duration) -> Option<Duration> {
        self.due(index).checked_sub(now).filter(|rest| !rest.is_zero())
    }

    /// How late record `index` is when `now` has passed since the start.
    #[must_use]
    pub fn lag(self, index: u64, now: Duration) -> Duration {
        now.saturating_sub(self.due(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends on a clock that only moves when someone waits, or by `cost` with each record; yields when each was sent.
    fn sent(rate: f64, until: Duration, cost: Duration) -> Vec<Duration> {
        let schedule = Schedule::new(rate).unwrap();
        let mut now = Duration::ZERO;
        let mut times = Vec::new();
        for index in 0.. {
            if schedule.due(index) >= until {
                break;
            }
            if let Some(rest) = schedule.wait(index, now) {
                now += rest;
            }
            times.push(now);
            now += cost;
        }
        times
    }

    #[test]
    fn rates_are_kept_over_ten_seconds() {
        let until = Duration::from_secs(10);
        for (rate, count) in [(0.5, 5), (1.0, 10), (3.0, 30), (1000.0, 10_000), (100_000.0, 1_000_000)] {
            let times = sent(rate, until, Duration::from_nanos(500));
            assert_eq!(times.len(), count, "{rate}");
            assert!(*times.last().unwrap() < until, "{rate}");
        }
    }

    #[test]
    fn what_was_late_is_caught_up_and_the_plan_stays() {
        let schedule = Schedule::new(10.0).unwrap();
        assert_eq!(schedule.wait(3, Duration::from_millis(100)), Some(Duration::from_millis(200)));
        assert_eq!(schedule.wait(3, Duration::from_millis(300)), None);
        assert_eq!(schedule.wait(3, Duration::from_secs(9)), None);
        assert_eq!(schedule.lag(3, Duration::from_secs(9)), Duration::from_millis(8700));
        assert_eq!(schedule.lag(3, Duration::from_millis(10)), Duration::ZERO);
    }

    #[test]
    fn a_sender_too_slow_for_the_rate_falls_behind_steadily() {
        let times = sent(1000.0, Duration::from_secs(1), Duration::from_millis(2));
        let schedule = Schedule::new(1000.0).unwrap();
        assert_eq!(schedule.lag(999, times[999]), Duration::from_millis(999));
    }

    #[test]
    fn rates_that_are_none() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300] {
            assert!(Schedule::new(rate).is_err(), "{rate}");
        }
        assert_eq!(Schedule::new(1e-9).unwrap().due(u64::MAX), Duration::MAX);
    }
}
