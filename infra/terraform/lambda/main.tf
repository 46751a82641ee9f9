# Logmark as a function: the function, its role and its log group. The front ends are in rest_api.tf, http_api.tf and
# function_url.tf, the alarms in alarms.tf.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region

  is_rest_api     = var.front_door == "rest-api"
  is_http_api     = var.front_door == "http-api"
  is_function_url = var.front_door == "function-url"
  has_domain      = var.domain_name != ""

  # The maximum of an HTTP API is 30 s.
  timeout = local.is_http_api ? 29 : var.timeout

  # Events of a REST API do not show whether its integration streams, so the function needs this setting.
  streaming = local.is_http_api ? [] : [local.is_rest_api ? "rest_api" : "function_url"]
}

resource "aws_cloudwatch_log_group" "logmark" {
  name              = "/logmark/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn == "" ? null : var.kms_key_arn
}

module "policy" {
  source = "../policy"

  log_group_arns     = var.log_group_arns
  queries            = var.queries
  source_role_arns   = var.source_role_arns
  own_log_group_arn  = aws_cloudwatch_log_group.logmark.arn
  config             = var.config
  config_kms_key_arn = var.config_kms_key_arn
}

data "aws_iam_policy_document" "trust" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    # Only for functions of this account, even if another account passes the role to Lambda.
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "logmark" {
  name_prefix        = "${var.name}-"
  description        = "Permissions of Logmark"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "logmark" {
  name   = "logmark"
  role   = aws_iam_role.logmark.id
  policy = module.policy.json
}

# Read when the configuration is applied, so it is in Terraform's state. Encrypt the state and restrict access to it.
data "aws_secretsmanager_secret_version" "cursor_keys" {
  secret_id = var.cursor_key_secret_arn
}

locals {
  cursor_keys = jsondecode(data.aws_secretsmanager_secret_version.cursor_keys.secret_string)
}

resource "aws_lambda_function" "logmark" {
  function_name                  = var.name
  description                    = "Your customers' own logs over HTTPS"
  filename                       = var.zip
  source_code_hash               = filebase64sha256(var.zip)
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = local.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  role                           = aws_iam_role.logmark.arn
  kms_key_arn                    = var.kms_key_arn == "" ? null : var.kms_key_arn

  # Each change creates a version. To roll back, point the alias at the previous one.
  publish = true

  # Logmark writes JSON itself; otherwise Lambda wraps it in JSON again.
  logging_config {
    log_group  = aws_cloudwatch_log_group.logmark.name
    log_format = "Text"
  }

  environment {
    variables = {
      LOGMARK_CONFIG              = var.config
      LOGMARK_CURSOR_KEY          = local.cursor_keys["current"]
      LOGMARK_CURSOR_KEY_PREVIOUS = local.cursor_keys["previous"]
      LOGMARK__LAMBDA__STREAMING  = jsonencode(local.streaming)
    }
  }

  lifecycle {
    precondition {
      condition     = !local.has_domain || var.certificate_arn != ""
      error_message = "domain_name needs certificate_arn."
    }

    precondition {
      condition     = !local.has_domain || !local.is_function_url
      error_message = "A function URL cannot have its own domain. Put CloudFront in front, or choose rest-api."
    }

    precondition {
      condition     = var.web_acl_arn == "" || local.is_rest_api
      error_message = "Only rest-api supports WAF."
    }

    precondition {
      condition     = var.access_log_group_arn == "" || !local.is_function_url
      error_message = "A function URL has no access log."
    }
  }

  depends_on = [aws_iam_role_policy.logmark]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "Alias that the front end invokes"
  function_name    = aws_lambda_function.logmark.function_name
  function_version = aws_lambda_function.logmark.version
}
