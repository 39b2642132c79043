//! Where the server is and as whom to log in.

use std::fmt;
use std::net::ToSocketAddrs;
use std::path::PathBuf;
use std::time::Duration;

use ::mysql::{Conn, DriverError, Opts, OptsBuilder, SslOpts};

use super::Failure;
use crate::error::Error;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than any statement of ours takes, lock waits included; a server that says nothing for so long is gone.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

/// A server's address and a login. Its `Debug` hides the password.
#[derive(Clone)]
pub struct Login {
    /// Host name or IP address, an IPv6 one without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: Option<String>,
    /// Refuse to talk without TLS.
    pub tls: bool,
    /// PEM file of authorities to trust besides the machine's; implies `tls`.
    pub tls_ca: Option<PathBuf>,
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Login({}@{self})", self.user)
    }
}

/// `HOST:PORT`.
impl fmt::Display for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

impl Login {
    /// Logs in. The session is still as the server sets it up.
    pub(super) fn connect(&self) -> Result<Conn, Failure> {
        if self.tls || self.tls_ca.is_some() {
            self.check_authorities()?;
            // The name is what the certificate must be for, so the driver has to resolve it itself.
            return Ok(Conn::new(self.opts(&self.host))?);
        }
        let resolved = (self.host.as_str(), self.port).to_socket_addrs().map_err(::mysql::Error::from)?;
        // The driver tries a name's first address only; `localhost` is often [::1] first, where no MySQL listens.
        let mut unreachable = None;
        for address in resolved {
            match Conn::new(self.opts(&address.ip().to_string())) {
                Err(error) if is_no_connection(&error) => unreachable = Some(error),
                other => return Ok(other?),
            }
        }
        Err(unreachable.unwrap_or(::mysql::Error::DriverError(DriverError::CouldNotConnect(None))).into())
    }

    fn opts(&self, host: &str) -> Opts {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let ssl =
            (self.tls || self.tls_ca.is_some()).then(|| SslOpts::default().with_root_cert_path(self.tls_ca.clone()));
        OptsBuilder::new()
            .ip_or_hostname(Some(host))
            .tcp_port(self.port)
            .user(Some(self.user.clone()))
            .pass(self.password.clone())
            // Else the driver moves on to a local socket, which may belong to another server.
            .prefer_socket(false)
            .tcp_connect_timeout(Some(CONNECT_TIMEOUT))
            .read_timeout(Some(READ_TIMEOUT))
            .write_timeout(Some(WRITE_TIMEOUT))
            .ssl_opts(ssl)
            .into()
    }

    /// The driver takes a file without a certificate for an empty list and goes on with the machine's authorities.
    fn check_authorities(&self) -> Result<(), Failure> {
        let Some(path) = &self.tls_ca else { return Ok(()) };
        let wrong = |why: String| Failure::Own(Error::Mysql(format!("authorities {}: {why}", path.display())));
        let content = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        if memchr::memmem::find(&content, b"-----BEGIN CERTIFICATE-----").is_none() {
            return Err(wrong("no certificate in PEM form is in it".to_owned()));
        }
        Ok(())
    }
}

fn is_no_connection(error: &::mysql::Error) -> bool {
    matches!(error, ::mysql::Error::DriverError(DriverError::CouldNotConnect(_) | DriverError::ConnectTimeout))
}

#[cfg(test)]
mod tests {
    use super::Login;

    #[test]
    fn shows_the_address_and_never_the_password() {
        let mut login = Login {
            host: "::1".to_owned(),
            port: 3306,
            user: "me".to_owned(),
            password: Some("hidden".to_owned()),
            tls: false,
            tls_ca: None,
        };
        assert_eq!(format!("{login} {login:?}"), "[::1]:3306 Login(me@[::1]:3306)");
        "db".clone_into(&mut login.host);
        assert_eq!(login.to_string(), "db:3306");
    }

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let file = std::env::temp_dir().join(format!("logcore-no-certificate-{}.pem", std::process::id()));
        std::fs::write(&file, "nothing").unwrap();
        let login = Login {
            host: "127.0.0.1".to_owned(),
            port: 1,
            user: "me".to_owned(),
            password: None,
            tls: true,
            tls_ca: Some(file.clone()),
        };
        let error = login.connect().err().unwrap().into_own().to_string();
        std::fs::remove_file(&file).unwrap();
        assert!(error.contains("logcore-no-certificate") && error.ends_with("no certificate in PEM form is in it"));
    }
}
