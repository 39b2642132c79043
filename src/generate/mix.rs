//! How many logs are bad, how many suspicious, and what spoils a bad one.

use super::accounts::{Accounts, Pair};
use super::field::FieldPlan;
use super::options::Options;
use super::rng::{Chance, Rng};
use super::target::Targets;
use super::weights::{Weights, first_to_happen};
use crate::contract::RecordAnomalies;
use crate::error::{Error, Result};

/// What a log is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Whatever the weights say.
    Free,
    /// At least one anomaly.
    Bad,
    /// No anomaly; account and device as the weights say.
    Valid,
    /// No anomaly, and the device is the account's own.
    Good,
    /// No anomaly, and the device is foreign or the account unknown.
    Suspicious,
}

/// What spoils a log, as a whole or in one of its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoil {
    CutShort,
    Missing,
    Duplicate,
    TextForNumber,
    Null,
    OtherType,
}

/// Where a bad log's first anomaly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// The log as a whole.
    Record,
    /// The field of that place.
    Field(usize),
}

/// The chances of it all.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    /// None leaves everything to the weights.
    rates: Option<Rates>,
    /// How often a free log is spoiled, and by what.
    pub(super) spoiled: Chance,
    spoils: Option<Weights>,
    /// For bad logs: the record (place 0) or the field (its place + 1) of the first anomaly, and what spoils a record.
    first: Option<Weights>,
    bad_spoils: Option<Weights>,
    /// How often the account of a log that isn't spoiled is unknown.
    pub(super) unknown: Chance,
    /// The same of a suspicious log.
    unknown_if_suspicious: Chance,
}

#[derive(Clone, Copy, Debug)]
struct Rates {
    bad: Chance,
    /// Of those that are not bad; None leaves it to the weights.
    suspicious: Option<Chance>,
}

/// So much over 1 is rounding: 0.9 and 0.1 are no binary fractions.
const ROUNDING: f64 = 1e-9;
const SPOILS: [Spoil; 6] =
    [Spoil::CutShort, Spoil::Missing, Spoil::Duplicate, Spoil::TextForNumber, Spoil::Null, Spoil::OtherType];

impl Mix {
    pub(super) fn new(
        options: &Options,
        anomalies: RecordAnomalies,
        plans: &[FieldPlan],
        targets: &Targets,
        accounts: Option<&Accounts>,
    ) -> Result<Self> {
        // What can't be had in this contract is left out: no field is required, or none is a number.
        let having = |rate: f64, possible: bool| if possible { rate } else { 0.0 };
        let rates = [
            anomalies.cut_short,
            having(anomalies.missing_field, targets.has(Spoil::Missing)),
            anomalies.duplicate_field,
            having(anomalies.text_for_number, targets.has(Spoil::TextForNumber)),
        ];
        let spoiled: f64 = rates.iter().sum();
        let has_unknown = accounts.is_some_and(Accounts::has_unknown);
        let unknown = having(anomalies.unknown_account, has_unknown) / (1.0 - spoiled).max(f64::MIN_POSITIVE);

        // The chance that the first anomaly is at a place: none before it, and one there.
        let (first, none) = first_to_happen(std::iter::once(spoiled).chain(plans.iter().map(|plan| plan.share)));
        let natural_bad = 1.0 - none;
        let spoils = Weights::new(rates);
        let (first, bad_spoils) = if natural_bad > 0.0 {
            (Weights::new(first), spoils.clone())
        } else {
            // A contract that names no anomaly: bad logs can be asked for all the same.
            // What only objects and arrays brought with them is left to contracts that have some: the logs of others
            // stay what they are.
            let nested = plans.iter().any(FieldPlan::is_nested);
            let possible = |spoil| match spoil {
                Spoil::CutShort => true,
                Spoil::Missing | Spoil::Duplicate | Spoil::TextForNumber => targets.has(spoil),
                Spoil::Null | Spoil::OtherType => nested && targets.has(spoil),
            };
            (Weights::even(1), Weights::new(SPOILS.map(|spoil| having(1.0, possible(spoil)))))
        };

        let mismatch = accounts.map_or(0.0, |accounts| accounts.mismatch);
        let by_account = unknown / (unknown + (1.0 - unknown) * mismatch);
        // Without mismatches all that is left is an unknown account.
        let by_account = if mismatch > 0.0 { by_account } else { 1.0 };
        let rates = rates_of(options, natural_bad, accounts)?;
        Ok(Self {
            rates,
            spoiled: Chance::new(spoiled),
            spoils,
            first,
            bad_spoils,
            unknown: Chance::new(unknown),
            unknown_if_suspicious: Chance::new(by_account),
        })
    }

