//! Where a spoil strikes: a field at whatever depth, or an item of an array.

use super::field::FieldPlan;
use super::mix::Spoil;
use super::rng::Rng;
use super::source::Source;

/// What is spoiled in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Which of the log's own fields it is, or is within.
    pub(super) field: usize,
    /// The field's place among the contract's placed fields.
    pub(super) place: u16,
    /// Whether it is one of the field's items, not the field itself.
    pub(super) is_item: bool,
}

impl Target {
    /// No field at all.
    pub(super) const NONE: Self = Self { field: usize::MAX, place: u16::MAX, is_item: false };
}

/// What each spoil can strike.
#[derive(Clone, Debug, Default)]
pub(super) struct Targets {
    fields: Vec<Target>,
    required: Vec<Target>,
    /// Fields and items, of which these are all, those that are integers and those that may not be null.
    values: Vec<Target>,
    integers: Vec<Target>,
    never_null: Vec<Target>,
}

impl Targets {
    /// Those of a log with these fields.
    pub(super) fn new(plans: &[FieldPlan]) -> Self {
        let mut targets = Self::default();
        for (field, plan) in plans.iter().enumerate() {
            targets.add_field(plan, field);
        }
        targets
    }

    fn add_field(&mut self, plan: &FieldPlan, field: usize) {
        let target = Target { field, place: plan.place, is_item: false };
        self.fields.push(target);
        if plan.required {
            self.required.push(target);
        }
        self.add_value(plan, target);
        match &plan.source {
            Source::Object(within) => within.plans.iter().for_each(|inner| self.add_field(inner, field)),
            Source::Array(within) => {
                within.plans.iter().for_each(|item| self.add_value(item, Target { is_item: true, ..target }));
            }
            _ => {}
        }
    }

    fn add_value(&mut self, plan: &FieldPlan, target: Target) {
        self.values.push(target);
        if plan.integer {
            self.integers.push(target);
        }
        if plan.required {
            self.never_null.push(target);
        }
    }

    /// Whether there is anything for it to strike.
    pub(super) fn has(&self, spoil: Spoil) -> bool {
        !self.of(spoil).is_empty()
    }

    /// One of them, evenly.
    pub(super) fn draw(&self, spoil: Spoil, rng: &mut Rng) -> Target {
        if spoil == Spoil::CutShort {
            return Target::NONE;
        }
        let targets = self.of(spoil);
        targets.get(rng.place(targets.len())).copied().unwrap_or(Target::NONE)
    }

    fn of(&self, spoil: Spoil) -> &[Target] {
        match spoil {
            Spoil::CutShort => &[],
            Spoil::Missing => &self.required,
            Spoil::Duplicate => &self.fields,
            Spoil::TextForNumber => &self.integers,
            Spoil::Null => &self.never_null,
            Spoil::OtherType => &self.values,
        }
    }
}
