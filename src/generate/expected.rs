//! The expected verdict as JSON.

use std::borrow::Cow;

use super::json::push_string;
use crate::contract::Contract;
use crate::verdict::{Place, Reason, Status};

/// Appends `{"status":…,"reasons":[{"path":…,"code":…},…]}`: the value of the header `logcore.expected`.
///
/// ```
/// use logcore::contract::Contract;
/// use logcore::generate::expected_json;
/// use logcore::verdict::{Code, Place, Reason, Status};
///
/// let contract = Contract::server_logs()?;
/// let reasons = [Reason { place: Place::Field(3), code: Code::NotAllowed }];
/// let mut out = Vec::new();
/// expected_json(&contract, Status::Bad, &reasons, &mut out);
/// assert_eq!(out, br#"{"status":"bad","reasons":[{"path":"device","code":"not_allowed"}]}"#);
/// # Ok::<(), logcore::Error>(())
/// ```
pub fn expected_json(contract: &Contract, status: Status, reasons: &[Reason], out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"status":""#);
    out.extend_from_slice(status.as_str().as_bytes());
    out.extend_from_slice(br#"","reasons":["#);
    for (place, reason) in reasons.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"path":"#);
        let of_field = |place: usize| contract.placed_fields().get(place).map(|field| field.path.as_str());
        push_string(out, &path(reason.place, of_field));
        out.extend_from_slice(br#","code":""#);
        out.extend_from_slice(reason.code.as_str().as_bytes());
        out.extend_from_slice(br#""}"#);
    }
    out.extend_from_slice(b"]}");
}

/// A place as outputs name it; `of_field` yields a field's path.
pub(super) fn path<'a>(place: Place, of_field: impl FnOnce(usize) -> Option<&'a str>) -> Cow<'a, str> {
    match place {
        Place::Log => Cow::Borrowed("$"),
        Place::Field(field) => Cow::Borrowed(of_field(usize::from(field)).unwrap_or_default()),
        Place::Item(field, item) => Cow::Owned(format!("{}[{item}]", of_field(usize::from(field)).unwrap_or_default())),
    }
}
