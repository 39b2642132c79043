//! The users table, as quick as a table of so few accounts can be: a place for each account.

use std::error::Error;

/// The largest account that the contract allows.
const LARGEST: usize = 10_000;

/// The devices of each account.
pub(crate) struct Users {
    devices: Vec<[bool; 2]>,
}

impl Users {
    /// Of lines `account_id,device`.
    pub(crate) fn parse(text: &str) -> Result<Self, Box<dyn Error>> {
        let mut devices = vec![[false; 2]; LARGEST + 1];
        for line in text.lines() {
            let (account, device) = line.split_once(',').ok_or_else(|| format!("no account_id,device: {line}"))?;
            let place = devices.get_mut(account.parse::<usize>()?).ok_or("an account past the contract's")?;
            place[usize::from(device == "IOS")] = true;
        }
        Ok(Self { devices })
    }

    /// Whether the account has any device, and whether it has this one.
    pub(crate) fn find(&self, account: i32, device: &str) -> (bool, bool) {
        let place = usize::try_from(account).ok().and_then(|account| self.devices.get(account));
        let devices = place.copied().unwrap_or_default();
        (devices.contains(&true), devices[usize::from(device == "IOS")])
    }
}
