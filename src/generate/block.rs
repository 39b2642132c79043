//! The short way to logs without anomalies, whose accounts the table knows, as most are: a block of logs, one field of all
//! of them after the other. So no log waits for what it drew itself, and each step is the same for all.
//!
//! The draws are those of the general way, which writes whatever turns out to be odd.

use super::accounts::{Accounts, Values};
use super::field::{BEHIND, FieldPlan, ShortInteger};
use super::generator::Generator;
use super::mix::{Mix, Plan};
use super::piece::{Decimal, Piece, SHORT, Sink, Slot};
use super::rng::{Bits, Chance, Rng};
use super::source::{Source, uuid_hex};
use super::time::Clock;
use crate::lanes::Lanes;
use crate::verdict::{Reason, Status};

/// So many logs are written together.
pub(super) const BLOCK: usize = 32;
/// Room for each; larger logs are written in the general way.
const ROOM: usize = 448;
/// Logs of up to so many bytes are copied whole, without a look at their length.
const USUAL: usize = 192;

/// What is known of the logs of a block.
#[derive(Debug)]
pub(super) struct Block {
    /// Where each log ends, which wraps past 2 GiB.
    pub(super) ends: [i32; BLOCK],
    pub(super) statuses: [Status; BLOCK],
    pub(super) reasons: Vec<Reason>,
    /// Where each log's reasons end.
    pub(super) reason_ends: [i32; BLOCK],
}

impl Block {
    /// Ends a log, behind so many bytes. Whoever reads the ends looks whether the last one fits.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "see above")]
    fn end(&mut self, row: usize, end: usize) {
        self.ends[row] = end as i32;
        self.reason_ends[row] = self.reasons.len() as i32;
    }

    /// Where each log ends, of logs that began behind `start` bytes and have not 4 GiB together.
    pub(super) fn ends_from(&self, start: usize) -> impl Iterator<Item = usize> {
        #[expect(clippy::cast_possible_truncation, reason = "as the ends are")]
        let wrapped = start as u32;
        self.ends.iter().map(move |end| start + end.cast_unsigned().wrapping_sub(wrapped) as usize)
    }

    pub(super) fn new() -> Self {
        Self { ends: [0; BLOCK], statuses: [Status::Good; BLOCK], reasons: Vec::new(), reason_ends: [0; BLOCK] }
    }
}

/// Whole cache lines.
#[derive(Debug)]
#[repr(align(64))]
struct Slots([[u8; ROOM]; BLOCK]);

/// The logs of a block as they grow, each in a slot of its own. Leave them on the stack: the compiler must know that what
/// is written here changes nothing of what the generator has prepared.
#[derive(Debug)]
pub(super) struct Rows {
    /// How many there are.
    count: usize,
    slots: Slots,
    ends: [usize; BLOCK],
    /// Before the draws that all of them have done.
    rngs: [Rng; BLOCK],
    drawn: u64,
    /// Chances of something odd, each past so many draws, that were not looked at yet.
    chances: Vec<(u64, Chance)>,
    /// Anything but 0 where the general way must write it.
    odd: [u64; BLOCK],
    accounts: [usize; BLOCK],
    devices: [usize; BLOCK],
    foreign: [bool; BLOCK],
    /// The most bytes of the fields to come of which it is known.
    rest: usize,
    /// Logs that did not fit.
    overflows: usize,
}

impl Rows {
    /// Logs whose fields take more bytes don't fit.
    pub(super) const MOST: usize = ROOM - SHORT - 1;

    #[inline(always)]
    pub(super) fn new() -> Self {
        Self {
            count: 0,
            slots: Slots([[b'{'; ROOM]; BLOCK]),
            ends: [1; BLOCK],
            rngs: [const { Rng::NONE }; BLOCK],
            drawn: 0,
            chances: Vec::new(),
            odd: [0; BLOCK],
            accounts: [0; BLOCK],
            devices: [0; BLOCK],
            foreign: [false; BLOCK],
            rest: 0,
            overflows: 0,
        }
    }

    /// Each log's slot, and where it ends.
    #[inline(always)]
    fn each(&mut self) -> impl Iterator<Item = (&mut [u8; ROOM], &mut usize)> {
        self.slots.0.iter_mut().zip(&mut self.ends)
    }

