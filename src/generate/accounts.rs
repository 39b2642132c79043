//! The accounts that logs come from: those of the users table, each with the devices that are its own, and those that
//! the table does not know. An account and a device are drawn together, so that it is known beforehand whether they
//! belong together.

use super::field::FieldPlan;
use super::groups::{Group, devices, group};
use super::rng::Rng;
use super::rules::integer;
use super::source::Choice;
use super::unknown::Unknown;
use super::weights::Weights;
use crate::contract::{Contract, Kind, Lookup};
use crate::error::{Error, Result};
use crate::users::Users;

/// Accounts with their devices.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    /// The place of the field that holds the account.
    pub(super) account_field: usize,
    /// The place of the field that holds the device, where the lookup has one.
    pub(super) device_field: Option<usize>,
    /// Every known account that the field allows, those with the same devices side by side.
    known: Values,
    /// The group of each.
    group_of: Vec<u32>,
    groups: Vec<Group>,
    devices: Vec<Choice>,
    /// The weight of each device, and the table to draw from.
    weight_of: Vec<f64>,
    device_weights: Weights,
    /// Groups by how often one of their accounts comes with a device of its own, and with a foreign one.
    own: Option<Weights>,
    foreign: Option<Weights>,
    unknown: Option<Unknown>,
    /// How often an account, drawn evenly, comes with a foreign device.
    pub(super) mismatch: f64,
}

/// Values of the account's field.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Written as the field writes integers.
    Integers(Vec<i64>),
    /// Ready to be written.
    Texts(Vec<Choice>),
}

/// An account and a device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    account: Account,
    device: usize,
    /// Whether the table says anything else than that they belong together.
    pub(super) kind: PairKind,
}

/// What the users table says of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PairKind {
    Own,
    Foreign,
    Unknown,
}

#[derive(Clone, Copy, Debug)]
enum Account {
    Known(usize),
    UnknownInteger(i64),
    UnknownText(usize),
}

