//! The users, ready to be asked: a key's place in a table, and the second values that go with it.

use std::collections::HashMap;

use super::fields::FieldJudge;
use crate::contract::{Contract, Kind, Lookup};
use crate::decode::{BLOCK, Integer, parse_integer};
use crate::error::{Error, Result};
use crate::users::Users;
use crate::verdict::{Code, Place, Reason};

use super::columns::Column;

/// An index over the users by the contract's lookup.
#[derive(Debug)]
pub(super) struct Directory {
    key_field: usize,
    /// The places of both fields in reasons.
    places: [u16; 2],
    keys: Keys,
    second: Option<Second>,
    /// The same for the most common kind.
    table: Option<Table>,
}

/// From a key to its number, counted from 0 in the order met.
#[derive(Debug)]
enum Keys {
    /// Integers that lie close together: numbers plus 1 from `first` on, 0 for none.
    Dense {
        first: i64,
        numbers: Vec<u32>,
    },
    Integers(HashMap<i64, u32>),
    Texts(HashMap<Box<[u8]>, u32>),
}

/// The second values of each key.
#[derive(Debug)]
struct Second {
    field: usize,
    ids: Ids,
    /// Key number n has the ids from `offsets[n]` to `offsets[n + 1]`.
    offsets: Vec<u32>,
    of_keys: Vec<u32>,
}

/// From a second value to its id.
#[derive(Debug)]
enum Ids {
    /// The place in the contract's list of values.
    Listed,
    Texts(HashMap<Box<[u8]>, u32>),
    Integers(HashMap<i64, u32>),
}

/// The widest span of keys that is held as a table: 16 MB.
const DENSE_SPAN: i64 = 4_000_000;

impl Directory {
    pub(super) fn new(contract: &Contract, lookup: &Lookup, users: &Users) -> Result<Self> {
        if users.columns() != lookup.columns {
            return Err(Error::Users(format!(
                "the columns are {}, the contract looks up {}",
                users.columns().join(", "),
                lookup.columns.join(", ")
            )));
        }
        let kind = |place: usize| lookup.fields.get(place).and_then(|field| contract.fields().get(*field));
        let key_kind = kind(0).map(|field| &field.kind);
        let mut key_numbers: HashMap<&str, u32> = HashMap::new();
        for row in users.rows() {
            if let Some(key) = row.first() {
                let next = number(key_numbers.len())?;
                key_numbers.entry(key).or_insert(next);
            }
        }
        let keys = Keys::new(&key_numbers, matches!(key_kind, Some(Kind::Integer(_))));
        let second = match (lookup.fields.get(1), kind(1)) {
            (Some(field), Some(rules)) => Some(Second::new(*field, &rules.kind, users, &key_numbers)?),
            _ => None,
        };
        let table = second.as_ref().and_then(|second| Table::new(&keys, second));
        let key_field = lookup.fields.first().copied().unwrap_or(0);
        let places = [key_field, lookup.fields.get(1).copied().unwrap_or(key_field)].map(|field| contract.place(field));
        Ok(Self { key_field, places, keys, second, table })
    }

