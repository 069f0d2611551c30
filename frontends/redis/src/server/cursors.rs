//! Where HSCAN, SSCAN and ZSCAN go on: a small number for a name that may be long.
//!
//! A cursor of an element scan must be a number, while the place it stands for is the name of an
//! element. The last few thousand places are kept, oldest forgotten first. A scan whose place was
//! forgotten starts over: elements may come twice, which SCAN allows, and none is missed.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use parking_lot::Mutex;

/// How many places are kept.
const PLACE_COUNT_MAX: usize = 16 * 1024;

/// Places by number.
#[derive(Debug, Default)]
pub struct Cursors {
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    last: u64,
    by_number: HashMap<u64, Bytes>,
    order: VecDeque<u64>,
}

impl Cursors {
    /// Keeps a place and returns its number, never 0.
    pub fn keep(&self, place: Bytes) -> u64 {
        let mut places = self.places.lock();
        places.last += 1;
        let number = places.last;
        // A slice of a client's request would keep the whole request alive.
        places
            .by_number
            .insert(number, Bytes::copy_from_slice(&place));
        places.order.push_back(number);
        if places.order.len() > PLACE_COUNT_MAX
            && let Some(oldest) = places.order.pop_front()
        {
            places.by_number.remove(&oldest);
        }
        number
    }

    /// The place of a number; `None` for 0 and for a forgotten one: start over.
    #[must_use]
    pub fn place(&self, number: u64) -> Option<Bytes> {
        self.places.lock().by_number.get(&number).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_until_too_many_came_after() {
        let cursors = Cursors::default();
        let first = cursors.keep(Bytes::from_static(b"a"));
        assert_eq!(cursors.place(first), Some(Bytes::from_static(b"a")));
        for _ in 0..PLACE_COUNT_MAX {
            cursors.keep(Bytes::from_static(b"b"));
        }
        assert_eq!(cursors.place(first), None);
        assert_eq!(cursors.place(0), None);
    }
}
