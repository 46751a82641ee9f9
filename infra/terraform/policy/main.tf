# The policy for Logmark's role, for functions and tasks. infra/README.md explains each statement. infra/tools/policies.py tests
# that the policy allows exactly Logmark's calls.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region

  # IAM sees the ARN of a group with a suffix (":log-stream:…") or without: list both forms.
  groups = concat(var.log_group_arns, [for arn in var.log_group_arns : "${arn}:*"])

  config_is_parameter = startswith(var.config, "ssm:")
  config_is_object    = startswith(var.config, "s3://")
  config_service      = local.config_is_parameter ? "ssm" : "s3"
}

data "aws_iam_policy_document" "logmark" {
  # Data protection stays in force, even if a group's own policy allows unmasking.
  statement {
    sid       = "NeverUnmask"
    effect    = "Deny"
    actions   = ["logs:Unmask"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.own_log_group_arn == "" ? [] : [var.own_log_group_arn]

    content {
      sid       = "WriteOwnLog"
      effect    = "Allow"
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["${statement.value}:*"]
    }
  }

  # Logmark's own audit lines (`[audit] sink = "log_group"`). It creates a stream, and never the group.
  dynamic "statement" {
    for_each = var.audit_log_group_arn == "" ? [] : [var.audit_log_group_arn]

    content {
      sid       = "WriteAuditLog"
      effect    = "Allow"
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["${statement.value}:*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.log_group_arns) > 0 ? [1] : []

    content {
      sid       = "ReadEvents"
      effect    = "Allow"
      actions   = ["logs:FilterLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents", "logs:StartLiveTail"]
      resources = local.groups
    }
  }

  # AWS checks this action without the group's name, so it cannot be limited to groups.
  dynamic "statement" {
    for_each = length(var.log_group_arns) > 0 ? [1] : []

    content {
      sid       = "ListGroups"
      effect    = "Allow"
      actions   = ["logs:DescribeLogGroups"]
      resources = ["arn:${local.partition}:logs:*:${local.account}:log-group:*"]
    }
  }

  dynamic "statement" {
    for_each = var.queries && length(var.log_group_arns) > 0 ? [1] : []

    content {
      sid       = "StartQueries"
      effect    = "Allow"
      actions   = ["logs:StartQuery", "logs:GetLogGroupFields"]
      resources = local.groups
    }
  }

  # These actions take a query id or a record pointer, not a group. Logmark seals both.
  dynamic "statement" {
    for_each = var.queries && length(var.log_group_arns) > 0 ? [1] : []

    content {
      sid       = "FollowQueries"
      effect    = "Allow"
      actions   = ["logs:GetQueryResults", "logs:StopQuery", "logs:ListLogGroupsForQuery", "logs:GetLogRecord"]
      resources = ["*"]
    }
  }

  # This action takes the name of a service, not a resource.
  dynamic "statement" {
    for_each = var.read_quotas && length(var.log_group_arns) > 0 ? [1] : []

    content {
      sid       = "ReadQuotas"
      effect    = "Allow"
      actions   = ["servicequotas:ListServiceQuotas"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.source_role_arns) > 0 ? [1] : []

    content {
      sid       = "AssumeSourceRoles"
      effect    = "Allow"
      actions   = ["sts:AssumeRole"]
      resources = var.source_role_arns
    }
  }

  dynamic "statement" {
    for_each = local.config_is_parameter ? [1] : []

    content {
      sid       = "ReadConfigParameter"
      effect    = "Allow"
      actions   = ["ssm:GetParameter"]
      resources = ["arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${trimprefix(var.config, "ssm:")}"]
    }
  }

  dynamic "statement" {
    for_each = local.config_is_object ? [1] : []

    content {
      sid       = "ReadConfigObject"
      effect    = "Allow"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${trimprefix(var.config, "s3://")}"]
    }
  }

  dynamic "statement" {
    for_each = var.config_kms_key_arn == "" ? [] : [var.config_kms_key_arn]

    content {
      sid       = "DecryptConfig"
      effect    = "Allow"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["${local.config_service}.${local.region}.amazonaws.com"]
      }
    }
  }
}
