//! The table of functions.
//!
//! Pages: Boolean, comparison, numeric, datetime, and other functions; CWL_QuerySyntax-Stats; Time-series functions; View
//! unmasked data (`unmask`). Where two pages spell a name differently both spellings are accepted and the newer is printed.

use super::FunctionKind::{Aggregate, Either, Scalar};
use super::Parameter::{Number, Period, Value, ValueOrStar};
use super::Signature;

/// Any number of values: only the length of a query bounds it.
const ANY: usize = usize::MAX;

/// Declares [`Function`] from one list: variant, spellings, kind, required and optional parameters, number of further values,
/// names of the parameters. The comment of an entry is an example and a description, which completion shows.
macro_rules! functions {
    ($($(#[doc = $doc:literal])+ $name:ident [$($spelling:literal)+] $kind:ident ($($required:ident)*) ($($optional:ident)*) $more:tt $names:literal,)*) => {
        /// A function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Function {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Function {
            /// All functions.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its names, the printed one first.
            #[must_use]
            pub const fn spellings(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($spelling,)+],)* }
            }

            /// The example and the description: the comment of its entry in the table.
            pub(crate) const fn documentation(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)* }
            }

            /// Where it is allowed, and its parameters.
            #[must_use]
            pub const fn signature(self) -> Signature {
                match self {
                    $(Self::$name => Signature {
                        kind: $kind,
                        required: &[$($required,)*],
                        optional: &[$($optional,)*],
                        more: $more,
                        names: $names,
                    },)*
                }
            }
        }
    };
}

