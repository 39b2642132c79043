//! Days and dates of the proleptic Gregorian calendar, by Howard Hinnant's algorithms
//! (<https://howardhinnant.github.io/date_algorithms.html>).

/// Year, month and day of a day counted from 1970-01-01.
pub(crate) fn date(day: i64) -> (i64, u32, u32) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    // 1 to 12 and 1 to 31, so they fit.
    (year, u32::try_from(month).unwrap_or_default(), u32::try_from(of_month).unwrap_or_default())
}

/// The day counted from 1970-01-01 of a date; months and days past their ends count on.
pub(crate) fn day(year: i64, month: i64, of_month: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + of_month - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}