impl Accounts {
    pub(super) fn new(contract: &Contract, lookup: &Lookup, users: &Users, plans: &[FieldPlan]) -> Result<Self> {
        if users.columns() != lookup.columns {
            return Err(Error::Generator(format!(
                "the users table has the columns {}, the contract looks up {}",
                users.columns().join(", "),
                lookup.columns.join(", ")
            )));
        }
        let account_field = lookup.fields[0];
        let device_field = lookup.fields.get(1).copied();
        let account = &contract.fields()[account_field];
        let devices = match device_field {
            Some(place) => devices(&contract.fields()[place], users)?,
            None => vec![(String::new(), 1.0)],
        };
        let device_weights = Weights::new(devices.iter().map(|(_, weight)| *weight))
            .ok_or_else(|| Error::Generator("all devices have the weight 0".to_owned()))?;
        let (groups, members) = group(account, users, &devices, device_field.is_some());
        if members.is_empty() {
            return Err(Error::Generator(format!(
                "the users table holds no account that field '{}' allows",
                account.name
            )));
        }
        let known = match &account.kind {
            Kind::Integer(_) => Values::Integers(members.iter().filter_map(|text| integer(text)).collect()),
            _ => Values::Texts(members.iter().map(|text| plans[account_field].whole(&Choice::of_text(text))).collect()),
        };
        let unknown = Unknown::new(account, &known, &members, &plans[account_field])?;
        let weight_of: Vec<f64> = devices.iter().map(|(_, weight)| *weight).collect();
        let total: f64 = weight_of.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "2^53 accounts don't fit in memory")]
        let count = |count: usize| count as f64;
        let foreign = groups.iter().map(|group| count(group.count) * group.foreign_weight);
        let mismatch = foreign.clone().sum::<f64>() / total / count(members.len());
        let whole = |(text, _): &(String, f64)| {
            device_field.map_or(Choice::of_text(text), |place| {
                plans[place].whole(&Choice::of(&contract.fields()[place].kind, text))
            })
        };
        let group_of = (0..).zip(&groups).flat_map(|(id, group)| std::iter::repeat_n(id, group.count)).collect();
        Ok(Self {
            account_field,
            device_field,
            known,
            group_of,
            own: Weights::new(groups.iter().map(|group| count(group.count) * group.own_weight)),
            foreign: Weights::new(foreign),
            groups,
            devices: devices.iter().map(whole).collect(),
            weight_of,
            device_weights,
            unknown,
            mismatch,
        })
    }

    /// Whether an account can come with a device of its own.
    pub(super) fn has_own(&self) -> bool {
        self.own.is_some()
    }

    /// Whether there are accounts that the field allows and the table does not know.
    pub(super) fn has_unknown(&self) -> bool {
        self.unknown.is_some()
    }

    /// A known account evenly, a device by weight.
    #[inline]
    pub(super) fn draw(&self, rng: &mut Rng) -> Pair {
        let account = rng.place(self.group_of.len());
        let device = self.device_weights.draw(rng);
        let own = &self.groups[self.group_of[account] as usize].own;
        let kind = if own.contains(&device) { PairKind::Own } else { PairKind::Foreign };
        Pair { account: Account::Known(account), device, kind }
    }

    /// A known account with a device of its own, as often as [`Accounts::draw`] would give each. Without any, whatever
    /// comes.
    pub(super) fn draw_own(&self, rng: &mut Rng) -> Pair {
        match &self.own {
            Some(weights) => self.draw_from(&self.groups[weights.draw(rng)], PairKind::Own, rng),
            None => self.draw(rng),
        }
    }

    /// The same with a foreign device.
    pub(super) fn draw_foreign(&self, rng: &mut Rng) -> Pair {
        match &self.foreign {
            Some(weights) => self.draw_from(&self.groups[weights.draw(rng)], PairKind::Foreign, rng),
            None => self.draw_unknown(rng),
        }
    }

    /// An account that the table does not know. Without any, whatever comes.
    pub(super) fn draw_unknown(&self, rng: &mut Rng) -> Pair {
        let account = match &self.unknown {
            Some(Unknown::Integers(missing)) => Account::UnknownInteger(missing.draw(rng)),
            Some(Unknown::Texts(texts)) => Account::UnknownText(rng.place(texts.len())),
            None => return self.draw(rng),
        };
        Pair { account, device: self.device_weights.draw(rng), kind: PairKind::Unknown }
    }

    fn draw_from(&self, group: &Group, kind: PairKind, rng: &mut Rng) -> Pair {
        let account = group.first + rng.place(group.count);
        let wants_own = kind == PairKind::Own;
        let total = if wants_own { group.own_weight } else { group.foreign_weight };
        let mut left = rng.unit() * total;
        let mut device = 0;
        for (place, weight) in self.weight_of.iter().enumerate() {
            if *weight > 0.0 && group.own.binary_search(&place).is_ok() == wants_own {
                // Rounding may leave a little at the end of the list: then the last one is it.
                device = place;
                left -= weight;
                if left < 0.0 {
                    break;
                }
            }
        }
        Pair { account: Account::Known(account), device, kind }
    }

    /// Writes the account's field.
    #[inline]
    pub(super) fn write_account(&self, plan: &FieldPlan, pair: &Pair, rng: &mut Rng, out: &mut Vec<u8>) {
        match (pair.account, &self.known, &self.unknown) {
            (Account::Known(place), Values::Integers(list), _) => plan.write_integer(rng, list[place], out),
            (Account::UnknownInteger(value), ..) => plan.write_integer(rng, value, out),
            (Account::UnknownText(place), _, Some(Unknown::Texts(list)))
            | (Account::Known(place) | Account::UnknownText(place), Values::Texts(list), _) => {
                list[place].0[0].push(out);
            }
            // An unknown text comes from the list of unknown texts.
            (Account::UnknownText(_), Values::Integers(_), _) => {}
        }
    }

    /// Writes the device's field.
    #[inline]
    pub(super) fn write_device(&self, pair: &Pair, rng: &mut Rng, out: &mut Vec<u8>) {
        self.devices[pair.device].0[usize::from(rng.coin())].push(out);
    }
}
