//! Token sources: a fixed token, or a function that is called before each request.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::{Error, code};

/// The error of a token provider; any error type.
pub type TokenError = Box<dyn StdError + Send + Sync>;

type Given = Pin<Box<dyn Future<Output = Result<String, TokenError>> + Send>>;

/// A source of tokens. It may cache tokens; the client does not.
#[derive(Clone)]
pub(crate) enum Tokens {
    Fixed(Arc<str>),
    Provider(Arc<dyn Fn() -> Given + Send + Sync>),
}

impl Tokens {
    pub(crate) fn provider<F, T>(provider: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<String, TokenError>> + Send + 'static,
    {
        Self::Provider(Arc::new(move || Box::pin(provider())))
    }

    /// Refuses an invalid fixed token before a request is sent.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        match self {
            Self::Fixed(token) => Ok(Self::Fixed(checked(&token, code::INVALID_REQUEST)?.into())),
            Self::Provider(_) => Ok(self),
        }
    }

    pub(crate) async fn get(&self) -> Result<String, Error> {
        match self {
            Self::Fixed(token) => Ok(token.to_string()),
            Self::Provider(provider) => {
                let token = provider().await.map_err(|error| Error::because(code::TOKEN_FAILED, error))?;
                Ok(checked(&token, code::TOKEN_FAILED)?.to_owned())
            }
        }
    }
}

/// The token without surrounding white space, such as a file's last newline.
fn checked<'a>(token: &'a str, code: &'static str) -> Result<&'a str, Error> {
    let token = token.trim();
    let mistake = match token {
        "" => "the token is empty",
        _ if token.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) => {
            "the token begins with `Bearer `: pass only the token"
        }
        _ if !token.bytes().all(|byte| byte.is_ascii_graphic()) => "the token contains characters that are not allowed",
        _ => return Ok(token),
    };
    Err(Error::own(code, mistake))
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "Fixed(…)",
            Self::Provider(_) => "Provider(…)",
        })
    }
}
