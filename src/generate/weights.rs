//! Drawing by weight in constant time: an alias table (Walker 1974, built as Vose 1991 says).

use super::rng::{Bits, Rng};

/// Places of a list, each drawn as often as its weight says.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Of 2^32 draws of this slot so many give `own`, the rest `other`.
    keep: u64,
    own: u32,
    other: u32,
}

impl Weights {
    /// A table of these weights, finite and not negative; None where all are 0. A place of weight 0 is never drawn.
    pub(super) fn new(weights: impl IntoIterator<Item = f64>) -> Option<Self> {
        let entries: Vec<(u32, f64)> = (0..).zip(weights).filter(|(_, weight)| *weight > 0.0).collect();
        let total: f64 = entries.iter().map(|(_, weight)| weight).sum();
        if entries.is_empty() || !total.is_finite() {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a list that long does not fit in memory")]
        let count = entries.len() as f64;
        let mut share: Vec<f64> = entries.iter().map(|(_, weight)| weight / total * count).collect();
        let mut slots: Vec<Slot> =
            entries.iter().map(|(place, _)| Slot { keep: 1 << 32, own: *place, other: *place }).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..slots.len()).partition(|slot| share[*slot] < 1.0);
        while let (Some(less), Some(more)) = (small.pop(), large.last().copied()) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share below 1")]
            let keep = (share[less] * 4_294_967_296.0).round() as u64;
            slots[less].keep = keep;
            slots[less].other = entries[more].0;
            share[more] -= 1.0 - share[less];
            if share[more] < 1.0 {
                large.pop();
                small.push(more);
            }
        }
        Some(Self { slots })
    }

    /// The same weight for each of `count` places.
    pub(super) fn even(count: usize) -> Option<Self> {
        Self::new(std::iter::repeat_n(1.0, count))
    }

    /// A place.
    #[inline]
    pub(super) fn draw(&self, rng: &mut Rng) -> usize {
        self.pick(rng.bits())
    }

    /// The place that those bits stand for.
    #[inline(always)]
    pub(super) fn pick(&self, Bits(bits): Bits) -> usize {
        let slot = self.slots[(((bits >> 32) * self.slots.len() as u64) >> 32) as usize];
        let place = if bits & 0xFFFF_FFFF < slot.keep { slot.own } else { slot.other };
        place as usize
    }
}

/// Where the place n happens with the chance `shares[n]`: the chance of each that it is the first to happen, and the
/// chance that none does.
pub(super) fn first_to_happen(shares: impl IntoIterator<Item = f64>) -> (Vec<f64>, f64) {
    let mut none_before = 1.0;
    let mut first = Vec::new();
    for share in shares {
        first.push(none_before * share);
        none_before *= 1.0 - share;
    }
    (first, none_before)
}

#[cfg(test)]
mod tests {
    use super::Weights;
    use crate::generate::rng::{Key, Stream};

    fn counts<const N: usize>(weights: [f64; N]) -> [u32; N] {
        let weights = Weights::new(weights).unwrap();
        let mut rng = Key::new(3, Stream::Logs).at(0);
        let mut counts = [0; N];
        for _ in 0..100_000 {
            counts[weights.draw(&mut rng)] += 1;
        }
        counts
    }

    #[test]
    fn draws_by_weight() {
        let found = counts([5.0, 0.0, 1.0, 0.08, 3.92]);
        for (count, share) in found.into_iter().zip([0.5, 0.0, 0.1, 0.008, 0.392]) {
            assert!((f64::from(count) / 100_000.0 - share).abs() < 0.005, "{found:?}");
        }
        assert_eq!(found[1], 0);
    }

    #[test]
    fn nothing_to_draw_from_is_none() {
        assert!(Weights::new([]).is_none());
        assert!(Weights::new([0.0, 0.0]).is_none());
        assert!(Weights::new([f64::MAX, f64::MAX]).is_none());
        assert_eq!(counts([0.0, 2.0]), [0, 100_000]);
    }
}
