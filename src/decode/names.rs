//! Which field a name is, in the log's own object or in one within it.

use std::collections::HashMap;

use crate::contract::Contract;

/// The contract's names, object by object.
#[derive(Debug)]
pub(super) struct Names {
    objects: Vec<ObjectNames>,
    /// For each field the number of its object here; none if it is no object.
    of_fields: Vec<Option<u16>>,
}

/// The log's own object.
pub(super) const ROOT: u16 = 0;

/// The names of one object's fields. Few are compared one by one, many are hashed.
#[derive(Debug, Default)]
struct ObjectNames {
    list: Vec<(Box<[u8]>, u16)>,
    index: HashMap<Box<[u8]>, u16>,
}

/// Up to here comparing is faster than hashing.
const FEW: usize = 8;

impl Names {
    pub(super) fn new(contract: &Contract) -> Self {
        let mut names = Self { objects: vec![ObjectNames::default()], of_fields: Vec::new() };
        for (field, place) in contract.placed_fields().iter().zip(0..) {
            let object = match field.parent {
                None => Some(ROOT),
                Some(parent) => names.object(parent),
            };
            if let Some(object) = object.and_then(|object| names.objects.get_mut(usize::from(object))) {
                object.list.push((field.name.as_bytes().into(), place));
            }
            // There are at most 1,000 fields.
            let own = u16::try_from(names.objects.len()).ok().filter(|_| field.is_object);
            if own.is_some() {
                names.objects.push(ObjectNames::default());
            }
            names.of_fields.push(own);
        }
        for object in names.objects.iter_mut().filter(|object| object.list.len() > FEW) {
            object.index = object.list.iter().map(|(name, _)| name.clone()).zip(0..).collect();
        }
        names
    }

    /// The object that a field is, if it is one.
    pub(super) fn object(&self, field: u16) -> Option<u16> {
        self.of_fields.get(usize::from(field)).copied().flatten()
    }

    /// The field of that name in an object, and its number there; `guess` is tried first.
    pub(super) fn find(&self, object: u16, name: &[u8], guess: u16) -> Option<(u16, u16)> {
        let ObjectNames { list, index } = self.objects.get(usize::from(object))?;
        if let Some((known, field)) = list.get(usize::from(guess))
            && **known == *name
        {
            return Some((*field, guess));
        }
        if index.is_empty() {
            let mut numbered = list.iter().zip(0..);
            return numbered.find(|((known, _), _)| **known == *name).map(|((_, field), number)| (*field, number));
        }
        let number = *index.get(name)?;
        list.get(usize::from(number)).map(|(_, field)| (*field, number))
    }
}
