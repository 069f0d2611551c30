//! Blocks: a body as it grows. In one piece it would be there twice whenever it has
//! outgrown its room, and have room for twice what was counted.

use bytes::Bytes;

/// No block is longer, unless it came so.
const BLOCK_BYTES: usize = 1 << 20;

/// What has come so far.
#[derive(Default)]
pub struct Blocks {
    blocks: Vec<Vec<u8>>,
    len: usize,
}

impl Blocks {
    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds a part: into the room that the last block has left, then into a new one.
    pub fn add(&mut self, part: &[u8]) {
        let room = |block: &Vec<u8>| block.capacity() - block.len();
        let left = self.blocks.last().map_or(0, room).min(part.len());
        let (here, beyond) = part.split_at(left);
        if let Some(last) = self.blocks.last_mut() {
            last.extend_from_slice(here);
        }
        if !beyond.is_empty() {
            let room = beyond.len().max(self.len.min(BLOCK_BYTES));
            let mut block = Vec::with_capacity(room);
            block.extend_from_slice(beyond);
            self.blocks.push(block);
        }
        self.len += part.len();
    }

    /// All of it in one piece; each block goes when it is copied.
    pub fn whole(mut self) -> Bytes {
        if self.blocks.len() <= 1 {
            return self.blocks.pop().unwrap_or_default().into();
        }
        let mut whole = Vec::with_capacity(self.len);
        for block in self.blocks {
            whole.extend_from_slice(&block);
        }
        whole.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_any_length_come_back_in_order() {
        for lengths in [
            &[][..],
            &[5],
            &[3, 1, 4000, 1, 1, 7],
            &[BLOCK_BYTES + 3, 2, 9],
        ] {
            let mut blocks = Blocks::default();
            let mut expected = Vec::new();
            for (nth, length) in lengths.iter().enumerate() {
                let part = vec![u8::try_from(nth).unwrap_or(0); *length];
                blocks.add(&part);
                expected.extend(part);
            }
            assert_eq!(blocks.len(), expected.len());
            assert_eq!(blocks.whole(), expected);
        }
    }

    #[test]
    fn room_that_was_not_asked_for_is_a_block_at_most() {
        let mut blocks = Blocks::default();
        for _ in 0..5000 {
            blocks.add(&[0; 1000]);
        }
        let room: usize = blocks.blocks.iter().map(Vec::capacity).sum();
        assert!(room - blocks.len() <= BLOCK_BYTES, "{room}");
    }
}
