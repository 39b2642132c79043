//! One log after the other.

use super::accounts::{Accounts, Pair, PairKind};
use super::field::FieldPlan;
use super::mix::{First, Mix, Plan, Spoil};
use super::options::Options;
use super::rng::{Key, Rng, Stream};
use super::time::Clock;
use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::users::Users;
use crate::verdict::{Code, Place, Reason, Status};

/// Generates logs, each with the verdict that it should get.
///
/// Record i is a function of (contract, users, options, i): the same in every batch, thread and process.
///
/// ```
/// use logcore::contract::Contract;
/// use logcore::generate::{Generator, Options, users};
///
/// let contract = Contract::server_logs()?;
/// let users = users(&contract, 1, 1000)?;
/// let mut generator = Generator::new(&contract, Some(&users), &Options::default())?;
/// let batch = generator.batch(100)?;
/// assert_eq!((batch.num_rows(), generator.position()), (100, 100));
/// # Ok::<(), logcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Generator {
    pub(super) names: Vec<String>,
    pub(super) clock: Clock,
    /// The last second that every field holding the record's time allows.
    pub(super) last_time: i64,
    pub(super) position: u64,
    key: Key,
    fields: Vec<FieldPlan>,
    required: Vec<usize>,
    integers: Vec<usize>,
    accounts: Option<Accounts>,
    mix: Mix,
    max_bytes: usize,
    /// Scratch.
    text: String,
}

/// A log over the contract's size is drawn again, so often at most.
const ATTEMPTS: usize = 64;
/// So many logs are tried for their size before the first is handed out.
const TRIALS: u64 = 64;
const NO_FIELD: usize = usize::MAX;

/// Which fields of a log are odd.
struct Oddities {
    spoil: Option<Spoil>,
    /// The field that the spoil is about.
    target: usize,
    /// The field that is an anomaly for certain.
    certain: usize,
    /// From here on a field is an anomaly by chance.
    by_chance: usize,
}

impl Generator {
    /// Prepares everything that is the same for all logs. Users of a contract that looks nothing up are left aside;
    /// without users no log is suspicious.
    ///
    /// # Errors
    /// [`Error::Generator`] where the options contradict each other, the contract or the users: rates that can't be
    /// had, times outside a field's range, a field whose values can't be drawn, users of other columns or without an
    /// account that the contract allows, logs larger than the contract's `maxBytes`.
    pub fn new(contract: &Contract, users: Option<&Users>, options: &Options) -> Result<Self> {
        let clock = Clock::new(options.start, options.rate)?;
        let fields: Vec<FieldPlan> =
            contract.fields().iter().map(|field| FieldPlan::new(field, contract)).collect::<Result<_>>()?;
        let accounts = match (contract.lookup(), users) {
            (Some(lookup), Some(users)) => Some(Accounts::new(contract, lookup, users, &fields)?),
            _ => None,
        };
        let mut last_time = i64::MAX;
        for (field, plan) in contract.fields().iter().zip(&fields) {
            if let Some(times) = plan.times() {
                last_time = last_time.min(times.last());
                if !(times.first()..=times.last()).contains(&options.start) {
                    return Err(Error::Generator(format!(
                        "start {} is not within what field '{}' allows, {} to {}",
                        options.start,
                        field.name,
                        times.first(),
                        times.last()
                    )));
                }
            }
        }
        let having = |of: fn(&FieldPlan) -> bool| (0..fields.len()).filter(|place| of(&fields[*place])).collect();
        let mut generator = Self {
            names: contract.fields().iter().map(|field| field.name.clone()).collect(),
            clock,
            last_time,
            position: 0,
            key: Key::new(options.seed, Stream::Samples),
            required: having(|plan| plan.required),
            integers: having(|plan| plan.integer),
            mix: Mix::new(options, contract.record_anomalies(), &fields, accounts.as_ref())?,
            fields,
            accounts,
            max_bytes: contract.limits().max_bytes,
            text: String::new(),
        };
        let (mut out, mut reasons) = (Vec::new(), Vec::new());
        for index in 0..TRIALS {
            reasons.clear();
            out.clear();
            generator.write(index, &mut out, &mut reasons);
            if reasons.first().is_some_and(|reason| reason.code == Code::TooLarge) {
                return Err(Error::Generator(format!(
                    "logs come out larger than the contract's maxBytes, {}",
                    generator.max_bytes
                )));
            }
        }
        generator.key = Key::new(options.seed, Stream::Logs);
        Ok(generator)
    }

    /// The index of the next record of [`Generator::batch`].
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Lets the next batch start at that record.
    pub fn seek(&mut self, index: u64) {
        self.position = index;
    }

    /// Appends the bytes of one log to `out`, and what is wrong with it to `reasons`, in the contract's order. Past the
    /// last time that a field allows the time stands still.
    pub fn write(&mut self, index: u64, out: &mut Vec<u8>, reasons: &mut Vec<Reason>) -> Status {
        let (start, first_reason) = (out.len(), reasons.len());
        let mut rng = self.key.at(index);
        let plan = self.mix.plan(&mut rng);
        let time = self.clock.at(index);
        for _ in 0..ATTEMPTS {
            out.truncate(start);
            reasons.truncate(first_reason);
            let status = self.attempt(plan, &mut rng, time, out, reasons);
            if out.len() - start <= self.max_bytes {
                return status;
            }
        }
        reasons.truncate(first_reason);
        reasons.push(Reason { place: Place::Log, code: Code::TooLarge });
        Status::Bad
    }

