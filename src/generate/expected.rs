//! The expected verdict as JSON.

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
        push_string(out, path(reason.place, |field| contract.fields().get(field).map(|field| field.name.as_str())));
        out.extend_from_slice(br#","code":""#);
        out.extend_from_slice(reason.code.as_str().as_bytes());
        out.extend_from_slice(br#""}"#);
    }
    out.extend_from_slice(b"]}");
}

/// A place as outputs name it; `name` yields a field's.
pub(super) fn path<'a>(place: Place, name: impl FnOnce(usize) -> Option<&'a str>) -> &'a str {
    match place {
        Place::Log => "$",
        // Logs with arrays are not generated.
        Place::Field(field) | Place::Item(field, _) => name(usize::from(field)).unwrap_or_default(),
    }
}
