//! What makes an RSA public key too weak to verify with.
//!
//! Sizes and exponents by NIST SP 800-56B and RFC 8017; keys with the ROCA structure (CVE-2017-15361) by the
//! published fingerprint: such a modulus is, modulo every small prime, a power of 65537. It checks numbers
//! only; `jwk` decides what a finding means.

/// Bits of the smallest and largest modulus that is used.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The odd primes of the ROCA fingerprint, those up to 167 (Nemec et al., CCS 2017, table 1: 39 primes).
const ROCA_PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127,
    131, 137, 139, 149, 151, 157, 163, 167,
];

/// Why an RSA public key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakRsa {
    /// Shorter than 2048 or longer than 8192 bits.
    #[error("modulus of {0} bits is not 2048 to 8192")]
    Size(usize),
    /// An even modulus is not a product of two large primes.
    #[error("modulus is even")]
    EvenModulus,
    /// Not an odd number from 3 up to 2^33 - 1 (the largest the crypto library takes).
    #[error("public exponent is even, below 3 or above 33 bits")]
    Exponent,
    /// Made by the generator of CVE-2017-15361; its private key can be computed.
    #[error("modulus has the ROCA fingerprint")]
    Roca,
}

/// Checks big-endian numbers without leading zeros.
pub(super) fn check(modulus: &[u8], exponent: &[u8]) -> Result<(), WeakRsa> {
    let bits = bit_length(modulus);
    if !MODULUS_BITS.contains(&bits) {
        return Err(WeakRsa::Size(bits));
    }
    if !is_odd(modulus) {
        return Err(WeakRsa::EvenModulus);
    }
    if !is_odd(exponent) || exponent == [1] || bit_length(exponent) > 33 {
        return Err(WeakRsa::Exponent);
    }
    if ROCA_PRIMES.iter().all(|&prime| is_power_of_65537(remainder(modulus, prime), prime)) {
        return Err(WeakRsa::Roca);
    }
    Ok(())
}

fn bit_length(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, &byte| (rest * 256 + u32::from(byte)) % prime)
}

fn is_power_of_65537(value: u32, prime: u32) -> bool {
    let mut power = 1;
    for _ in 0..prime {
        if power == value {
            return true;
        }
        power = power * 65537 % prime;
    }
    false
}