    /// The next number of each log; of all at once, for the compiler finds lanes in that.
    #[inline(always)]
    fn draw(&mut self) -> [Bits; BLOCK] {
        let mut bits = [Bits(0); BLOCK];
        for (bits, rng) in bits.iter_mut().zip(&self.rngs) {
            *bits = rng.peek(self.drawn);
        }
        self.drawn += 1;
        bits
    }

    /// The next number of each log, if one is drawn.
    #[inline(always)]
    fn draw_if(&mut self, drawn: bool) -> [Bits; BLOCK] {
        if drawn { self.draw() } else { [Bits(0); BLOCK] }
    }

    /// Leaves a chance for later.
    #[inline(always)]
    fn happens(&mut self, chance: Chance) {
        self.chances.push((self.drawn, chance));
        self.drawn += 1;
    }

    /// Notes where something odd has happened.
    #[inline(always)]
    fn note(&mut self) {
        for (drawn, chance) in self.chances.drain(..) {
            for (odd, rng) in self.odd.iter_mut().zip(&self.rngs) {
                *odd |= u64::from(rng.peek(drawn).happens(chance));
            }
        }
    }

    /// Draws an account and a device for each.
    #[inline(always)]
    fn draw_pairs(&mut self, accounts: &Accounts) {
        let draws = (self.draw(), self.draw());
        let places = self.accounts.iter_mut().zip(&mut self.devices).zip(&mut self.foreign);
        for (((account, device), foreign), (first, second)) in places.zip(draws.0.iter().zip(&draws.1)) {
            (*account, *device, *foreign) = accounts.pick(*first, *second);
        }
    }

    /// Writes the field that holds the account.
    #[inline(always)]
    fn write_accounts(&mut self, field: &FieldPlan, accounts: &Accounts) {
        let places = self.accounts;
        match &accounts.known {
            Values::Integers(list) => {
                let bits = self.draw_if(field.both);
                for (((bytes, end), bits), place) in self.each().zip(&bits).zip(&places) {
                    let mut slot = Slot { bytes, end: *end };
                    field.push_integer(list[*place], bits.coin(), &mut slot);
                    *end = slot.end;
                }
            }
            Values::Texts(list) => {
                for ((bytes, end), place) in self.each().zip(&places) {
                    let mut slot = Slot { bytes, end: *end };
                    slot.push_piece(&list[*place]);
                    *end = slot.end;
                }
            }
        }
        self.rest -= accounts.most(field).0;
    }

    /// Writes the field that holds the device.
    #[inline(always)]
    fn write_devices(&mut self, field: &FieldPlan, accounts: &Accounts) {
        let places = self.devices;
        let bits = self.draw();
        for (((bytes, end), bits), place) in self.each().zip(&bits).zip(&places) {
            let mut slot = Slot { bytes, end: *end };
            accounts.write_device(*place, bits.coin(), &mut slot);
            *end = slot.end;
        }
        self.rest -= accounts.most(field).1;
    }

