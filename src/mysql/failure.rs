//! What a server or the way to it answers with: which of it is worth another try, and how it reads in one line.

use std::error::Error as _;
use std::{fmt, io};

use ::mysql::{DriverError, Error as DriverFailure};

use super::Login;
use crate::error::Error;

/// Longest text of a server's answer that is passed on, in characters: it may quote a whole statement.
const LONGEST_ANSWER: usize = 400;

/// Why a piece of work on a connection failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server's or the driver's answer.
    Driver(DriverFailure),
    /// An error of ours, final.
    Own(Error),
}

impl From<DriverFailure> for Failure {
    fn from(error: DriverFailure) -> Self {
        Self::Driver(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

/// The answer itself, in one line.
impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(DriverFailure::MySqlError(error)) => formatter.write_str(&one_line(&error.message)),
            Self::Driver(error) => formatter.write_str(&one_line(&error.to_string())),
            Self::Own(error) => error.fmt(formatter),
        }
    }
}

impl Failure {
    /// The server's error code.
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Driver(DriverFailure::MySqlError(error)) => Some(error.code),
            _ => None,
        }
    }

    /// True where the connection is of no use any more and the work may succeed on another.
    pub(super) fn is_lost_connection(&self) -> bool {
        match self {
            Self::Driver(error) if io_error(error).is_some() => true,
            // Shutdown, aborted connections, query interrupted (what KILL answers in MySQL), killed (MariaDB, MySQL),
            // closed for being idle.
            _ => {
                matches!(self.code(), Some(1053 | 1077 | 1079 | 1080 | 1152 | 1158..=1161 | 1317 | 1927 | 3169 | 4031))
            }
        }
    }

    /// True for a deadlock and a lock wait that took too long: another transaction goes first, then ours.
    pub(super) fn is_contention(&self) -> bool {
        matches!(self.code(), Some(1205 | 1213))
    }

    /// The connection can't be used any more, whether or not another try is worth it.
    pub(super) fn breaks_connection(&self) -> bool {
        self.is_lost_connection() || matches!(self, Self::Driver(_)) && self.code().is_none()
    }

    /// The one line for a person.
    pub(super) fn describe(self, login: &Login) -> Error {
        let error = match self {
            Self::Own(error) => return error,
            Self::Driver(error) => error,
        };
        if let Some(error) = io_error(&error) {
            return Error::Mysql(match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                    format!("can't reach {login}: no answer in time")
                }
                io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
                    format!("can't reach {login}: the server closed the connection")
                }
                _ => format!("can't reach {login}: {}", one_line(&error.to_string())),
            });
        }
        Error::Mysql(match error {
            DriverFailure::MySqlError(error) => {
                let answer = one_line(&error.message);
                let code = error.code;
                match code {
                    1044 | 1045 | 1130 | 1251 | 1396 | 1698 | 1862 | 3118 | 3879 | 4151 => {
                        format!("user {} is refused at {login}: {answer} ({code})", login.user)
                    }
                    _ => format!("{login}: {answer} ({code})"),
                }
            }
            DriverFailure::DriverError(DriverError::TlsNotSupported) => {
                format!("can't reach {login}: TLS is asked for, but the server has none")
            }
            DriverFailure::DriverError(DriverError::UnknownAuthPlugin(name)) => {
                format!("user {} can't log in at {login}: authentication by {name} is not supported", login.user)
            }
            DriverFailure::TlsError(error) => {
                format!(
                    "can't reach {login}: no TLS connection ({}); is its authority trusted?",
                    one_line(&error.to_string())
                )
            }
            DriverFailure::DriverError(DriverError::CouldNotConnect(Some((_, why, _)))) => {
                format!("can't reach {login}: {}; is it running?", one_line(&why))
            }
            DriverFailure::DriverError(DriverError::ConnectTimeout) => {
                format!("can't reach {login}: no answer in time; is it running?")
            }
            DriverFailure::CodecError(error) => {
                format!("can't reach {login}: what answers there does not speak as MySQL does ({error})")
            }
            other => format!("{login}: {}", one_line(&other.to_string())),
        })
    }

    /// The error of ours, where it is known to be one.
    #[cfg(test)]
    pub(crate) fn into_own(self) -> Error {
        match self {
            Self::Own(error) => error,
            Self::Driver(error) => panic!("{error}"),
        }
    }
}

/// The database, table or view exists already.
pub(crate) fn is_already_there(failure: &Failure) -> bool {
    matches!(failure.code(), Some(1007 | 1050))
}

/// The database or the table does not exist.
pub(crate) fn is_missing_table(failure: &Failure) -> bool {
    matches!(failure.code(), Some(1049 | 1146))
}

/// A column of the statement is not in the table.
pub(crate) fn is_missing_column(failure: &Failure) -> bool {
    failure.code() == Some(1054)
}

/// What the network answered, if it was the network.
fn io_error(error: &DriverFailure) -> Option<&io::Error> {
    match error {
        DriverFailure::IoError(error) => Some(error),
        DriverFailure::CodecError(error) => error.source()?.downcast_ref(),
        _ => None,
    }
}

fn one_line(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST_ANSWER) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use ::mysql::{Error as DriverFailure, MySqlError};

    use super::Failure;
    use crate::mysql::Login;

    fn login() -> Login {
        Login {
            host: "db".to_owned(),
            port: 3306,
            user: "me".to_owned(),
            password: Some("hidden".to_owned()),
            tls: false,
            tls_ca: None,
        }
    }

    fn answer(code: u16, message: &str) -> Failure {
        Failure::Driver(DriverFailure::MySqlError(MySqlError {
            state: "HY000".to_owned(),
            message: message.to_owned(),
            code,
        }))
    }

    #[test]
    fn one_line_that_names_the_server_or_the_user() {
        let refused = answer(1045, "Access denied for user 'me'@'here' (using password: YES)").describe(&login());
        assert_eq!(
            refused.to_string(),
            "mysql: user me is refused at db:3306: Access denied for user 'me'@'here' (using password: YES) (1045)"
        );
        let syntax = answer(1064, &format!("near\n{}", "x".repeat(1000))).describe(&login()).to_string();
        assert!(syntax.starts_with("mysql: db:3306: near xxx") && syntax.chars().count() < 450, "{syntax}");
    }

    #[test]
    fn what_is_tried_again() {
        assert!(answer(1213, "").is_contention() && answer(1205, "").is_contention());
        assert!(answer(1927, "").is_lost_connection() && !answer(1927, "").is_contention());
        assert!(!answer(1062, "").is_lost_connection() && !answer(1062, "").breaks_connection());
    }
}
