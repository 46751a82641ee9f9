//! A Lambda function's log: `START`, what the function says, `END`, `REPORT`, for one invocation after another.
//!
//! - `checkout` (Node.js) logs JSON with a level and a request id, with fields one would rather mask (`card`, `user.email`).
//! - `invoices` (Python) logs text, and an error with its stack trace as one event.
//! - A cold start begins with `INIT_START` and reports an `Init Duration`, a time-out its `Status`.
//!
//! An execution environment serves one request at a time: an invocation begins after the one before has ended.

use serde_json::{Value, json};

use super::json::object;
use super::people::{Caller, Tenant};
use super::random::Random;
use super::traffic::{incident, iso};

/// Which function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Checkout,
    Invoices,
}

struct Invocation<'r> {
    begin: i64,
    duration_ms: u32,
    id: String,
    caller: Caller,
    events: Vec<(i64, String)>,
    random: &'r mut Random,
}

/// How an invocation goes.
#[derive(Clone, Copy, PartialEq)]
enum InvocationResult {
    Well,
    Failed,
    TimedOut,
}

const TIMEOUT_MS: u32 = 6_000;

/// The events of one invocation that begins at `begin`, with times that do not go back.
pub(super) fn invocation(begin: i64, function: Function, first: bool, random: &mut Random) -> Vec<(i64, String)> {
    let bad = incident(begin);
    let result = match random.below(1000) {
        0..4 => InvocationResult::TimedOut,
        4..16 => InvocationResult::Failed,
        16..200 if bad => InvocationResult::Failed,
        200..260 if bad => InvocationResult::TimedOut,
        _ => InvocationResult::Well,
    };
    let median = if bad { 900 } else { 140 };
    let usual = random.latency(median).min(TIMEOUT_MS - 1);
    let duration_ms = if result == InvocationResult::TimedOut { TIMEOUT_MS } else { usual };
    let tenant = match function {
        Function::Checkout => Tenant::Acme,
        Function::Invoices => Tenant::Globex,
    };
    // An idle environment is removed, and the next request starts a new one.
    let cold = first || random.chance(8);
    let caller = tenant.caller(random);
    let mut invocation = Invocation { begin, duration_ms, id: random.uuid(), caller, events: Vec::new(), random };
    invocation.run(function, result, cold);
    invocation.events
}

