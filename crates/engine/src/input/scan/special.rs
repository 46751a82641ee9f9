//! The bytes that end a part of a text of JSON.

/// The number of bytes before the first quote, backslash or control character; the length if none occurs. Most texts are short,
/// so the first bytes are compared eight at once, and only those of a long text thirty-two at once.
pub(super) fn special(bytes: &[u8]) -> usize {
    const SHORT: usize = 32;
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        if let Some(found) = special_of(*chunk) {
            return bytes.len() - rest.len() + found;
        }
        rest = behind;
        if bytes.len() - rest.len() < SHORT {
            continue;
        }
        // Without a branch for each byte, so that the compiler uses vector instructions.
        while let Some((chunk, behind)) = rest.split_first_chunk::<32>()
            && !chunk.iter().fold(false, |found, byte| found | is_special(*byte))
        {
            rest = behind;
        }
    }
    bytes.len() - rest.len() + rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len())
}

/// The first special byte of eight. A byte below `n` sets its highest bit in `(x - n) & !x`; bytes above it, which come later,
/// may be set too.
fn special_of(chunk: [u8; 8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let less = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word & HIGH;
    let equal = |word: u64, to: u8| less(word ^ (ONES * u64::from(to)), 1);
    let word = u64::from_le_bytes(chunk);
    let found = less(word, 0x20) | equal(word, b'"') | equal(word, b'\\');
    (found != 0).then(|| (found.trailing_zeros() / 8) as usize)
}
