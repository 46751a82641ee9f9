# A log group for the access log of an API, which Logmark serves to a tenant, and the role with which API Gateway writes it.
# The other settings are in the stage of the API: see the output format, and infra/README.md.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  groups = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:log-group"
}

resource "aws_cloudwatch_log_group" "access" {
  name              = var.log_group_name
  retention_in_days = var.retention_days
  kms_key_id        = var.kms_key_arn == "" ? null : var.kms_key_arn
}

data "aws_iam_policy_document" "trust" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

# AWS's managed policy for this (AmazonAPIGatewayPushToCloudWatchLogs) reads and writes every group of the account. To write
# access logs, API Gateway looks up the group, creates streams and puts events; it does not read events.
data "aws_iam_policy_document" "write" {
  statement {
    sid       = "WriteAccessLogs"
    effect    = "Allow"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${local.groups}:${var.account_role_groups}:*"]
  }

  statement {
    sid       = "FindGroups"
    effect    = "Allow"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["${local.groups}:*"]
  }
}

resource "aws_iam_role" "account" {
  count = var.set_account_role ? 1 : 0

  name_prefix        = "apigateway-logs-"
  description        = "API Gateway writes logs"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "account" {
  count = var.set_account_role ? 1 : 0

  name   = "write-access-logs"
  role   = aws_iam_role.account[0].id
  policy = data.aws_iam_policy_document.write.json
}

resource "aws_api_gateway_account" "account" {
  count = var.set_account_role ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.account[0].arn

  depends_on = [aws_iam_role_policy.account]
}
