//! One log, written once: what is odd about it is drawn first, then its fields, and the verdict follows.

use super::accounts::{Accounts, Pair, PairKind};
use super::field::FieldPlan;
use super::generator::Generator;
use super::mix::{First, Plan, Spoil};
use super::rng::Rng;
use crate::verdict::{Code, Place, Reason, Status};

const NO_FIELD: usize = usize::MAX;

/// Which fields of a log are odd.
struct Oddities {
    spoil: Option<Spoil>,
    /// The field that the spoil is about.
    target: usize,
    /// The field that is an anomaly for certain.
    certain: usize,
    /// From here on a field is an anomaly by chance.
    by_chance: usize,
}

impl Generator {
    /// Appends a log of that plan and its reasons.
    #[inline]
    pub(super) fn attempt(
        &mut self,
        plan: Plan,
        rng: &mut Rng,
        time: i64,
        out: &mut Vec<u8>,
        reasons: &mut Vec<Reason>,
    ) -> Status {
        let odd = self.oddities(plan, rng);
        let pair = self.accounts.as_ref().map(|accounts| self.pair(accounts, plan, odd.spoil, rng));
        let (start, first_reason) = (out.len(), reasons.len());
        out.push(b'{');
        for (place, field) in (0..).zip(&self.fields) {
            let index = usize::from(place);
            let mut code = None;
            if index == odd.target {
                match odd.spoil {
                    Some(Spoil::Missing) => {
                        reasons.push(Reason { place: Place::Field(place), code: Code::Missing });
                        continue;
                    }
                    Some(Spoil::TextForNumber) => {
                        field.write_no_number(rng, out);
                        reasons.push(Reason { place: Place::Field(place), code: Code::WrongType });
                        continue;
                    }
                    Some(Spoil::Duplicate) => code = Some(Code::DuplicateKey),
                    Some(Spoil::CutShort) | None => {}
                }
            }
            if index == odd.certain || (index >= odd.by_chance && rng.happens(field.anomalous)) {
                let expected = field.write_anomaly(rng, time, &mut self.text, out);
                code = code.or(expected);
            } else {
                write_valid(self.accounts.as_ref(), pair.as_ref(), field, index, rng, time, &mut self.text, out);
            }
            if let Some(code) = code {
                reasons.push(Reason { place: Place::Field(place), code });
            }
        }
        if let (Some(Spoil::Duplicate), Some(field)) = (odd.spoil, self.fields.get(odd.target)) {
            // Another draw: the same value sometimes, mostly another one.
            let pair = self.accounts.as_ref().map(|accounts| accounts.draw(rng));
            write_valid(self.accounts.as_ref(), pair.as_ref(), field, odd.target, rng, time, &mut self.text, out);
        }
        // The last field's comma and blank.
        if out.len() - start > 1 {
            out.truncate(out.len() - 2);
        }
        out.push(b'}');
        if odd.spoil == Some(Spoil::CutShort) {
            // Without its last brace it is no JSON, wherever it ends.
            let length = 1 + rng.place(out.len() - start - 1);
            out.truncate(start + length);
            reasons.truncate(first_reason);
            reasons.push(Reason { place: Place::Log, code: Code::MalformedJson });
        }
        if reasons.len() > first_reason {
            return Status::Bad;
        }
        let (Some(pair), Some(accounts)) = (pair, &self.accounts) else { return Status::Good };
        let (field, code) = match pair.kind {
            PairKind::Own => return Status::Good,
            PairKind::Unknown => (accounts.account_field, Code::UnknownAccount),
            PairKind::Foreign => (accounts.device_field.unwrap_or(accounts.account_field), Code::DeviceMismatch),
        };
        // The contract holds at most 1,000 fields.
        reasons.push(Reason { place: Place::Field(u16::try_from(field).unwrap_or(u16::MAX)), code });
        Status::Suspicious
    }

    #[inline]
    fn oddities(&self, plan: Plan, rng: &mut Rng) -> Oddities {
        let fields = self.fields.len();
        let mut odd = Oddities { spoil: None, target: NO_FIELD, certain: NO_FIELD, by_chance: fields };
        match plan {
            Plan::Free => {
                odd.by_chance = 0;
                odd.spoil = self.mix.spoil(rng);
            }
            Plan::Bad => match self.mix.first(rng) {
                First::Record => {
                    odd.by_chance = 0;
                    odd.spoil = Some(self.mix.bad_spoil(rng));
                }
                First::Field(place) => {
                    odd.certain = place;
                    odd.by_chance = place + 1;
                }
            },
            Plan::Valid | Plan::Good | Plan::Suspicious => {}
        }
        if let Some(spoil) = odd.spoil {
            odd.target = match spoil {
                Spoil::CutShort => NO_FIELD,
                Spoil::Duplicate => rng.place(fields),
                Spoil::Missing => self.required[rng.place(self.required.len())],
                Spoil::TextForNumber => self.integers[rng.place(self.integers.len())],
            };
        }
        odd
    }

    #[inline]
    fn pair(&self, accounts: &Accounts, plan: Plan, spoil: Option<Spoil>, rng: &mut Rng) -> Pair {
        match plan {
            Plan::Good => accounts.draw_own(rng),
            Plan::Suspicious if self.mix.unknown_if_suspicious(rng) => accounts.draw_unknown(rng),
            Plan::Suspicious => accounts.draw_foreign(rng),
            Plan::Free | Plan::Valid if spoil.is_none() && self.mix.unknown(rng) => accounts.draw_unknown(rng),
            Plan::Free | Plan::Valid | Plan::Bad => accounts.draw(rng),
        }
    }
}

#[inline]
#[expect(clippy::too_many_arguments, reason = "parts of a borrowed generator")]
fn write_valid(
    accounts: Option<&Accounts>,
    pair: Option<&Pair>,
    field: &FieldPlan,
    index: usize,
    rng: &mut Rng,
    time: i64,
    text: &mut String,
    out: &mut Vec<u8>,
) {
    if let (Some(accounts), Some(pair)) = (accounts, pair) {
        if index == accounts.account_field {
            return accounts.write_account(field, pair, rng, out);
        }
        if Some(index) == accounts.device_field {
            return accounts.write_device(pair, rng, out);
        }
    }
    field.write_valid(rng, time, text, out);
}
