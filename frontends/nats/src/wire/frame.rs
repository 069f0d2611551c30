//! Frames: MSG and HMSG, written behind what waits already.

/// Who is written to, and what it can take.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// The subscription's name.
    pub sid: &'a [u8],
    /// May headers be sent?
    pub headers: bool,
}

/// Writes one message. Without header support the headers are left out.
pub fn message(
    out: &mut Vec<u8>,
    to: Address<'_>,
    subject: &[u8],
    reply: &[u8],
    headers: &[u8],
    payload: &[u8],
) {
    let headers = if to.headers { headers } else { b"" };
    out.extend_from_slice(if headers.is_empty() {
        b"MSG "
    } else {
        b"HMSG "
    });
    out.extend_from_slice(subject);
    out.push(b' ');
    out.extend_from_slice(to.sid);
    out.push(b' ');
    if !reply.is_empty() {
        out.extend_from_slice(reply);
        out.push(b' ');
    }
    if !headers.is_empty() {
        number(out, headers.len());
        out.push(b' ');
    }
    number(out, headers.len() + payload.len());
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

/// How long a message's frame is at most.
#[must_use]
pub fn size(sid: &[u8], subject: &[u8], reply: &[u8], headers: &[u8], payload: &[u8]) -> usize {
    32 + sid.len() + subject.len() + reply.len() + headers.len() + payload.len()
}

/// An error line.
#[must_use]
pub fn error(text: &str) -> Vec<u8> {
    format!("-ERR '{text}'\r\n").into_bytes()
}

/// Decimal digits without a detour through a string.
fn number(out: &mut Vec<u8>, mut value: usize) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        }
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_says_its_sizes_and_headers_go_only_where_they_are_taken() {
        let headers = b"NATS/1.0\r\nA: b\r\n\r\n";
        let with = Address {
            sid: b"7",
            headers: true,
        };
        let mut out = Vec::new();
        message(&mut out, with, b"a.b", b"r", headers, b"hi");
        assert_eq!(out, b"HMSG a.b 7 r 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nhi\r\n");
        let mut out = Vec::new();
        let without = Address {
            headers: false,
            ..with
        };
        message(&mut out, without, b"a.b", b"", headers, b"");
        assert_eq!(out, b"MSG a.b 7 0\r\n\r\n");
    }
}
