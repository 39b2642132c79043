//! The table that judged logs are written to, with patience.

use std::thread;
use std::time::Duration;

use arrow_array::RecordBatch;

use crate::{Error, Result};

/// Where judged logs go beside the status topic. What is written twice has to count once.
pub trait Table: Send {
    /// Writes the rows of a judged batch.
    ///
    /// # Errors
    /// Where the server is away or refuses the rows; what was written before may stay.
    fn write(&mut self, batch: &RecordBatch) -> Result<()>;

    /// Whether the server answers.
    fn answers(&mut self) -> bool;
}

/// Between attempts: a server that restarts is back within this minute.
const WAITS_MS: [u64; 7] = [200, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000];
/// The first errors of a server that answers may be deadlocks with another client; one that comes back is none.
const ATTEMPTS_WHILE_ANSWERING: usize = 3;
const NAP: Duration = Duration::from_millis(50);

/// Writes the batch, again where that helps, until `stopped`.
///
/// # Errors
/// The table's, where the server stays away for a minute or refuses the rows.
pub(super) fn write(table: &mut dyn Table, batch: &RecordBatch, stopped: &dyn Fn() -> bool) -> Result<()> {
    let mut refusals = 0;
    let mut waits = WAITS_MS.into_iter();
    loop {
        let error: Error = match table.write(batch) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        refusals += usize::from(table.answers());
        let Some(wait) = waits.next().filter(|_| refusals < ATTEMPTS_WHILE_ANSWERING && !stopped()) else {
            return Err(error);
        };
        for _ in 0..Duration::from_millis(wait).as_millis() / NAP.as_millis() {
            if stopped() {
                return Err(error);
            }
            thread::sleep(NAP);
        }
    }
}

#[cfg(feature = "mysql")]
pub(crate) mod mysql {
    //! `judged_logs` of a `MySQL` database.

    use super::{RecordBatch, Result, Table};
    use crate::mysql::{Connection, Login};
    use crate::sink;

    pub(crate) struct MysqlTable {
        pub(crate) login: Login,
        pub(crate) database: String,
        connection: Connection,
    }

    impl MysqlTable {
        pub(crate) fn new(login: Login, database: String) -> Self {
            Self { connection: Connection::new(login.clone()), login, database }
        }
    }

    impl Table for MysqlTable {
        fn write(&mut self, batch: &RecordBatch) -> Result<()> {
            let written = sink::mysql::write(&mut self.connection, &self.database, batch);
            if written.is_err() {
                // A new connection next time, whatever was wrong with this one.
                self.connection = Connection::new(self.login.clone());
            }
            written.map(|_| ())
        }

        fn answers(&mut self) -> bool {
            Connection::new(self.login.clone()).ping().is_ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::RecordBatch;
    use arrow_schema::Schema;

    use super::{Table, write};
    use crate::{Error, Result};

    struct Fails {
        times: usize,
        answers: bool,
        asked: usize,
    }

    impl Table for Fails {
        fn write(&mut self, _: &RecordBatch) -> Result<()> {
            self.asked += 1;
            if self.asked > self.times { Ok(()) } else { Err(Error::Mysql("away".into())) }
        }

        fn answers(&mut self) -> bool {
            self.answers
        }
    }

    fn asked(times: usize, answers: bool, stopped: bool) -> (usize, bool) {
        let mut table = Fails { times, answers, asked: 0 };
        let batch = RecordBatch::new_empty(Arc::new(Schema::empty()));
        let done = write(&mut table, &batch, &|| stopped).is_ok();
        (table.asked, done)
    }

    #[test]
    fn a_server_that_is_back_in_time_gets_its_rows() {
        assert_eq!(asked(0, true, false), (1, true));
        assert_eq!(asked(1, false, false), (2, true));
    }

    #[test]
    fn one_that_refuses_is_not_asked_for_ever() {
        assert_eq!(asked(9, true, false), (3, false));
        assert_eq!(asked(9, false, true), (1, false));
    }
}
