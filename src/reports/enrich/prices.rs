//! Price models, and the bill of a customer.
//!
//! Pure functions on integers: an amount is exact to 10⁻¹² of a unit of the currency, so that rates such as 0.0000035 do not lose digits
//! and sums do not depend on their order.

use std::collections::BTreeMap;
use std::fmt;

/// Parts of one unit of the currency.
const PARTS: i128 = 1_000_000_000_000;
/// The largest rate or fee.
const MAX_PRICE: f64 = 1e9;

/// An amount or a rate, in 10⁻¹² of a unit of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i128);

/// Not a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrice {
    /// Negative, too large, or not a number.
    #[error("must be from 0 to 1000000000")]
    Range,
    /// It has digits that are not kept.
    #[error("has more than 12 decimal places")]
    Digits,
}

impl Money {
    /// A price as a configuration gives it.
    ///
    /// # Errors
    /// [`InvalidPrice`].
    pub fn price(number: f64) -> Result<Self, InvalidPrice> {
        if !(0.0..=MAX_PRICE).contains(&number) {
            return Err(InvalidPrice::Range);
        }
        // The shortest decimal text of the number is what the configuration has.
        let text = format!("{number:.20}");
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        let parts = (number.fract() * PARTS as f64).round();
        if number > 0.0 && whole == "0" && parts == 0.0 && decimals.bytes().any(|digit| digit != b'0') {
            return Err(InvalidPrice::Digits);
        }
        Ok(Self(number.trunc() as i128 * PARTS + parts as i128))
    }

    /// The number, to six decimal places.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        const KEPT: i128 = 1_000_000;
        (rounded(self.0 * KEPT, PARTS)) as f64 / KEPT as f64
    }

    fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(i128::from(count)))
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, parts) = (self.0.unsigned_abs() / PARTS.unsigned_abs(), self.0.unsigned_abs() % PARTS.unsigned_abs());
        let decimals = format!("{parts:012}");
        let kept = decimals.trim_end_matches('0');
        // At least cents.
        let kept = if kept.len() < 2 { decimals.get(..2).unwrap_or("00") } else { kept };
        write!(f, "{sign}{whole}.{kept}")
    }
}

/// Half of a part is rounded up.
fn rounded(amount: i128, per: i128) -> i128 {
    (amount + per / 2).div_euclid(per)
}

/// A tier of a tiered price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// The last request of the tier, counted from the first request of the period; `None`: the tier has no end.
    pub up_to: Option<u64>,
    /// The price of each of its requests.
    pub rate: Money,
}

/// How requests are charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceModel {
    /// Each request costs the same.
    Consumption {
        /// The price of a request.
        per_request: Money,
    },
    /// Each request costs the rate of its tier (graduated prices). INVARIANT: the tiers ascend, and the last has no end.
    Tiered(Vec<Tier>),
    /// A fee for the period, whatever the number of requests.
    Subscription {
        /// The fee.
        base_fee: Money,
        /// What a request costs the operator, for the profitability.
        cost_per_request: Money,
    },
    /// Some requests are free.
    Freemium {
        /// How many.
        free_requests: u64,
        /// The price of each further request.
        per_request: Money,
    },
}

/// The unit of transferred data in a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransferUnit {
    /// 10⁹ bytes.
    #[default]
    Gigabyte,
    /// 2³⁰ bytes, which AWS's invoices call GB.
    Gibibyte,
}

/// The price of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// How requests are charged.
    pub model: PriceModel,
    /// The price of a unit of response bytes.
    pub transfer: Money,
    /// The unit.
    pub unit: TransferUnit,
}

/// The prices of the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    /// The code of the currency, such as `USD`.
    pub currency: String,
    /// For plans without a price of their own, and for customers without a plan; `None`: these have no amount.
    pub default: Option<Price>,
    /// By the name of the plan.
    pub plans: BTreeMap<String, Price>,
}

