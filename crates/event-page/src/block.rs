//! Finds quotes, backslashes and control characters in blocks of 64 bytes, as bit masks.
//!
//! Owns the code that depends on the processor; it uses only vector instructions that every processor of the architecture has.
//! `scan` and `write` interpret the bytes.

use wide::u8x16;

/// Bytes in a block.
pub(crate) const SIZE: usize = 64;

/// One bit for each byte of a block, the lowest for the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteMasks {
    /// `"`.
    pub(crate) quotes: u64,
    /// `\`.
    pub(crate) backslashes: u64,
    /// Below U+0020.
    pub(crate) controls: u64,
}

impl ByteMasks {
    /// The marks of the block at `at`; bits after the end of `bytes` are 0.
    #[inline(always)]
    pub(crate) fn at(bytes: &[u8], at: usize) -> Self {
        match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            Some(block) => Self::of(block),
            None => Self::of_rest(bytes, at),
        }
    }

    /// The marks of a partial block, read from the end of `bytes` if they have at least one block.
    #[inline(never)]
    fn of_rest(bytes: &[u8], at: usize) -> Self {
        let rest = bytes.get(at..).unwrap_or_default();
        if let (Some(last), false) = (bytes.last_chunk(), rest.is_empty()) {
            let Self { quotes, backslashes, controls } = Self::of(last);
            let before = SIZE - rest.len();
            return Self { quotes: quotes >> before, backslashes: backslashes >> before, controls: controls >> before };
        }
        let mut block = [b' '; SIZE];
        block.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        Self::of(&block)
    }

    /// All marks: bytes that a JSON string must escape.
    #[inline]
    pub(crate) fn any(self) -> u64 {
        self.quotes | self.backslashes | self.controls
    }

    #[inline(always)]
    fn of(block: &[u8; SIZE]) -> Self {
        let (quarters, _none) = block.as_chunks();
        let [a, b, c, d] = [0, 1, 2, 3].map(|index| u8x16::new(quarters.get(index).copied().unwrap_or_default()));
        let quotes = bits([is_quote(a), is_quote(b), is_quote(c), is_quote(d)]);
        // Both are rare, so they are first searched for together.
        let backslashes = [is_backslash(a), is_backslash(b), is_backslash(c), is_backslash(d)];
        let controls = [is_control(a), is_control(b), is_control(c), is_control(d)];
        let (some_backslash, some_control) = (either(backslashes), either(controls));
        if (some_backslash | some_control).to_bitmask() == 0 {
            return Self { quotes, backslashes: 0, controls: 0 };
        }
        let controls = if some_control.to_bitmask() == 0 { 0 } else { bits(controls) };
        Self { quotes, backslashes: bits(backslashes), controls }
    }
}

#[inline]
fn either([a, b, c, d]: [u8x16; 4]) -> u8x16 {
    (a | b) | (c | d)
}

#[inline]
fn bits(quarters: [u8x16; 4]) -> u64 {
    let [a, b, c, d] = quarters.map(|quarter| u64::from(quarter.to_bitmask()));
    a | b << 16 | c << 32 | d << 48
}

#[inline]
fn is_quote(bytes: u8x16) -> u8x16 {
    bytes.simd_eq(u8x16::splat(b'"'))
}

#[inline]
fn is_backslash(bytes: u8x16) -> u8x16 {
    bytes.simd_eq(u8x16::splat(b'\\'))
}

#[inline]
fn is_control(bytes: u8x16) -> u8x16 {
    bytes.min(u8x16::splat(0x1f)).simd_eq(bytes)
}

/// Bytes that are checked for a number at a time.
pub(crate) const SHORT: usize = 16;

/// The number of leading digits.
#[inline]
pub(crate) fn digits(bytes: &[u8; SHORT]) -> usize {
    let values = u8x16::new(*bytes) - u8x16::splat(b'0');
    values.min(u8x16::splat(9)).simd_eq(values).to_bitmask().trailing_ones() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(block: &[u8; SIZE]) -> ByteMasks {
        let bits = |is: fn(u8) -> bool| block.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(is(*byte)));
        ByteMasks { quotes: bits(|b| b == b'"'), backslashes: bits(|b| b == b'\\'), controls: bits(|b| b < b' ') }
    }

    #[test]
    fn every_byte_at_every_place_is_marked_as_what_it_is() {
        for byte in 0..=u8::MAX {
            for place in 0..SIZE {
                let mut block = [b'x'; SIZE];
                block[place] = byte;
                let expected = naive(&block);
                assert_eq!(ByteMasks::of(&block), expected, "{byte:#x} at {place}");
                assert_eq!(ByteMasks::at(&block[..place], 0).any(), 0);
            }
        }
    }

    #[test]
    fn digits_end_where_a_loop_would_end_them() {
        for byte in 0..=u8::MAX {
            for place in 0..SHORT {
                for fill in [b'x', b'7'] {
                    let mut short = [fill; SHORT];
                    short[place] = byte;
                    let count = short.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    assert_eq!(digits(&short), count, "{short:?}");
                }
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_marked_as_a_loop_would(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), at in 0_usize..100) {
            let mut block = [b' '; SIZE];
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest.len().min(SIZE);
            block[..length].copy_from_slice(&rest[..length]);
            let expected = naive(&block);
            proptest::prop_assert_eq!(ByteMasks::at(&bytes, at), expected);
        }
    }
}