    /// Writes a field that keeps the contract. The logs happen at those times.
    #[inline(always)]
    fn write(&mut self, lanes: impl Lanes, field: &FieldPlan, times: &Times, scratch: &mut Scratch) {
        match &field.source {
            Source::Choices(weights, choices) => {
                let bits = self.draw();
                if choices.iter().all(Piece::is_short) {
                    for ((bytes, end), bits) in self.each().zip(&bits) {
                        let mut slot = Slot { bytes, end: *end };
                        slot.push_short(&choices[weights.pick(*bits)]);
                        *end = slot.end;
                    }
                } else {
                    for ((bytes, end), bits) in self.each().zip(&bits) {
                        let mut slot = Slot { bytes, end: *end };
                        slot.push_piece(&choices[weights.pick(*bits)]);
                        *end = slot.end;
                    }
                }
            }
            Source::UuidHex => {
                let (high, low) = (self.draw(), self.draw());
                for (((bytes, end), high), low) in self.each().zip(&high).zip(&low) {
                    let mut slot = Slot { bytes, end: *end };
                    slot.push_short(&field.before[1]);
                    slot.push_padded(&uuid_hex(lanes, *high, *low), 32);
                    slot.push_padded(b"\", \0", 3);
                    *end = slot.end;
                }
            }
            Source::Integers(span) => {
                let (values, forms) = (self.draw(), self.draw_if(field.both));
                for (((bytes, end), value), form) in self.each().zip(&values).zip(&forms) {
                    let mut slot = Slot { bytes, end: *end };
                    field.push_integer(Decimal::new(value.within(span)), form.coin(), &mut slot);
                    *end = slot.end;
                }
            }
            Source::Time(span) => {
                let bits = self.draw_if(field.both);
                if let Some(time) = times.same.filter(|_| scratch.told != Some((field.place, times.same))) {
                    let now = Decimal::new(span.at_most(time));
                    scratch.told = Some((field.place, times.same));
                    scratch.now = field.short_integer(now, false).zip(field.short_integer(now, true)).map(Into::into);
                }
                if let (Some(pieces), Some(_)) = (&scratch.now, times.same) {
                    for ((bytes, end), bits) in self.each().zip(&bits) {
                        let mut slot = Slot { bytes, end: *end };
                        let (piece, length) = &pieces[usize::from(bits.coin())];
                        slot.push_padded(piece, *length);
                        *end = slot.end;
                    }
                } else {
                    for (((bytes, end), bits), row) in self.each().zip(&bits).zip(0..) {
                        let mut slot = Slot { bytes, end: *end };
                        field.push_integer(Decimal::new(span.at_most(times.of(row))), bits.coin(), &mut slot);
                        *end = slot.end;
                    }
                }
            }
            Source::Moment(_) | Source::Texts(_) | Source::Object(_) | Source::Array(_) => {
                self.write_other(field, times, scratch);
            }
        }
        self.rest -= field.most().unwrap_or(0);
    }

    /// The same for a field of which it isn't known how many bytes it takes, nor how often it draws.
    #[inline(never)]
    fn write_other(&mut self, field: &FieldPlan, times: &Times, scratch: &mut Scratch) {
        // The numbers of each log go their own way from here.
        self.note();
        let Scratch { text, bytes, .. } = scratch;
        let mut told = None;
        for row in 0..self.count {
            if self.odd[row] != 0 {
                continue;
            }
            let time = times.of(row as u64);
            // The time as text is the same for all logs of a second.
            if !matches!(field.source, Source::Moment(_)) || told != Some(time) {
                let rng = &mut self.rngs[row];
                bytes.clear();
                rng.skip(self.drawn);
                field.write_valid(rng, time, text, bytes);
                rng.go_back(self.drawn);
                told = Some(time);
            }
            if self.ends[row] + bytes.len() + self.rest + SHORT <= ROOM {
                let mut slot = Slot { bytes: &mut self.slots.0[row], end: self.ends[row] };
                slot.push_bytes(bytes);
                self.ends[row] = slot.end;
            } else {
                self.odd[row] = 1;
                self.overflows += 1;
            }
        }
    }

    /// Appends a log from its slot; false where it is odd, or too large.
    #[inline(always)]
    fn finish(&self, row: usize, max_bytes: usize, out: &mut Vec<u8>) -> bool {
        let length = self.ends[row].saturating_sub(BEHIND.len()).max(1) + 1;
        if self.odd[row] != 0 || length > max_bytes {
            return false;
        }
        let slot = &self.slots.0[row];
        match slot.first_chunk::<USUAL>() {
            Some(usual) if length <= USUAL => out.push_padded(usual, length),
            _ => out.extend_from_slice(&slot[..length]),
        }
        // Not in the slot, from which it would be loaded before it has got there.
        if let Some(last) = out.last_mut() {
            *last = b'}';
        }
        true
    }
}

/// When the logs of a block happen.
struct Times {
    clock: Clock,
    first: u64,
    step: u64,
    /// If all happen in the same second.
    same: Option<i64>,
}

impl Times {
    fn new(clock: Clock, first: u64, step: u64, count: usize) -> Self {
        let mut times = Self { clock, first, step, same: None };
        let (begin, end) = (times.of(0), times.of(count as u64));
        times.same = (begin == end).then_some(begin);
        times
    }

    #[inline]
    fn of(&self, row: u64) -> i64 {
        self.same.unwrap_or_else(|| self.clock.at(self.first.saturating_add(self.step.saturating_mul(row))))
    }
}