    /// What the users say of those rows in a block whose bits are set in `rows`; they keep the contract. The block begins
    /// with the row `first`.
    #[inline]
    pub(super) fn check(&self, fields: &[FieldJudge<'_>], first: usize, count: usize, rows: u64) -> Suspicions {
        let rows = rows & u64::MAX >> (BLOCK - count.min(BLOCK));
        let [key_place, second_place] = self.places;
        let second = self.second.as_ref().map_or(self.key_field, |second| second.field);
        let mut found = Suspicions {
            unknown: 0,
            mismatch: 0,
            reasons: [reason(key_place, Code::UnknownAccount), reason(second_place, Code::DeviceMismatch)],
        };
        let of = |place: usize| fields.get(place);
        if let (Some(table), Some(Column::Int32(keys)), Some(second)) =
            (&self.table, of(self.key_field).map(|field| &field.column), of(second))
        {
            let (keys, valid) = keys.block(first);
            for ((key, id), row) in keys.iter().zip(&second.listed).zip(0..).take(count) {
                let values = table.values(*key);
                found.unknown |= (values >> KNOWN & 1 ^ 1) << row;
                found.mismatch |= (values >> (id & 63) & 1 ^ 1) << row;
            }
            found.unknown |= !valid;
        } else {
            for row in (0..count).filter(|row| rows >> row & 1 == 1) {
                let key = of(self.key_field).and_then(|field| self.keys.number(&field.column, first + row));
                match (key, &self.second) {
                    (None, _) => found.unknown |= 1 << row,
                    (Some(_), None) => {}
                    (Some(key), Some(second)) => {
                        let holds = of(second.field).is_some_and(|field| second.holds(key, field, first, row));
                        found.mismatch |= u64::from(!holds) << row;
                    }
                }
            }
        }
        found.unknown &= rows;
        found.mismatch &= rows & !found.unknown;
        found
    }
}

/// The rows of a block that the users speak against, one bit each.
#[derive(Debug)]
pub(super) struct Suspicions {
    unknown: u64,
    mismatch: u64,
    /// For each of the two.
    reasons: [Reason; 2],
}

impl Suspicions {
    pub(super) const NONE: Self =
        Self { unknown: 0, mismatch: 0, reasons: [Reason { place: Place::Log, code: Code::UnknownAccount }; 2] };

    #[inline]
    pub(super) fn rows(&self) -> u64 {
        self.unknown | self.mismatch
    }

    /// Why the row is suspicious, if it is.
    #[inline]
    pub(super) fn reason(&self, row: usize) -> Option<Reason> {
        let [unknown, mismatch] = self.reasons;
        if self.unknown >> row & 1 == 1 {
            Some(unknown)
        } else if self.mismatch >> row & 1 == 1 {
            Some(mismatch)
        } else {
            None
        }
    }
}

/// The users where keys are integers that lie close together, and second values come from a short list: for each key its
/// values, one bit each, and the bit [`KNOWN`].
#[derive(Debug)]
struct Table {
    first: i64,
    values: Vec<u64>,
}

/// Behind the places in the list; and the one behind it, which no key has, is that of [`crate::validate::NOT_LISTED`].
const KNOWN: usize = 62;

impl Table {
    fn new(keys: &Keys, second: &Second) -> Option<Self> {
        let (Keys::Dense { first, numbers }, Ids::Listed) = (keys, &second.ids) else { return None };
        let mut values = Vec::with_capacity(numbers.len());
        for number in numbers {
            let mut bits = 0;
            if let Some(key) = number.checked_sub(1) {
                bits |= 1 << KNOWN;
                for id in second.ids_of(key) {
                    bits |= 1_u64.checked_shl(*id).filter(|_| (*id as usize) < KNOWN)?;
                }
            }
            values.push(bits);
        }
        Some(Self { first: *first, values })
    }

    /// A key's bits; none for one that nobody has.
    #[inline]
    fn values(&self, key: i32) -> u64 {
        let place = usize::try_from(i64::from(key).wrapping_sub(self.first)).unwrap_or(usize::MAX);
        self.values.get(place).copied().unwrap_or(0)
    }
}

fn reason(place: u16, code: Code) -> Reason {
    Reason { place: Place::Field(place), code }
}

fn number(count: usize) -> Result<u32> {
    u32::try_from(count).map_err(|_| Error::Users("more than 4,294,967,295 rows".to_owned()))
}

/// The value of a number column. What is no canonical integer equals no integer of a log, so it matches nothing.
fn integer(text: &str) -> Option<i64> {
    match parse_integer(text.as_bytes()) {
        Integer::Value(value) => Some(value),
        Integer::TooLarge | Integer::NotCanonical => None,
    }
}

impl Keys {
    fn new(numbers: &HashMap<&str, u32>, integers: bool) -> Self {
        if !integers {
            return Self::Texts(numbers.iter().map(|(key, number)| (key.as_bytes().into(), *number)).collect());
        }
        let map: HashMap<i64, u32> =
            numbers.iter().filter_map(|(key, number)| Some((integer(key)?, *number))).collect();
        let (Some(first), Some(last)) = (map.keys().min().copied(), map.keys().max().copied()) else {
            return Self::Integers(map);
        };
        let span =
            last.checked_sub(first).filter(|span| *span < DENSE_SPAN).and_then(|span| usize::try_from(span).ok());
        let Some(span) = span else { return Self::Integers(map) };
        let mut dense = vec![0; span + 1];
        for (key, number) in &map {
            let place = key.checked_sub(first).and_then(|place| usize::try_from(place).ok());
            if let Some(place) = place.and_then(|place| dense.get_mut(place)) {
                *place = number + 1;
            }
        }
        Self::Dense { first, numbers: dense }
    }

