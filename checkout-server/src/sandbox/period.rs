//! Billing periods on the calendar, in UTC.

use checkout_types::catalog::Interval;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// So many periods later. The 31st becomes the last day of a shorter month.
pub(crate) fn after(time: Timestamp, interval: Interval, count: u32) -> Timestamp {
    let count = i64::from(count);
    let span = match interval {
        Interval::Day => Span::new().try_days(count),
        Interval::Week => Span::new().try_weeks(count),
        Interval::Month => Span::new().try_months(count),
        Interval::Year => Span::new().try_years(count),
    };
    let later = span.and_then(|span| time.to_zoned(TimeZone::UTC).checked_add(span));
    later.map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// So many days later.
pub(crate) fn after_days(time: Timestamp, days: u32) -> Timestamp {
    time.checked_add((i64::from(days) * 24).hours()).unwrap_or(Timestamp::MAX)
}

/// A period's price as a price per month, rounded half up: 12 months, 52 weeks or 365 days to
/// the year.
pub(crate) fn monthly_equivalent(price: i64, interval: Interval, count: u32) -> Option<i64> {
    let periods_a_year = match interval {
        Interval::Day => 365,
        Interval::Week => 52,
        Interval::Month => 12,
        Interval::Year => 1,
    };
    let divisor = i128::from(count.max(1)) * 12;
    let doubled = i128::from(price) * periods_a_year * 2 + divisor;
    i64::try_from(doubled.div_euclid(divisor * 2)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_where_the_calendar_says() {
        let january: Timestamp = "2027-01-31T10:00:00Z".parse().unwrap();
        assert_eq!(after(january, Interval::Month, 1).to_string(), "2027-02-28T10:00:00Z");
        assert_eq!(after(january, Interval::Year, 1).to_string(), "2028-01-31T10:00:00Z");
        assert_eq!(after(january, Interval::Week, 2).to_string(), "2027-02-14T10:00:00Z");
        assert_eq!(after_days(january, 14).to_string(), "2027-02-14T10:00:00Z");
        assert_eq!(after(january, Interval::Year, u32::MAX), Timestamp::MAX);
    }

    #[test]
    fn a_yearly_price_is_shown_by_the_month() {
        assert_eq!(monthly_equivalent(29_000, Interval::Year, 1), Some(2_417));
        assert_eq!(monthly_equivalent(2_900, Interval::Month, 1), Some(2_900));
        assert_eq!(monthly_equivalent(3_000, Interval::Month, 3), Some(1_000));
        assert_eq!(monthly_equivalent(1_200, Interval::Week, 1), Some(5_200));
    }
}
