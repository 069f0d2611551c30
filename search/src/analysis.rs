//! Analyzers: how text becomes terms, by the names Elasticsearch has for them.
//!
//! `standard`, `simple`, `whitespace`, `keyword`, `stop`, and one for each
//! language with a stemmer. Words are found as Unicode Annex 29 says; `english`
//! also takes possessive endings and stop words away, as Lucene's does.

use std::sync::OnceLock;

use tantivy::tokenizer::{
    Language, LowerCaser, RawTokenizer, RemoveLongFilter, Stemmer, StopWordFilter, TextAnalyzer,
    Token, TokenFilter, TokenStream, Tokenizer, TokenizerManager, WhitespaceTokenizer,
};
use unicode_segmentation::{UWordBoundIndices, UnicodeSegmentation};

/// Longer words are not indexed, bytes.
const WORD_BYTES_MAX: usize = 1024;

const LANGUAGES: [(&str, Language); 17] = [
    ("arabic", Language::Arabic),
    ("danish", Language::Danish),
    ("dutch", Language::Dutch),
    ("finnish", Language::Finnish),
    ("french", Language::French),
    ("german", Language::German),
    ("greek", Language::Greek),
    ("hungarian", Language::Hungarian),
    ("italian", Language::Italian),
    ("norwegian", Language::Norwegian),
    ("portuguese", Language::Portuguese),
    ("romanian", Language::Romanian),
    ("russian", Language::Russian),
    ("spanish", Language::Spanish),
    ("swedish", Language::Swedish),
    ("tamil", Language::Tamil),
    ("turkish", Language::Turkish),
];

/// One term of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The term.
    pub text: String,
    /// Where it begins in the text, bytes.
    pub from: usize,
    /// Where it ends, bytes.
    pub to: usize,
    /// How many words come before it.
    pub position: usize,
}

/// Every analyzer there is.
pub fn analyzers() -> &'static TokenizerManager {
    static ANALYZERS: OnceLock<TokenizerManager> = OnceLock::new();
    ANALYZERS.get_or_init(build)
}

/// Is there an analyzer of this name?
pub fn exists(name: &str) -> bool {
    analyzers().get(name).is_some()
}

/// Takes a text apart; `None` if there is no such analyzer.
pub fn analyze(name: &str, text: &str) -> Option<Vec<Term>> {
    let mut analyzer = analyzers().get(name)?;
    let mut terms = Vec::new();
    analyzer.token_stream(text).process(&mut |token| {
        terms.push(Term {
            text: token.text.clone(),
            from: token.offset_from,
            to: token.offset_to,
            position: token.position,
        });
    });
    Some(terms)
}

fn build() -> TokenizerManager {
    let manager = TokenizerManager::new();
    let short = || RemoveLongFilter::limit(WORD_BYTES_MAX);
    let standard = || {
        TextAnalyzer::builder(Words::default())
            .filter(short())
            .filter(LowerCaser)
    };
    manager.register("standard", standard().build());
    // The writer asks for one of this name, whatever the fields are.
    manager.register("default", standard().build());
    manager.register("keyword", RawTokenizer::default());
    let whitespace = TextAnalyzer::builder(WhitespaceTokenizer::default()).filter(short());
    manager.register("whitespace", whitespace.build());
    let letters = || {
        TextAnalyzer::builder(Letters::default())
            .filter(short())
            .filter(LowerCaser)
    };
    manager.register("simple", letters().build());
    if let Some(words) = StopWordFilter::new(Language::English) {
        manager.register("stop", letters().filter(words.clone()).build());
        let english = TextAnalyzer::builder(Words::default())
            .filter(short())
            .filter(Possessive)
            .filter(LowerCaser)
            .filter(words)
            .filter(Stemmer::new(Language::English));
        manager.register("english", english.build());
    }
    for (name, language) in LANGUAGES {
        let stem = Stemmer::new(language);
        let analyzer = match StopWordFilter::new(language) {
            Some(words) => standard().filter(words).filter(stem).build(),
            None => standard().filter(stem).build(),
        };
        manager.register(name, analyzer);
    }
    manager
}

