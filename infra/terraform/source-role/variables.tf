variable "name" {
  description = "Name of the role."
  type        = string
  default     = "logmark-read"
}

variable "logmark_role_arn" {
  description = "Role of Logmark itself (output role_arn of its module)."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", var.logmark_role_arn))
    error_message = "It must be the ARN of one role."
  }
}

variable "external_id" {
  description = "External id that Logmark must send. It is not a secret, but must be unique to you (openssl rand -hex 16)."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@:/-]{16,1224}$", var.external_id))
    error_message = "It must have 16 to 1224 of A-Za-z0-9_+=,.@:/-"
  }
}

variable "log_group_arns" {
  description = "Log groups of this account that any tenant may see, as arn:aws:logs:REGION:ACCOUNT:log-group:NAME without :* at the end."
  type        = list(string)

  validation {
    condition     = length(var.log_group_arns) > 0
    error_message = "Name at least one log group."
  }
}

variable "queries" {
  description = "Allow Logs Insights queries (the action `query` in grants)?"
  type        = bool
  default     = false
}

variable "read_quotas" {
  description = "Allow a standing Logmark to read this account's quotas? (Functions do not read them.)"
  type        = bool
  default     = false
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
