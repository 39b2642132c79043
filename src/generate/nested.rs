//! Objects and arrays, with what is wrong within them. They are written field by field like the log itself, and apart
//! from it: most logs have none.

use super::field::{BEHIND, FieldPlan};
use super::mix::Spoil;
use super::piece::Sink;
use super::rng::Rng;
use super::source::Source;
use super::target::Target;
use super::weights::{Weights, first_to_happen};
use crate::verdict::{Code, Place, Reason};

/// One optional field in so many is left out of an object.
const LEFT_OUT: u64 = 4;
/// The most items of an array.
const ITEMS: usize = 3;
/// The place of an anomaly where there is none.
const NOWHERE: usize = usize::MAX;

/// The fields of an object, or what all items of an array are like.
#[derive(Clone, Debug)]
pub(super) struct Within {
    pub(super) plans: Vec<FieldPlan>,
    /// Where the first anomaly is: the field itself (place 0), or one of those within (its place + 1).
    first: Option<Weights>,
    /// How often there is one.
    pub(super) share: f64,
}

/// What a log is written with.
#[derive(Debug)]
pub(super) struct Pen<'a> {
    pub(super) rng: &'a mut Rng,
    /// The record's time.
    pub(super) time: i64,
    /// Scratch.
    pub(super) text: &'a mut String,
    pub(super) out: &'a mut Vec<u8>,
    pub(super) reasons: &'a mut Vec<Reason>,
}

impl Pen<'_> {
    fn because(&mut self, place: Place, code: Code) {
        self.reasons.push(Reason { place, code });
    }

    /// Ends an object or array whose first value stands at `start`.
    fn close(&mut self, start: usize, bracket: u8) {
        // The last value's comma and blank.
        if self.out.len() > start {
            self.out.truncate(self.out.len() - BEHIND.len());
        }
        self.out.push(bracket);
        self.out.extend_from_slice(BEHIND);
    }
}

impl Within {
    /// Of a field that is an anomaly itself as often as `own`.
    pub(super) fn new(plans: Vec<FieldPlan>, own: f64) -> Self {
        let (first, none) = first_to_happen(std::iter::once(own).chain(plans.iter().map(|plan| plan.share)));
        Self { plans, first: Weights::new(first), share: 1.0 - none }
    }

    /// The place of the first anomaly among those within; None where it is the field itself.
    fn first(&self, rng: &mut Rng) -> Option<usize> {
        self.first.as_ref().and_then(|weights| weights.draw(rng).checked_sub(1))
    }
}

impl FieldPlan {
    /// Writes an object or array that keeps the contract, as does all within it.
    #[inline(never)]
    pub(super) fn write_nested(&self, rng: &mut Rng, time: i64, text: &mut String, out: &mut Vec<u8>) {
        let pen = &mut Pen { rng, time, text, out, reasons: &mut Vec::new() };
        match &self.source {
            Source::Object(within) => self.write_object(within, NOWHERE, pen),
            Source::Array(within) => {
                let count = pen.rng.place(ITEMS + 1);
                self.write_array(within, count, NOWHERE, pen);
            }
            _ => {}
        }
    }

    /// Writes the field as an anomaly and yields its code; or, of an object or array, anomalies within it, whose reasons
    /// go to the pen's.
    #[cold]
    pub(super) fn write_anomaly(&self, pen: &mut Pen<'_>) -> Option<Code> {
        let first = match &self.source {
            Source::Object(within) | Source::Array(within) => within.first(pen.rng),
            _ => None,
        };
        match (&self.source, first) {
            (Source::Object(within), Some(first)) => self.write_object(within, first, pen),
            (Source::Array(within), Some(_)) => {
                let count = 1 + pen.rng.place(ITEMS);
                let first = pen.rng.place(count);
                self.write_array(within, count, first, pen);
            }
            _ => return self.write_own_anomaly(pen),
        }
        None
    }

