//! How the types of settings are read from text and printed.

use std::net::IpAddr;
use std::path::PathBuf;
use stele_core::record::Fsync;

/// A type a setting can have.
pub trait Value: Sized {
    /// Reads it; the error says what was expected.
    fn read(text: &str) -> Result<Self, String>;
    /// Prints it so that `read` reads it back.
    fn print(&self) -> String;
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Value for $type {
            fn read(text: &str) -> Result<Self, String> {
                let digits = text.replace('_', "");
                digits.parse().map_err(|_| format!("expected a number from 0 to {}", <$type>::MAX))
            }

            fn print(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

number!(u16, u64, usize);

/// A port that may be left closed.
impl Value for Option<u16> {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(None),
            port => u16::read(port)
                .map(Some)
                .map_err(|expected| format!("{expected}, or off")),
        }
    }

    fn print(&self) -> String {
        self.map_or_else(|| "off".to_string(), |port| port.to_string())
    }
}

impl Value for IpAddr {
    fn read(text: &str) -> Result<Self, String> {
        let name = if text == "localhost" {
            "127.0.0.1"
        } else {
            text
        };
        name.parse()
            .map_err(|_| "expected an IP address, as in 127.0.0.1 or ::1".to_string())
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl Value for Fsync {
    fn read(text: &str) -> Result<Self, String> {
        Fsync::parse(text).ok_or_else(|| "expected always, everysec or off".to_string())
    }

    fn print(&self) -> String {
        let name = match self {
            Fsync::Always => "always",
            Fsync::EverySec => "everysec",
            Fsync::Off => "off",
        };
        name.to_string()
    }
}

impl Value for PathBuf {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("expected a path".to_string());
        }
        Ok(PathBuf::from(text))
    }

    fn print(&self) -> String {
        self.display().to_string()
    }
}

impl Value for String {
    fn read(text: &str) -> Result<Self, String> {
        Ok(text.to_string())
    }

    fn print(&self) -> String {
        self.clone()
    }
}
