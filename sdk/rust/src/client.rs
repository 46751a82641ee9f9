//! The client: an address, a token, patience, and a connection pool that all its clones share.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest_middleware::ClientWithMiddleware;
use url::Url;

use crate::apis::caller_api;
use crate::apis::configuration::Configuration;
use crate::error::{Error, code};
use crate::events::{Events, EventsRequest};
use crate::list::{Groups, Streams, StreamsRequest};
use crate::models::Me;
use crate::query::{QueryRequest, Rows};
use crate::retry::Retry;
use crate::stream::EventStream;
use crate::token::{TokenError, Tokens};
use crate::transport::Transport;

/// A client of one service, with one identity. Cloning is cheap.
#[derive(Clone)]
pub struct Client {
    configuration: Configuration,
}

impl Client {
    /// A client of the service at `url` (which may have a path) with a token that stays.
    ///
    /// # Errors
    /// `invalid_request` when `url` is not an HTTP address, or `token` can't be a token.
    pub fn new(url: &str, token: &str) -> Result<Self, Error> {
        Self::builder(url).token(token).build()
    }

    /// A client with more to say about it: where tokens come from, how patient it is.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder { url: url.to_owned(), tokens: None, retry: Retry::default(), http_client: None }
    }

    /// What generated operations are called with: they have the client's token, retries and errors then.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The token's tenant, scopes and grants, and the tenant's limits.
    ///
    /// # Errors
    /// What the service answers, or that it does not.
    pub async fn me(&self) -> Result<Me, Error> {
        Ok(caller_api::me(&self.configuration).await?)
    }

    /// The log groups you may see, ascending by name; with `prefix`, only those that begin with it.
    pub fn groups(&self, prefix: Option<&str>) -> Groups {
        Groups::new(self.clone(), prefix)
    }

    /// The streams of a group that you may see.
    pub fn streams(&self, request: StreamsRequest) -> Streams {
        Streams::new(self.clone(), request)
    }

    /// Events one by one, page after page, to the end or for ever. Nothing is sent before the first [`Events::next`].
    pub fn events(&self, request: EventsRequest) -> Events {
        Events::new(self.clone(), request)
    }

    /// The events of a whole range as one streamed answer, in constant memory; `limit` is the number of events in all.
    ///
    /// # Errors
    /// What the service answers, or that it does not.
    pub async fn stream(&self, request: EventsRequest) -> Result<EventStream, Error> {
        EventStream::open(self, &request).await
    }

    /// Runs a query to its end: starts it, waits for it, and gives its rows.
    ///
    /// When the future is dropped before (by `tokio::time::timeout`, say), the query is stopped by a task of the runtime.
    ///
    /// # Errors
    /// What the service answers, or that it does not; `query_failed` when the query ends otherwise than `Complete`;
    /// `query_timeout` after [`QueryRequest::timeout`].
    pub async fn query(&self, request: QueryRequest) -> Result<Rows, Error> {
        crate::query::run(self, request).await
    }

    pub(crate) fn http(&self) -> &ClientWithMiddleware {
        &self.configuration.client
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.configuration.base_path)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.configuration.base_path).finish_non_exhaustive()
    }
}

/// Makes a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder {
    url: String,
    tokens: Option<Tokens>,
    retry: Retry,
    http_client: Option<reqwest::Client>,
}

impl ClientBuilder {
    /// The token, when it stays.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.tokens = Some(Tokens::Fixed(token.into()));
        self
    }

    /// A function that gives a token, so that it can be renewed. It is asked before each request, and once more after a 401.
    #[must_use]
    pub fn token_provider<F, T>(mut self, provider: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<String, TokenError>> + Send + 'static,
    {
        self.tokens = Some(Tokens::provider(provider));
        self
    }

    /// What is tried again; by default five times, waiting for no more than a minute in all.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Another HTTP client: with a proxy, with certificates, with other timeouts.
    #[must_use]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// The client.
    ///
    /// # Errors
    /// `invalid_request` when the URL is not an HTTP address, when there is no token, or when it can't be one.
    pub fn build(self) -> Result<Client, Error> {
        let invalid = |detail: String| Error::own(code::INVALID_REQUEST, detail);
        let url = Url::parse(&self.url).map_err(|error| invalid(format!("`{}` is not a URL: {error}", self.url)))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid(format!("`{}` is neither an http nor an https URL", self.url)));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("the URL has a user name or a password".to_owned()));
        }
        let tokens = self.tokens.ok_or_else(|| invalid("a client needs a token, or a provider of tokens".to_owned()))?;
        let tokens = tokens.checked()?;
        let http = match self.http_client {
            Some(client) => client,
            None => default_http_client()?,
        };
        let client = reqwest_middleware::ClientBuilder::new(http).with(Transport { tokens, retry: self.retry }).build();
        let configuration = Configuration {
            base_path: self.url.trim_end_matches('/').to_owned(),
            user_agent: Some(concat!("logmark-client-rust/", env!("CARGO_PKG_VERSION")).to_owned()),
            client,
            basic_auth: None,
            oauth_access_token: None,
            bearer_access_token: None,
            api_key: None,
        };
        Ok(Client { configuration })
    }
}

/// No redirects: the API has none, and a token is not for whoever sends one.
fn default_http_client() -> Result<reqwest::Client, Error> {
    const TO_CONNECT: Duration = Duration::from_secs(10);
    // Longer than the service works on one answer, and than it waits for a query (`Prefer: wait=20`).
    const WITHOUT_A_BYTE: Duration = Duration::from_secs(60);
    let builder = reqwest::Client::builder().redirect(Policy::none());
    Ok(builder.connect_timeout(TO_CONNECT).read_timeout(WITHOUT_A_BYTE).build()?)
}
