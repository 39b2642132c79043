//! A users table to go with generated logs.

use std::collections::HashSet;

use super::rng::{Key, Stream};
use super::source::{Source, weighted};
use super::span::Span;
use super::weights::Weights;
use crate::contract::{Contract, Field, Kind, Lookup};
use crate::error::{Error, Result};
use crate::users::Users;

/// So many devices are made up where the contract names none to choose from.
const MADE_UP: u64 = 2;
/// Draws for each account that is a text, before the field counts as too narrow.
const DRAWS: u64 = 64;

/// `accounts` accounts, each with one device, drawn by the contract's weights. Accounts that are integers count up from
/// 1, or from the first above it that the field allows. An account's device does not depend on how many there are.
///
/// ```
/// use logcore::contract::Contract;
/// let users = logcore::generate::users(&Contract::server_logs()?, 1, 1000)?;
/// assert_eq!((users.len(), &*users.rows()[0][0]), (1000, "1"));
/// # Ok::<(), logcore::Error>(())
/// ```
///
/// # Errors
/// [`Error::Generator`] where the contract looks nothing up, or its account field allows fewer than `accounts` values.
pub fn users(contract: &Contract, seed: u64, accounts: u64) -> Result<Users> {
    let Some(Lookup { fields, columns, .. }) = contract.lookup() else {
        return Err(Error::Generator("the contract looks nothing up, so there are no users to generate".to_owned()));
    };
    let key = Key::new(seed, Stream::Users);
    let names = names(&contract.fields()[fields[0]], key, accounts)?;
    let Some(device) = fields.get(1).map(|place| &contract.fields()[*place]) else {
        return Users::new(columns, names.into_iter().map(|name| [name]));
    };
    let (devices, weights) = if let Some(list) = weighted(device) {
        let weights = Weights::new(list.iter().map(|(_, weight)| *weight));
        (list.into_iter().map(|(value, _)| value.to_owned()).collect(), weights)
    } else {
        let source = Source::new(device, &device.name)?;
        // Far from the accounts' own draws.
        let draw = |place| source.draw_text(&mut key.at(u64::MAX - place), device);
        let devices: Vec<String> = (0..MADE_UP).filter_map(draw).collect();
        let weights = Weights::even(devices.len());
        (devices, weights)
    };
    let weights =
        weights.ok_or_else(|| Error::Generator(format!("field '{}': all values have the weight 0", device.name)))?;
    let rows = (0..).zip(names).map(|(index, name)| [name, devices[weights.draw(&mut key.at(index))].clone()]);
    Users::new(columns, rows)
}

fn names(field: &Field, key: Key, accounts: u64) -> Result<Vec<String>> {
    let too_few = |found: u128| {
        Error::Generator(format!(
            "{accounts} accounts are asked for, but field '{}' allows only {found}; ask for fewer",
            field.name
        ))
    };
    if let Kind::Integer(rules) = &field.kind {
        let from_one = Span::new(rules.minimum.max(1), rules.maximum, rules.multiple_of).or_else(|| Span::of(rules));
        let count = from_one.map_or(0, |span| u128::from(span.last_step()) + 1);
        return match from_one {
            Some(span) if u128::from(accounts) <= count => {
                Ok((0..accounts).map(|step| span.at(step).to_string()).collect())
            }
            _ => Err(too_few(count)),
        };
    }
    if let Some(list) = weighted(field) {
        let possible: Vec<&str> = list.iter().filter(|(_, weight)| *weight > 0.0).map(|(value, _)| *value).collect();
        let count = usize::try_from(accounts).ok().filter(|count| *count <= possible.len());
        let count = count.ok_or_else(|| too_few(possible.len() as u128))?;
        return Ok(possible.into_iter().take(count).map(str::to_owned).collect());
    }
    let source = Source::new(field, &field.name)?;
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    for index in 0..accounts.saturating_mul(DRAWS) {
        if names.len() as u64 == accounts {
            break;
        }
        // The upper half of the indices, away from the devices' draws.
        let name = source.draw_text(&mut key.at(index | 1 << 63), field);
        if let Some(name) = name.filter(|name| seen.insert(name.clone())) {
            names.push(name);
        }
    }
    if (names.len() as u64) < accounts { Err(too_few(names.len() as u128)) } else { Ok(names) }
}