/// Words as Unicode Annex 29 finds them: those with a letter or a digit.
#[derive(Clone, Default)]
struct Words {
    token: Token,
}

struct WordStream<'a> {
    words: UWordBoundIndices<'a>,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream {
            words: text.split_word_bound_indices(),
            token: &mut self.token,
        }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        for (from, word) in self.words.by_ref() {
            if word.chars().any(char::is_alphanumeric) {
                set(self.token, from, word);
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

fn set(token: &mut Token, from: usize, word: &str) {
    token.text.clear();
    token.text.push_str(word);
    token.offset_from = from;
    token.offset_to = from + word.len();
    token.position = token.position.wrapping_add(1);
}

/// Runs of letters.
#[derive(Clone, Default)]
struct Letters {
    token: Token,
}

struct LetterStream<'a> {
    text: &'a str,
    from: usize,
    token: &'a mut Token,
}

impl Tokenizer for Letters {
    type TokenStream<'a> = LetterStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> LetterStream<'a> {
        self.token.reset();
        LetterStream {
            text,
            from: 0,
            token: &mut self.token,
        }
    }
}

impl TokenStream for LetterStream<'_> {
    fn advance(&mut self) -> bool {
        let rest = self.text.get(self.from..).unwrap_or_default();
        let Some(start) = rest.find(char::is_alphabetic) else {
            return false;
        };
        let rest = rest.get(start..).unwrap_or_default();
        let length = rest.find(|letter: char| !letter.is_alphabetic());
        let length = length.unwrap_or(rest.len());
        let from = self.from + start;
        set(self.token, from, rest.get(..length).unwrap_or_default());
        self.from = from + length;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Takes `'s` off the end of words.
#[derive(Clone)]
struct Possessive;

#[derive(Clone)]
struct PossessiveTokenizer<T>(T);

struct PossessiveStream<T>(T);

impl TokenFilter for Possessive {
    type Tokenizer<T: Tokenizer> = PossessiveTokenizer<T>;

    fn transform<T: Tokenizer>(self, tokenizer: T) -> PossessiveTokenizer<T> {
        PossessiveTokenizer(tokenizer)
    }
}

impl<T: Tokenizer> Tokenizer for PossessiveTokenizer<T> {
    type TokenStream<'a> = PossessiveStream<T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        PossessiveStream(self.0.token_stream(text))
    }
}

impl<T: TokenStream> TokenStream for PossessiveStream<T> {
    fn advance(&mut self) -> bool {
        if !self.0.advance() {
            return false;
        }
        let text = &mut self.0.token_mut().text;
        for ending in ["'s", "'S", "\u{2019}s", "\u{2019}S"] {
            if text.ends_with(ending) {
                text.truncate(text.len() - ending.len());
                break;
            }
        }
        true
    }

    fn token(&self) -> &Token {
        self.0.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.0.token_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(analyzer: &str, text: &str) -> Vec<String> {
        let terms = analyze(analyzer, text).expect("exists");
        terms.into_iter().map(|term| term.text).collect()
    }

    #[test]
    fn each_analyzer_takes_text_apart_as_its_name_says() {
        let text = "The QUICK fox's 2 can't-do jumps, over";
        assert_eq!(
            terms("standard", text),
            ["the", "quick", "fox's", "2", "can't", "do", "jumps", "over"]
        );
        assert_eq!(
            terms("english", text),
            ["quick", "fox", "2", "can't", "do", "jump", "over"]
        );
        assert_eq!(terms("simple", "a1b c"), ["a", "b", "c"]);
        assert_eq!(terms("stop", "the fox"), ["fox"]);
        assert_eq!(terms("whitespace", "A b-c"), ["A", "b-c"]);
        assert_eq!(terms("keyword", "A b"), ["A b"]);
        assert_eq!(terms("german", "die Häuser"), ["haus"]);
        assert!(!exists("klingon"));
    }

    #[test]
    fn terms_know_where_they_stand() {
        let terms = analyze("english", "a big fox").expect("exists");
        let places: Vec<_> = terms
            .iter()
            .map(|term| (term.from, term.to, term.position))
            .collect();
        assert_eq!(places, [(2, 5, 1), (6, 9, 2)]);
    }
}