impl Invocation<'_> {
    fn run(&mut self, function: Function, result: InvocationResult, cold: bool) {
        let mut init_ms = None;
        if cold {
            let (runtime, init) = match function {
                Function::Checkout => ("nodejs:22.v57", 310),
                Function::Invoices => ("python:3.13.v64", 420),
            };
            self.say(0, format!("INIT_START Runtime Version: {runtime}"));
            let init = self.random.latency(init);
            self.begin += i64::from(init);
            init_ms = Some(init);
        }
        self.say(0, format!("START RequestId: {} Version: $LATEST", self.id));
        match function {
            Function::Checkout => self.checkout(result),
            Function::Invoices => self.invoices(result),
        }
        if result == InvocationResult::TimedOut {
            let text = format!("{} {} Task timed out after 6.00 seconds", iso(self.at(100)), self.id);
            self.say(100, text);
        }
        self.say(100, format!("END RequestId: {}", self.id));
        self.report(result, init_ms);
    }

    /// The moment when `percent` of the duration has gone by.
    fn at(&self, percent: u32) -> i64 {
        self.begin + i64::from(self.duration_ms * percent / 100)
    }

    fn say(&mut self, percent: u32, message: String) {
        self.events.push((self.at(percent), message));
    }

    fn report(&mut self, result: InvocationResult, init_ms: Option<u32>) {
        let hundredths = if result == InvocationResult::TimedOut { 0 } else { self.random.below(100) };
        let billed = self.duration_ms + u32::from(hundredths > 0) + init_ms.map_or(0, |init| init + 1);
        let mut report = format!(
            "REPORT RequestId: {}\tDuration: {}.{hundredths:02} ms\tBilled Duration: {billed} ms\tMemory Size: 256 MB\tMax Memory Used: {} MB",
            self.id,
            self.duration_ms,
            self.random.between(84, 131)
        );
        if let Some(init) = init_ms {
            report += &format!("\tInit Duration: {init}.{:02} ms", self.random.below(100));
        }
        if result == InvocationResult::TimedOut {
            report += "\tStatus: timeout";
        }
        self.say(100, report);
    }

    fn checkout(&mut self, result: InvocationResult) {
        let amount = Value::from(f64::from(self.random.between(499, 24_999)) / 100.0);
        let items = self.random.between(1, 6).into();
        let user = json!({"id": self.caller.user(), "email": self.caller.email()});
        let card = self.caller.card().into();
        self.json(10, "INFO", "cart priced", &[("user", user), ("items", items), ("amount", amount.clone())]);
        let payment = [("card", card), ("amount", amount.clone()), ("currency", "EUR".into())];
        self.json(35, "INFO", "payment requested", &payment);
        match result {
            InvocationResult::Well => {
                if self.random.chance(40) {
                    self.json(60, "WARN", "payment retried", &[("attempt", 2.into()), ("reason", "connection reset".into())]);
                }
                let order = format!("o-{}", self.random.between(100_000, 999_999));
                self.json(90, "INFO", "order placed", &[("order", order.into()), ("amount", amount)]);
            }
            InvocationResult::Failed => self.payment_error(),
            InvocationResult::TimedOut => self.json(50, "WARN", "payments.example.com is slow", &[("waited_ms", 3000.into())]),
        }
    }

    fn payment_error(&mut self) {
        let stack = json!([
            "PaymentGatewayError: 503 from payments.example.com",
            "    at Payments.charge (/var/task/payments.js:88:13)",
            "    at async checkout (/var/task/index.js:41:20)",
            "    at async Runtime.handler (/var/task/index.js:17:10)"
        ]);
        let error = [
            ("errorType", "PaymentGatewayError".into()),
            ("errorMessage", "503 from payments.example.com".into()),
            ("stackTrace", stack),
        ];
        self.json(95, "ERROR", "payment failed", &error);
    }

    /// Lambda's own JSON log format: time, level and request id, then what the function says.
    fn json(&mut self, percent: u32, level: &str, message: &str, fields: &[(&str, Value)]) {
        let common = [
            ("timestamp", iso(self.at(percent)).into()),
            ("level", level.into()),
            ("requestId", self.id.as_str().into()),
            ("tenant", Tenant::Acme.name().into()),
            ("message", message.into()),
        ];
        let line = object(&[&common, fields].concat());
        self.say(percent, line);
    }

    fn invoices(&mut self, result: InvocationResult) {
        let invoice = self.random.between(20_000, 29_999);
        self.text(5, "INFO", &format!("rendering invoice {invoice} for {}", self.caller.user()));
        match result {
            InvocationResult::Well => {
                let (pages, kilobytes) = (self.random.between(1, 4), self.random.between(38, 190));
                self.text(80, "INFO", &format!("invoice {invoice} rendered pages={pages} size_kb={kilobytes}"));
                self.text(97, "INFO", &format!("stored s3://globex-invoices-example/{invoice}.pdf"));
            }
            InvocationResult::Failed => self.text(90, "ERROR", &format!(
                "ValueError: invoice {invoice} has no tax rate\nTraceback (most recent call last):\n  File \"/var/task/handler.py\", line 37, in handler\n    pdf = render(invoice)\n  File \"/var/task/render.py\", line 112, in render\n    rate = tax_rate(invoice.country)\n  File \"/var/task/tax.py\", line 21, in tax_rate\n    raise ValueError(f\"invoice {{number}} has no tax rate\")"
            )),
            InvocationResult::TimedOut => self.text(40, "WARNING", "font cache is cold, rendering will be slow"),
        }
    }

    /// The Python runtime's text format.
    fn text(&mut self, percent: u32, level: &str, text: &str) {
        let message = format!("[{level}]\t{}\t{}\t{text}", iso(self.at(percent)), self.id);
        self.say(percent, message);
    }
}
