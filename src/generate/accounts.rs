//! The accounts that logs come from: those of the users table, each with the devices that are its own, and those that
//! the table does not know. An account and a device are drawn together, so that it is known beforehand whether they
//! belong together.

use super::field::FieldPlan;
use super::groups::{Group, devices, group};
use super::piece::{Decimal, Piece, Sink};
use super::rng::{Bits, Rng};
use super::rules::integer;
use super::source::json_string;
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
    pub(super) known: Values,
    /// Where the bits of its own devices begin, for each.
    own_of: Vec<u32>,
    groups: Vec<Group>,
    /// Which devices a group's accounts have, a bit each.
    own_devices: Vec<u64>,
    /// Each with what stands around it in a log, as it is and, where the field takes both, in quotes.
    devices: Vec<[Piece; 2]>,
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
    Integers(Vec<Decimal>),
    /// Ready to be written.
    Texts(Vec<Piece>),
}

/// An account and a device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    account: Account,
    pub(super) device: usize,
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

impl Pair {
    /// A known account, its device, and whether that is foreign.
    pub(super) fn known(&self) -> Option<(usize, usize, bool)> {
        match self.account {
            Account::Known(account) => Some((account, self.device, self.kind == PairKind::Foreign)),
            _ => None,
        }
    }
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
        let integers: Vec<i64> = members.iter().filter_map(|text| integer(text)).collect();
        let known = match &account.kind {
            Kind::Integer(_) => Values::Integers(integers.iter().copied().map(Decimal::new).collect()),
            _ => Values::Texts(members.iter().map(|text| plans[account_field].whole(&json_string(text))).collect()),
        };
        let unknown = Unknown::new(account, &integers, &members, &plans[account_field])?;
        let weight_of: Vec<f64> = devices.iter().map(|(_, weight)| *weight).collect();
        let total: f64 = weight_of.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "2^53 accounts don't fit in memory")]
        let count = |count: usize| count as f64;
        let foreign = groups.iter().map(|group| count(group.count) * group.foreign_weight);
        let mismatch = foreign.clone().sum::<f64>() / total / count(members.len());
        let whole = |(text, _): &(String, f64)| {
            device_field.map_or_else(
                || [json_string(text), json_string(text)],
                |place| match &contract.fields()[place].kind {
                    Kind::Integer(rules) => {
                        let quoted = if rules.accept_canonical_string { format!("\"{text}\"") } else { text.clone() };
                        [text.as_bytes().into(), quoted.as_bytes().into()].map(|json| plans[place].whole(&json))
                    }
                    // Tables hold strings and integers only.
                    _ => [plans[place].whole(&json_string(text)), plans[place].whole(&json_string(text))],
                },
            )
        };
        let words = devices.len().div_ceil(64);
        let mut own_devices = vec![0; words * groups.len()];
        for (group, bits) in groups.iter().zip(own_devices.chunks_exact_mut(words)) {
            for device in &group.own {
                bits[device / 64] |= 1 << (device % 64);
            }
        }
        let own_of =
            (0..).step_by(words).zip(&groups).flat_map(|(at, group)| std::iter::repeat_n(at, group.count)).collect();
        Ok(Self {
            account_field,
            device_field,
            known,
            own_of,
            own: Weights::new(groups.iter().map(|group| count(group.count) * group.own_weight)),
            foreign: Weights::new(foreign),
            groups,
            own_devices,
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

    /// A known account evenly, a device by weight, and whether it is foreign.
    #[inline(always)]
    pub(super) fn pick(&self, account: Bits, device: Bits) -> (usize, usize, bool) {
        let account = account.place(self.own_of.len());
        let device = self.device_weights.pick(device);
        let own = self.own_devices[self.own_of[account] as usize + device / 64];
        (account, device, own >> (device % 64) & 1 == 0)
    }

    /// The same as a pair.
    pub(super) fn draw(&self, rng: &mut Rng) -> Pair {
        let (account, device, foreign) = self.pick(rng.bits(), rng.bits());
        let kind = if foreign { PairKind::Foreign } else { PairKind::Own };
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

    /// The most bytes of a known account, and of a device.
    pub(super) fn most(&self, account: &FieldPlan) -> (usize, usize) {
        let longest = |list: &[Piece]| list.iter().map(|piece| piece.len()).max().unwrap_or(0);
        let known = match &self.known {
            Values::Integers(_) => account.most_of_integer(),
            Values::Texts(list) => longest(list),
        };
        (known, self.devices.iter().map(|device| longest(device)).max().unwrap_or(0))
    }

    /// Writes the account's field.
    pub(super) fn write_account(&self, plan: &FieldPlan, pair: &Pair, rng: &mut Rng, out: &mut impl Sink) {
        match (pair.account, &self.unknown) {
            (Account::Known(place), _) => match &self.known {
                Values::Integers(list) => plan.write_integer(rng, list[place], out),
                Values::Texts(list) => out.push_piece(&list[place]),
            },
            (Account::UnknownInteger(value), _) => plan.write_integer(rng, Decimal::new(value), out),
            (Account::UnknownText(place), Some(Unknown::Texts(list))) => out.push_piece(&list[place]),
            // An unknown text comes from the list of unknown texts.
            (Account::UnknownText(_), _) => {}
        }
    }

    /// Writes the device's field.
    #[inline(always)]
    pub(super) fn write_device(&self, device: usize, quoted: bool, out: &mut impl Sink) {
        out.push_short(&self.devices[device][usize::from(quoted)]);
    }
}
