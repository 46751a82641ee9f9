//! A handler that changes its permit to another operation.

use logmark::auth::permit::Permit;
use logmark::domain::operation::DescribeGroup;

pub fn of_another_group(mut permit: Permit<DescribeGroup>, other: DescribeGroup) {
    permit.op = other; //~ E0616
}

pub fn by_reference(permit: &Permit<DescribeGroup>, other: DescribeGroup) {
    *permit.op() = other; //~ E0594
}