    #[inline]
    fn number(&self, column: &Column, row: usize) -> Option<u32> {
        let key = match (self, column) {
            (Self::Texts(map), Column::Text(column)) => return map.get(column.value(row)?).copied(),
            (_, Column::Int32(column)) => i64::from(column.value(row)?),
            (_, Column::Int64(column)) => column.value(row)?,
            _ => return None,
        };
        match self {
            Self::Dense { first, numbers } => {
                let place = usize::try_from(key.checked_sub(*first)?).ok()?;
                numbers.get(place)?.checked_sub(1)
            }
            Self::Integers(map) => map.get(&key).copied(),
            Self::Texts(_) => None,
        }
    }
}

impl Second {
    fn new(field: usize, kind: &Kind, users: &Users, key_numbers: &HashMap<&str, u32>) -> Result<Self> {
        let (mut texts, mut integers) = (HashMap::new(), HashMap::new());
        let listed: Option<HashMap<&str, u32>> = match kind {
            Kind::String(rules) => {
                rules.allowed.as_ref().map(|allowed| allowed.iter().map(String::as_str).zip(0..).collect())
            }
            _ => None,
        };
        let is_integer = matches!(kind, Kind::Integer(_));
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(users.len());
        for row in users.rows() {
            let [key, value] = &**row else { continue };
            let id = match &listed {
                // A value outside the contract's list can't occur in a log that keeps the contract.
                Some(listed) => listed.get(&**value).copied(),
                None if is_integer => match integer(value) {
                    Some(value) => {
                        let next = number(integers.len())?;
                        Some(*integers.entry(value).or_insert(next))
                    }
                    None => None,
                },
                None => {
                    let next = number(texts.len())?;
                    Some(*texts.entry(Box::<[u8]>::from(value.as_bytes())).or_insert(next))
                }
            };
            if let (Some(number), Some(id)) = (key_numbers.get(&**key), id) {
                pairs.push((*number, id));
            }
        }
        pairs.sort_unstable();
        let mut offsets = Vec::with_capacity(key_numbers.len() + 1);
        let mut at = 0;
        for key in 0..=number(key_numbers.len())? {
            at += pairs.iter().skip(at).take_while(|(number, _)| *number < key).count();
            offsets.push(number(at)?);
        }
        let ids = match listed {
            Some(_) => Ids::Listed,
            None if is_integer => Ids::Integers(integers),
            None => Ids::Texts(texts),
        };
        Ok(Self { field, ids, offsets, of_keys: pairs.into_iter().map(|(_, id)| id).collect() })
    }

    #[inline]
    fn holds(&self, key: u32, field: &FieldJudge<'_>, first: usize, row: usize) -> bool {
        let id = match (&self.ids, &field.column) {
            (Ids::Listed, _) => field.listed.get(row).copied(),
            (Ids::Texts(map), Column::Text(column)) => {
                column.value(first + row).and_then(|text| map.get(text).copied())
            }
            (Ids::Integers(map), Column::Int32(column)) => {
                column.value(first + row).and_then(|value| map.get(&i64::from(value)).copied())
            }
            (Ids::Integers(map), Column::Int64(column)) => {
                column.value(first + row).and_then(|value| map.get(&value).copied())
            }
            _ => None,
        };
        id.is_some_and(|id| self.ids_of(key).contains(&id))
    }

    #[inline]
    fn ids_of(&self, key: u32) -> &[u32] {
        let place = |number: u32| self.offsets.get(number as usize).map(|offset| *offset as usize);
        match (place(key), key.checked_add(1).and_then(place)) {
            (Some(start), Some(end)) => self.of_keys.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }
}
