//! The formats that are known by name: the templates of API Gateway's console, AWS's usage dashboard, and web servers.
//!
//! The console's templates are those of the page "Set up logging" of API Gateway's guide; before 2022 they had no extended request
//! identifier.

use std::fmt;
use std::sync::LazyLock;

use crate::field::Field;
use crate::format::Format;
use crate::template::Template;
use crate::{compile, web};

/// The template of a format that has all fields that reports need: API Gateway accepts it for REST, HTTP and WebSocket APIs.
pub const ALL_REPORTS_TEMPLATE: &str = include_str!("all_reports.template");

macro_rules! known {
    ($($variant:ident $name:literal $doc:literal $source:expr;)+) => {
        /// A known format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Known {
            $(#[doc = concat!("`", $name, "`: ", $doc)] $variant,)+
        }

        impl Known {
            /// All known formats; of formats that read the same lines, the preferred one is first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name, as the configuration writes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it is, in a few words.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }

            const fn source(self) -> Definition {
                match self { $(Self::$variant => $source,)+ }
            }
        }
    };
}

/// How a known format is defined.
enum Definition {
    /// A template of API Gateway.
    Template(&'static str),
    /// The keys of AWS's usage dashboard, which are the canonical names.
    Dashboard,
    /// A format of another server.
    Web(fn() -> Format),
}

use Definition::{Dashboard, Template as Of, Web};

known! {
    AllReports "all-reports" "the JSON template that all reports can use" Of(ALL_REPORTS_TEMPLATE);
    UsageDashboard "usage-dashboard" "the JSON template of AWS's usage dashboard" Dashboard;
    RestClf "apigateway-rest-clf" "the console's CLF template for REST APIs" Of(r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId"#);
    RestJson "apigateway-rest-json" "the console's JSON template for REST APIs" Of(r#"{ "requestId":"$context.requestId", "extendedRequestId":"$context.extendedRequestId", "ip": "$context.identity.sourceIp", "caller":"$context.identity.caller", "user":"$context.identity.user", "requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod", "resourcePath":"$context.resourcePath", "status":"$context.status", "protocol":"$context.protocol", "responseLength":"$context.responseLength" }"#);
    RestXml "apigateway-rest-xml" "the console's XML template for REST APIs" Of(r#"<request id="$context.requestId"> <extendedRequestId>$context.extendedRequestId</extendedRequestId> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>"#);
    RestCsv "apigateway-rest-csv" "the console's CSV template for REST APIs" Of("$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId,$context.extendedRequestId");
    RestClf2018 "apigateway-rest-clf-2018" "the console's CLF template for REST APIs before 2022" Of(r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId"#);
    RestJson2018 "apigateway-rest-json-2018" "the console's JSON template for REST APIs before 2022" Of(r#"{ "requestId":"$context.requestId", "ip": "$context.identity.sourceIp", "caller":"$context.identity.caller", "user":"$context.identity.user", "requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod", "resourcePath":"$context.resourcePath", "status":"$context.status", "protocol":"$context.protocol", "responseLength":"$context.responseLength" }"#);
    RestXml2018 "apigateway-rest-xml-2018" "the console's XML template for REST APIs before 2022" Of(r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>"#);
    RestCsv2018 "apigateway-rest-csv-2018" "the console's CSV template for REST APIs before 2022" Of("$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId");
    RestCloudFormation "apigateway-rest-cloudformation" "the guide's CloudFormation example for REST APIs" Of(r#"$context.extendedRequestId $context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId"#);
    HttpClf "apigateway-http-clf" "the console's CLF template for HTTP APIs" Of(r#"$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId"#);
    HttpJson "apigateway-http-json" "the console's JSON template for HTTP APIs" Of(r#"{ "requestId":"$context.requestId", "ip": "$context.identity.sourceIp", "requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod", "routeKey":"$context.routeKey", "status":"$context.status", "protocol":"$context.protocol", "responseLength":"$context.responseLength" }"#);
    HttpXml "apigateway-http-xml" "the console's XML template for HTTP APIs" Of(r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <routeKey>$context.routeKey</routeKey> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>"#);
    HttpCsv "apigateway-http-csv" "the console's CSV template for HTTP APIs" Of("$context.identity.sourceIp,$context.requestTime,$context.httpMethod,$context.routeKey,$context.protocol,$context.status,$context.responseLength,$context.requestId");
    WebSocketClf "apigateway-websocket-clf" "the console's CLF template for WebSocket APIs" Of(r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.eventType $context.routeKey $context.connectionId" $context.status $context.requestId"#);
    WebSocketJson "apigateway-websocket-json" "the console's JSON template for WebSocket APIs" Of(r#"{ "requestId":"$context.requestId", "ip": "$context.identity.sourceIp", "caller":"$context.identity.caller", "user":"$context.identity.user", "requestTime":"$context.requestTime", "eventType":"$context.eventType", "routeKey":"$context.routeKey", "status":"$context.status", "connectionId":"$context.connectionId" }"#);
    WebSocketXml "apigateway-websocket-xml" "the console's XML template for WebSocket APIs" Of(r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <eventType>$context.eventType</eventType> <routeKey>$context.routeKey</routeKey> <status>$context.status</status> <connectionId>$context.connectionId</connectionId> </request>"#);
    WebSocketCsv "apigateway-websocket-csv" "the console's CSV template for WebSocket APIs" Of("$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.eventType,$context.routeKey,$context.status,$context.connectionId,$context.requestId");
    ApacheCombined "apache-combined" "the combined format of Apache and nginx" Web(web::apache_combined);
    ApacheCommon "apache-common" "the common format of Apache and nginx" Web(web::apache_common);
    Alb "alb" "access logs of Application Load Balancers" Web(web::alb);
    CloudFront "cloudfront" "CloudFront's standard log" Web(|| web::cloudfront(web::CLOUDFRONT_COLUMNS));
}

/// The compiled formats, in the order of [`Known::ALL`].
static FORMATS: LazyLock<Vec<Option<Format>>> = LazyLock::new(|| Known::ALL.iter().map(|known| known.compile()).collect());

impl Known {
    /// The format with a name; `nginx-combined` and `nginx-common` are names of Apache's formats.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = match name {
            "nginx-combined" => "apache-combined",
            "nginx-common" => "apache-common",
            other => other,
        };
        Self::ALL.iter().copied().find(|known| known.name() == name)
    }

    /// The template, for formats of API Gateway.
    #[must_use]
    pub fn template(self) -> Option<String> {
        match self.source() {
            Of(template) => Some(template.trim_end().to_owned()),
            Dashboard => Some(dashboard()),
            Web(_) => None,
        }
    }

    /// The compiled format; `None` only if its definition has an error, which a test excludes.
    #[must_use]
    pub fn format(self) -> Option<&'static Format> {
        let place = Self::ALL.iter().position(|known| *known == self)?;
        FORMATS.get(place)?.as_ref()
    }

    fn compile(self) -> Option<Format> {
        if let Web(build) = self.source() {
            return Some(build());
        }
        let template = Template::read(&self.template()?).ok()?;
        compile::template(self.name().into(), template).ok()
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The template of AWS's usage dashboard.
fn dashboard() -> String {
    let fields = Field::ALL.iter().take(Field::DASHBOARD);
    let member = |field: &Field| format!("\"{field}\":\"$context.{}\"", field.variables().first().unwrap_or(&""));
    format!("{{{}}}", fields.map(member).collect::<Vec<_>>().join(","))
}
