variable "log_group_arns" {
  description = "Log groups of this account that any tenant may see, as arn:aws:logs:REGION:ACCOUNT:log-group:NAME without :* at the end; * in NAME stands for any characters."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.log_group_arns : can(regex("^arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[A-Za-z0-9_/.#*-]+$", arn))])
    error_message = "Each must be arn:aws:logs:REGION:ACCOUNT:log-group:NAME, without :* at the end."
  }
}

variable "queries" {
  description = "Allow Logs Insights queries (the action `query` in grants)?"
  type        = bool
  default     = false
}

variable "read_quotas" {
  description = "Allow a standing service to read this account's quotas? (Functions do not read them.)"
  type        = bool
  default     = false
}

variable "source_role_arns" {
  description = "Roles that sources name as assume_role."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.source_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "Each must be the ARN of one role."
  }
}

variable "own_log_group_arn" {
  description = "ARN of the log group for Logmark's own log, without :* at the end; empty if something else writes it."
  type        = string
  default     = ""
}

variable "audit_log_group_arn" {
  description = "Existing log group for audit lines (`[audit] sink = \"log_group\"`) as arn:aws:logs:REGION:ACCOUNT:log-group:NAME, without :* at the end; empty for other sinks."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[A-Za-z0-9_/.#-]+$", var.audit_log_group_arn))
    error_message = "It must be arn:aws:logs:REGION:ACCOUNT:log-group:NAME, without :* at the end."
  }
}

variable "config" {
  description = "Location of logmark.toml: ssm:/name or s3://bucket/key; empty for other locations."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^ssm:/[A-Za-z0-9_./-]+$|^s3://[a-z0-9.-]+/[A-Za-z0-9_./-]+$", var.config))
    error_message = "Use the form ssm:/name or s3://bucket/key."
  }
}

variable "config_kms_key_arn" {
  description = "Customer managed KMS key of the parameter or object, if any."
  type        = string
  default     = ""
}
