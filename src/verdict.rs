//! What a log gets: a status, and the reasons for it.

/// A log's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Keeps the contract, and the users table knows its account and device.
    Good,
    /// Breaks the contract.
    Bad,
    /// Keeps the contract, but the device is not the user's own.
    Suspicious,
}

impl Status {
    /// Every status, in the order of their numbers.
    pub const ALL: &'static [Self] = &[Self::Good, Self::Bad, Self::Suspicious];

    /// Its name in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Suspicious => "suspicious",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Why a log, or one field of it, is bad or suspicious.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code, in the order in which they are tested.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in every output.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

codes! {
    /// No value, or nothing but JSON whitespace.
    Empty = "empty",
    /// More bytes than the contract allows.
    TooLarge = "too_large",
    /// Not UTF-8.
    InvalidUtf8 = "invalid_utf8",
    /// More objects and arrays open at once than the contract allows.
    TooDeep = "too_deep",
    /// Not one RFC 8259 text.
    MalformedJson = "malformed_json",
    /// Valid JSON, but no object.
    NotAnObject = "not_an_object",
    /// The name occurs twice.
    DuplicateKey = "duplicate_key",
    /// Required, and it does not occur.
    Missing = "missing",
    /// Required, and it is null.
    Null = "null",
    /// Another JSON type.
    WrongType = "wrong_type",
    /// Fewer characters than the contract wants.
    TooShort = "too_short",
    /// More characters than the contract allows.
    TooLong = "too_long",
    /// A string of another shape.
    PatternMismatch = "pattern_mismatch",
    /// Not of the format, such as uuid or date.
    InvalidFormat = "invalid_format",
    /// Not in the list.
    NotAllowed = "not_allowed",
    /// Outside the range or its format.
    OutOfRange = "out_of_range",
    /// Not a multiple.
    NotMultiple = "not_multiple",
    /// The users table has no row for the account.
    UnknownAccount = "unknown_account",
    /// The users table has rows for the account, none with this device.
    DeviceMismatch = "device_mismatch",
}

impl Code {
    /// The code of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }

    /// True for the codes that a single field can get from the contract.
    #[must_use]
    pub const fn is_of_a_field(self) -> bool {
        !matches!(
            self,
            Self::Empty
                | Self::TooLarge
                | Self::InvalidUtf8
                | Self::TooDeep
                | Self::MalformedJson
                | Self::NotAnObject
                | Self::UnknownAccount
                | Self::DeviceMismatch
        )
    }
}

/// Where a reason applies: the whole log, or a field by its place in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The whole log; its path is `$`.
    Log,
    /// The field at that place among the contract's placed fields.
    Field(u16),
    /// An item of such a field, counted from 0.
    Item(u16, u32),
}

/// One reason: a place and a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reason {
    /// Where.
    pub place: Place,
    /// Why.
    pub code: Code,
}