functions! {
    // numbers
    /// `abs(a)`: the absolute value.
    Abs ["abs"] Scalar (Value) () 0 "number",
    /// `ceil(a)`: rounded up.
    Ceil ["ceil"] Scalar (Value) () 0 "number",
    /// `floor(a)`: rounded down.
    Floor ["floor"] Scalar (Value) () 0 "number",
    /// `greatest(a, …)`: the greatest of them.
    Greatest ["greatest"] Scalar (Value) () ANY "number, …",
    /// `least(a, …)`: the smallest of them.
    Least ["least"] Scalar (Value) () ANY "number, …",
    /// `log(a)`: the natural logarithm.
    Log ["log"] Scalar (Value) () 0 "number",
    /// `round(a, digits)`: rounded, to a number of digits after the point.
    Round ["round"] Scalar (Value) (Value) 0 "number, digits",
    /// `sqrt(a)`: the square root.
    Sqrt ["sqrt"] Scalar (Value) () 0 "number",
    /// `haversine(lat1, lon1, lat2, lon2)`: the distance of two points on Earth in kilometres.
    Haversine ["haversine"] Scalar (Value Value Value Value) () 0 "latitude, longitude, latitude, longitude",
    /// `toNumber(a)`: a text as a number.
    ToNumber ["toNumber"] Scalar (Value) () 0 "value",
    /// `toInt(a)`: a whole number.
    ToInt ["toInt"] Scalar (Value) () 0 "value",
    /// `toLong(a)`: a whole number.
    ToLong ["toLong"] Scalar (Value) () 0 "value",
    /// `toDouble(a)`: a number.
    ToDouble ["toDouble"] Scalar (Value) () 0 "value",
    // times
    /// `bin(5m)`: the beginning of the period that `@timestamp` is in.
    Bin ["bin"] Scalar (Period) () 0 "period",
    /// `datefloor(t, 5m)`: the beginning of the period that a time is in.
    DateFloor ["datefloor"] Scalar (Value Period) () 0 "time, period",
    /// `dateceil(t, 5m)`: the end of the period that a time is in.
    DateCeil ["dateceil"] Scalar (Value Period) () 0 "time, period",
    /// `fromMillis(a)`: milliseconds since 1970 as a time.
    FromMillis ["fromMillis"] Scalar (Value) () 0 "milliseconds",
    /// `toMillis(t)`: a time as milliseconds since 1970.
    ToMillis ["toMillis"] Scalar (Value) () 0 "time",
    /// `now()`: seconds since 1970.
    Now ["now"] Scalar () () 0 "",
    /// `parseDate(s, pattern, zone)`: a text as a time in milliseconds.
    ParseDate ["parseDate"] Scalar (Value Value) (Value) 0 "text, pattern, zone",
    /// `formatDate(t, format, zone)`: a time as text.
    FormatDate ["formatDate" "strftime"] Scalar (Value Value) (Value) 0 "time, format, zone",
    /// `queryStartTime()`: the beginning of the time range, in milliseconds.
    QueryStartTime ["queryStartTime"] Scalar () () 0 "",
    /// `queryEndTime()`: the end of the time range, in milliseconds.
    QueryEndTime ["queryEndTime"] Scalar () () 0 "",
    /// `queryTimeRange()`: the length of the time range, in milliseconds.
    QueryTimeRange ["queryTimeRange"] Scalar () () 0 "",
    // anything
    /// `ispresent(a)`: whether the event has the field.
    IsPresent ["ispresent"] Scalar (Value) () 0 "field",
    /// `coalesce(a, …)`: the first value that is present.
    Coalesce ["coalesce"] Scalar (Value) () ANY "value, …",
    /// `case(c1, v1, …, default)`: the value of the first condition that holds; at most 10 conditions.
    Case ["case"] Scalar (Value Value) () 19 "condition, value, …, default",
    /// `if(c, a, b)`: `a` when the condition holds, else `b`.
    If ["if"] Scalar (Value Value Value) () 0 "condition, value, other value",
    /// `isNumeric(a)`: whether the value is a number.
    IsNumeric ["isNumeric"] Scalar (Value) () 0 "value",
    /// `messageSize()`: the bytes of the message.
    MessageSize ["messageSize"] Scalar () (Value) 0 "field",
    /// `unmask(@message)`: the value without the masks of data protection.
    Unmask ["unmask"] Scalar (Value) () 0 "field",
    // JSON
    /// `jsonParse(s)`: a text of JSON as a map or list.
    JsonParse ["jsonParse"] Scalar (Value) () 0 "text",
    /// `jsonStringify(a)`: a map or list as JSON.
    JsonStringify ["jsonStringify"] Scalar (Value) () 0 "value",
    /// `jsonArraySize(a)`: the number of elements of a list.
    JsonArraySize ["jsonArraySize"] Scalar (Value) () 0 "list",
    /// `jsonArrayContains(a, v)`: whether a list has that element.
    JsonArrayContains ["jsonArrayContains"] Scalar (Value Value) () 0 "list, value",
    // addresses
    /// `isValidIp(s)`: whether a text is an IPv4 or IPv6 address.
    IsValidIp ["isValidIp"] Scalar (Value) () 0 "address",
    /// `isValidIpV4(s)`: whether a text is an IPv4 address.
    IsValidIpV4 ["isValidIpV4"] Scalar (Value) () 0 "address",
    /// `isValidIpV6(s)`: whether a text is an IPv6 address.
    IsValidIpV6 ["isValidIpV6"] Scalar (Value) () 0 "address",
    /// `isIpInSubnet(s, cidr)`: whether an IPv4 or IPv6 address is in a subnet.
    IsIpInSubnet ["isIpInSubnet"] Scalar (Value Value) () 0 "address, subnet",
    /// `isIpv4InSubnet(s, cidr)`: whether an IPv4 address is in a subnet.
    IsIpV4InSubnet ["isIpv4InSubnet"] Scalar (Value Value) () 0 "address, subnet",
    /// `isIpv6InSubnet(s, cidr)`: whether an IPv6 address is in a subnet.
    IsIpV6InSubnet ["isIpv6InSubnet"] Scalar (Value Value) () 0 "address, subnet",
    /// `ipv4ToNumber(s)`: an IPv4 address as a number.
    IpV4ToNumber ["ipv4ToNumber"] Scalar (Value) () 0 "address",
    /// `isPrivateIP(s)`: whether an address is private.
    IsPrivateIp ["isPrivateIP"] Scalar (Value) () 0 "address",
    /// `isPublicIP(s)`: whether an address is public.
    IsPublicIp ["isPublicIP"] Scalar (Value) () 0 "address",
    /// `isReservedIP(s)`: whether an address is reserved.
    IsReservedIp ["isReservedIP"] Scalar (Value) () 0 "address",
    // texts
    /// `isempty(s)`: missing or without characters.
    IsEmpty ["isempty"] Scalar (Value) () 0 "text",
    /// `isblank(s)`: missing, or only blanks.
    IsBlank ["isblank"] Scalar (Value) () 0 "text",
    /// `concat(a, …)`: the texts joined.
    Concat ["concat"] Scalar (Value) () ANY "text, …",
    /// `ltrim(s, chars)`: without blanks, or the characters, at the beginning.
    LTrim ["ltrim"] Scalar (Value) (Value) 0 "text, characters",
    /// `rtrim(s, chars)`: the same at the end.
    RTrim ["rtrim"] Scalar (Value) (Value) 0 "text, characters",
    /// `trim(s, chars)`: the same at both ends.
    Trim ["trim"] Scalar (Value) (Value) 0 "text, characters",
    /// `strlen(s)`: the number of characters.
    StrLen ["strlen"] Scalar (Value) () 0 "text",
    /// `toupper(s)`: the text in upper case.
    ToUpper ["toupper"] Scalar (Value) () 0 "text",
    /// `tolower(s)`: the text in lower case.
    ToLower ["tolower"] Scalar (Value) () 0 "text",
    /// `substr(s, start, length)`: a part, from 0.
    Substr ["substr"] Scalar (Value Value) (Value) 0 "text, start, length",
    /// `replace(s, what, by)`: every occurrence.
    Replace ["replace"] Scalar (Value Value Value) () 0 "text, search, replacement",
    /// `regexReplace(s, pattern, by)`: every match.
    RegexReplace ["regexReplace" "regex_replace"] Scalar (Value Value Value) () 0 "text, pattern, replacement",
    /// `strcontains(s, part, ignoring_case)`: whether a text has the part.
    StrContains ["strcontains"] Scalar (Value Value) (Value) 0 "text, part, whether case is ignored",
    /// `startsWith(s, part)`: whether a text begins with the part.
    StartsWith ["startsWith"] Scalar (Value Value) () 0 "text, part",
    /// `endsWith(s, part)`: whether a text ends with the part.
    EndsWith ["endsWith"] Scalar (Value Value) () 0 "text, part",
    /// `urlencode(s)`: the text in URL encoding.
    UrlEncode ["urlencode"] Scalar (Value) () 0 "text",
    /// `urldecode(s)`: the text without URL encoding.
    UrlDecode ["urldecode"] Scalar (Value) () 0 "text",
    /// `base64encode(s)`: the text in base64.
    Base64Encode ["base64encode"] Scalar (Value) () 0 "text",
    /// `base64decode(s)`: the text of base64.
    Base64Decode ["base64decode"] Scalar (Value) () 0 "text",
    /// `split(s, separator)`: a list.
    Split ["split"] Scalar (Value Value) () 0 "text, separator",
    /// `hexToAscii(s)`: hexadecimal digits as text.
    HexToAscii ["hexToAscii"] Scalar (Value) () 0 "text",
    /// `hexToDec(s)`: a hexadecimal number as a decimal one.
    HexToDec ["hexToDec"] Scalar (Value) () 0 "text",
    /// `decToHex(a)`: a decimal number as a hexadecimal one.
    DecToHex ["decToHex"] Scalar (Value) () 0 "number",
    /// `md5(s)`: the MD5 digest in hexadecimal digits.
    Md5 ["md5"] Scalar (Value) () 0 "text",
    /// `sha256(s)`: the SHA-256 digest in hexadecimal digits.
    Sha256 ["sha256"] Scalar (Value) () 0 "text",
    // aggregates
    /// `count(*)`, `count(f)`: the number of events, or of events with the field.
    Count ["count"] Aggregate () (ValueOrStar) 0 "* or field",
    /// `count_distinct(f)`: the number of distinct values, approximate when there are many.
    CountDistinct ["count_distinct"] Aggregate (Value) () 0 "field",
    /// `sum(f)`: the sum.
    Sum ["sum"] Aggregate (Value) () 0 "field",
    /// `avg(f)`: the average.
    Avg ["avg"] Aggregate (Value) () 0 "field",
    /// `min(f)`: the smallest value.
    Min ["min"] Aggregate (Value) () 0 "field",
    /// `max(f)`: the greatest value.
    Max ["max"] Aggregate (Value) () 0 "field",
    /// `pct(f, 95)`: a percentile.
    Pct ["pct"] Aggregate (Value Number) () 0 "field, percent",
    /// `stddev(f)`: the standard deviation.
    StdDev ["stddev"] Aggregate (Value) () 0 "field",
    /// `earliest(f)`: the value in the event with the earliest time.
    Earliest ["earliest"] Aggregate (Value) () 0 "field",
    /// `latest(f)`: the value in the event with the latest time.
    Latest ["latest"] Aggregate (Value) () 0 "field",
    /// `sortsFirst(f)`: the first in the order of `sort`.
    SortsFirst ["sortsFirst"] Aggregate (Value) () 0 "field",
    /// `sortsLast(f)`: the last in the order of `sort`.
    SortsLast ["sortsLast"] Aggregate (Value) () 0 "field",
    /// `rate(f, 1m)`: the change in that period.
    Rate ["rate"] Aggregate (Value Period) () 0 "field, period",
    /// `count_over_time(f)`: the number of events in a period.
    CountOverTime ["count_over_time" "countOverTime"] Aggregate (ValueOrStar) () 0 "field",
    /// `sum_over_time(f)`: the sum in a period.
    SumOverTime ["sum_over_time" "sumOverTime"] Aggregate (Value) () 0 "field",
    /// `values(f)`: the distinct values.
    Values ["values"] Aggregate (Value) () 0 "field",
    /// `topk(10, f)`: the most frequent values.
    TopK ["topk"] Aggregate (Number Value) () 0 "count, field",
    /// `histogram(f, buckets)`: the number of values in each range; after `by`, the range of a value.
    Histogram ["histogram"] Either (Value Number) () 0 "field, buckets",
}
