//! One log, written once: what is odd about it is drawn first, then its fields, and the verdict follows.

use super::accounts::{Accounts, Pair, PairKind};
use super::field::FieldPlan;
use super::generator::Generator;
use super::mix::{First, Plan, Spoil};
use super::nested::Pen;
use super::rng::Rng;
use super::target::Target;
use crate::verdict::{Code, Place, Reason, Status};

const NO_FIELD: usize = usize::MAX;

/// Which fields of a log are odd.
struct Oddities {
    spoil: Option<Spoil>,
    /// What the spoil is about.
    target: Target,
    /// The field that is an anomaly for certain.
    certain: usize,
    /// From here on a field is an anomaly by chance.
    by_chance: usize,
}

impl Generator {
    /// Appends a log of that plan and its reasons.
    pub(super) fn attempt(
        &mut self,
        plan: Plan,
        rng: &mut Rng,
        time: i64,
        out: &mut Vec<u8>,
        reasons: &mut Vec<Reason>,
    ) -> Status {
        let odd = self.oddities(plan, rng);
        let pair = self.accounts.as_ref().map(|accounts| self.mix.pair(accounts, plan, odd.spoil, rng));
        let (start, first_reason) = (out.len(), reasons.len());
        out.push(b'{');
        for (index, field) in self.fields.iter().enumerate() {
            let mut code = None;
            if index == odd.target.field
                && let Some(spoil) = odd.spoil
            {
                if spoil == Spoil::Duplicate && odd.target.place == field.place {
                    code = Some(Code::DuplicateKey);
                } else {
                    field.write_spoiled(spoil, odd.target, &mut Pen { rng, time, text: &mut self.text, out, reasons });
                    continue;
                }
            }
            if index == odd.certain || (index >= odd.by_chance && rng.happens(field.anomalous)) {
                let before = reasons.len();
                let expected = field.write_anomaly(&mut Pen { rng, time, text: &mut self.text, out, reasons });
                if code.is_some() {
                    // Of a field that stands there twice nothing else is said.
                    reasons.truncate(before);
                }
                code = code.or(expected);
            } else {
                write_valid(self.accounts.as_ref(), pair.as_ref(), field, index, rng, time, &mut self.text, out);
            }
            if let Some(code) = code {
                reasons.push(Reason { place: Place::Field(field.place), code });
            }
        }
        if let (Some(Spoil::Duplicate), Some(field)) = (odd.spoil, self.fields.get(odd.target.field))
            && odd.target.place == field.place
        {
            // Another draw: the same value sometimes, mostly another one.
            let pair = self.accounts.as_ref().map(|accounts| accounts.draw(rng));
            write_valid(self.accounts.as_ref(), pair.as_ref(), field, odd.target.field, rng, time, &mut self.text, out);
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
        reasons.push(match pair.kind {
            PairKind::Own => return Status::Good,
            PairKind::Unknown => {
                Reason { place: Place::Field(self.fields[accounts.account_field].place), code: Code::UnknownAccount }
            }
            PairKind::Foreign => self.foreign,
        });
        Status::Suspicious
    }

    fn oddities(&self, plan: Plan, rng: &mut Rng) -> Oddities {
        let fields = self.fields.len();
        let mut odd = Oddities { spoil: None, target: Target::NONE, certain: NO_FIELD, by_chance: fields };
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
            odd.target = self.targets.draw(spoil, rng);
        }
        odd
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
            return accounts.write_device(pair.device, rng.coin(), out);
        }
    }
    field.write_valid(rng, time, text, out);
}