/// What a customer owes for a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bill {
    /// For requests, or the fee.
    pub requests: Money,
    /// For response bytes.
    pub transfer: Money,
    /// Of a subscription.
    pub profitability: Option<Profitability>,
}

/// Whether a subscription covers its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profitability {
    /// What the requests cost the operator.
    pub cost: Money,
    /// The fee without this cost.
    pub margin: Money,
}

impl Profitability {
    /// Whether the fee is above the cost.
    #[must_use]
    pub fn is_profitable(self) -> bool {
        self.margin > Money(0)
    }
}

impl Bill {
    /// The whole amount.
    #[must_use]
    pub fn total(self) -> Money {
        self.requests.plus(self.transfer)
    }
}

impl Prices {
    /// The bill of a customer with this plan; `None`: there is no price for the plan.
    #[must_use]
    pub fn bill(&self, plan: Option<&str>, requests: u64, bytes: u64) -> Option<Bill> {
        let price = plan.and_then(|plan| self.plans.get(plan)).or(self.default.as_ref())?;
        Some(price.bill(requests, bytes))
    }
}

impl Price {
    /// The bill for these requests and response bytes of one customer in one period.
    #[must_use]
    pub fn bill(&self, requests: u64, bytes: u64) -> Bill {
        let (charged, profitability) = match &self.model {
            PriceModel::Consumption { per_request } => (per_request.times(requests), None),
            PriceModel::Tiered(tiers) => (graduated(tiers, requests), None),
            PriceModel::Freemium { free_requests, per_request } => {
                (per_request.times(requests.saturating_sub(*free_requests)), None)
            }
            PriceModel::Subscription { base_fee, cost_per_request } => {
                let cost = cost_per_request.times(requests);
                (*base_fee, Some(Profitability { cost, margin: Money(base_fee.0.saturating_sub(cost.0)) }))
            }
        };
        let unit = match self.unit {
            TransferUnit::Gigabyte => 1_000_000_000,
            TransferUnit::Gibibyte => 1 << 30,
        };
        Bill { requests: charged, transfer: Money(rounded(self.transfer.times(bytes).0, unit)), profitability }
    }
}

