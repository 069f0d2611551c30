//! Flow control: how much may be on its way to a push consumer's subscriber before it says
//! that it has come so far.
//!
//! The window begins small and doubles with each answer. Once more than half of it has been
//! sent, the subscriber is asked to answer; when all of it has, nothing more is sent until it
//! does. A heartbeat repeats what was asked, so that a lost question stalls nobody.

use bytes::Bytes;

/// The widest window, bytes.
const WINDOW_BYTES_MAX: u64 = 32 << 20;
/// The first one.
const WINDOW_BYTES_FIRST: u64 = WINDOW_BYTES_MAX / 16;

/// What is on its way to a subscriber.
#[derive(Debug)]
pub(super) struct Flow {
    window_bytes: u64,
    sent_bytes: u64,
    asked: Option<Question>,
}

#[derive(Debug)]
struct Question {
    /// Where the answer goes.
    subject: Bytes,
    /// What had been sent when it was asked.
    sent_bytes: u64,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            window_bytes: WINDOW_BYTES_FIRST,
            sent_bytes: 0,
            asked: None,
        }
    }
}

impl Flow {
    /// Must it wait for an answer?
    pub fn is_full(&self) -> bool {
        self.sent_bytes > self.window_bytes
    }

    /// So much more was sent. Is it time to ask?
    pub fn send(&mut self, bytes: u64) -> bool {
        self.sent_bytes += bytes;
        self.asked.is_none() && self.sent_bytes > self.window_bytes / 2
    }

    /// Whoever has got everything so far answers on this subject.
    pub fn ask(&mut self, subject: Bytes) {
        self.asked = Some(Question {
            subject,
            sent_bytes: self.sent_bytes,
        });
    }

    /// The subject of the answer that is waited for.
    pub fn asked(&self) -> Option<&Bytes> {
        self.asked.as_ref().map(|question| &question.subject)
    }

    /// An answer has come; one to another question means nothing.
    pub fn answer(&mut self, subject: &[u8]) {
        if let Some(question) = self.asked.take_if(|question| question.subject == subject) {
            self.sent_bytes -= question.sent_bytes;
            self.window_bytes = (self.window_bytes * 2).min(WINDOW_BYTES_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_window_waits_for_its_answer_and_doubles_with_it() {
        let mut flow = Flow::default();
        assert!(!flow.send(WINDOW_BYTES_FIRST / 2));
        assert!(flow.send(1));
        flow.ask(Bytes::from_static(b"first"));
        assert!(!flow.send(WINDOW_BYTES_FIRST / 2) && flow.is_full());
        flow.answer(b"another");
        assert!(flow.is_full());
        flow.answer(b"first");
        assert!(!flow.is_full());
        assert_eq!(flow.window_bytes, 2 * WINDOW_BYTES_FIRST);
        assert_eq!(flow.sent_bytes, WINDOW_BYTES_FIRST / 2);
        assert_eq!(flow.asked(), None);
    }

    #[test]
    fn the_window_has_an_end() {
        let mut flow = Flow::default();
        for _ in 0..20 {
            assert!(flow.send(WINDOW_BYTES_MAX));
            flow.ask(Bytes::from_static(b"again"));
            flow.answer(b"again");
        }
        assert_eq!(flow.window_bytes, WINDOW_BYTES_MAX);
        assert!(!flow.is_full());
    }
}
