//! Documents that look like a shop's, the same ones on every machine: titles and texts of
//! words whose frequencies follow Zipf's law, numbers, dates, keywords.

use serde_json::{Map, Value as Json, json};

/// Words of titles, the frequent ones first.
pub const NOUNS: [&str; 48] = [
    "shoe", "red", "running", "light", "boots", "blue", "jacket", "wool", "winter", "coat",
    "green", "leather", "lamp", "chair", "black", "table", "steel", "garden", "cotton", "scarf",
    "summer", "kitchen", "white", "hat", "travel", "bag", "mountain", "tent", "wood", "bottle",
    "yellow", "knife", "river", "boat", "heavy", "rope", "silver", "watch", "glass", "mirror",
    "copper", "kettle", "orange", "blanket", "purple", "ladder", "golden", "compass",
];
/// Words that texts are full of.
const LITTLE: [&str; 32] = [
    "the", "of", "and", "a", "in", "to", "is", "for", "with", "on", "that", "by", "it", "as",
    "from", "at", "an", "are", "this", "or", "not", "which", "but", "can", "more", "its", "was",
    "has", "when", "than", "into", "other",
];
/// What rare words are made of.
const SYLLABLES: [&str; 16] = [
    "ba", "ke", "lo", "mi", "nu", "par", "ri", "so", "ta", "vel", "dor", "fe", "gan", "hu", "jo",
    "zen",
];
/// How many different words texts have.
const WORD_COUNT: u64 = 4000;
const CITIES: [&str; 12] = [
    "Oslo", "Bergen", "Paris", "Lyon", "Rome", "Milan", "Berlin", "Hamburg", "Madrid", "Porto",
    "Vienna", "Prague",
];

/// Numbers that look random and repeat from their seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// From 0 up to `count`, number n about as often as 1 / (n + 1).
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss
    )]
    fn zipf(&mut self, count: u64) -> usize {
        let part = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((count as f64 + 1.0).powf(part) as u64 - 1).min(count - 1) as usize
    }
}

/// The word of a rank, 0 the most frequent.
pub fn word(rank: usize) -> String {
    // Little words and nouns take turns, rare words follow.
    let (half, is_noun) = (rank / 2, rank % 2 == 1);
    match (is_noun, LITTLE.get(half), NOUNS.get(half)) {
        (false, Some(word), _) | (true, _, Some(word)) => (*word).to_owned(),
        _ => {
            let digits = [rank / 256 % 16, rank / 16 % 16, rank % 16];
            digits.iter().map(|digit| SYLLABLES[*digit]).collect()
        }
    }
}

fn words(dice: &mut Dice, count: u64) -> String {
    let words: Vec<String> = (0..count).map(|_| word(dice.zipf(WORD_COUNT))).collect();
    words.join(" ")
}

/// A document, and its id; ids sort as their numbers do.
pub fn document(number: u64) -> (String, Map<String, Json>) {
    let dice = &mut Dice(number.wrapping_mul(7919));
    let title_words = 2 + dice.below(4);
    let title: Vec<&str> = (0..title_words)
        .map(|_| NOUNS[dice.zipf(NOUNS.len() as u64)])
        .collect();
    let tag_count = 1 + dice.below(3);
    let tags: Vec<&str> = (0..tag_count).map(|_| NOUNS[dice.zipf(20)]).collect();
    let text_length = 15 + dice.below(40);
    let mut fields = Map::new();
    fields.insert("title".to_owned(), json!(title.join(" ")));
    fields.insert("text".to_owned(), json!(words(dice, text_length)));
    fields.insert("tags".to_owned(), json!(tags));
    // One in five has no city.
    if dice.below(5) > 0 {
        fields.insert("city".to_owned(), json!(CITIES[dice.zipf(12)]));
    }
    #[allow(clippy::cast_precision_loss)]
    let price = (100 + dice.below(50_000)) as f64 / 100.0;
    fields.insert("price".to_owned(), json!(price));
    fields.insert("stock".to_owned(), json!(dice.zipf(1000)));
    fields.insert("sold".to_owned(), json!(dice.below(3) == 0));
    let (month, day) = (1 + dice.below(12), 1 + dice.below(28));
    let (hour, minute) = (dice.below(24), dice.below(60));
    let year = 2020 + dice.below(5);
    let since = format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z");
    fields.insert("since".to_owned(), json!(since));
    (format!("d{number:06}"), fields)
}

/// The mapping of these documents.
pub fn mapping() -> Json {
    json!({"mappings": {"properties": {
        "title": {"type": "text"},
        "text": {"type": "text", "analyzer": "english"},
        "tags": {"type": "keyword"},
        "city": {"type": "keyword"},
        "price": {"type": "double"},
        "stock": {"type": "long"},
        "sold": {"type": "boolean"},
        "since": {"type": "date"},
    }}})
}
