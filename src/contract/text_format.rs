//! What a string must be: one function a format.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a string must be. Names as in the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// RFC 9562: 8-4-4-4-12 hex digits of either case.
    Uuid,
    /// RFC 5321: a mailbox of ASCII letters, its domain a host name.
    Email,
    /// RFC 1123: labels of 1 to 63 letters, digits and inner hyphens; at most 253 characters.
    Hostname,
    /// RFC 2673: four decimal numbers, no leading zeros.
    Ipv4,
    /// RFC 4291, without a zone.
    Ipv6,
    /// RFC 3986: a URI with its scheme.
    Uri,
    /// RFC 4648: base64 with padding.
    Byte,
}

impl TextFormat {
    /// All, by their names.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("uuid", Self::Uuid),
        ("email", Self::Email),
        ("hostname", Self::Hostname),
        ("ipv4", Self::Ipv4),
        ("ipv6", Self::Ipv6),
        ("uri", Self::Uri),
        ("byte", Self::Byte),
    ];

    /// Its name in a contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    pub(super) const fn max_bytes(self) -> Option<usize> {
        match self {
            Self::Uuid => Some(36),
            // A local part of 64, and a domain.
            Self::Email => Some(64 + 1 + 253),
            Self::Hostname => Some(253),
            Self::Ipv4 => Some(15),
            // ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255
            Self::Ipv6 => Some(45),
            Self::Uri | Self::Byte => None,
        }
    }

    /// Whether a text in UTF-8 is of the format.
    #[must_use]
    pub fn matches(self, text: &[u8]) -> bool {
        match self {
            Self::Uuid => uuid(text),
            Self::Email => email(text),
            Self::Hostname => hostname(text),
            Self::Ipv4 => parses::<Ipv4Addr>(text),
            Self::Ipv6 => parses::<Ipv6Addr>(text),
            Self::Uri => uri(text),
            Self::Byte => STANDARD.decode(text).is_ok(),
        }
    }
}

/// Sets of characters, one bit each.
mod set {
    /// What an atom of a mailbox may hold.
    pub(super) const ATOM: u8 = 1;
    /// What a host name's label may hold.
    pub(super) const LABEL: u8 = 1 << 1;
    /// What a URI's scheme may hold.
    pub(super) const SCHEME: u8 = 1 << 2;
    /// RFC 3986's unreserved characters and sub-delims.
    pub(super) const URI: u8 = 1 << 3;
    pub(super) const COLON: u8 = 1 << 4;
    /// `@` and `/`.
    pub(super) const AT_SLASH: u8 = 1 << 5;
    pub(super) const QUESTION: u8 = 1 << 6;
    pub(super) const HEX: u8 = 1 << 7;

    const OF: [u8; 256] = {
        const fn add(table: &mut [u8; 256], characters: &[u8], set: u8) {
            let mut at = 0;
            while at < characters.len() {
                table[characters[at] as usize] |= set;
                at += 1;
            }
        }
        let mut table = [0; 256];
        let alphanumeric = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        add(&mut table, alphanumeric, ATOM | LABEL | SCHEME | URI);
        add(&mut table, b"!#$%&'*+-/=?^_`{|}~", ATOM);
        add(&mut table, b"-", LABEL);
        add(&mut table, b"+-.", SCHEME);
        add(&mut table, b"-._~!$&'()*+,;=", URI);
        add(&mut table, b":", COLON);
        add(&mut table, b"@/", AT_SLASH);
        add(&mut table, b"?", QUESTION);
        add(&mut table, b"0123456789abcdefABCDEF", HEX);
        table
    };

    /// Whether the character is in one of the sets.
    #[inline]
    pub(super) fn holds(sets: u8, byte: u8) -> bool {
        OF[usize::from(byte)] & sets != 0
    }

    /// Whether all characters are.
    #[inline]
    pub(super) fn all(sets: u8, text: &[u8]) -> bool {
        // No branch for each: most texts are good.
        text.iter().fold(true, |good, byte| good & holds(sets, *byte))
    }
}

fn parses<T: FromStr>(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<T>().is_ok())
}

fn uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// RFC 5321's dot-string, `@` and a domain. Quoted local parts and address literals are not taken.
fn email(text: &[u8]) -> bool {
    let Some(at) = text.iter().rposition(|byte| *byte == b'@') else { return false };
    let (local, domain) = text.split_at(at);
    let atom = |atom: &[u8]| !atom.is_empty() && set::all(set::ATOM, atom);
    local.len() <= 64 && local.split(|byte| *byte == b'.').all(atom) && hostname(domain.get(1..).unwrap_or_default())
}

/// Labels of letters, digits and hyphens within, 1 to 63 each.
fn hostname(text: &[u8]) -> bool {
    let label = |label: &[u8]| {
        (1..=63).contains(&label.len())
            && set::all(set::LABEL, label)
            && label.first() != Some(&b'-')
            && label.last() != Some(&b'-')
    };
    text.len() <= 253 && text.split(|byte| *byte == b'.').all(label)
}

