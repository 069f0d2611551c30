//! The slot of a key: CRC16-XMODEM of its hash tag, modulo 16,384.

/// How many slots there are, in every cluster, for ever.
pub const SLOT_COUNT: u16 = 16_384;

/// The slot of a Redis spelling. Only the bytes inside the first non-empty
/// `{...}` count, so that related keys can be made to live together.
pub fn slot(spelling: &[u8]) -> u16 {
    crc16(hash_tag(spelling)) % SLOT_COUNT
}

fn hash_tag(spelling: &[u8]) -> &[u8] {
    let Some(open) = spelling.iter().position(|&byte| byte == b'{') else {
        return spelling;
    };
    let rest = spelling.get(open + 1..).unwrap_or_default();
    match rest.iter().position(|&byte| byte == b'}') {
        Some(close) if close > 0 => rest.get(..close).unwrap_or(spelling),
        _ => spelling,
    }
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, &byte| {
        let index = usize::from((crc >> 8) as u8 ^ byte);
        (crc << 8) ^ TABLE[index]
    })
}

const TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0u16; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 {
                (crc << 1) ^ 0x1021
            } else {
                crc << 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_the_specification_gives() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
    }

    #[test]
    fn only_the_first_non_empty_tag_counts() {
        assert_eq!(slot(b"{user}.a"), slot(b"{user}.b"));
        assert_eq!(hash_tag(b"foo{}{bar}"), b"foo{}{bar}");
        assert_eq!(hash_tag(b"foo{{bar}}zap"), b"{bar");
        assert_eq!(hash_tag(b"foo{bar}{zap}"), b"bar");
    }
}