    #[inline]
    fn attempt(
        &mut self,
        plan: Plan,
        rng: &mut Rng,
        time: i64,
        out: &mut Vec<u8>,
        reasons: &mut Vec<Reason>,
    ) -> Status {
        let odd = self.oddities(plan, rng);
        let pair = self.accounts.as_ref().map(|accounts| self.pair(accounts, plan, odd.spoil, rng));
        let (start, first_reason) = (out.len(), reasons.len());
        out.push(b'{');
        for (place, field) in (0..).zip(&self.fields) {
            let index = usize::from(place);
            let mut code = None;
            if index == odd.target {
                match odd.spoil {
                    Some(Spoil::Missing) => {
                        reasons.push(Reason { place: Place::Field(place), code: Code::Missing });
                        continue;
                    }
                    Some(Spoil::TextForNumber) => {
                        field.write_no_number(rng, out);
                        reasons.push(Reason { place: Place::Field(place), code: Code::WrongType });
                        continue;
                    }
                    Some(Spoil::Duplicate) => code = Some(Code::DuplicateKey),
                    Some(Spoil::CutShort) | None => {}
                }
            }
            if index == odd.certain || (index >= odd.by_chance && rng.happens(field.anomalous)) {
                let expected = field.write_anomaly(rng, time, &mut self.text, out);
                code = code.or(expected);
            } else {
                write_valid(self.accounts.as_ref(), pair.as_ref(), field, index, rng, time, &mut self.text, out);
            }
            if let Some(code) = code {
                reasons.push(Reason { place: Place::Field(place), code });
            }
        }
        if let (Some(Spoil::Duplicate), Some(field)) = (odd.spoil, self.fields.get(odd.target)) {
            // Another draw: the same value sometimes, mostly another one.
            let pair = self.accounts.as_ref().map(|accounts| accounts.draw(rng));
            write_valid(self.accounts.as_ref(), pair.as_ref(), field, odd.target, rng, time, &mut self.text, out);
        }
        // The last field's comma and blank.
        if out.len() - start > 1 {
            out.truncate(out.len() - 2);
        }
        out.push(b'}');
        if odd.spoil == Some(Spoil::CutShort) {
            // Without its last brace it is no JSON, wherever it ends.
            let length = 1 + rng.place(out.len() - start - 1);
            out.truncate(start + length);
            reasons.truncate(first_reason);
            reasons.push(Reason { place: Place::Log, code: Code::MalformedJson });
        }
        if reasons.len() > first_reason {
            return Status::Bad;
        }
        let (Some(pair), Some(accounts)) = (pair, &self.accounts) else { return Status::Good };
        let (field, code) = match pair.kind {
            PairKind::Own => return Status::Good,
            PairKind::Unknown => (accounts.account_field, Code::UnknownAccount),
            PairKind::Foreign => (accounts.device_field.unwrap_or(accounts.account_field), Code::DeviceMismatch),
        };
        // The contract holds at most 1,000 fields.
        reasons.push(Reason { place: Place::Field(u16::try_from(field).unwrap_or(u16::MAX)), code });
        Status::Suspicious
    }

    #[inline]
    fn oddities(&self, plan: Plan, rng: &mut Rng) -> Oddities {
        let fields = self.fields.len();
        let mut odd = Oddities { spoil: None, target: NO_FIELD, certain: NO_FIELD, by_chance: fields };
        match plan {
            Plan::Free => {
                odd.by_chance = 0;
                odd.spoil = self.mix.spoil(rng);
            }
            Plan::Bad => match self.mix.first(rng) {
                First::Record => {
                    odd.by_chance = 0;
                    odd.spoil = Some(self.mix.bad_spoil(rng));
                }
                First::Field(place) => {
                    odd.certain = place;
                    odd.by_chance = place + 1;
                }
            },
            Plan::Valid | Plan::Good | Plan::Suspicious => {}
        }
        if let Some(spoil) = odd.spoil {
            odd.target = match spoil {
                Spoil::CutShort => NO_FIELD,
                Spoil::Duplicate => rng.place(fields),
                Spoil::Missing => self.required[rng.place(self.required.len())],
                Spoil::TextForNumber => self.integers[rng.place(self.integers.len())],
            };
        }
        odd
    }

    #[inline]
    fn pair(&self, accounts: &Accounts, plan: Plan, spoil: Option<Spoil>, rng: &mut Rng) -> Pair {
        match plan {
            Plan::Good => accounts.draw_own(rng),
            Plan::Suspicious if self.mix.unknown_if_suspicious(rng) => accounts.draw_unknown(rng),
            Plan::Suspicious => accounts.draw_foreign(rng),
            Plan::Free | Plan::Valid if spoil.is_none() && self.mix.unknown(rng) => accounts.draw_unknown(rng),
            Plan::Free | Plan::Valid | Plan::Bad => accounts.draw(rng),
        }
    }
}

#[inline]
#[expect(clippy::too_many_arguments, reason = "parts of a borrowed generator")]
fn write_valid(
    accounts: Option<&Accounts>,
    pair: Option<&Pair>,
    field: &FieldPlan,
    index: usize,
    rng: &mut Rng,
    time: i64,
    text: &mut String,
    out: &mut Vec<u8>,
) {
    if let (Some(accounts), Some(pair)) = (accounts, pair) {
        if index == accounts.account_field {
            return accounts.write_account(field, pair, rng, out);
        }
        if Some(index) == accounts.device_field {
            return accounts.write_device(pair, rng, out);
        }
    }
    field.write_valid(rng, time, text, out);
}
