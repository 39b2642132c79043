//! Random numbers by place: what is drawn for record i depends on the seed and i, never on what was drawn before.
//!
//! `SplitMix64` (Steele, Lea and Flood 2014) started at a mixed seed and index: integers only, so that every platform
//! draws the same, and a nanosecond a number.

use super::span::Span;

/// What a seed is used for: the same seed draws unrelated numbers in each.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    /// Logs.
    Logs = 1,
    /// The users table.
    Users = 2,
    /// Samples taken while a contract is prepared; they don't depend on the user's seed.
    Samples = 3,
}

/// A seed made ready for one use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(u64);

impl Key {
    pub(super) fn new(seed: u64, stream: Stream) -> Self {
        Self(mix(mix(seed).wrapping_add((stream as u64).wrapping_mul(STEP))))
    }

    /// The numbers of the record, or account, of that index.
    #[inline]
    pub(super) fn at(self, index: u64) -> Rng {
        Rng { state: mix(self.0.wrapping_add(index.wrapping_mul(STEP))) }
    }
}

/// A sequence of random numbers.
#[derive(Clone, Debug)]
pub(super) struct Rng {
    state: u64,
}

/// 2^64 divided by the golden ratio, odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

#[inline]
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

impl Rng {
    /// A sequence that nobody draws from.
    pub(super) const NONE: Self = Self { state: 0 };

    /// The number past so many draws.
    #[inline(always)]
    pub(super) fn peek(&self, draws: u64) -> Bits {
        Bits(mix(self.state.wrapping_add(draws.wrapping_add(1).wrapping_mul(STEP))))
    }

    /// Goes on past so many draws.
    pub(super) fn skip(&mut self, draws: u64) {
        self.state = self.state.wrapping_add(draws.wrapping_mul(STEP));
    }

    /// Goes back before so many draws.
    pub(super) fn go_back(&mut self, draws: u64) {
        self.state = self.state.wrapping_sub(draws.wrapping_mul(STEP));
    }

    /// 64 random bits.
    #[inline]
    pub(super) fn bits(&mut self) -> Bits {
        self.state = self.state.wrapping_add(STEP);
        Bits(mix(self.state))
    }

    /// See [`Bits::below`].
    #[inline]
    pub(super) fn below(&mut self, count: u64) -> u64 {
        self.bits().below(count)
    }

    /// See [`Bits::place`].
    #[inline]
    pub(super) fn place(&mut self, length: usize) -> usize {
        self.bits().place(length)
    }

    /// See [`Bits::within`].
    #[inline]
    pub(super) fn within(&mut self, span: &Span) -> i64 {
        self.bits().within(span)
    }

    /// See [`Bits::coin`].
    #[inline]
    pub(super) fn coin(&mut self) -> bool {
        self.bits().coin()
    }

    /// See [`Bits::happens`].
    #[inline]
    pub(super) fn happens(&mut self, chance: Chance) -> bool {
        self.bits().happens(chance)
    }

    /// Evenly from 0 to below 1, in steps of 2^-53.
    pub(super) fn unit(&mut self) -> f64 {
        const STEPS: f64 = 9_007_199_254_740_992.0;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let steps = (self.bits().0 >> 11) as f64;
        steps / STEPS
    }
}

/// 64 random bits, and what is made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bits(pub(super) u64);

impl Bits {
    /// Evenly from 0 to `count` - 1; 0 where `count` is 0. Uneven by `count` / 2^64, which nobody can measure.
    #[inline(always)]
    pub(super) fn below(self, count: u64) -> u64 {
        ((u128::from(self.0) * u128::from(count)) >> 64) as u64
    }

    /// A place in a list of that length.
    #[inline(always)]
    pub(super) fn place(self, length: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "below `length`, which is a usize")]
        let place = self.below(length as u64) as usize;
        place
    }

    /// Evenly from a span of integers.
    #[inline(always)]
    pub(super) fn within(self, span: &Span) -> i64 {
        let steps = match span.last_step().checked_add(1) {
            Some(count) => self.below(count),
            None => self.0,
        };
        span.at(steps)
    }

    /// True half the time.
    #[inline(always)]
    pub(super) fn coin(self) -> bool {
        self.0 >> 63 == 1
    }

    /// True with that chance.
    #[inline(always)]
    pub(super) fn happens(self, chance: Chance) -> bool {
        self.0 >> 1 < chance.0
    }
}

/// A probability in 63 bits; of 0 nothing happens, of 1 everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const NEVER: Self = Self(0);

    pub(super) fn new(probability: f64) -> Self {
        const ONE: f64 = 9_223_372_036_854_775_808.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 2^63")]
        let bits = (probability.clamp(0.0, 1.0) * ONE) as u64;
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::{Chance, Key, Stream};
    use crate::generate::span::Span;

    #[test]
    fn the_same_place_draws_the_same() {
        let key = Key::new(7, Stream::Logs);
        let numbers = |index| {
            let mut rng = key.at(index);
            [rng.bits(), rng.bits(), rng.bits()]
        };
        assert_eq!(numbers(5), numbers(5));
        assert_ne!(numbers(5), numbers(6));
        assert_ne!(Key::new(7, Stream::Users).at(5).bits(), numbers(5)[0]);
        assert_ne!(Key::new(8, Stream::Logs).at(5).bits(), numbers(5)[0]);
        // Computed in Python: another value here would change every log of every seed.
        assert_eq!(Key::new(0, Stream::Logs).at(0).bits().0, 6_235_967_106_033_911_276);
        let mut rng = key.at(5);
        let third = rng.peek(2);
        rng.skip(3);
        rng.go_back(1);
        assert_eq!((rng.bits(), third), (numbers(5)[2], numbers(5)[2]));
    }

    #[test]
    fn chances_of_zero_and_one_are_certain() {
        let mut rng = Key::new(1, Stream::Logs).at(0);
        assert!((0..10_000).all(|_| rng.happens(Chance::new(1.0))));
        assert!((0..10_000).all(|_| !rng.happens(Chance::new(0.0))));
        let quarter = (0..100_000).filter(|_| rng.happens(Chance::new(0.25))).count();
        assert!((24_000..26_000).contains(&quarter), "{quarter}");
    }

    #[test]
    fn spans_are_drawn_whole() {
        let mut rng = Key::new(1, Stream::Logs).at(0);
        let dice = Span::new(1, 6, None).unwrap();
        let mut seen = [0; 7];
        for _ in 0..6_000 {
            seen[usize::try_from(rng.within(&dice)).unwrap()] += 1;
        }
        assert_eq!(seen[0], 0);
        assert!(seen[1..].iter().all(|count| (800..1200).contains(count)), "{seen:?}");
        let all = Span::new(i64::MIN, i64::MAX, None).unwrap();
        assert!((0..100).any(|_| rng.within(&all) < 0) && (0..100).any(|_| rng.within(&all) > 0));
    }
}
