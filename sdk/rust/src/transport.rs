//! Token, retries and errors of all requests, generated operations and helper functions.
//!
//! Error responses become an [`Error`] here, so that callers need not check statuses. JSON bodies are read here, so that an interrupted
//! body is retried; other bodies are passed on as they arrive.

use std::time::Duration;

use async_trait::async_trait;
use http::Extensions;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Request, Response, StatusCode};
use reqwest_middleware::{Middleware, Next, Result as Outcome};

use crate::error::{Error, code, shown};
use crate::retry::Retry;
use crate::token::Tokens;

#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) tokens: Tokens,
    pub(crate) retry: Retry,
}

#[async_trait]
impl Middleware for Transport {
    async fn handle(&self, request: Request, extensions: &mut Extensions, next: Next<'_>) -> Outcome<Response> {
        self.send(request, extensions, next).await.map_err(reqwest_middleware::Error::middleware)
    }
}

impl Transport {
    async fn send(&self, mut request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response, Error> {
        encode_spaces(&mut request);
        let (mut retries, mut waited) = (0, Duration::ZERO);
        let mut renewed = false;
        let mut token = self.tokens.get().await?;
        loop {
            let error = match self.send_once(&request, &token, extensions, next.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if error.status() == Some(401) && !renewed {
                renewed = true;
                let newer = self.tokens.get().await?;
                if newer != token {
                    token = newer;
                    continue;
                }
            }
            let Some(pause) = self.retry.pause(request.method(), &error, retries, waited) else { return Err(error) };
            tokio::time::sleep(pause).await;
            (retries, waited) = (retries + 1, waited + pause);
            token = self.tokens.get().await?;
        }
    }

    async fn send_once(
        &self,
        request: &Request,
        token: &str,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response, Error> {
        let mut request =
            request.try_clone().ok_or_else(|| Error::own(code::INVALID_REQUEST, "a body that streams can't be sent"))?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Error::own(code::TOKEN_FAILED, "the token has characters that a header can't have"))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let answer = next.run(request, extensions).await?;
        match answer.status() {
            status if status.is_success() => whole_if_json(answer_of_the_service(answer)?).await,
            status => Err(failure(status, answer).await),
        }
    }
}

async fn failure(status: StatusCode, answer: Response) -> Error {
    let (headers, url) = (answer.headers().clone(), shown(answer.url()));
    // The status is sufficient: an unreadable body is ignored.
    let body = answer.bytes().await.unwrap_or_default();
    Error::of_answer(status.as_u16(), &headers, &body, &format!("{url}: "))
}

/// An HTML page is a response of another server.
fn answer_of_the_service(answer: Response) -> Result<Response, Error> {
    if !content_type(&answer).starts_with("text/html") {
        return Ok(answer);
    }
    let url = shown(answer.url());
    let detail = format!("{url} responded with a page of HTML: is this the address of the service?");
    Err(Error::own(code::UNEXPECTED_ANSWER, detail).with_status(answer.status().as_u16()))
}

fn content_type(answer: &Response) -> &str {
    answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
}

async fn whole_if_json(answer: Response) -> Result<Response, Error> {
    if !content_type(&answer).starts_with("application/json") {
        return Ok(answer);
    }
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut whole = http::Response::new(answer.bytes().await?);
    *whole.status_mut() = status;
    *whole.headers_mut() = headers;
    Ok(whole.into())
}

/// The generator encodes names in paths like form fields: a space as `+`, which is a plus in a path. A plus in a name is `%2B`.
fn encode_spaces(request: &mut Request) {
    if request.url().path().contains('+') {
        let path = request.url().path().replace('+', "%20");
        request.url_mut().set_path(&path);
    }
}
