//! Which devices there are, and which accounts have the same ones.

use std::collections::HashMap;

use super::rules::allows;
use super::source::weighted;
use crate::contract::Field;
use crate::error::{Error, Result};
use crate::users::Users;

/// Accounts that have the same devices.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) first: usize,
    pub(super) count: usize,
    /// Places of their own devices, sorted.
    pub(super) own: Vec<usize>,
    pub(super) own_weight: f64,
    pub(super) foreign_weight: f64,
}

/// The devices that logs come with, by weight: the field's own list, else those of the users table, evenly.
pub(super) fn devices(field: &Field, users: &Users) -> Result<Vec<(String, f64)>> {
    if let Some(list) = weighted(field) {
        return Ok(list.into_iter().map(|(value, weight)| (value.to_owned(), weight)).collect());
    }
    let mut found: Vec<&str> = users.rows().iter().map(|row| &*row[1]).collect();
    found.sort_unstable();
    found.dedup();
    found.retain(|text| allows(&field.kind, text));
    if found.is_empty() {
        return Err(Error::Generator(format!("the users table holds no value that field '{}' allows", field.name)));
    }
    Ok(found.into_iter().map(|text| (text.to_owned(), 1.0)).collect())
}

/// The accounts that the field allows, side by side where they have the same devices.
pub(super) fn group<'a>(
    account: &Field,
    users: &'a Users,
    devices: &[(String, f64)],
    has_devices: bool,
) -> (Vec<Group>, Vec<&'a str>) {
    let places: HashMap<&str, usize> = devices.iter().enumerate().map(|(place, (text, _))| (&**text, place)).collect();
    let mut ids: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut members: Vec<Vec<&str>> = Vec::new();
    let mut owned: Vec<Vec<usize>> = Vec::new();
    for rows in users.rows().chunk_by(|one, next| one[0] == next[0]) {
        let name: &str = &rows[0][0];
        if !allows(&account.kind, name) {
            continue;
        }
        let mut own: Vec<usize> =
            if has_devices { rows.iter().filter_map(|row| places.get(&*row[1]).copied()).collect() } else { vec![0] };
        own.sort_unstable();
        let id = *ids.entry(own).or_insert_with_key(|own| {
            members.push(Vec::new());
            owned.push(own.clone());
            members.len() - 1
        });
        members[id].push(name);
    }
    let mut first = 0;
    let groups = owned.into_iter().zip(&members).map(|(own, members)| {
        let (count, start) = (members.len(), first);
        first += count;
        let weight = |place: &usize| devices[*place].1;
        let own_weight = own.iter().map(weight).sum();
        let foreign_weight = (0..devices.len()).filter(|place| own.binary_search(place).is_err());
        let foreign_weight = foreign_weight.map(|place| weight(&place)).sum();
        Group { first: start, count, own, own_weight, foreign_weight }
    });
    (groups.collect(), members.concat())
}
