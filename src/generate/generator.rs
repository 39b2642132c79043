//! The generator: what is the same for all logs, prepared once.

use super::accounts::Accounts;
use super::batch::Names;
use super::block::{Rows, Scratch};
use super::field::FieldPlan;
use super::mix::Mix;
use super::options::Options;
use super::rng::{Key, Stream};
use super::target::Targets;
use super::time::Clock;
use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::lanes::Best;
use crate::users::Users;
use crate::verdict::{Code, Place, Reason, Status};

/// Generates logs, each with the verdict that it should get.
///
/// Record i is a function of (contract, users, options, i): the same in every batch, thread and process.
///
/// The log's own fields are always there, but for anomalies. Of an object's optional fields one in four is left out, and
/// an array has up to three items.
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
    pub(super) names: Names,
    pub(super) clock: Clock,
    /// The last second that every field holding the record's time allows.
    pub(super) last_time: i64,
    pub(super) position: u64,
    pub(super) key: Key,
    pub(super) fields: Vec<FieldPlan>,
    pub(super) targets: Targets,
    pub(super) accounts: Option<Accounts>,
    pub(super) mix: Mix,
    pub(super) max_bytes: usize,
    pub(super) lanes: Best,
    /// The most bytes of the fields of which it is known, and whether they fit into the short way.
    pub(super) most: usize,
    pub(super) short_way: bool,
    pub(super) scratch: Scratch,
    /// Why a log is suspicious whose device is not the account's own.
    pub(super) foreign: Reason,
    /// Scratch.
    pub(super) text: String,
}

/// A log over the contract's size is drawn again, so often at most.
const ATTEMPTS: usize = 64;
/// So many logs are tried for their size before the first is handed out.
const TRIALS: u64 = 64;

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
        let paths: Vec<String> = contract.placed_fields().iter().map(|field| field.path.clone()).collect();
        let fields = FieldPlan::all(contract.fields(), 0, 1, contract)?;
        let accounts = match (contract.lookup(), users) {
            (Some(lookup), Some(users)) => Some(Accounts::new(contract, lookup, users, &fields)?),
            _ => None,
        };
        let mut last_time = i64::MAX;
        for (place, times) in fields.iter().flat_map(FieldPlan::times) {
            last_time = last_time.min(times.last());
            if !(times.first()..=times.last()).contains(&options.start) {
                return Err(Error::Generator(format!(
                    "start {} is not within what field '{}' allows, {} to {}",
                    options.start,
                    paths[usize::from(place)],
                    times.first(),
                    times.last()
                )));
            }
        }
        let targets = Targets::new(&fields);
        let most = most(&fields, accounts.as_ref());
        let foreign = foreign(&fields, accounts.as_ref());
        let mut generator = Self {
            names: Names::new(&paths),
            clock,
            last_time,
            position: 0,
            key: Key::new(options.seed, Stream::Samples),
            mix: Mix::new(options, contract.record_anomalies(), &fields, &targets, accounts.as_ref())?,
            fields,
            targets,
            accounts,
            max_bytes: contract.limits().max_bytes,
            lanes: Best::detect(),
            most,
            short_way: most <= Rows::MOST,
            scratch: Scratch::default(),
            foreign,
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
}

/// The most bytes of all fields of which it is known.
fn most(fields: &[FieldPlan], accounts: Option<&Accounts>) -> usize {
    fields
        .iter()
        .enumerate()
        .map(|(place, field)| match accounts {
            Some(accounts) if accounts.account_field == place => accounts.most(field).0,
            Some(accounts) if accounts.device_field == Some(place) => accounts.most(field).1,
            _ => field.most().unwrap_or(0),
        })
        .sum()
}

/// Why a log is suspicious whose device is not the account's own.
fn foreign(fields: &[FieldPlan], accounts: Option<&Accounts>) -> Reason {
    let field = accounts.map(|accounts| accounts.device_field.unwrap_or(accounts.account_field));
    let place = field.map_or(Place::Log, |field| Place::Field(fields[field].place));
    Reason { place, code: Code::DeviceMismatch }
}