fn graduated(tiers: &[Tier], requests: u64) -> Money {
    let (mut total, mut below) = (Money(0), 0);
    for tier in tiers {
        let end = tier.up_to.unwrap_or(u64::MAX).min(requests);
        total = total.plus(tier.rate.times(end.saturating_sub(below)));
        below = below.max(end);
    }
    total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(number: f64) -> Money {
        Money::price(number).unwrap()
    }

    fn bill(model: PriceModel, requests: u64, bytes: u64) -> Bill {
        Price { model, transfer: money(0.09), unit: TransferUnit::Gigabyte }.bill(requests, bytes)
    }

    #[test]
    fn prices_keep_their_digits() {
        for (number, text) in
            [(0.0, "0.00"), (0.000_003_5, "0.0000035"), (12.5, "12.50"), (1e9, "1000000000.00"), (1e-12, "0.000000000001")]
        {
            assert_eq!(money(number).to_string(), text);
        }
        for number in [-0.1, f64::NAN, f64::INFINITY, 1e10] {
            assert_eq!(Money::price(number), Err(InvalidPrice::Range));
        }
        assert_eq!(Money::price(1e-14), Err(InvalidPrice::Digits));
    }

    #[test]
    fn each_request_of_consumption_costs_the_same() {
        let found = bill(PriceModel::Consumption { per_request: money(0.000_003_5) }, 2_000_000, 1_500_000_000);
        assert_eq!((found.requests, found.transfer, found.total()), (money(7.0), money(0.135), money(7.135)));
        assert_eq!(found.total().to_f64(), 7.135);
    }

    #[test]
    fn gibibytes_are_larger_than_gigabytes() {
        let price = Price {
            model: PriceModel::Consumption { per_request: money(0.0) },
            transfer: money(1.0),
            unit: TransferUnit::Gibibyte,
        };
        assert_eq!(price.bill(0, 1 << 30).total(), money(1.0));
        assert_eq!(price.bill(0, 1 << 29).total(), money(0.5));
    }

    #[test]
    fn tiers_are_graduated() {
        let tiers = || {
            PriceModel::Tiered(vec![
                Tier { up_to: Some(100), rate: money(0.0) },
                Tier { up_to: Some(1000), rate: money(0.01) },
                Tier { up_to: None, rate: money(0.005) },
            ])
        };
        for (requests, expected) in [(0, 0.0), (100, 0.0), (101, 0.01), (1000, 9.0), (1001, 9.005), (2000, 14.0)] {
            assert_eq!(bill(tiers(), requests, 0).total(), money(expected), "{requests}");
        }
    }

    #[test]
    fn a_subscription_tells_its_margin() {
        let model = || PriceModel::Subscription { base_fee: money(100.0), cost_per_request: money(0.001) };
        let found = bill(model(), 40_000, 0);
        assert_eq!(found.total(), money(100.0));
        let profitability = found.profitability.unwrap();
        assert_eq!((profitability.cost, profitability.margin, profitability.is_profitable()), (money(40.0), money(60.0), true));
        let loss = bill(model(), 100_001, 0).profitability.unwrap();
        assert_eq!((loss.margin.to_string(), loss.is_profitable()), ("-0.001".to_owned(), false));
        assert!(!bill(model(), 100_000, 0).profitability.unwrap().is_profitable());
    }

    #[test]
    fn freemium_charges_the_overage() {
        let model = || PriceModel::Freemium { free_requests: 1000, per_request: money(0.002) };
        assert_eq!(bill(model(), 1000, 0).total(), money(0.0));
        assert_eq!(bill(model(), 1500, 0).total(), money(1.0));
    }

    #[test]
    fn the_plan_chooses_the_price() {
        let price = |rate| Price {
            model: PriceModel::Consumption { per_request: money(rate) },
            transfer: money(0.0),
            unit: TransferUnit::default(),
        };
        let mut prices =
            Prices { currency: "EUR".to_owned(), default: Some(price(1.0)), plans: [("Gold".to_owned(), price(2.0))].into() };
        let total = |prices: &Prices, plan| prices.bill(plan, 10, 0).map(|bill| bill.total().to_f64());
        assert_eq!(
            (total(&prices, Some("Gold")), total(&prices, Some("Free")), total(&prices, None)),
            (Some(20.0), Some(10.0), Some(10.0))
        );
        prices.default = None;
        assert_eq!((total(&prices, Some("Gold")), total(&prices, Some("Free"))), (Some(20.0), None));
    }

    proptest! {
        /// Splitting the requests between two bills never changes the charge by consumption, and more requests never cost less.
        #[test]
        fn amounts_are_exact_and_monotonous(one in 0u64..1 << 40, two in 0u64..1 << 40, rate in 0.0..0.1f64) {
            let model = || PriceModel::Consumption { per_request: money(rate) };
            let sum = bill(model(), one, 0).total().plus(bill(model(), two, 0).total());
            prop_assert_eq!(sum, bill(model(), one + two, 0).total());
            let tiers = || PriceModel::Tiered(vec![Tier { up_to: Some(1 << 20), rate: money(rate) }, Tier { up_to: None, rate: money(rate / 2.0) }]);
            prop_assert!(bill(tiers(), one, 0).total() <= bill(tiers(), one + two, 0).total());
            prop_assert!(bill(tiers(), one, 0).total() <= bill(model(), one, 0).total());
        }

        #[test]
        fn extreme_usage_does_not_overflow(requests: u64, bytes: u64) {
            let found = bill(PriceModel::Consumption { per_request: money(1e9) }, requests, bytes);
            prop_assert!(found.total() >= Money(0));
        }
    }
}
