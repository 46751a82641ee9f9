//! The number encodings of the files: little-endian integers and variable-length integers.
//!
//! Reading never panics: malformed input is `None`, and the caller reports the file and offset. See also `wal::record` and
//! `segment`.

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The zigzag-encoded difference of two numbers: small differences of either sign become small numbers.
pub(crate) fn difference(value: u64, base: u64) -> u64 {
    let signed = value.wrapping_sub(base).cast_signed();
    ((signed << 1) ^ (signed >> 63)).cast_unsigned()
}

/// The inverse of [`difference`].
pub(crate) fn add_difference(base: u64, encoded: u64) -> u64 {
    base.wrapping_add((encoded >> 1) ^ (encoded & 1).wrapping_neg())
}

/// Reads numbers from the front of a slice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Input<'a> {
        Input { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(value: u64, base: u64) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, difference(value, base));
            let mut input = Input::new(&bytes);
            prop_assert_eq!(input.varint().map(|encoded| add_difference(base, encoded)), Some(value));
            prop_assert!(input.is_empty());
        }
    }
}
