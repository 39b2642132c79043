//! A connection opened at need, and the patience with it.

use std::thread;
use std::time::Duration;

use ::mysql::Conn;
use ::mysql::prelude::Queryable;

use super::{Failure, Login};
use crate::error::Result;

/// What every session starts with. Strict: a value that doesn't fit is an error and never cut. No backslash escapes: see
/// `quote`. UTC: times are DATETIME.
const SESSION: &str = "SET NAMES utf8mb4";
const SESSION_VARIABLES: &str = "SET SESSION \
    sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION', \
    time_zone = '+00:00', autocommit = 1";
/// A short one, as it is tried again from here. Some of the servers that speak as `MySQL` does have no such variable for a
/// session; theirs stays as it is.
const LOCK_WAIT: &str = "SET SESSION innodb_lock_wait_timeout = 10";

/// Deadlocks and lock waits that one piece of work may meet, and the pauses after them: the last ones are for a
/// transaction of somebody else's that holds our rows.
const PAUSES_MS: [u64; 8] = [10, 20, 50, 100, 200, 500, 1000, 2000];

/// One server, logged in to at need and again when the connection was lost.
#[derive(Debug)]
pub struct Connection {
    login: Login,
    open: Option<Open>,
}

/// A session set up as ours are.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) conn: Conn,
    /// Most bytes of a statement.
    pub(crate) max_statement: usize,
}

impl Connection {
    /// Nothing is sent yet.
    #[must_use]
    pub const fn new(login: Login) -> Self {
        Self { login, open: None }
    }

    /// Asks the server for an answer.
    ///
    /// # Errors
    /// [`crate::Error::Mysql`] where the server can't be reached or refuses the login.
    pub fn ping(&mut self) -> Result<()> {
        self.run(|open| Ok(open.conn.ping()?))
    }

    /// Does `work` in a session; again after a deadlock or a lock wait, and once after a lost connection. So `work` must
    /// be of a kind that may be done twice, and start its own transaction if it wants one: what it leaves open is rolled
    /// back.
    pub(crate) fn run<T>(&mut self, work: impl FnMut(&mut Open) -> std::result::Result<T, Failure>) -> Result<T> {
        self.attempt(work).map_err(|failure| failure.describe(&self.login))
    }

    /// Most bytes of a statement.
    pub(crate) fn max_statement(&mut self) -> Result<usize> {
        self.run(|open| Ok(open.max_statement))
    }

    fn attempt<T>(
        &mut self,
        mut work: impl FnMut(&mut Open) -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        let mut pauses = PAUSES_MS.iter();
        let mut lost = false;
        loop {
            let open = match &mut self.open {
                Some(open) => open,
                None => self.open.insert(Open::new(&self.login)?),
            };
            let failure = match work(open) {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if failure.breaks_connection() || open.conn.query_drop("ROLLBACK").is_err() {
                self.open = None;
            }
            if failure.is_lost_connection() && !lost {
                lost = true;
            } else if failure.is_contention()
                && let Some(pause) = pauses.next()
            {
                thread::sleep(Duration::from_millis(*pause));
            } else {
                return Err(failure);
            }
        }
    }
}

impl Open {
    fn new(login: &Login) -> std::result::Result<Self, Failure> {
        let mut conn = login.connect()?;
        conn.query_drop(SESSION)?;
        conn.query_drop(SESSION_VARIABLES)?;
        match conn.query_drop(LOCK_WAIT) {
            Ok(()) | Err(::mysql::Error::MySqlError(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let packet: Option<u64> = conn.query_first("SELECT @@max_allowed_packet")?;
        // The packet also holds the command's byte; the rest is margin. The smallest packet is 1,024 bytes.
        let max_statement = usize::try_from(packet.unwrap_or(1024)).unwrap_or(usize::MAX).saturating_sub(16);
        Ok(Self { conn, max_statement })
    }
}
