//! Thirty-two bytes at a time, in the way that the processor at hand knows best.

/// A stretch of memory.
pub(crate) type Window = [u8; WIDTH];
/// Room for sixteen digits.
pub(crate) type Sixteen = [u8; 16];
/// Bytes in a window; their masks have one bit a byte, the first in the lowest place.
pub(crate) const WIDTH: usize = 32;

/// A way to look at all bytes of a window at once. A value of such a type proves that the processor knows the way.
pub(crate) trait Lanes: Copy {
    /// The bytes that are `"`, `\`, control characters or past ASCII.
    fn specials(self, window: &Window) -> u32;
    /// The bytes that are no decimal digits.
    fn no_digits(self, window: &Window) -> u32;
    /// The bytes that differ.
    fn differences(self, window: &Window, known: &Window) -> u32;
    /// The bytes that don't belong to the class.
    fn strangers(self, window: &Window, class: &Class) -> u32;
    /// The numbers that the first eight and the last eight digits make, those for nothing whose bytes in `own` are zero; None
    /// where another has a byte that is no digit.
    fn number(self, digits: &Sixteen, own: &Sixteen) -> Option<[u32; 2]>;
    /// The hex digits of both numbers, the highest ones first.
    fn hex(self, numbers: [u64; 2]) -> Window;
}

/// A way that every processor of the kind knows.
pub(crate) fn basic() -> impl Lanes {
    #[cfg(target_arch = "x86_64")]
    {
        Sse2
    }
    #[cfg(not(target_arch = "x86_64"))]
    Portable
}

/// The number that eight digits of values 0 to 9 make, the first in the lowest byte: two, four and eight of them at a
/// time (Daniel Lemire, "Quickly parsing eight digits", 2018).
#[inline(always)]
pub(crate) fn eight(word: u64) -> u64 {
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let low = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
    let high = ((pairs >> 16) & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
    low.wrapping_add(high) >> 32
}

/// [`Lanes::number`] eight bytes at a time.
#[inline(always)]
fn number(digits: &Sixteen, own: &Sixteen) -> Option<[u32; 2]> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Added to a byte above 9, the high bit comes up.
    const PAST_NINE: u64 = 0x7676_7676_7676_7676;
    // The last digit is the highest byte; below the first there are zeros.
    let (digits, _) = digits.as_chunks();
    let (own, _) = own.as_chunks();
    let half = |place: usize| match (digits.get(place), own.get(place)) {
        (Some(digits), Some(own)) => (u64::from_le_bytes(*digits) ^ ZEROS) & u64::from_le_bytes(*own),
        _ => 0,
    };
    let (front, back) = (half(0), half(1));
    let wrong = (front.wrapping_add(PAST_NINE) | front | back.wrapping_add(PAST_NINE) | back) & HIGH;
    let value = |half: u64| u32::try_from(eight(half)).unwrap_or(0);
    (wrong == 0).then(|| [value(front), value(back)])
}

/// [`Lanes::hex`] eight digits at a time.
#[inline(always)]
fn hex(numbers: [u64; 2]) -> Window {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut digits = [0; WIDTH];
    let eights = numbers.into_iter().flat_map(|number| [number >> 32, number & 0xFFFF_FFFF]);
    for (place, mut word) in digits.as_chunks_mut::<8>().0.iter_mut().zip(eights) {
        // One digit a byte.
        word = (word | word << 16) & 0x0000_FFFF_0000_FFFF;
        word = (word | word << 8) & 0x00FF_00FF_00FF_00FF;
        word = (word | word << 4) & (0x0F * ONES);
        // 6 more carries a digit above 9 into the fourth bit.
        let letters = (word + 6 * ONES) >> 4 & ONES;
        *place = (word + 0x30 * ONES + letters * 0x27).to_be_bytes();
    }
    digits
}

