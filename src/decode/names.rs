//! Which field a name is.

use std::collections::HashMap;

/// The contract's names. Few are compared one by one, many are hashed.
#[derive(Debug)]
pub(super) struct Names {
    list: Vec<Box<[u8]>>,
    index: HashMap<Box<[u8]>, u16>,
}

/// Up to here comparing is faster than hashing.
const FEW: usize = 8;

impl Names {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a [u8]>) -> Self {
        let list: Vec<Box<[u8]>> = names.map(Box::from).collect();
        let mut index = HashMap::new();
        if list.len() > FEW {
            index.extend(list.iter().cloned().zip(0_u16..));
        }
        Self { list, index }
    }

    /// The field of that name; `guess` is tried first.
    pub(super) fn find(&self, name: &[u8], guess: u16) -> Option<u16> {
        if self.list.get(usize::from(guess)).is_some_and(|known| **known == *name) {
            return Some(guess);
        }
        if self.index.is_empty() {
            return (0_u16..).zip(&self.list).find(|(_, known)| ***known == *name).map(|(field, _)| field);
        }
        self.index.get(name).copied()
    }
}