/// A scheme, then what RFC 3986 allows to stand in each of a URI's parts.
fn uri(text: &[u8]) -> bool {
    let Some(colon) = text.iter().position(|byte| *byte == b':') else { return false };
    let (scheme, rest) = text.split_at(colon);
    let scheme_fits = scheme.first().is_some_and(u8::is_ascii_alphabetic) && set::all(set::SCHEME, scheme);
    let (rest, fragment) = split(rest.get(1..).unwrap_or_default(), b'#');
    let (hierarchy, query) = split(rest, b'?');
    let (authority, path) = match hierarchy.strip_prefix(b"//") {
        None => (b"".as_slice(), hierarchy),
        Some(rest) => rest.split_at(rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len())),
    };
    let in_path = set::COLON | set::AT_SLASH;
    let behind = in_path | set::QUESTION;
    scheme_fits && authority_fits(authority) && only(path, in_path) && only(query, behind) && only(fragment, behind)
}

/// What stands before the first such byte, and behind it.
fn split(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == at) {
        None => (text, b""),
        Some(place) => (&text[..place], text.get(place + 1..).unwrap_or_default()),
    }
}

fn authority_fits(authority: &[u8]) -> bool {
    let (user, rest) = match authority.iter().rposition(|byte| *byte == b'@') {
        None => (b"".as_slice(), authority),
        Some(at) => (&authority[..at], authority.get(at + 1..).unwrap_or_default()),
    };
    let (host_fits, port) = if let Some(literal) = rest.strip_prefix(b"[") {
        let (address, behind) = split(literal, b']');
        let closed = literal.contains(&b']');
        (closed && (parses::<Ipv6Addr>(address) || future_address(address)), behind)
    } else {
        let host = rest.iter().position(|byte| *byte == b':').unwrap_or(rest.len());
        let (host, port) = rest.split_at(host);
        (only(host, 0), port)
    };
    let port_fits = match port.split_first() {
        None => true,
        Some((colon, digits)) => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    };
    host_fits && port_fits && only(user, set::COLON)
}

/// `IPvFuture`: `v`, hex digits, a point, and something.
fn future_address(address: &[u8]) -> bool {
    let Some(rest) = address.strip_prefix(b"v").or_else(|| address.strip_prefix(b"V")) else { return false };
    let (version, rest) = split(rest, b'.');
    let plain = |byte: &u8| *byte != b'%';
    !version.is_empty()
        && version.iter().all(u8::is_ascii_hexdigit)
        && !rest.is_empty()
        && rest.iter().all(plain)
        && only(rest, set::COLON)
}

/// RFC 3986's unreserved characters, sub-delims and escapes, and those of these sets.
fn only(text: &[u8], also: u8) -> bool {
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if set::holds(set::URI | also, *byte) {
            continue;
        }
        let Some((digits, behind)) = rest.split_at_checked(2) else { return false };
        if *byte != b'%' || !set::all(set::HEX, digits) {
            return false;
        }
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::TextFormat::{self, Byte, Email, Hostname, Ipv4, Ipv6, Uri, Uuid};

    fn check(format: TextFormat, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(format.matches(text.as_bytes()), "{text} is a good {}", format.name());
        }
        for text in bad {
            assert!(!format.matches(text.as_bytes()), "{text} is no {}", format.name());
        }
    }

    #[test]
    fn formats() {
        let long_label = "a".repeat(64);
        check(
            Uuid,
            &["141b3ff2-a921-11eb-bfae-367ddad5b1fa", "141B3FF2-A921-11EB-BFAE-367DDAD5B1FA"],
            &[
                "141b3ff2a92111ebbfae367ddad5b1fa",
                "141b3ff2-a921-11eb-bfae-367ddad5b1fg",
                "",
                "{141b3ff2-a921-11eb-bfae}",
            ],
        );
        check(Ipv4, &["127.0.0.1", "255.255.255.255"], &["256.0.0.1", "1.2.3", "01.2.3.4", "1.2.3.4 ", "１.2.3.4"]);
        check(Ipv6, &["::", "2001:db8::1", "::ffff:1.2.3.4"], &["1.2.3.4", ":::", "fe80::1%eth0", "[::1]"]);
        check(Hostname, &["a", "a-b.example", "3.com"], &["", "-a", "a-", "a..b", "a.", "a_b", "é", &long_label]);
        check(
            Email,
            &["a@b", "joe.o'neil+x@mail.example.com"],
            &["a", "@b", "a@", "a..b@c", ".a@b", "a b@c", "a@b@c", "\"a b\"@c", "é@b"],
        );
        check(Byte, &["", "YQ==", "YWJj"], &["YQ", "YQ=", "YQ==\n", "Y-_=", "%"]);
        check(
            Uri,
            &[
                "https://user:pw@example.com:8080/a/b%20c?q=1#f",
                "mailto:joe@example.com",
                "urn:isbn:0451450523",
                "file:///etc/hosts",
                "http://[2001:db8::1]:80/",
                "a:",
            ],
            &[
                "example.com",
                "//example.com",
                "1a:b",
                "http://a b",
                "http://é",
                "http://%zz",
                "http://[::1",
                "http://a:b/",
                "a:#b#c",
            ],
        );
    }
}