/// Work that looks at windows. Mark `run` and what it calls `#[inline(always)]`, and leave closures out: only what is
/// inlined is compiled for the processor at hand. Of the rest each look is a call, which costs a tenth of all the judging.
pub(crate) trait Task {
    /// What comes of it.
    type Output;

    /// Does it in the way `lanes`.
    fn run(self, lanes: impl Lanes) -> Self::Output;
}

/// The best way that the processor at hand knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Best {
    #[cfg(target_arch = "x86_64")]
    avx2: Option<Avx2>,
    #[cfg(target_arch = "x86_64")]
    avx512: Option<Avx512>,
}

impl Best {
    /// Asks the processor.
    pub(crate) fn detect() -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            avx2: Avx2::detect(),
            #[cfg(target_arch = "x86_64")]
            avx512: Avx512::detect(),
        }
    }

    /// Does the task in that way.
    #[inline]
    pub(crate) fn run<T: Task>(self, task: T) -> T::Output {
        #[cfg(target_arch = "x86_64")]
        match self.avx2 {
            Some(avx2) => avx2.run(task),
            None => task.run(Sse2),
        }
        #[cfg(not(target_arch = "x86_64"))]
        task.run(Portable)
    }

    /// The same for a task that multiplies 64-bit numbers side by side, which came with AVX-512.
    #[inline]
    pub(crate) fn run_multiplying<T: Task>(self, task: T) -> T::Output {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = self.avx512 {
            return avx512.run(task);
        }
        self.run(task)
    }
}

/// A set of ASCII characters: for each lower half of a byte the upper halves that go with it, one bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Class([u8; 16]);

impl Class {
    /// Adds a character; false if it is past ASCII.
    pub(crate) fn insert(&mut self, byte: u8) -> bool {
        match self.0.get_mut(usize::from(byte & 15)) {
            Some(uppers) if byte < 0x80 => {
                *uppers |= 1 << (byte >> 4);
                true
            }
            _ => false,
        }
    }

    /// Whether the character belongs to it.
    #[inline]
    pub(crate) fn holds(&self, byte: u8) -> bool {
        byte < 0x80 && self.0.get(usize::from(byte & 15)).is_some_and(|uppers| uppers >> (byte >> 4) & 1 == 1)
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
pub(crate) use portable::Portable;
#[cfg(target_arch = "x86_64")]
use x86::{Avx2, Avx512, Sse2};

#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use super::{Class, Lanes, Sixteen, Window};

    /// One byte at a time, on every processor; compilers find lanes in it.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Portable;

    fn mask(window: &Window, is: impl Fn(usize, u8) -> bool) -> u32 {
        window.iter().enumerate().fold(0, |mask, (place, byte)| mask | u32::from(is(place, *byte)) << place)
    }

    impl Lanes for Portable {
        #[inline]
        fn specials(self, window: &Window) -> u32 {
            mask(window, |_, byte| matches!(byte, b'"' | b'\\' | 0..0x20 | 0x80..))
        }

        #[inline]
        fn no_digits(self, window: &Window) -> u32 {
            mask(window, |_, byte| !byte.is_ascii_digit())
        }

        #[inline]
        fn differences(self, window: &Window, known: &Window) -> u32 {
            mask(window, |place, byte| known.get(place) != Some(&byte))
        }

        #[inline]
        fn strangers(self, window: &Window, class: &Class) -> u32 {
            mask(window, |_, byte| !class.holds(byte))
        }

        #[inline]
        fn number(self, digits: &Sixteen, own: &Sixteen) -> Option<[u32; 2]> {
            super::number(digits, own)
        }

        #[inline]
        fn hex(self, numbers: [u64; 2]) -> Window {
            super::hex(numbers)
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "benches/classify.rs, a million of the natural mix: 10.9 million logs a second with AVX2, 7.4 with SSE2, 4.3 \
              without either; generating a log takes 55 ns with AVX-512, 66 with AVX2"
)]
#[expect(clippy::cast_ptr_alignment, reason = "the loads are those that take any address")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_and_si128, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_cvtsi128_si64, _mm_loadu_si128,
        _mm_madd_epi16, _mm_maddubs_epi16, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_packus_epi32,
        _mm_set_epi64x, _mm_set1_epi8, _mm_set1_epi16, _mm_set1_epi32, _mm_setr_epi8, _mm_srli_epi16, _mm_sub_epi8,
        _mm_unpackhi_epi8, _mm_unpacklo_epi8, _mm_xor_si128, _mm256_and_si256, _mm256_broadcastsi128_si256,
        _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
        _mm256_or_si256, _mm256_set_m128i, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
        _mm256_srli_epi16, _mm256_storeu_si256, _mm256_sub_epi8,
    };

