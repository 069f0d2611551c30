//! Words and phrases.

use serde_json::json;
use tantivy::query::PhrasePrefixQuery;

use super::super::index::Fields;
use super::Case;
use super::raws::*;

/// Words and phrases of a text field.
pub fn cases(f: &Fields) -> Vec<Case> {
    let title = |text: &str| each(f.title, "standard", text);
    let text = |words: &str| each(f.text, "english", words);
    let one = |query: Vec<Raw>| query.into_iter().next().expect("a word");
    vec![
        Case::new(
            "match, a frequent word",
            json!({"match": {"title": "shoe"}}),
            one(title("shoe")),
        ),
        Case::new(
            "match, a rare word",
            json!({"match": {"title": "compass"}}),
            one(title("compass")),
        ),
        Case::new(
            "match, two words",
            json!({"match": {"title": "red shoe"}}),
            should(title("red shoe")),
        ),
        Case::new(
            "match, three words",
            json!({"match": {"title": "winter wool jacket"}}),
            should(title("winter wool jacket")),
        ),
        Case::new(
            "match, a word nobody has",
            json!({"match": {"title": "light shoe xyzzy"}}),
            should(title("light shoe xyzzy")),
        ),
        Case::new(
            "match, all words",
            json!({"match": {"title": {"query": "red shoe", "operator": "and"}}}),
            must(title("red shoe")),
        ),
        Case::new(
            "match, all of three",
            json!({"match": {"title": {"query": "blue running boots", "operator": "and"}}}),
            must(title("blue running boots")),
        ),
        Case::new(
            "match, two of four",
            json!({"match": {"title": {"query": "black steel kitchen knife", "minimum_should_match": 2}}}),
            at_least(2, title("black steel kitchen knife")),
        ),
        Case::new(
            "match, 75 % of four",
            json!({"match": {"title": {"query": "red light running shoe", "minimum_should_match": "75%"}}}),
            at_least(3, title("red light running shoe")),
        ),
        Case::new(
            "match, a word twice",
            json!({"match": {"title": "shoe shoe red"}}),
            should(title("shoe shoe red")),
        ),
        Case::new(
            "match, stemmed words",
            json!({"match": {"text": "boot jackets"}}),
            should(text("boot jackets")),
        ),
        Case::new(
            "match, little words are no words",
            json!({"match": {"text": "the shoe and the banuba"}}),
            should(text("the shoe and the banuba")),
        ),
        Case::new(
            "match, many words",
            json!({"match": {"text": "green leather bags for winter travel on a heavy boat by the river"}}),
            should(text(
                "green leather bags for winter travel on a heavy boat by the river",
            )),
        ),
        Case::new(
            "match, rare words",
            json!({"match": {"text": "baganta bagandor"}}),
            should(text("baganta bagandor")),
        ),
        Case::new(
            "match, weighted",
            json!({"match": {"title": {"query": "silver watch", "boost": 2.5}}}),
            boost(should(title("silver watch")), 2.5),
        ),
        Case::new(
            "phrase",
            json!({"match_phrase": {"title": "running shoe"}}),
            phrase(f.title, "standard", "running shoe", 0),
        ),
        Case::new(
            "phrase of three",
            json!({"match_phrase": {"title": "red shoe light"}}),
            phrase(f.title, "standard", "red shoe light", 0),
        ),
        Case::new(
            "phrase over a little word",
            json!({"match_phrase": {"text": "shoe of red"}}),
            phrase(f.text, "english", "shoe of red", 0),
        ),
        Case::new(
            "phrase with slop",
            json!({"match_phrase": {"text": {"query": "shoe boots", "slop": 2}}}),
            phrase(f.text, "english", "shoe boots", 2),
        ),
        Case::new(
            "phrase and a beginning",
            json!({"match_phrase_prefix": {"title": "red sho"}}),
            Box::new(PhrasePrefixQuery::new_with_offset(terms(
                f.title, "standard", "red sho",
            ))),
        ),
    ]
}
