# The role that Logmark assumes to read log groups of this account, if Logmark runs in another account. Name it as
# assume_role of a source, with the same external_id.

module "policy" {
  source = "../policy"

  log_group_arns      = var.log_group_arns
  queries             = var.queries
  read_quotas         = var.read_quotas
  audit_log_group_arn = var.audit_log_group_arn
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "LogmarkWithItsExternalId"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.logmark_role_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

resource "aws_iam_role" "source" {
  name                 = var.name
  description          = "Lets Logmark read log groups of this account"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "source" {
  name   = "read-logs"
  role   = aws_iam_role.source.id
  policy = module.policy.json
}