    use super::{Class, Lanes, Sixteen, Task, WIDTH, Window};

    /// Sixteen bytes at a time; every x86-64 has it.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Sse2;

    impl Sse2 {
        #[inline(always)]
        #[expect(clippy::cast_sign_loss, reason = "bits")]
        fn mask(window: &Window, found: impl Fn(__m128i, usize) -> __m128i) -> u32 {
            let (chunks, _) = window.as_chunks::<16>();
            let half = |place: usize| {
                // SAFETY: SSE2 belongs to x86-64, and 16 bytes are loaded of 16, at whatever address.
                chunks.get(place).map_or(0, |chunk| unsafe {
                    _mm_movemask_epi8(found(_mm_loadu_si128(chunk.as_ptr().cast::<__m128i>()), place)) as u32
                })
            };
            half(0) | half(1) << 16
        }
    }

    impl Lanes for Sse2 {
        #[inline(always)]
        fn specials(self, window: &Window) -> u32 {
            // SAFETY: SSE2 belongs to x86-64.
            Self::mask(window, |bytes, _| unsafe {
                let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x22));
                let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x5C));
                // As signed bytes, those past ASCII are below zero.
                let low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
                _mm_or_si128(_mm_or_si128(quote, backslash), low)
            })
        }

        #[inline(always)]
        fn no_digits(self, window: &Window) -> u32 {
            // SAFETY: as above.
            !Self::mask(window, |bytes, _| unsafe {
                let above_zero = _mm_sub_epi8(bytes, _mm_set1_epi8(0x30));
                _mm_cmpeq_epi8(_mm_min_epu8(above_zero, _mm_set1_epi8(9)), above_zero)
            })
        }

        #[inline(always)]
        fn differences(self, window: &Window, known: &Window) -> u32 {
            let (known, _) = known.as_chunks::<16>();
            // SAFETY: as above; 16 bytes are loaded of 16.
            !Self::mask(window, |bytes, place| match known.get(place) {
                Some(known) => unsafe { _mm_cmpeq_epi8(bytes, _mm_loadu_si128(known.as_ptr().cast::<__m128i>())) },
                None => bytes,
            })
        }

        #[inline(always)]
        fn strangers(self, window: &Window, class: &Class) -> u32 {
            // Without a lookup in lanes, which came with SSSE3.
            window.iter().zip(0..).fold(0, |mask, (byte, place)| mask | u32::from(!class.holds(*byte)) << place)
        }

        #[inline(always)]
        fn number(self, digits: &Sixteen, own: &Sixteen) -> Option<[u32; 2]> {
            // SSE2 can't multiply bytes.
            super::number(digits, own)
        }

        #[inline(always)]
        fn hex(self, numbers: [u64; 2]) -> Window {
            super::hex(numbers)
        }
    }

    /// Thirty-two bytes at a time.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx2(());

    impl Avx2 {
        /// None where the processor does not have it.
        pub(crate) fn detect() -> Option<Self> {
            let found = std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("bmi1")
                && std::arch::is_x86_feature_detected!("bmi2");
            found.then_some(Self(()))
        }

        /// Does the task as code for such a processor: what it inlines is compiled for AVX2.
        #[inline]
        pub(super) fn run<T: Task>(self, task: T) -> T::Output {
            #[target_feature(enable = "avx2,bmi1,bmi2")]
            fn with_avx2<T: Task>(task: T, avx2: Avx2) -> T::Output {
                task.run(avx2)
            }
            // SAFETY: a value of this type is only made where all three were detected.
            unsafe { with_avx2(task, self) }
        }
    }

    /// AVX2 beside AVX-512, whose instructions the compiler finds use for.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx512(Avx2);

    impl Avx512 {
        /// None where the processor does not have it.
        pub(crate) fn detect() -> Option<Self> {
            let found = std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512dq")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512bw");
            Avx2::detect().filter(|_| found).map(Self)
        }

        /// As [`Avx2::run`].
        #[inline]
        pub(super) fn run<T: Task>(self, task: T) -> T::Output {
            #[target_feature(enable = "avx2,bmi1,bmi2,avx512f,avx512dq,avx512vl,avx512bw")]
            fn with_avx512<T: Task>(task: T, avx2: Avx2) -> T::Output {
                task.run(avx2)
            }
            // SAFETY: a value of this type is only made where all of them were detected.
            unsafe { with_avx512(task, self.0) }
        }
    }

    impl Lanes for Avx2 {
        #[inline(always)]
        fn specials(self, window: &Window) -> u32 {
            // SAFETY: a value of this type is only made where AVX2 was detected.
            unsafe { specials(window) }
        }

        #[inline(always)]
        fn no_digits(self, window: &Window) -> u32 {
            // SAFETY: as above.
            unsafe { no_digits(window) }
        }

        #[inline(always)]
        fn differences(self, window: &Window, known: &Window) -> u32 {
            // SAFETY: as above.
            unsafe { differences(window, known) }
        }

        #[inline(always)]
        fn strangers(self, window: &Window, class: &Class) -> u32 {
            // SAFETY: as above.
            unsafe { strangers(window, class) }
        }

        #[inline(always)]
        fn number(self, digits: &Sixteen, own: &Sixteen) -> Option<[u32; 2]> {
            // SAFETY: as above.
            unsafe { number(digits, own) }
        }

        #[inline(always)]
        fn hex(self, numbers: [u64; 2]) -> Window {
            // SAFETY: as above.
            unsafe { hex(numbers) }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(window: &Window) -> __m256i {
        // SAFETY: 32 bytes are loaded of 32, at whatever address.
        unsafe { _mm256_loadu_si256(window.as_ptr().cast::<__m256i>()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn specials(window: &Window) -> u32 {
        let bytes = load(window);
        let quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x22));
        let backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x5C));
        let low = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), bytes);
        _mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quote, backslash), low)).cast_unsigned()
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn no_digits(window: &Window) -> u32 {
        let above_zero = _mm256_sub_epi8(load(window), _mm256_set1_epi8(0x30));
        let digits = _mm256_cmpeq_epi8(_mm256_min_epu8(above_zero, _mm256_set1_epi8(9)), above_zero);
        !_mm256_movemask_epi8(digits).cast_unsigned()
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn differences(window: &Window, known: &Window) -> u32 {
        !_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(window), load(known))).cast_unsigned()
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn strangers(window: &Window, class: &Class) -> u32 {
        let bytes = load(window);
        // SAFETY: 16 bytes are loaded of 16, at whatever address.
        let uppers = unsafe { _mm_loadu_si128(class.0.as_ptr().cast::<__m128i>()) };
        // A byte past ASCII has its high bit set, and looks up nothing.
        let uppers = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(uppers), bytes);
        let bits = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, i8::MIN, 0, 0, 0, 0, 0, 0, 0, 0));
        let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(15));
        let found = _mm256_and_si256(uppers, _mm256_shuffle_epi8(bits, upper));
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(found, _mm256_setzero_si256())).cast_unsigned()
    }

    /// Digits to pairs, fours and eights; AVX2 has what SSSE3 and SSE4.1 brought.
    #[inline]
    #[target_feature(enable = "avx2")]
    #[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "two numbers of at most 99,999,999")]
    fn number(digits: &Sixteen, own: &Sixteen) -> Option<[u32; 2]> {
        // SAFETY: 16 bytes are loaded of 16, at whatever address.
        let load = |bytes: &Sixteen| unsafe { _mm_loadu_si128(bytes.as_ptr().cast::<__m128i>()) };
        let digits = _mm_and_si128(_mm_xor_si128(load(digits), _mm_set1_epi8(0x30)), load(own));
        let right = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
        let pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
        let fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x0001_0064));
        let eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x0001_2710));
        let both = _mm_cvtsi128_si64(eights) as u64;
        (_mm_movemask_epi8(right) == 0xFFFF).then_some([both as u32, (both >> 32) as u32])
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn hex([high, low]: [u64; 2]) -> Window {
        let bytes = _mm_set_epi64x(low.swap_bytes().cast_signed(), high.swap_bytes().cast_signed());
        let fifteens = _mm_set1_epi8(15);
        let uppers = _mm_and_si128(_mm_srli_epi16::<4>(bytes), fifteens);
        let lowers = _mm_and_si128(bytes, fifteens);
        let places = _mm256_set_m128i(_mm_unpackhi_epi8(uppers, lowers), _mm_unpacklo_epi8(uppers, lowers));
        let mut digits = [0; WIDTH];
        // SAFETY: 16 bytes are loaded of 16, and 32 are stored in 32, at whatever address.
        unsafe {
            let known = _mm_loadu_si128(b"0123456789abcdef".as_ptr().cast::<__m128i>());
            let found = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(known), places);
            _mm256_storeu_si256(digits.as_mut_ptr().cast::<__m256i>(), found);
        }
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Lanes, Portable, WIDTH};

    fn check(lanes: impl Lanes) {
        let mut class = Class::default();
        for byte in b"7\0\x7F@[`{/:ag" {
            assert!(class.insert(*byte));
        }
        assert!(!class.insert(0x80) && !class.insert(0xFF));
        for place in 0..WIDTH {
            for byte in 0..=u8::MAX {
                let mut window = [b'7'; WIDTH];
                window[place] = byte;
                let bit = |found: bool| u32::from(found) << place;
                let special = matches!(byte, b'"' | b'\\' | 0..0x20 | 0x80..);
                assert_eq!(lanes.specials(&window), bit(special), "{byte} at {place}");
                assert_eq!(lanes.no_digits(&window), bit(!byte.is_ascii_digit()), "{byte} at {place}");
                assert_eq!(lanes.strangers(&window, &class), bit(!b"7\0\x7F@[`{/:ag".contains(&byte)), "{byte}");
                assert_eq!(lanes.differences(&window, &[b'7'; WIDTH]), bit(byte != b'7'), "{byte} at {place}");
            }
        }
        let numbers = [0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, 0, u64::MAX, 0x8000_0000_0000_0001];
        for pair in numbers.windows(2) {
            let digits = format!("{:016x}{:016x}", pair[0], pair[1]);
            assert_eq!(lanes.hex([pair[0], pair[1]]), digits.as_bytes());
        }
        for place in 0..16 {
            for byte in 0..=u8::MAX {
                let mut digits = *b"9876543210123456";
                let number =
                    |digits: &[u8]| digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
                let mut own = [0xFF; 16];
                own[..place].fill(0);
                let halves = [digits.get(place..8).unwrap_or_default(), &digits[place.max(8)..]].map(number);
                assert_eq!(lanes.number(&digits, &own), Some(halves), "{place}");
                digits[place] = byte;
                assert_eq!(lanes.number(&digits, &own).is_some(), byte.is_ascii_digit(), "{byte} at {place}");
            }
        }
    }

    #[test]
    fn every_way_says_the_same() {
        check(Portable);
        #[cfg(target_arch = "x86_64")]
        {
            check(super::Sse2);
            if let Some(avx2) = super::Avx2::detect() {
                check(avx2);
            }
        }
    }
}
