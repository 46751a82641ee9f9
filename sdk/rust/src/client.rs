//! The client: URL, token, retry limits, and a connection pool that its clones share.

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
use crate::tail::{Tail, TailRequest};
use crate::token::{TokenError, Tokens};
use crate::transport::Transport;

/// A client for one service, with one identity. Cloning is cheap.
#[derive(Clone)]
pub struct Client {
    configuration: Configuration,
    renews_tokens: bool,
}

impl Client {
    /// A client for the service at `url` (which may have a path) with a fixed token.
    ///
    /// # Errors
    /// `invalid_request` if `url` is not an HTTP URL, or `token` is invalid.
    pub fn new(url: &str, token: &str) -> Result<Self, Error> {
        Self::builder(url).token(token).build()
    }

    /// Builds a client with more options: token provider, retries, HTTP client.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder { url: url.to_owned(), tokens: None, retry: Retry::default(), http_client: None }
    }

    /// Configuration for generated operations, with the client's token, retries and errors.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The token's tenant, scopes and grants, and the tenant's limits.
    ///
    /// # Errors
    /// The service's error, or a failed connection.
    pub async fn me(&self) -> Result<Me, Error> {
        Ok(caller_api::me(&self.configuration).await?)
    }

    /// The log groups that you may see, ascending by name; with `prefix`, only those that begin with it.
    pub fn groups(&self, prefix: Option<&str>) -> Groups {
        Groups::new(self.clone(), prefix)
    }

    /// The streams of a group that you may see.
    pub fn streams(&self, request: StreamsRequest) -> Streams {
        Streams::new(self.clone(), request)
    }

    /// Events one by one, page by page to the end; with `follow` also new ones. The first [`Events::next`] sends the first request.
    pub fn events(&self, request: EventsRequest) -> Events {
        Events::new(self.clone(), request)
    }

    /// The events of a whole range from one streamed response, in constant memory. `limit` is the total number of events.
    ///
    /// # Errors
    /// The service's error, or a failed connection.
    pub async fn stream(&self, request: EventsRequest) -> Result<EventStream, Error> {
        EventStream::open(self, &request).await
    }

    /// New events as they arrive. The tail is resumed after cuts and restarts, without lost or repeated events, until it is dropped. The
    /// first [`Tail::next`] sends the first request.
    pub fn tail(&self, request: TailRequest) -> Tail {
        Tail::new(self.clone(), request)
    }

    /// Starts a query, waits for its end, and returns its rows.
    ///
    /// If the future is dropped earlier (for example by `tokio::time::timeout`), a task of the runtime stops the query.
    ///
    /// # Errors
    /// The service's error, or a failed connection; `query_failed` if the query does not end as `Complete`;
    /// `query_timeout` after [`QueryRequest::timeout`].
    pub async fn query(&self, request: QueryRequest) -> Result<Rows, Error> {
        crate::query::run(self, request).await
    }

    pub(crate) fn renews_tokens(&self) -> bool {
        self.renews_tokens
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

/// Builds a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder {
    url: String,
    tokens: Option<Tokens>,
    retry: Retry,
    http_client: Option<reqwest::Client>,
}

impl ClientBuilder {
    /// A fixed token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.tokens = Some(Tokens::Fixed(token.into()));
        self
    }

    /// A function that returns a token. It is called before each request, and again after a 401, so that it can renew the token.
    #[must_use]
    pub fn token_provider<F, T>(mut self, provider: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<String, TokenError>> + Send + 'static,
    {
        self.tokens = Some(Tokens::provider(provider));
        self
    }

    /// Limits of retries; by default five, with at most a minute of waiting in total.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Replaces the HTTP client, for example to set a proxy, certificates or timeouts.
    #[must_use]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// `invalid_request` if the URL is not an HTTP URL, or the token is missing or invalid.
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
        let renews_tokens = !matches!(tokens, Tokens::Fixed(_));
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
        Ok(Client { configuration, renews_tokens })
    }
}

/// No redirects: the API has none, and a redirect must not receive the token.
fn default_http_client() -> Result<reqwest::Client, Error> {
    const TO_CONNECT: Duration = Duration::from_secs(10);
    // Longer than the service needs for one response, and than it waits for a query (`Prefer: wait=20`).
    const WITHOUT_A_BYTE: Duration = Duration::from_secs(60);
    let builder = reqwest::Client::builder().redirect(Policy::none());
    Ok(builder.connect_timeout(TO_CONNECT).read_timeout(WITHOUT_A_BYTE).build()?)
}
