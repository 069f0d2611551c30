//! `_analyze`: how text becomes terms.

use axum::extract::State;
use serde_json::{Value as Json, json};
use stele_search::analysis;

use crate::App;
use crate::indices::resolve;
use crate::wire::{Answer, Call, Fault, Outcome};

/// How long a text may be, bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// `POST /_analyze`
pub async fn analyze(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&["index"])?;
    let mut analyzer = None;
    let mut texts = Vec::new();
    for (key, value) in &call.object()? {
        let text = || {
            value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| Fault::parsing(format!("[{key}] is not text")))
        };
        match key.as_str() {
            "analyzer" => analyzer = Some(text()?),
            "field" => {
                let (field, index) = (text()?, resolve::one(&app, call.part("index"))?);
                let mapping = index.mapping.unwrap_or_default();
                analyzer = Some(
                    mapping
                        .fields
                        .get(&field)
                        .map_or("standard", |field| field.analyzer())
                        .to_owned(),
                );
            }
            "text" => match value {
                Json::Array(items) => {
                    texts.extend(items.iter().filter_map(Json::as_str).map(str::to_owned))
                }
                _ => texts.push(text()?),
            },
            key => return Err(Fault::unsupported(&format!("[{key}] in _analyze"))),
        }
    }
    if texts.is_empty() {
        return Err(Fault::new(
            axum::http::StatusCode::BAD_REQUEST,
            "action_request_validation_exception",
            "Validation Failed: 1: text is missing;",
        ));
    }
    if texts.iter().map(String::len).sum::<usize>() > TEXT_BYTES_MAX {
        return Err(Fault::argument(format!(
            "the text is longer than [{TEXT_BYTES_MAX}] bytes"
        )));
    }
    let analyzer = analyzer.unwrap_or_else(|| "standard".to_owned());
    let mut tokens = Vec::new();
    // Offsets and positions go on from one text to the next, with a gap.
    let (mut offset, mut position) = (0, 0);
    for text in &texts {
        let terms = analysis::analyze(&analyzer, text);
        let terms = terms.ok_or_else(|| {
            Fault::argument(format!("failed to find global analyzer [{analyzer}]"))
        })?;
        let letters = |at: usize| {
            text.get(..at)
                .map_or(0, |before| before.encode_utf16().count())
        };
        let mut last = 0;
        for term in terms {
            last = term.position + 1;
            let is_number = term.text.bytes().all(|byte| byte.is_ascii_digit());
            tokens.push(json!({
                "token": term.text,
                "start_offset": offset + letters(term.from),
                "end_offset": offset + letters(term.to),
                "type": if is_number { "<NUM>" } else { "<ALPHANUM>" },
                "position": position + term.position,
            }));
        }
        offset += text.encode_utf16().count() + 1;
        position += last + 100;
    }
    Ok(Answer::json(json!({"tokens": tokens})))
}
