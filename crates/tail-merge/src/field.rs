//! Arithmetic modulo the prime 2⁶¹ − 1, for sums of powers of fingerprints.

/// 2⁶¹ − 1, a Mersenne prime: a product is reduced by two additions.
pub(crate) const PRIME: u64 = (1 << 61) - 1;

/// The residue of a fingerprint. All 128 bits count.
pub(crate) fn element(fingerprint: u128) -> u64 {
    // Never zero: an element of value zero would not show in a sum.
    (fingerprint % u128::from(PRIME - 1)) as u64 + 1
}

pub(crate) fn add(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= PRIME { sum - PRIME } else { sum }
}

pub(crate) fn sub(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + PRIME - b }
}

pub(crate) fn mul(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64
}

/// The multiplicative inverse, by Fermat's little theorem; `a` is not zero.
pub(crate) fn inverse(a: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, a, PRIME - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul(result, base);
        }
        base = mul(base, base);
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operations_undo_each_other() {
        for a in [1, 2, 3, 12_345, 1 << 60, PRIME - 1] {
            for b in [0, 1, 7, 1 << 59, PRIME - 1] {
                assert_eq!(sub(add(a, b), b), a);
            }
            assert_eq!(mul(a, inverse(a)), 1);
        }
        assert!((1..PRIME).contains(&element(0)) && (1..PRIME).contains(&element(u128::MAX)));
    }
}
