//! The fields that a function reads in addition to its arguments.

use crate::functions::Function;

/// What a function reads in addition to its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Nothing.
    Nothing,
    /// `@timestamp`.
    Time,
    /// `@message`, when it has no argument.
    MessageWithoutArgument,
    /// Its argument, before data protection masked it.
    Unmasked,
}

/// What the function reads in addition to its arguments.
pub(super) const fn reads(function: Function) -> Reads {
    match function {
        Function::Unmask => Reads::Unmasked,
        Function::MessageSize => Reads::MessageWithoutArgument,
        Function::Bin
        | Function::Earliest
        | Function::Latest
        | Function::Rate
        | Function::CountOverTime
        | Function::SumOverTime => Reads::Time,
        Function::Abs
        | Function::Ceil
        | Function::Floor
        | Function::Greatest
        | Function::Least
        | Function::Log
        | Function::Round
        | Function::Sqrt
        | Function::Haversine
        | Function::ToNumber
        | Function::ToInt
        | Function::ToLong
        | Function::ToDouble
        | Function::DateFloor
        | Function::DateCeil
        | Function::FromMillis
        | Function::ToMillis
        | Function::Now
        | Function::ParseDate
        | Function::FormatDate
        | Function::QueryStartTime
        | Function::QueryEndTime
        | Function::QueryTimeRange
        | Function::IsPresent
        | Function::Coalesce
        | Function::Case
        | Function::If
        | Function::IsNumeric
        | Function::JsonParse
        | Function::JsonStringify
        | Function::JsonArraySize
        | Function::JsonArrayContains
        | Function::IsValidIp
        | Function::IsValidIpV4
        | Function::IsValidIpV6
        | Function::IsIpInSubnet
        | Function::IsIpV4InSubnet
        | Function::IsIpV6InSubnet
        | Function::IpV4ToNumber
        | Function::IsPrivateIp
        | Function::IsPublicIp
        | Function::IsReservedIp
        | Function::IsEmpty
        | Function::IsBlank
        | Function::Concat
        | Function::LTrim
        | Function::RTrim
        | Function::Trim
        | Function::StrLen
        | Function::ToUpper
        | Function::ToLower
        | Function::Substr
        | Function::Replace
        | Function::RegexReplace
        | Function::StrContains
        | Function::StartsWith
        | Function::EndsWith
        | Function::UrlEncode
        | Function::UrlDecode
        | Function::Base64Encode
        | Function::Base64Decode
        | Function::Split
        | Function::HexToAscii
        | Function::HexToDec
        | Function::DecToHex
        | Function::Md5
        | Function::Sha256
        | Function::Count
        | Function::CountDistinct
        | Function::Sum
        | Function::Avg
        | Function::Min
        | Function::Max
        | Function::Pct
        | Function::StdDev
        | Function::SortsFirst
        | Function::SortsLast
        | Function::Values
        | Function::TopK
        | Function::Histogram => Reads::Nothing,
    }
}
