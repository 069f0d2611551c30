//! Who hears what, and what the bus costs those who are slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use proptest::prelude::*;

use super::listener::{QUEUE_BYTES_MAX, QUEUE_MESSAGES_MAX};
use super::*;
use crate::record::subject::matches;

fn starts_with(pattern: &[u8], subject: &[u8]) -> bool {
    subject.starts_with(pattern)
}

fn send(bus: &Bus, subject: &str, payload: &[u8]) -> usize {
    bus.send(&Sent::new(subject.as_bytes(), payload))
}

#[derive(Default)]
struct Counter(AtomicUsize);

impl Ear for Counter {
    fn hear(&self, _: &Sent<'_>) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        true
    }
}

fn subject(name: &str) -> Pattern {
    Pattern::of_subject(Bytes::copy_from_slice(name.as_bytes()))
}

#[test]
fn a_message_reaches_names_and_patterns_and_nobody_else() {
    let bus = Bus::default();
    let (mut named, mut patterned, mut other) = (bus.listen(), bus.listen(), bus.listen());
    named.subscribe("news.art".into());
    patterned.subscribe_pattern("news.".into(), starts_with);
    other.subscribe("sport".into());
    assert_eq!(send(&bus, "news.art", b"hi"), 2);
    assert_eq!(named.try_next().map(|message| message.pattern), Some(None));
    let by_pattern = patterned.try_next().and_then(|message| message.pattern);
    assert_eq!(by_pattern, Some("news.".into()));
    assert_eq!(other.try_next(), None);
    drop(named);
    assert_eq!(bus.subscriber_count(b"news.art"), 0);
}

#[test]
fn a_listener_that_does_not_listen_loses_messages_and_holds_nobody_up() {
    let bus = Bus::default();
    let mut deaf = bus.listen();
    deaf.subscribe("s".into());
    for _ in 0..=QUEUE_MESSAGES_MAX {
        send(&bus, "s", b"");
    }
    assert_eq!(bus.lost(), 1);
}

#[test]
fn what_waits_for_a_listener_is_bounded_in_bytes_too() {
    let bus = Bus::default();
    let mut deaf = bus.listen();
    deaf.subscribe("s".into());
    let large = vec![0; QUEUE_BYTES_MAX / 2];
    let heard: Vec<usize> = (0..3).map(|_| send(&bus, "s", &large)).collect();
    assert_eq!(heard, [1, 0, 0]);
    assert!(deaf.try_next().is_some());
    assert_eq!(send(&bus, "s", &large), 1, "there is room again");
}

#[test]
fn a_listener_that_goes_takes_its_patterns_along_and_no_others() {
    let bus = Bus::default();
    let (mut gone, mut stays) = (bus.listen(), bus.listen());
    for pattern in ["a", "b"] {
        gone.subscribe_pattern(pattern.into(), starts_with);
        stays.subscribe_pattern(pattern.into(), starts_with);
    }
    gone.subscribe_pattern("c".into(), starts_with);
    drop(gone);
    assert_eq!(bus.pattern_count(), 2);
    assert_eq!(send(&bus, "abc", b""), 1);
    assert_eq!(send(&bus, "c", b""), 0);
}

#[test]
fn one_member_of_a_group_hears_each_message_and_none_is_left_out_for_long() {
    let bus = Bus::default();
    let ears: Vec<Arc<Counter>> = (0..3).map(|_| Arc::default()).collect();
    let join = |ear: &Arc<Counter>| bus.subscribe(subject("jobs.*"), Some("g".into()), ear.clone());
    let members: Vec<Subscribed> = ears.iter().map(join).collect();
    let sent = (0..300).map(|_| send(&bus, "jobs.a", b"")).sum::<usize>();
    let heard = ears.iter().map(|ear| ear.0.load(Ordering::Relaxed));
    assert_eq!((sent, heard.clone().sum::<usize>()), (300, 300));
    assert!(heard.min() > Some(30));
    drop(members);
    assert_eq!(send(&bus, "jobs.a", b""), 0);
}

#[test]
fn routes_are_forgotten_when_somebody_comes_or_goes() {
    let bus = Bus::default();
    let mut routes = Routes::default();
    let message = Sent::new(b"a.b", b"");
    assert_eq!(bus.send_along(&mut routes, &message), 0);
    let first = bus.subscribe(subject("a.>"), None, Arc::new(Counter::default()));
    assert_eq!(bus.send_along(&mut routes, &message), 1);
    drop(first);
    assert_eq!(bus.send_along(&mut routes, &message), 0);
}

#[test]
fn an_audience_is_told_before_it_can_hear() {
    let bus = Bus::default();
    let begun = Arc::new(AtomicUsize::new(0));
    let count = begun.clone();
    bus.audience().when_begun(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let other = bus.subscribe(subject("orders.>"), None, Arc::new(Counter::default()));
    assert!(!bus.audience().is_present());
    let ear = bus.subscribe(subject("db.users.>"), None, Arc::new(Counter::default()));
    let more = bus.subscribe(subject(">"), None, Arc::new(Counter::default()));
    assert_eq!(begun.load(Ordering::Relaxed), 1);
    drop((ear, more, other));
    assert!(!bus.audience().is_present());
}

proptest! {
    /// The trie and the plain rule agree, whatever was added and removed before.
    #[test]
    fn the_trie_finds_what_the_rule_says(
        patterns in proptest::collection::vec("([ab*]|>)(\\.[ab*]){0,2}(\\.>)?", 1..8),
        gone in 0usize..8,
        name in "[ab](\\.[ab]){0,3}",
    ) {
        let bus = Bus::default();
        let mut held: Vec<(String, Subscribed)> = patterns
            .iter()
            .filter(|pattern| !pattern.starts_with('>') || pattern.len() == 1)
            .map(|pattern| {
                let ear = Arc::new(Counter::default());
                (pattern.clone(), bus.subscribe(subject(pattern), None, ear))
            })
            .collect();
        if gone < held.len() {
            held.remove(gone);
        }
        let wanted = held
            .iter()
            .filter(|(pattern, _)| matches(pattern.as_bytes(), name.as_bytes()));
        prop_assert_eq!(send(&bus, &name, b""), wanted.count());
    }
}
