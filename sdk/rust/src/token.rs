//! Where a client's token comes from: a text that stays, or a function that is asked before each request.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::{Error, code};

/// Why a provider has no token; any error will do.
pub type TokenError = Box<dyn StdError + Send + Sync>;

type Given = Pin<Box<dyn Future<Output = Result<String, TokenError>> + Send>>;

/// A source of tokens. It keeps what it gave as long as it likes: the client keeps nothing.
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

    pub(crate) async fn get(&self) -> Result<String, Error> {
        match self {
            Self::Fixed(token) => Ok(token.to_string()),
            Self::Provider(provider) => provider().await.map_err(|error| Error::because(code::TOKEN_FAILED, error)),
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "Fixed(…)",
            Self::Provider(_) => "Provider(…)",
        })
    }
}