    /// Fields before the place `first` keep the contract, the one there doesn't, those behind it may or may not.
    fn write_object(&self, within: &Within, first: usize, pen: &mut Pen<'_>) {
        let start = self.open(b'{', pen);
        for (place, field) in within.plans.iter().enumerate() {
            if place == first || (place > first && pen.rng.happens(field.anomalous)) {
                if let Some(code) = field.write_anomaly(pen) {
                    pen.because(Place::Field(field.place), code);
                }
            } else {
                field.write_or_leave_out(pen);
            }
        }
        pen.close(start, b'}');
    }

    /// The same for items; only the first that breaks the contract is a reason.
    fn write_array(&self, within: &Within, count: usize, first: usize, pen: &mut Pen<'_>) {
        let start = self.open(b'[', pen);
        for (item, number) in within.plans.iter().cycle().take(count).zip(0..) {
            let place = usize::try_from(number).unwrap_or(NOWHERE);
            if place == first || (place > first && pen.rng.happens(item.anomalous)) {
                let code = item.write_anomaly(pen);
                if let Some(code) = code.filter(|_| place == first) {
                    pen.because(Place::Item(self.place, number), code);
                }
            } else {
                item.write_valid(pen.rng, pen.time, pen.text, pen.out);
            }
        }
        pen.close(start, b']');
    }

    /// Writes the field with that spoil where the target is, the field itself or within it. All else keeps the contract.
    #[cold]
    pub(super) fn write_spoiled(&self, spoil: Spoil, target: Target, pen: &mut Pen<'_>) {
        if target.place == self.place && !target.is_item {
            let code = self.write_own_spoil(spoil, pen);
            return pen.because(Place::Field(self.place), code);
        }
        match &self.source {
            Source::Object(within) => {
                let start = self.open(b'{', pen);
                for field in &within.plans {
                    if field.holds(target) {
                        field.write_spoiled(spoil, target, pen);
                    } else {
                        field.write_or_leave_out(pen);
                    }
                }
                if spoil == Spoil::Duplicate
                    && let Some(field) = within.plans.iter().find(|field| field.place == target.place)
                {
                    field.write_valid(pen.rng, pen.time, pen.text, pen.out);
                }
                pen.close(start, b'}');
            }
            Source::Array(within) => {
                let start = self.open(b'[', pen);
                let count = 1 + pen.rng.place(ITEMS);
                let spoiled = pen.rng.place(count);
                for (item, number) in within.plans.iter().cycle().take(count).zip(0..) {
                    if usize::try_from(number) == Ok(spoiled) {
                        let code = item.write_own_spoil(spoil, pen);
                        pen.because(Place::Item(self.place, number), code);
                    } else {
                        item.write_valid(pen.rng, pen.time, pen.text, pen.out);
                    }
                }
                pen.close(start, b']');
            }
            _ => {}
        }
    }

    /// Writes what the spoil makes of the field, and yields the code for it.
    fn write_own_spoil(&self, spoil: Spoil, pen: &mut Pen<'_>) -> Code {
        match spoil {
            Spoil::Missing => Code::Missing,
            Spoil::Null => {
                self.write_json(b"null", pen.out);
                Code::Null
            }
            Spoil::TextForNumber => {
                self.write_no_number(pen.rng, pen.out);
                Code::WrongType
            }
            Spoil::OtherType => {
                self.write_other_type(pen.rng, pen.out);
                Code::WrongType
            }
            // The second one comes behind the other fields.
            Spoil::Duplicate => {
                self.write_valid(pen.rng, pen.time, pen.text, pen.out);
                Code::DuplicateKey
            }
            // It strikes the log as a whole, no field.
            Spoil::CutShort => Code::MalformedJson,
        }
    }

    /// Writes a value that keeps the contract, if any.
    fn write_or_leave_out(&self, pen: &mut Pen<'_>) {
        if self.required || pen.rng.below(LEFT_OUT) > 0 {
            self.write_valid(pen.rng, pen.time, pen.text, pen.out);
        }
    }

    /// Whether the target is the field, or within it.
    fn holds(&self, target: Target) -> bool {
        (self.place..=self.last_place).contains(&target.place)
    }

    /// Begins an object or array; yields where its first value stands.
    fn open(&self, bracket: u8, pen: &mut Pen<'_>) -> usize {
        pen.out.push_piece(&self.before[0]);
        pen.out.push(bracket);
        pen.out.len()
    }
}
