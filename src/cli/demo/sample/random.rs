//! The demo's source of chance: the same seed gives the same logs (to the millisecond on one platform; logarithms may
//! differ in their last bit on another).
//!
//! The generator is `SplitMix64` (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
//! Never: used for anything secret.

/// A sequence of numbers that follows from its seed.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// A sequence for one purpose: different names give unrelated sequences from the same seed.
    pub(super) fn named(seed: u64, name: &str) -> Self {
        // FNV-1a, only to spread names over the state.
        let spread = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        Self(name.bytes().fold(seed ^ 0xCBF2_9CE4_8422_2325, spread))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 up to, not including, `bound`; 0 for a bound of 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let wide = (u128::from(self.next()) * u128::from(bound)) >> 64;
        u32::try_from(wide).unwrap_or(0)
    }

    pub(super) fn between(&mut self, least: u32, greatest: u32) -> u32 {
        least + self.below(greatest.saturating_sub(least) + 1)
    }

    /// True `per_mille` times in a thousand.
    pub(super) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// One of `items`, which are never none.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, items: &[T; N]) -> T {
        const { assert!(N > 0) };
        items[self.below(N as u32) as usize]
    }

    /// One of `items`, the first few far more often than the last: popularity as paths and users have it.
    pub(super) fn pick_early<T: Copy, const N: usize>(&mut self, items: &[T; N]) -> T {
        const { assert!(N > 0) };
        let bound = self.below(N as u32) + 1;
        items[self.below(bound) as usize]
    }

    /// From 0 up to, not including, 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Waiting time until the next of events that come independently, `mean` apart on average; at least 1.
    pub(super) fn wait(&mut self, mean: f64) -> i64 {
        (-(1.0 - self.fraction()).ln() * mean).round().max(1.0) as i64
    }

    /// A latency: log-normal around `median`, now and then several times as long; at least 1.
    pub(super) fn latency(&mut self, median: u32) -> u32 {
        // Twelve uniform numbers less six are near enough to a normal one.
        let normal: f64 = (0..12).map(|_| self.fraction()).sum::<f64>() - 6.0;
        let usual = f64::from(median) * (normal * 0.45).exp();
        let slow = if self.chance(15) { f64::from(self.between(3, 9)) } else { 1.0 };
        (usual * slow).round().clamp(1.0, 29_000.0) as u32
    }

    /// In the form of a version 4 UUID.
    pub(super) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xFFFF,
            high & 0xFFF,
            low >> 48 & 0x3FFF | 0x8000,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}