/// Where fields are written that take who knows how many bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    /// What a field says at a time, as an integer and in quotes; of the field and the time that were asked for last.
    told: Option<(u16, Option<i64>)>,
    now: Option<[ShortInteger; 2]>,
    text: String,
    bytes: Vec<u8>,
}

impl Generator {
    /// Appends up to [`BLOCK`] logs, `step` records apart, and says in `block` what is known of them.
    #[inline(always)]
    pub(super) fn write_block(
        &mut self,
        lanes: impl Lanes,
        (first, step, count): (u64, u64, usize),
        rows: &mut Rows,
        out: &mut Vec<u8>,
        block: &mut Block,
    ) {
        block.reasons.clear();
        if self.short_way {
            self.fill(lanes, (first, step, count), rows);
        } else {
            rows.odd = [1; BLOCK];
        }
        out.reserve(BLOCK * USUAL);
        for row in 0..count {
            block.statuses[row] = if rows.finish(row, self.max_bytes, out) {
                // Which of them are suspicious no processor guesses.
                let reasons = block.reasons.len();
                block.reasons.push(self.foreign);
                block.reasons.truncate(reasons + usize::from(rows.foreign[row]));
                if rows.foreign[row] { Status::Suspicious } else { Status::Good }
            } else {
                self.write(first.wrapping_add(step.wrapping_mul(row as u64)), out, &mut block.reasons)
            };
            block.end(row, out.len());
        }
    }

    /// Fills the slots.
    #[inline(always)]
    fn fill(&mut self, lanes: impl Lanes, (first, step, count): (u64, u64, usize), rows: &mut Rows) {
        rows.count = count;
        rows.drawn = 0;
        rows.odd = [0; BLOCK];
        rows.rest = self.most;
        rows.overflows = 0;
        rows.ends = [1; BLOCK];
        let mut index = first;
        for rng in &mut rows.rngs {
            *rng = self.key.at(index);
            index = index.wrapping_add(step);
        }
        let Self { mix, accounts, fields, scratch, .. } = self;
        let by_chance = mix.is_free();
        if by_chance {
            rows.happens(mix.spoiled);
            if let Some(accounts) = accounts {
                rows.happens(mix.unknown);
                rows.draw_pairs(accounts);
            }
        } else {
            plan(mix, accounts.as_ref(), rows);
        }
        let times = Times::new(self.clock, first, step, count);
        for (place, field) in fields.iter().enumerate() {
            if by_chance {
                rows.happens(field.anomalous);
            }
            match accounts {
                Some(accounts) if accounts.account_field == place => rows.write_accounts(field, accounts),
                Some(accounts) if accounts.device_field == Some(place) => rows.write_devices(field, accounts),
                _ => rows.write(lanes, field, &times, scratch),
            }
        }
        // Last, so that the slots have got into memory before they are read.
        rows.note();
        // Where few logs fit, trying costs more than it saves.
        self.short_way = 2 * rows.overflows <= BLOCK;
    }
}

/// Plans logs of given rates, one by one.
#[inline(never)]
fn plan(mix: &Mix, accounts: Option<&Accounts>, rows: &mut Rows) {
    for row in 0..rows.count {
        let mut rng = rows.rngs[row].clone();
        let plan = mix.plan(&mut rng);
        let pair = match accounts {
            Some(accounts) if plan != Plan::Bad => mix.pair(accounts, plan, None, &mut rng).known(),
            _ => Some((0, 0, false)),
        };
        rows.rngs[row] = rng;
        rows.odd[row] = u64::from(plan == Plan::Bad || pair.is_none());
        (rows.accounts[row], rows.devices[row], rows.foreign[row]) = pair.unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Block};

    #[test]
    fn ends_past_2_gib_are_told_all_the_same() {
        for start in [0, 5, (1_usize << 31) - 40, (1 << 32) - 40, (5 << 32) + 7] {
            let mut block = Block::new();
            let ends: Vec<usize> = (1..=BLOCK).map(|row| start + 3 * row).collect();
            for (row, end) in ends.iter().enumerate() {
                block.end(row, *end);
            }
            assert!(block.ends_from(start).eq(ends), "{start}");
        }
    }
}