    /// Whether every log is to become whatever the weights say.
    pub(super) fn is_free(&self) -> bool {
        self.rates.is_none()
    }

    /// What the next log is to become.
    #[inline]
    pub(super) fn plan(&self, rng: &mut Rng) -> Plan {
        let Some(rates) = &self.rates else { return Plan::Free };
        if rng.happens(rates.bad) {
            return Plan::Bad;
        }
        match rates.suspicious {
            None => Plan::Valid,
            Some(chance) if rng.happens(chance) => Plan::Suspicious,
            Some(_) => Plan::Good,
        }
    }

    /// What spoils a free log, if anything does.
    #[inline]
    pub(super) fn spoil(&self, rng: &mut Rng) -> Option<Spoil> {
        if rng.happens(self.spoiled) { self.spoils.as_ref().map(|weights| SPOILS[weights.draw(rng)]) } else { None }
    }

    /// What spoils a log that is bad as a whole.
    pub(super) fn bad_spoil(&self, rng: &mut Rng) -> Spoil {
        self.bad_spoils.as_ref().map_or(Spoil::CutShort, |weights| SPOILS[weights.draw(rng)])
    }

    /// Where the first anomaly of a bad log is.
    pub(super) fn first(&self, rng: &mut Rng) -> First {
        match self.first.as_ref().map_or(0, |weights| weights.draw(rng)) {
            0 => First::Record,
            place => First::Field(place - 1),
        }
    }

    /// An account and a device for a log of that plan, spoiled or not.
    pub(super) fn pair(&self, accounts: &Accounts, plan: Plan, spoil: Option<Spoil>, rng: &mut Rng) -> Pair {
        match plan {
            Plan::Good => accounts.draw_own(rng),
            Plan::Suspicious if self.unknown_if_suspicious(rng) => accounts.draw_unknown(rng),
            Plan::Suspicious => accounts.draw_foreign(rng),
            Plan::Free | Plan::Valid if spoil.is_none() && self.unknown(rng) => accounts.draw_unknown(rng),
            Plan::Free | Plan::Valid | Plan::Bad => accounts.draw(rng),
        }
    }

    /// Whether the account is unknown, of a log that is not spoiled.
    #[inline]
    pub(super) fn unknown(&self, rng: &mut Rng) -> bool {
        rng.happens(self.unknown)
    }

    /// Whether it is the account that makes a suspicious log so.
    pub(super) fn unknown_if_suspicious(&self, rng: &mut Rng) -> bool {
        rng.happens(self.unknown_if_suspicious)
    }
}

fn rates_of(options: &Options, natural_bad: f64, accounts: Option<&Accounts>) -> Result<Option<Rates>> {
    for (name, rate) in [("bad", options.bad_rate), ("suspicious", options.suspicious_rate)] {
        if let Some(rate) = rate.filter(|rate| !(0.0..=1.0).contains(rate)) {
            return Err(Error::Generator(format!("the rate of {name} logs, {rate}, is not within 0 to 1")));
        }
    }
    if options.bad_rate.is_none() && options.suspicious_rate.is_none() {
        return Ok(None);
    }
    let bad = options.bad_rate.unwrap_or(natural_bad);
    let Some(suspicious) = options.suspicious_rate else {
        return Ok(Some(Rates { bad: Chance::new(bad), suspicious: None }));
    };
    if bad + suspicious > 1.0 + ROUNDING {
        let note = if options.bad_rate.is_none() { " (by the contract's weights)" } else { "" };
        return Err(Error::Generator(format!(
            "the rates of bad logs, {bad}{note}, and of suspicious ones, {suspicious}, add up to more than 1"
        )));
    }
    if suspicious > 0.0 {
        let Some(accounts) = accounts else {
            return Err(Error::Generator(
                "no log can be suspicious: the contract looks nothing up, or there are no users; leave the rate at 0"
                    .to_owned(),
            ));
        };
        if accounts.mismatch <= 0.0 && !accounts.has_unknown() {
            return Err(Error::Generator(
                "no log can be suspicious: the users table holds every account with every device".to_owned(),
            ));
        }
    }
    let good = 1.0 - bad - suspicious;
    if good > ROUNDING && accounts.is_some_and(|accounts| !accounts.has_own()) {
        return Err(Error::Generator(
            "no log can be good: no account in the users table has a device that is generated".to_owned(),
        ));
    }
    let chance = if good <= ROUNDING { 1.0 } else { suspicious / (1.0 - bad) };
    let chance = if suspicious > 0.0 { Chance::new(chance) } else { Chance::NEVER };
    Ok(Some(Rates { bad: Chance::new(bad), suspicious: Some(chance) }))
}
