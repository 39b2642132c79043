//! The generator as a producer's source.

use std::sync::Arc;

use super::producer::LogSource;
use crate::Result;
use crate::contract::Contract;
use crate::generate::{Generator, Options, expected_json};
use crate::users::Users;
use crate::verdict::{Reason, Status};

/// Logs generated from a contract. Clones give the same records: one for each thread.
#[derive(Clone)]
pub struct Generated {
    generator: Generator,
    contract: Arc<Contract>,
}

impl Generated {
    /// # Errors
    /// [`crate::Error::Generator`] as [`Generator::new`].
    pub fn new(contract: Arc<Contract>, users: Option<&Users>, options: &Options) -> Result<Self> {
        Ok(Self { generator: Generator::new(&contract, users, options)?, contract })
    }
}

impl LogSource for Generated {
    fn write(&mut self, index: u64, log: &mut Vec<u8>, reasons: &mut Vec<Reason>) -> Status {
        self.generator.write(index, log, reasons)
    }

    fn write_many(&mut self, first: u64, step: u64, count: usize, logs: &mut Vec<u8>, ends: &mut Vec<usize>) {
        self.generator.write_many(first, step, count, logs, ends);
    }

    fn expected(&self, status: Status, reasons: &[Reason], json: &mut Vec<u8>) {
        expected_json(&self.contract, status, reasons, json);
    }
}
