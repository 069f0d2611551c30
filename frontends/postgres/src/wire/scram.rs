//! SCRAM-SHA-256: proving a password without sending it. pgwire does the mathematics.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use pgwire::api::auth::sasl::scram::{
    SCRAM_ITERATIONS, ScramSecret, ScramServerAuth, gen_salted_password,
};
use pgwire::messages::startup::Authentication;
use stele_core::env::{Env, RealEnv};
use tokio::net::TcpStream;

use super::connection::{flush, receive};
use super::frontend::{Body, Frontend};
use super::output::Output;
use crate::error::SqlError;

const MECHANISM: &str = "SCRAM-SHA-256";

/// Asks the client to prove that it knows the password behind `verifier`. Without one (no
/// such user, or no password) the same questions are asked and the answer is always no.
///
/// # Errors
/// 28P01 when it does not know it; 08P01 when it does not play by the rules.
pub async fn authenticate(
    stream: &mut TcpStream,
    input: &mut BytesMut,
    output: &mut Output,
    user: &str,
    verifier: Option<&str>,
) -> Result<(), SqlError> {
    let secret = match verifier.and_then(parse) {
        Some(secret) => secret,
        None => derive(&format!("{:x}{:x}", RealEnv.random(), RealEnv.random())),
    };
    output.message(&Authentication::SASL(vec![MECHANISM.to_owned()]));
    let first = first_message(&ask(stream, input, output).await?)?;
    let refused = |_| wrong_password(user);
    let (reply, waiting) = ScramServerAuth::new()
        .on_client_first_message_with_secret(&first, secret)
        .map_err(|error| SqlError::new("08P01", format!("malformed SCRAM message: {error}")))?;
    output.message(&Authentication::SASLContinue(reply.into_bytes().into()));
    let last = ask(stream, input, output).await?;
    let reply = waiting.on_client_final_message(&last).map_err(refused)?;
    if verifier.is_none() {
        return Err(wrong_password(user));
    }
    output.message(&Authentication::SASLFinal(reply.into_bytes().into()));
    Ok(())
}

/// The verifier kept for a password: what a thief of the database cannot log in with. A
/// text that is a verifier already is kept as it is.
pub fn verifier(password: &str) -> String {
    if parse(password).is_some() {
        return password.to_owned();
    }
    print(&derive(password))
}

fn derive(password: &str) -> ScramSecret {
    let mut salt = RealEnv.random().to_le_bytes().to_vec();
    salt.extend(RealEnv.random().to_le_bytes());
    let salted = gen_salted_password(password, &salt, SCRAM_ITERATIONS);
    ScramSecret::verifier_from_salted_password(salt, salted, SCRAM_ITERATIONS)
}

fn print(secret: &ScramSecret) -> String {
    match secret {
        ScramSecret::Verifier {
            salt,
            iterations,
            stored_key,
            server_key,
        } => format!(
            "{MECHANISM}${iterations}:{}${}:{}",
            STANDARD.encode(salt),
            STANDARD.encode(stored_key),
            STANDARD.encode(server_key)
        ),
        ScramSecret::SaltedPassword { .. } => String::new(),
    }
}

fn parse(text: &str) -> Option<ScramSecret> {
    let mut parts = text.split('$');
    if parts.next() != Some(MECHANISM) {
        return None;
    }
    let (iterations, salt) = parts.next()?.split_once(':')?;
    let (stored, server) = parts.next()?.split_once(':')?;
    Some(ScramSecret::Verifier {
        salt: STANDARD.decode(salt).ok()?,
        iterations: iterations.parse().ok()?,
        stored_key: STANDARD.decode(stored).ok().filter(|key| key.len() == 32)?,
        server_key: STANDARD.decode(server).ok().filter(|key| key.len() == 32)?,
    })
}

async fn ask(
    stream: &mut TcpStream,
    input: &mut BytesMut,
    output: &mut Output,
) -> Result<bytes::Bytes, SqlError> {
    let gone = || SqlError::new("08006", "the client left while authenticating");
    flush(stream, output).await.map_err(|_| gone())?;
    match receive(stream, input).await {
        Ok(Some(Frontend::Password(body))) => Ok(body),
        Ok(None) => Err(gone()),
        Ok(Some(_)) | Err(_) => Err(SqlError::new("08P01", "expected SASL response")),
    }
}

fn first_message(body: &bytes::Bytes) -> Result<bytes::Bytes, SqlError> {
    let malformed = |_| SqlError::new("08P01", "malformed SASL response");
    let mut body = Body(body.clone());
    let mechanism = body.text().map_err(malformed)?;
    if mechanism != MECHANISM.as_bytes() {
        return Err(SqlError::new(
            "08P01",
            "client selected an invalid SASL authentication mechanism",
        ));
    }
    let length = usize::try_from(body.i32().map_err(malformed)?).unwrap_or(0);
    body.bytes(length).map_err(malformed)
}

fn wrong_password(user: &str) -> SqlError {
    SqlError::new(
        "28P01",
        format!("password authentication failed for user \"{user}\""),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_kept_and_a_password_is_not() {
        let kept = verifier("secret");
        assert!(kept.starts_with("SCRAM-SHA-256$4096:") && !kept.contains("secret"));
        assert_eq!(verifier(&kept), kept);
        assert_eq!(parse(&kept).map(|secret| print(&secret)), Some(kept));
    }
}
